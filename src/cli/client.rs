//! The commands that talk to a running agent over its local socket.

use super::{Command, HookCall, StatusOutput, refuse, unknown};
use crate::config::{
    Client, Extra, Mistake, Mistakes, Source, Variable, load_client, nearest, parse_container_name,
    parse_duration, show_value,
};
use std::ffi::OsString;
use std::time::Duration;

const CONTAINER: Extra = Extra {
    name: "container",
    short: None,
    allowed: "the name of the container whose hook this is",
};
const FALLBACK_SLEEP: Extra = Extra {
    name: "fallback-sleep",
    short: None,
    allowed: "a duration such as 15s, slept where the agent cannot be reached",
};
const OUTPUT: Extra = Extra { name: "output", short: Some('o'), allowed: "text or json" };

pub(super) fn hook(
    args: Vec<OsString>,
    variables: impl IntoIterator<Item = Variable>,
) -> Result<Command, Mistakes> {
    let mut args = args.into_iter();
    let word = args.next().map(|word| word.to_string_lossy().into_owned());
    match word.as_deref() {
        Some("stopping") => {
            let client = load_client("lameduck hook stopping", &[], args, variables)?;
            Ok(Command::Hook { socket: client.socket, call: HookCall::Stopping })
        }
        Some("wait") => wait(args, variables),
        Some(word) => Err(unknown("lameduck hook", word, ["stopping", "wait"])),
        None => {
            let problem = "which hook? stopping is for the agent's own container, wait for others";
            Err(refuse("lameduck hook", "hook", problem.to_owned(), ["stopping", "wait"]))
        }
    }
}

pub(super) fn status(
    args: Vec<OsString>,
    variables: impl IntoIterator<Item = Variable>,
) -> Result<Command, Mistakes> {
    let command = "lameduck status";
    let mut list = Vec::new();
    let client = keep(&mut list, load_client(command, &[OUTPUT], args, variables));
    let output = client.as_ref().and_then(|client| client.extras.get("output"));
    let output = match output.map(String::as_str) {
        None | Some("text") => StatusOutput::Text,
        Some("json") => StatusOutput::Json,
        Some(word) => {
            let mistake = bad(OUTPUT, word, "is not a known format".to_owned());
            let nearest = nearest(word, ["text", "json"]).map(str::to_owned);
            list.push(Mistake { nearest, ..mistake });
            StatusOutput::Text
        }
    };
    match client {
        Some(client) if list.is_empty() => Ok(Command::Status { socket: client.socket, output }),
        _ => Err(Mistakes { command: command.to_owned(), list }),
    }
}

pub(super) fn drain(
    args: Vec<OsString>,
    variables: impl IntoIterator<Item = Variable>,
) -> Result<Command, Mistakes> {
    let client = load_client("lameduck drain", &[], args, variables)?;
    Ok(Command::Drain { socket: client.socket })
}

pub(super) fn undrain(
    args: Vec<OsString>,
    variables: impl IntoIterator<Item = Variable>,
) -> Result<Command, Mistakes> {
    let client = load_client("lameduck undrain", &[], args, variables)?;
    Ok(Command::Undrain { socket: client.socket })
}

fn wait(
    args: impl IntoIterator<Item = OsString>,
    variables: impl IntoIterator<Item = Variable>,
) -> Result<Command, Mistakes> {
    let command = "lameduck hook wait";
    let mut list = Vec::new();
    let client = load_client(command, &[CONTAINER, FALLBACK_SLEEP], args, variables);
    let client = keep(&mut list, client);
    let container = client.as_ref().and_then(|client| container(client, &mut list));
    let fallback_sleep = client.as_ref().and_then(|client| fallback_sleep(client, &mut list));
    match (client, container) {
        (Some(client), Some(container)) if list.is_empty() => Ok(Command::Hook {
            socket: client.socket,
            call: HookCall::Wait { container, fallback_sleep },
        }),
        _ => Err(Mistakes { command: command.to_owned(), list }),
    }
}

fn container(client: &Client, list: &mut Vec<Mistake>) -> Option<String> {
    let Some(name) = client.extras.get(CONTAINER.name) else {
        let mut missing = bad(CONTAINER, "", "is missing".to_owned());
        missing.value = None;
        list.push(missing);
        return None;
    };
    match parse_container_name(name) {
        Ok(name) => Some(name),
        Err(problem) => {
            list.push(bad(CONTAINER, name, problem));
            None
        }
    }
}

fn fallback_sleep(client: &Client, list: &mut Vec<Mistake>) -> Option<Duration> {
    let text = client.extras.get(FALLBACK_SLEEP.name)?;
    parse_duration(text).map_err(|problem| list.push(bad(FALLBACK_SLEEP, text, problem))).ok()
}

fn keep<T>(list: &mut Vec<Mistake>, result: Result<T, Mistakes>) -> Option<T> {
    result.map_err(|mistakes| list.extend(mistakes.list)).ok()
}

fn bad(extra: Extra, value: &str, problem: String) -> Mistake {
    Mistake {
        name: format!("--{}", extra.name),
        source: Source::Flag,
        value: Some(show_value(value)),
        problem,
        allowed: Some(extra.allowed.to_owned()),
        nearest: None,
    }
}
