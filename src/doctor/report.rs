//! What is printed of what was found.

use std::fmt::Write;

use serde_json::json;

use super::finding::{Finding, Level};
use crate::advice::count;

/// For programs: a list of what was found.
pub fn json(findings: &[Finding]) -> String {
    format!("{:#}\n", json!(findings))
}

/// For people: a line for each, and beneath it what to do.
pub fn text(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let level = match finding.level {
            Level::Ok => "ok",
            Level::Note => "note",
            Level::Problem => "PROBLEM",
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{level:8} {}: {}", finding.about, finding.what);
        for line in finding.next.iter().flat_map(|next| next.lines()) {
            let _ = writeln!(text, "           {line}");
        }
    }
    let problems = findings.iter();
    let problems = problems.filter(|finding| finding.level == Level::Problem);
    match problems.count() {
        0 => text.push_str("no problem was found\n"),
        number => {
            let _ = writeln!(text, "{}", count(number, "problem"));
        }
    }
    text
}
