//! The pictures of `docs/stories`: each is a chart of `report.html`, taken out of a run of the command,
//! with a style of its own. What made it stands in its description, with the fingerprint of the run;
//! a test of the core holds that against the scenario.

use crate::shell;
use std::fmt::Write as _;
use std::fs;

/// A picture: its file, the scenario, what is set in it, and how its chart's title begins.
struct Picture {
    file: &'static str,
    scenario: &'static str,
    set: Option<&'static str>,
    title: &'static str,
}

const PICTURES: &[Picture] = &[
    Picture {
        file: "mercadolibre",
        scenario: "mercadolibre",
        set: None,
        title: "Demand and capacity",
    },
    Picture { file: "mallcz", scenario: "mallcz", set: None, title: "Hosts by pool" },
    Picture { file: "data-mesh", scenario: "data-mesh", set: None, title: "Tickets that wait" },
    Picture {
        file: "data-mesh-teams",
        scenario: "data-mesh",
        set: Some("provisioning.engineers.per-tenant=true"),
        title: "Tickets that wait",
    },
    Picture {
        file: "monetate",
        scenario: "monetate",
        set: None,
        title: "shop: v2 → v2, 2013-03-05",
    },
];

/// What the classes of a chart look like on a page that is not ours.
const STYLE: &str = "\
:root{--paper:#fff;--ink:#1b1f24;--quiet:#57606a;--grid:#d8dee4;\
--c0:#0969da;--c1:#9a4b00;--c2:#1a7f37;--c3:#8250df;--c4:#bf3989}\
@media(prefers-color-scheme:dark){:root{--paper:#0d1117;--ink:#e6edf3;--quiet:#9da7b3;--grid:#30363d;\
--c0:#58a6ff;--c1:#f0883e;--c2:#56d364;--c3:#bc8cff;--c4:#ff9bce}}\
text{font-family:system-ui,sans-serif}.ink{fill:var(--ink)}.quiet{fill:var(--quiet)}.paper{fill:var(--paper)}\
line.grid,polyline.grid{stroke:var(--grid)}\
.l0{stroke:var(--c0)}.l1{stroke:var(--c1)}.l2{stroke:var(--c2)}.l3{stroke:var(--c3)}.l4{stroke:var(--c4)}\
.l1,.l3{stroke-dasharray:7 3}.l2,.l4{stroke-dasharray:2 3}\
.a0{fill:var(--c0);opacity:.35}";

/// Runs the scenarios and writes the pictures.
///
/// # Errors
/// A run failed, or its page has no such chart; as a sentence.
pub(crate) fn draw() -> Result<String, String> {
    let folder = shell::root().join("docs/stories");
    for picture in PICTURES {
        let out = shell::target_dir()?.join("stories").join(picture.file);
        let mut run = shell::cargo();
        run.args(["run", "--quiet", "--package", "fleetcast", "--"]);
        run.args(["run", picture.scenario, "--quiet", "--out"]).arg(&out);
        run.args(picture.set.into_iter().flat_map(|set| ["--set", set]));
        // With 1 it has run, and what the file expects does not hold with other values.
        let status = run.status().map_err(|error| format!("`cargo run` did not start: {error}"))?;
        if !matches!(status.code(), Some(0 | 1)) {
            return Err(format!("the run of `{}` failed ({status})", picture.scenario));
        }
        let read = |name: &str| {
            let path = out.join(name);
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
        };
        let (page, summary) = (read("report.html")?, read("summary.json")?);
        let svg = picture.svg(&page, &summary).ok_or_else(|| {
            format!("the page of `{}` has no chart `{}`", picture.scenario, picture.title)
        })?;
        let path = folder.join(format!("{}.svg", picture.file));
        fs::write(&path, svg).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(format!("{} pictures are in docs/stories: look at them", PICTURES.len()))
}

impl Picture {
    /// The chart out of the page, with its title and its keys.
    fn svg(&self, page: &str, summary: &str) -> Option<String> {
        let figure = page.split("<figure>").find(|figure| {
            figure.starts_with(&format!("<figcaption><b>{}", self.title)) //
        })?;
        let title = between(figure, "<b>", "</b>")?;
        let unit = between(figure, "class=\"unit\">", "</span>")?;
        let view = between(figure, "<svg viewBox=\"", "\"")?;
        let (width, height) = view.strip_prefix("0 0 ")?.split_once(' ')?;
        let height: u32 = height.parse().ok()?;
        let chart = between(figure, "http://www.w3.org/2000/svg\">", "</svg>")?;
        let fingerprint = between(summary, "\"fingerprint\": \"", "\"")?;
        let set = self.set.map(|set| format!(" --set {set}")).unwrap_or_default();
        let mut keys = String::new();
        let mut x = 12;
        for key in figure.split("<span class=\"key ").skip(1) {
            let name = between(key, ">", "</span>")?;
            let line: String = key.chars().skip(1).take_while(char::is_ascii_digit).collect();
            let mark = match key.starts_with("k0 area") {
                true => {
                    format!("<rect class=\"a0\" x=\"{x}\" y=\"33\" width=\"26\" height=\"10\"/>")
                }
                false => format!(
                    "<path class=\"l{line}\" stroke-width=\"3\" d=\"M{x} 38h26\"/>" //
                ),
            };
            let text = x + 32;
            write!(
                keys,
                "{mark}<text class=\"quiet\" x=\"{text}\" y=\"43\" font-size=\"13\">{name}</text>"
            )
            .ok()?;
            x = text + 8 * name.chars().count() as u32 + 16;
        }
        Some(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {}\" role=\"img\">\n\
             <title>{title}</title>\n\
             <desc>fleetcast run {}{set}; fingerprint {fingerprint}</desc>\n\
             <style>{STYLE}</style>\n<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n\
             <text class=\"ink\" x=\"12\" y=\"20\" font-size=\"15\" font-weight=\"600\">{title} \
             <tspan class=\"quiet\" font-weight=\"400\">{unit}</tspan></text>\n{keys}\n\
             <g transform=\"translate(0,52)\">{chart}</g>\n</svg>\n",
            height + 56,
            self.scenario,
        ))
    }
}

/// What stands between two texts.
fn between<'t>(text: &'t str, from: &str, to: &str) -> Option<&'t str> {
    let (_, after) = text.split_once(from)?;
    Some(after.split_once(to)?.0)
}
