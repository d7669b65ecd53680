//! What a check came to, as a sign, a word, a number and a sentence.

use super::section::escape;

/// What a check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// Nothing stands against the run.
    Good,
    /// It could not be made.
    Unknown,
    /// It does not decide.
    Doubtful,
    /// The draws are not what they are taken for.
    Bad,
}

impl Finding {
    /// A word: `passed`, `not known`, `doubtful` or `failed`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Good => "passed",
            Self::Unknown => "not known",
            Self::Doubtful => "doubtful",
            Self::Bad => "failed",
        }
    }

    /// The class of its style.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Unknown => "unknown",
            Self::Doubtful => "doubtful",
            Self::Bad => "bad",
        }
    }

    /// What tells it apart without colours.
    fn sign(self) -> &'static str {
        match self {
            Self::Good => "✓",
            Self::Unknown => "–",
            Self::Doubtful => "?",
            Self::Bad => "✗",
        }
    }
}

/// One check of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// What is checked.
    pub name: String,
    /// The number that it rests on, with its unit; may be empty.
    pub figure: String,
    /// What it came to.
    pub finding: Finding,
    /// The same in words, with the remedy if there is one.
    pub words: String,
}

/// The checks as a table.
pub(super) fn table(checks: &[Check]) -> String {
    let rows = checks.iter().map(|check| {
        format!(
            "<tr class=\"{}\"><th scope=\"row\">{}</th><td class=\"finding\"><span aria-hidden=\"true\">{}</span> {}</td>\
             <td class=\"number\">{}</td><td>{}</td></tr>\n",
            check.finding.class(),
            escape(&check.name),
            check.finding.sign(),
            check.finding.name(),
            escape(&check.figure),
            escape(&check.words)
        )
    });
    let rows: String = rows.collect();
    format!("<div class=\"wide\"><table class=\"checks\"><tbody>\n{rows}</tbody></table></div>\n")
}
