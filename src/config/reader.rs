//! Reads typed values one by one and keeps what is wrong with them.

use super::mistakes::{Mistake, Source, Warning, shown};
use super::parse::{self, Problem};
use super::settings::{Program, Setting, plain_name};
use super::sources::{Given, Typed};
use std::collections::BTreeMap;
use std::time::Duration;

/// Values by setting, and the mistakes and warnings found so far.
pub(super) struct Reader {
    pub program: Program,
    pub mistakes: Vec<Mistake>,
    pub warnings: Vec<Warning>,
    given: BTreeMap<&'static str, Given>,
}

impl Reader {
    pub(super) fn new(program: Program, typed: &mut Typed) -> Self {
        Self {
            program,
            mistakes: std::mem::take(&mut typed.mistakes),
            warnings: std::mem::take(&mut typed.warnings),
            given: std::mem::take(&mut typed.given),
        }
    }

    /// The meaning of a setting. A bad value is kept as a mistake and the default stands in, so
    /// that the checks behind it find what else is wrong. `None` only if there is no default.
    pub(super) fn read<T>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, Problem>,
    ) -> Option<T> {
        let setting = Setting::named(name)?;
        if let Some(given) = self.given.get(name) {
            match parse(&given.text) {
                Ok(value) => return Some(value),
                Err(problem) => self.refuse(name, problem),
            }
        }
        match parse(setting.default_for(self.program)) {
            Ok(value) => Some(value),
            Err(problem) => {
                self.refuse(name, problem);
                None
            }
        }
    }

    /// As [`Self::read`]; `None` where the text is the word that stands for "none".
    pub(super) fn read_unless<T>(
        &mut self,
        name: &str,
        word: &str,
        parse: impl Fn(&str) -> Result<T, Problem>,
    ) -> Option<Option<T>> {
        self.read(name, |text| match text == word {
            true => Ok(None),
            false => {
                parse(text).map(Some).map_err(|problem| with_nearest_word(problem, name, text))
            }
        })
    }

    pub(super) fn read_duration(&mut self, name: &str) -> Option<Duration> {
        self.read(name, parse::duration)
    }

    pub(super) fn read_choice<T: Copy>(&mut self, name: &str, meanings: &[(&str, T)]) -> Option<T> {
        let known = Setting::named(name)?.kind.words();
        self.read(name, |text| {
            let word = parse::choice(text, known)?;
            let meaning = meanings.iter().find(|(name, _)| *name == word);
            meaning.map(|(_, meaning)| *meaning).ok_or_else(|| Problem::new("means nothing yet"))
        })
    }

    /// The user has said something, be it what the default says.
    pub(super) fn is_given(&self, name: &str) -> bool {
        self.given.contains_key(name)
    }

    /// Nothing was wrong with its value: what was read is what the user meant.
    pub(super) fn is_sound(&self, name: &str) -> bool {
        !self.mistakes.iter().any(|mistake| plain_name(&mistake.name) == name)
    }

    pub(super) fn source(&self, name: &str) -> Source {
        self.given.get(name).map_or(Source::Default, |given| given.source)
    }

    /// As typed, or the default.
    pub(super) fn text(&self, setting: &'static Setting) -> String {
        match self.given.get(setting.name) {
            Some(given) => given.text.clone(),
            None => setting.default_for(self.program).to_owned(),
        }
    }

    /// Keeps a mistake about a setting's value, spelled as the user spelled it.
    pub(super) fn refuse(&mut self, name: &str, problem: Problem) {
        let allowed = Setting::named(name).map(|setting| setting.allowed.to_owned());
        self.keep(name, problem, allowed);
    }

    /// Keeps a mistake about values that are each fine and cannot be used together.
    pub(super) fn refuse_together(&mut self, name: &str, problem: impl Into<String>) {
        self.keep(name, Problem::new(problem), None);
    }

    fn keep(&mut self, name: &str, problem: Problem, allowed: Option<String>) {
        let Some(setting) = Setting::named(name) else { return };
        let source = self.source(name);
        let text = self.text(setting);
        let hidden = setting.is_secret() || text.contains('@');
        self.mistakes.push(Mistake {
            name: match source {
                Source::Flag | Source::Argument => setting.flag(),
                Source::Environment => setting.variable(),
                Source::Default => setting.name.to_owned(),
            },
            source,
            value: Some(if hidden { "(hidden)".to_owned() } else { shown(&text) }),
            problem: problem.what,
            allowed,
            nearest: problem.nearest,
        });
    }

    pub(super) fn warn(&mut self, name: &str, text: impl Into<String>) {
        self.warnings.push(Warning { setting: name.to_owned(), text: text.into() });
    }
}

/// `of` is more likely a slip of `off` than a bad number. Short values that are not words at all
/// (`1x`) suggest nothing.
fn with_nearest_word(problem: Problem, name: &str, text: &str) -> Problem {
    if problem.nearest.is_some() || !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return problem;
    }
    let words = Setting::named(name).map_or(&[][..], |setting| setting.kind.words());
    Problem::unknown(problem.what, text, words.iter().copied())
}
