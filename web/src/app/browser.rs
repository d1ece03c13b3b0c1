//! What the browser does for us: files, downloads, the clipboard, the address, what is kept.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    Blob, BlobPropertyBag, CanvasRenderingContext2d, Document, Element, File, HtmlAnchorElement,
    HtmlCanvasElement, HtmlImageElement, Response, Url, Window,
};

/// Where the scenario is kept, if a person wants that.
const KEPT: &str = "fleetcast-scenario";
/// Where the theme is kept, if a person has chosen one.
const THEME: &str = "fleetcast-theme";

pub(crate) fn window() -> Window {
    web_sys::window().expect("the page has a window")
}

pub(crate) fn document() -> Document {
    window().document().expect("the window has a document")
}

pub(crate) fn by_id(id: &str) -> Option<Element> {
    document().get_element_by_id(id)
}

/// Does something once what is on the page now has been painted.
pub(crate) fn after_paint(then: impl FnOnce() + 'static) {
    let then = Closure::once_into_js(then);
    // A frame is painted after its callbacks, and before the next task.
    let painting = Closure::once_into_js(move || {
        window().set_timeout_with_callback(then.unchecked_ref()).ok();
    });
    window().request_animation_frame(painting.unchecked_ref()).ok();
}

/// Changes a text that Yew has put there, in its place.
pub(crate) fn set_text(element: &Element, text: &str) {
    match element.first_child() {
        Some(node) => node.set_node_value(Some(text)),
        None => element.set_text_content(Some(text)),
    }
}

/// Reads a file that a person has chosen.
pub(crate) fn read(file: File, then: impl FnOnce(Result<Vec<u8>, String>) + 'static) {
    spawn_local(async move {
        let bytes = JsFuture::from(file.array_buffer()).await;
        let failed = |_| format!("`{}` could not be read", file.name());
        then(bytes.map(|buffer| Uint8Array::new(&buffer).to_vec()).map_err(failed));
    });
}

/// Fetches a file that lies beside the page.
pub(crate) fn fetch(name: String, then: impl FnOnce(Result<Vec<u8>, String>) + 'static) {
    spawn_local(async move {
        let fetched = async {
            let response = JsFuture::from(window().fetch_with_str(&name)).await?;
            let response: Response = response.dyn_into()?;
            if !response.ok() {
                return Err(JsValue::from(format!("status {}", response.status())));
            }
            let buffer = JsFuture::from(response.array_buffer()?).await?;
            Ok(Uint8Array::new(&buffer).to_vec())
        };
        then(fetched.await.map_err(|error: JsValue| words(&error)));
    });
}

/// What an error of JavaScript says.
pub(crate) fn words(error: &JsValue) -> String {
    let of_error = error.dyn_ref::<js_sys::Error>().map(|error| String::from(error.message()));
    of_error.or_else(|| error.as_string()).unwrap_or_else(|| "an unknown error".to_owned())
}

/// Hands a file to the person.
pub(crate) fn download(name: &str, kind: &str, bytes: &[u8]) {
    let parts = Array::of1(&Uint8Array::from(bytes));
    let options = BlobPropertyBag::new();
    options.set_type(kind);
    if let Ok(blob) = Blob::new_with_u8_array_sequence_and_options(&parts, &options) {
        download_blob(name, &blob);
    }
}

fn download_blob(name: &str, blob: &Blob) {
    let Ok(url) = Url::create_object_url_with_blob(blob) else { return };
    if let Ok(link) = document().create_element("a") {
        let link: HtmlAnchorElement = link.unchecked_into();
        link.set_href(&url);
        link.set_download(name);
        link.click();
    }
    // The browser has begun to read it; letting go at once would take it away from some.
    let let_go = Closure::once_into_js(move || {
        Url::revoke_object_url(&url).ok();
    });
    let let_go = let_go.unchecked_ref();
    window().set_timeout_with_callback_and_timeout_and_arguments_0(let_go, 30_000).ok();
}

