//! Problems, drawn: the file's line, the offending text underlined, and the way out.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use fleetcast_core::problem::{Place, Problem, Problems, Severity};
use fleetcast_core::words;
use std::fmt::Write as _;

/// Problems one below the other, each followed by an empty line, and how many are not shown.
pub(crate) fn draw(problems: &Problems) -> String {
    let mut text: String = problems.list.iter().map(draw_one).collect();
    if problems.more > 0 {
        writeln!(text, "… and {} more that are not shown\n", words::count(problems.more))
            .expect("a string takes any text");
    }
    text
}

/// A problem without a place: `error: …`, and a hint below.
pub(crate) fn sentence(message: &str, hint: Option<&str>) -> String {
    let mut group = Group::with_title(Level::ERROR.primary_title(message));
    if let Some(hint) = hint {
        group = group.element(Level::HELP.with_name("hint").message(hint));
    }
    renderer().render(&[group]) + "\n"
}

/// `3 problems in x.toml`.
pub(crate) fn count(problems: u64, file: &str) -> String {
    format!("{} in {file}", words::plural(problems, "problem"))
}

/// One, followed by an empty line.
pub(crate) fn draw_one(problem: &Problem) -> String {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(problem.message.as_str()));
    if let Some(place) = &problem.place {
        if place.line == 0 {
            group = group.element(Origin::path(place.file.as_str()));
        } else {
            let snippet = Snippet::source(place.text.as_str())
                .line_start(place.line as usize)
                .annotation(AnnotationKind::Primary.span(underlined(place)));
            group = if place.offset == 0 {
                group.element(snippet.path(place.file.as_str()))
            } else {
                // The snippet cannot know the column of a line that is cut.
                let origin = Origin::path(place.file.as_str())
                    .line(place.line as usize)
                    .char_column(place.column as usize);
                group.element(origin).element(snippet)
            };
        }
    }
    if let Some(hint) = &problem.hint {
        group = group.element(Level::HELP.with_name("hint").message(hint.as_str()));
    }
    renderer().render(&[group]) + "\n\n"
}

/// The bytes of the place's text that are underlined; inside the text, whatever the place says.
fn underlined(place: &Place) -> std::ops::Range<usize> {
    let byte = |chars: usize| {
        place.text.char_indices().nth(chars).map_or(place.text.len(), |(byte, _)| byte)
    };
    let first = place.column.saturating_sub(1).saturating_sub(place.offset) as usize;
    byte(first)..byte(first.saturating_add(place.width.max(1) as usize))
}

/// Always with colour: what prints it takes the colour out where it is not wanted.
fn renderer() -> Renderer {
    Renderer::styled()
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(problem: &Problem, expected: &Expect) {
        expected.assert_eq(&anstream::adapter::strip_str(&draw_one(problem)).to_string());
    }

    fn at(column: u32, width: u32, text: &str, offset: u32) -> Problem {
        Problem {
            severity: Severity::Error,
            message: "no host model is called `computr`".to_owned(),
            place: Some(Place {
                file: "plan.toml".to_owned(),
                line: 12,
                column,
                width,
                text: text.to_owned(),
                offset,
            }),
            hint: Some("did you mean `compute`?".to_owned()),
        }
    }

    #[test]
    fn the_offending_text_is_underlined() {
        check(
            &at(18, 9, "hosts = { model = \"computr\" }", 0),
            &expect![[r#"
            error: no host model is called `computr`
              --> plan.toml:12:18
               |
            12 | hosts = { model = "computr" }
               |                  ^^^^^^^^^
               |
               = hint: did you mean `compute`?

        "#]],
        );
    }

    #[test]
    fn a_cut_line_tells_its_true_column() {
        check(
            &at(1018, 9, "…model = \"computr\"…", 1008),
            &expect![[r#"
            error: no host model is called `computr`
              --> plan.toml:12:1018
               |
              ::: 
            12 | …model = "computr"…
               |          ^^^^^^^^^
               |
               = hint: did you mean `compute`?

        "#]],
        );
    }

    #[test]
    fn a_place_beyond_its_line_is_drawn_at_the_end() {
        check(
            &at(400, 9, "x = 1", 0),
            &expect![[r#"
            error: no host model is called `computr`
              --> plan.toml:12:6
               |
            12 | x = 1
               |      ^
               |
               = hint: did you mean `compute`?

        "#]],
        );
    }

    #[test]
    fn a_problem_can_be_with_the_whole_file_or_with_none() {
        let mut problem = at(0, 1, "", 0);
        problem.place.as_mut().expect("it has one").line = 0;
        check(
            &problem,
            &expect![[r#"
            error: no host model is called `computr`
            --> plan.toml
             = hint: did you mean `compute`?

        "#]],
        );
        problem.place = None;
        problem.severity = Severity::Warning;
        check(
            &problem,
            &expect![[r#"
            warning: no host model is called `computr`
             |
             = hint: did you mean `compute`?

        "#]],
        );
    }
}
