//! The command line: which command, with what. It parses and explains, and starts nothing;
//! `main` prints or dispatches what comes out and takes the exit code from [`Exit`]. Settings
//! are `config`'s business; this room only adds the commands' own options.

mod client;
mod exit;
mod pages;

#[cfg(test)]
mod tests;

pub use exit::Exit;

use crate::config::{
    ControlSocket, Loaded, Mistake, Mistakes, Program, Setting, Source, Variable, explain,
    explain_all, load, nearest, show_value,
};
use std::ffi::OsString;
use std::time::Duration;

/// What was asked for, ready to be done.
#[derive(Clone, Debug)]
pub enum Command {
    Agent(Box<Loaded>),
    Run(Box<Loaded>),
    /// The demo reads its own options.
    Demo(Vec<OsString>),
    Hook {
        socket: ControlSocket,
        call: HookCall,
    },
    Status {
        socket: ControlSocket,
        output: StatusOutput,
    },
    Drain {
        socket: ControlSocket,
    },
    Undrain {
        socket: ControlSocket,
    },
    /// Goes to standard output; help, `explain` and the version.
    Print(String),
}

/// The exec form of a preStop hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookCall {
    /// The agent's own container is being stopped.
    Stopping,
    /// A container is being stopped: waits until it may go.
    Wait {
        container: String,
        /// Slept instead where the agent cannot be reached.
        fallback_sleep: Option<Duration>,
    },
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StatusOutput {
    #[default]
    Text,
    Json,
}

/// Every first word, in the order of the overview.
const COMMANDS: [&str; 10] =
    ["agent", "run", "demo", "hook", "status", "drain", "undrain", "explain", "help", "version"];

/// Reads the whole command line, without the program's name.
pub fn parse(
    args: impl IntoIterator<Item = OsString>,
    variables: impl IntoIterator<Item = Variable>,
) -> Result<Command, Mistakes> {
    let mut args = args.into_iter();
    let Some(word) = args.next() else {
        let problem = "no command given; `lameduck agent` is the sidecar, `lameduck demo` shows \
                       what it does";
        return Err(refuse("lameduck", "command", problem.to_owned(), COMMANDS));
    };
    let word = word.to_string_lossy().into_owned();
    let args: Vec<OsString> = args.collect();
    match word.as_str() {
        "--help" | "-h" => return Ok(Command::Print(pages::overview())),
        "--version" | "-V" | "version" => return Ok(Command::Print(pages::version())),
        "help" => return help(&args),
        _ => {}
    }
    if asks_for_help(&args)
        && let Some(page) = pages::page(&word)
    {
        return Ok(Command::Print(page));
    }
    match word.as_str() {
        "agent" => Ok(Command::Agent(Box::new(load(Program::Agent, args, variables)?))),
        "run" => Ok(Command::Run(Box::new(load(Program::Run, args, variables)?))),
        "demo" => Ok(Command::Demo(args)),
        "hook" => client::hook(args, variables),
        "status" => client::status(args, variables),
        "drain" => client::drain(args, variables),
        "undrain" => client::undrain(args, variables),
        "explain" => explained(&args),
        _ => Err(unknown("lameduck", &word, COMMANDS)),
    }
}

/// The child's own `--help` behind `--` is the child's. The demo reads its options, help included,
/// but its page is here.
fn asks_for_help(args: &[OsString]) -> bool {
    args.iter().take_while(|arg| *arg != "--").any(|arg| arg == "--help" || arg == "-h")
}

fn help(args: &[OsString]) -> Result<Command, Mistakes> {
    let Some(word) = args.first().filter(|_| !asks_for_help(args)) else {
        return Ok(Command::Print(pages::overview()));
    };
    let word = word.to_string_lossy();
    let page = pages::page(&word).ok_or_else(|| unknown("lameduck help", &word, COMMANDS))?;
    Ok(Command::Print(page))
}

fn explained(args: &[OsString]) -> Result<Command, Mistakes> {
    if args.is_empty() {
        return Ok(Command::Print(explain_all()));
    }
    let mut pages = Vec::new();
    let mut list = Vec::new();
    for word in args {
        let word = word.to_string_lossy();
        match Setting::spelled(&word) {
            Some(setting) => pages.push(explain(setting)),
            None => list.push(unknown_setting(&word)),
        }
    }
    match list.is_empty() {
        true => Ok(Command::Print(pages.join("\n"))),
        false => Err(Mistakes { command: "lameduck explain".to_owned(), list }),
    }
}

fn unknown_setting(word: &str) -> Mistake {
    let word_alone = word.trim_start_matches("--").to_lowercase();
    let known = crate::config::SETTINGS.iter().map(|setting| setting.name);
    Mistake {
        name: show_value(word),
        source: Source::Argument,
        value: None,
        problem: "is not a setting; `lameduck explain` alone lists them".to_owned(),
        allowed: None,
        nearest: nearest(&word_alone, known).map(str::to_owned),
    }
}

fn unknown<const N: usize>(command: &str, word: &str, known: [&'static str; N]) -> Mistakes {
    let mut mistakes = refuse(command, &show_value(word), "is not a command".to_owned(), known);
    for mistake in &mut mistakes.list {
        mistake.nearest = nearest(word, known).map(str::to_owned);
    }
    mistakes
}

fn refuse<const N: usize>(
    command: &str,
    name: &str,
    problem: String,
    known: [&'static str; N],
) -> Mistakes {
    let mistake = Mistake {
        name: name.to_owned(),
        source: Source::Argument,
        value: None,
        problem,
        allowed: Some(known.join(", ")),
        nearest: None,
    };
    Mistakes { command: command.to_owned(), list: vec![mistake] }
}
