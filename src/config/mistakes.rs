//! What is wrong with a command line, all of it at once, and what deserves a look.

use super::text::wrap;
use std::fmt;

/// Where a value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Default,
    Environment,
    Flag,
    /// A word of the command line that is not a flag.
    Argument,
}

impl Source {
    pub fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Environment => "environment",
            Self::Flag => "flag",
            Self::Argument => "argument",
        }
    }
}

/// One thing that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// As the user wrote it: `--ports`, `LAMEDUCK_PORTS`, a word.
    pub name: String,
    pub source: Source,
    /// The value, cut and made printable; never a secret.
    pub value: Option<String>,
    pub problem: String,
    pub allowed: Option<String>,
    /// A known name or word that may have been meant.
    pub nearest: Option<String>,
}

/// Everything that is wrong, for one look and one correction. Exit code 64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes {
    /// Who refuses: `lameduck agent`.
    pub command: String,
    pub list: Vec<Mistake>,
}

/// Something that works and is probably not what was wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The setting or variable it is about.
    pub setting: String,
    /// A whole explanation, with all the numbers.
    pub text: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.setting, self.text)
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("  ")?;
        f.write_str(&self.name)?;
        if let Some(value) = &self.value {
            write!(f, "={value}")?;
        }
        match self.source {
            Source::Default | Source::Environment => writeln!(f, " ({})", self.source.name())?,
            Source::Flag | Source::Argument => writeln!(f)?,
        }
        let problem = match &self.nearest {
            Some(nearest) => format!("{}; did you mean {nearest}?", self.problem),
            None => self.problem.clone(),
        };
        write!(f, "{}", wrap(&problem, 6))?;
        if let Some(allowed) = &self.allowed {
            write!(f, "{}", wrap(&format!("allowed: {allowed}"), 6))?;
        }
        Ok(())
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mistakes = match self.list.len() {
            1 => "one mistake".to_owned(),
            n => format!("{n} mistakes"),
        };
        writeln!(f, "{}: {mistakes}, nothing was done", self.command)?;
        for mistake in &self.list {
            write!(f, "\n{mistake}")?;
        }
        let mut advice = format!("`{} --help` lists what there is", self.command);
        if self.list.iter().any(|mistake| mistake.source != Source::Argument) {
            advice.push_str(", `lameduck explain NAME` describes a setting");
        }
        write!(f, "\n{}", wrap(&advice, 0))
    }
}

impl std::error::Error for Mistakes {}

/// A typed value for a terminal: quoted where it has blanks, escaped, cut at 60 characters.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut shown: String = text.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    match shown.is_empty() || shown.contains(' ') {
        true => format!("\"{shown}\""),
        false => shown,
    }
}
