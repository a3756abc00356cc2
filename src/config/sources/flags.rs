use super::{Given, Typed};
use crate::config::mistakes::{Mistake, Source, shown};
use crate::config::nearest::nearest;
use crate::config::settings::{Program, SETTINGS, Setting};
use lexopt::{Arg, Parser};
use std::ffi::OsString;

/// An option with a value that belongs to one command and is no setting.
#[derive(Clone, Copy, Debug)]
pub struct Extra {
    pub name: &'static str,
    pub short: Option<char>,
    pub allowed: &'static str,
}

/// Reads the flags; a mistake never hides the ones behind it.
pub(super) fn collect(
    typed: &mut Typed,
    program: Program,
    command: &str,
    extras: &[Extra],
    args: impl IntoIterator<Item = OsString>,
) {
    let mut args: Vec<OsString> = args.into_iter().collect();
    // Ours end at the first `--`; what follows is a command and none of our business.
    typed.rest = args.iter().position(|arg| arg == "--").map(|at| {
        let rest = args.split_off(at);
        rest.into_iter().skip(1).collect()
    });
    if program != Program::Run && typed.rest.as_ref().is_some_and(|rest| !rest.is_empty()) {
        let problem = format!("`{command}` starts no command; that is what `lameduck run` does");
        typed.mistakes.push(argument("--".to_owned(), problem));
    }
    let mut flags = Flags { typed, program, command, extras, parser: Parser::from_args(args) };
    while flags.next() {}
}

struct Flags<'a> {
    typed: &'a mut Typed,
    program: Program,
    command: &'a str,
    extras: &'a [Extra],
    parser: Parser,
}

impl Flags<'_> {
    /// Takes one option; false at the end.
    fn next(&mut self) -> bool {
        match self.parser.next() {
            Ok(None) => return false,
            Ok(Some(Arg::Long(name))) => {
                let name = name.to_owned();
                self.long(&name);
            }
            Ok(Some(Arg::Short(letter))) => self.short(letter),
            Ok(Some(Arg::Value(word))) => {
                let word = word.to_string_lossy().into_owned();
                return self.word(&word);
            }
            Err(error) => self.typed.mistakes.push(argument("option".into(), error.to_string())),
        }
        true
    }

    fn long(&mut self, name: &str) {
        if let Some(extra) = self.extras.iter().find(|extra| extra.name == name) {
            return self.extra(*extra);
        }
        match Setting::named(name) {
            Some(setting) if setting.is_read_by(self.program) => self.setting(setting),
            Some(setting) => {
                self.skip_value();
                let readers: Vec<_> =
                    setting.programs.iter().map(|program| program.command()).collect();
                let problem =
                    format!("`{}` does not read it, only {}", self.command, readers.join(", "));
                self.refuse(&setting.flag(), problem, None);
            }
            None => {
                self.skip_value();
                let readable = SETTINGS.iter().filter(|s| s.is_read_by(self.program));
                let known = readable.map(|s| s.name).chain(self.extras.iter().map(|e| e.name));
                let known = nearest(name, known).map(|known| format!("--{known}"));
                self.refuse(&format!("--{name}"), "is not a known flag".to_owned(), known);
            }
        }
    }

    fn short(&mut self, letter: char) {
        match self.extras.iter().find(|extra| extra.short == Some(letter)) {
            Some(extra) => self.extra(*extra),
            None => {
                self.skip_value();
                self.refuse(&format!("-{letter}"), "is not a known flag".to_owned(), None);
            }
        }
    }

    fn setting(&mut self, setting: &'static Setting) {
        let Some(text) = self.value(&setting.flag(), setting.allowed) else { return };
        match self.typed.given.get(setting.name) {
            // Two spellings of one wish are a slip; which of two wishes was meant, nobody knows.
            Some(before) if before.text != text => {
                let problem = match setting.is_secret() {
                    true => "is given twice, with different values".to_owned(),
                    false => {
                        format!("is given twice: {} and {}", shown(&before.text), shown(&text))
                    }
                };
                self.refuse(&setting.flag(), problem, None);
            }
            _ => {
                self.typed.given.insert(setting.name, Given { text, source: Source::Flag });
            }
        }
    }

    fn extra(&mut self, extra: Extra) {
        if let Some(text) = self.value(&format!("--{}", extra.name), extra.allowed) {
            self.typed.extras.insert(extra.name, text);
        }
    }

    fn value(&mut self, flag: &str, allowed: &str) -> Option<String> {
        let problem = match self.parser.value() {
            Ok(value) => match value.into_string() {
                Ok(text) => return Some(text),
                Err(_) => "is not UTF-8 text",
            },
            Err(_) => "needs a value",
        };
        self.typed.mistakes.push(Mistake {
            name: flag.to_owned(),
            source: Source::Flag,
            value: None,
            problem: problem.to_owned(),
            allowed: Some(allowed.to_owned()),
            nearest: None,
        });
        None
    }

    /// What follows an unknown flag is most likely its value, and not a second mistake.
    fn skip_value(&mut self) {
        if self.parser.optional_value().is_some() {
            return;
        }
        if let Ok(mut args) = self.parser.raw_args() {
            args.next_if(|arg| !arg.to_string_lossy().starts_with('-'));
        }
    }

    /// A word where only flags belong. For `run` it is the command, and so is all behind it.
    fn word(&mut self, word: &str) -> bool {
        if self.program == Program::Run {
            let problem = "stands before --; write the command after it: \
                           lameduck run --grace-period 30s -- COMMAND ARGUMENTS";
            self.typed.mistakes.push(argument(shown(word), problem.to_owned()));
            self.typed.rest.get_or_insert_default().push(word.into());
            return false;
        }
        let problem = format!("`{}` takes only flags, such as --name value", self.command);
        self.typed.mistakes.push(argument(shown(word), problem));
        true
    }

    fn refuse(&mut self, name: &str, problem: String, nearest: Option<String>) {
        let name = name.to_owned();
        let source = Source::Flag;
        let allowed = None;
        self.typed.mistakes.push(Mistake { name, source, value: None, problem, allowed, nearest });
    }
}

fn argument(name: String, problem: String) -> Mistake {
    let source = Source::Argument;
    Mistake { name, source, value: None, problem, allowed: None, nearest: None }
}