/// Hands a drawing to the person as a PNG, twice as large.
pub(crate) fn download_png(name: String, svg: String, width: u32, height: u32) {
    spawn_local(async move {
        let parts = Array::of1(&svg.into());
        let options = BlobPropertyBag::new();
        options.set_type("image/svg+xml");
        let drawn = async {
            let blob = Blob::new_with_str_sequence_and_options(&parts, &options)?;
            let url = Url::create_object_url_with_blob(&blob)?;
            let image = HtmlImageElement::new()?;
            image.set_src(&url);
            JsFuture::from(image.decode()).await?;
            let canvas: HtmlCanvasElement = document().create_element("canvas")?.unchecked_into();
            canvas.set_width(2 * width);
            canvas.set_height(2 * height);
            if let Some(context) = canvas.get_context("2d")? {
                let context: CanvasRenderingContext2d = context.unchecked_into();
                let (width, height) = (f64::from(2 * width), f64::from(2 * height));
                context.draw_image_with_html_image_element_and_dw_and_dh(
                    &image, 0.0, 0.0, width, height,
                )?;
            }
            Url::revoke_object_url(&url)?;
            download_canvas(&name, &canvas);
            Ok::<(), JsValue>(())
        };
        drawn.await.ok();
    });
}

/// Hands a canvas to the person as a PNG.
pub(crate) fn download_canvas(name: &str, canvas: &HtmlCanvasElement) {
    let name = name.to_owned();
    let then = Closure::once_into_js(move |blob: Option<Blob>| {
        if let Some(blob) = blob {
            download_blob(&name, &blob);
        }
    });
    canvas.to_blob(then.unchecked_ref()).ok();
}

/// Puts a link with this fragment into the address, and into the clipboard if that is allowed.
pub(crate) fn share(fragment: &str, then: impl FnOnce(bool) + 'static) {
    let window = window();
    let address = window.location().href().unwrap_or_default();
    let address = address.split('#').next().unwrap_or_default();
    let link = format!("{address}#{fragment}");
    replace_address(&link);
    let copied = window.navigator().clipboard().write_text(&link);
    spawn_local(async move { then(JsFuture::from(copied).await.is_ok()) });
}

/// The fragment of the address, without `#`.
pub(crate) fn fragment() -> String {
    let hash = window().location().hash().unwrap_or_default();
    hash.trim_start_matches('#').to_owned()
}

/// Empties the fragment of the address.
pub(crate) fn clear_fragment() {
    if !fragment().is_empty() {
        let address = window().location().pathname().unwrap_or_default();
        replace_address(&address);
    }
}

fn replace_address(address: &str) {
    if let Ok(history) = window().history() {
        history.replace_state_with_url(&JsValue::NULL, "", Some(address)).ok();
    }
}

/// What is kept under a name. Without storage (a private window) there is nothing.
fn kept(name: &str) -> Option<String> {
    window().local_storage().ok()??.get_item(name).ok()?
}

fn keep(name: &str, text: Option<&str>) {
    if let Ok(Some(storage)) = window().local_storage() {
        match text {
            Some(text) => storage.set_item(name, text).ok(),
            None => storage.remove_item(name).ok(),
        };
    }
}

/// The scenario that is kept, as a link's fragment.
pub(crate) fn kept_scenario() -> Option<String> {
    kept(KEPT)
}

/// Keeps a scenario, or none any more.
pub(crate) fn keep_scenario(fragment: Option<&str>) {
    keep(KEPT, fragment);
}

/// The theme that a person has chosen.
pub(crate) fn kept_theme() -> Option<String> {
    kept(THEME)
}

/// Keeps a theme, or none any more.
pub(crate) fn keep_theme(theme: Option<&str>) {
    keep(THEME, theme);
}

/// Shows the page in a theme: `light`, `dark`, or as the system has it.
pub(crate) fn show_theme(theme: &str) {
    if let Some(root) = document().document_element() {
        root.set_attribute("data-theme", theme).ok();
    }
}

/// Whether the page is dark now.
pub(crate) fn is_dark() -> bool {
    let root = document().document_element();
    match root.and_then(|root| root.get_attribute("data-theme")).as_deref() {
        Some("dark") => true,
        Some("light") => false,
        _ => {
            let query = window().match_media("(prefers-color-scheme: dark)");
            query.ok().flatten().is_some_and(|query| query.matches())
        }
    }
}

/// Registers the service worker, with which the app works without a network.
pub(crate) fn work_offline() {
    let container = js_sys::Reflect::get(&window().navigator(), &"serviceWorker".into());
    if container.is_ok_and(|container| !container.is_undefined()) {
        let registered = window().navigator().service_worker().register("sw.js");
        // Without one the app works all the same, as long as there is a network.
        spawn_local(async move {
            JsFuture::from(registered).await.ok();
        });
    }
}
