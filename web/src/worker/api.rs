//! The core for JavaScript. Nothing leaves the page: the caller hands over a scenario's
//! text and the files it names, and gets back plain objects.

#![expect(unreachable_pub, reason = "what JavaScript calls must be public")]

use fleetcast_core::expected;
use fleetcast_core::problem::Problems;
use fleetcast_core::read::Override;
use fleetcast_core::report::Report;
use fleetcast_core::source::MemoryFiles;
use fleetcast_web::ask::Ask;
use serde::Serialize;
use serde_bytes::ByteBuf;
use std::collections::BTreeMap;
use wasm_bindgen::prelude::*;

/// The largest whole number that a JavaScript number holds together with all smaller ones.
const SAFE_INTEGER_MAX: u64 = (1 << 53) - 1;

/// What is wrong with a scenario: `{ list: [{ severity, message, place, hint }], more }`. Without an
/// entry of severity `error` it can run.
///
/// `files`: the files that the scenario names, as a `Map` or an object of name → `Uint8Array`.
///
/// # Errors
/// An argument is not of its type.
#[wasm_bindgen]
pub fn check(
    file_name: String,
    text: String,
    #[wasm_bindgen(unchecked_param_type = "Map<string, Uint8Array> | Record<string, Uint8Array>")]
    files: JsValue,
) -> Result<JsValue, JsError> {
    plain(&ask(file_name, text, files, JsValue::UNDEFINED)?.check())
}

/// Runs a scenario: the report, as `run --json` prints it. A seed above 2^53 − 1 is a `BigInt`.
///
/// `files` as for [`check`]; `overrides`: what `--set` says on the command line, as a `Map` or an
/// array of `[key, value]`, all strings, or nothing.
///
/// # Errors
/// An `Error`; where the scenario is wrong its `problems` are what [`check`] returns.
#[wasm_bindgen]
pub fn run(
    file_name: String,
    text: String,
    #[wasm_bindgen(unchecked_param_type = "Map<string, Uint8Array> | Record<string, Uint8Array>")]
    files: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Iterable<[string, string]> | null | undefined")]
    overrides: JsValue,
) -> Result<JsValue, JsValue> {
    match ask(file_name, text, files, overrides)?.run() {
        Ok(report) => Ok(report_to_js(report)?),
        Err(problems) => Err(problems_to_error(&problems)?),
    }
}

/// The line that `scenarios/expected.txt` must have for this report of [`run`].
///
/// # Errors
/// It is no report.
#[wasm_bindgen(js_name = expectedLine)]
pub fn expected_line(file_name: &str, report: JsValue) -> Result<String, JsError> {
    let report: Report = serde_wasm_bindgen::from_value(report)?;
    Ok(expected::line(file_name, &report))
}

fn ask(
    file_name: String,
    text: String,
    files: JsValue,
    overrides: JsValue,
) -> Result<Ask, JsError> {
    let given: BTreeMap<String, ByteBuf> = serde_wasm_bindgen::from_value(files)
        .map_err(|error| JsError::new(&format!("files: {error}")))?;
    let mut files = MemoryFiles::default();
    for (name, bytes) in given {
        files.insert(name, bytes.into_vec());
    }
    let pairs: Option<Vec<(String, String)>> = serde_wasm_bindgen::from_value(overrides)
        .map_err(|error| JsError::new(&format!("overrides: {error}")))?;
    let overrides =
        pairs.unwrap_or_default().into_iter().map(|(key, value)| Override { key, value }).collect();
    Ok(Ask { file_name, text, files, overrides })
}

/// As `JSON.parse` would make it: maps are objects, nothing is `null`.
fn plain(value: &impl Serialize) -> Result<JsValue, JsError> {
    Ok(value.serialize(&serde_wasm_bindgen::Serializer::json_compatible())?)
}

fn report_to_js(mut report: Report) -> Result<JsValue, JsError> {
    let seed = report.seed;
    if seed <= SAFE_INTEGER_MAX {
        return plain(&report);
    }
    report.seed = 0;
    let object = plain(&report)?;
    set(&object, "seed", &js_sys::BigInt::from(seed));
    Ok(object)
}

fn problems_to_error(problems: &Problems) -> Result<JsValue, JsError> {
    let first = problems.list.first().map_or("the scenario is wrong", |first| &first.message);
    let error = js_sys::Error::new(first);
    set(&error, "problems", &plain(problems)?);
    Ok(error.into())
}

fn set(object: &JsValue, key: &str, value: &JsValue) {
    js_sys::Reflect::set(object, &key.into(), value).expect("a fresh object takes any key");
}
