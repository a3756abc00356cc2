//! The way in: from arguments and variables to a configuration, or to every mistake at once.

use super::mistakes::{Mistake, Mistakes, Source, Warning};
use super::reader::Reader;
use super::settings::Program;
use super::sources::{Extra, Typed, Variable};
use super::{Config, ControlSocket, meaning, parse};
use std::collections::BTreeMap;
use std::ffi::OsString;

/// A configuration to start with.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub config: Config,
    pub warnings: Vec<Warning>,
    /// What stands after `--`; empty for the agent, never for `run`.
    pub command: Vec<OsString>,
    /// Variables that Kubernetes made for a Service with our name; worth a debug line.
    pub service_links: Vec<String>,
}

/// What a command beside the agent needs.
#[derive(Clone, Debug)]
pub struct Client {
    pub socket: ControlSocket,
    /// The command's own options by name, as typed.
    pub extras: BTreeMap<&'static str, String>,
}

/// Reads the settings of `agent` or `run`: flags before environment before defaults. `args` are
/// those behind the command's name. Fails with every mistake at once.
pub fn load(
    program: Program,
    args: impl IntoIterator<Item = OsString>,
    variables: impl IntoIterator<Item = Variable>,
) -> Result<Loaded, Mistakes> {
    let command = program.command();
    let mut typed = Typed::collect(program, command, &[], args, variables);
    let mut reader = Reader::new(program, &mut typed);
    let command_to_run = typed.rest.unwrap_or_default();
    if program == Program::Run && command_to_run.is_empty() {
        reader.mistakes.push(no_command());
    }
    let config = meaning::config(&mut reader);
    match config {
        Some(config) if reader.mistakes.is_empty() => Ok(Loaded {
            config,
            warnings: reader.warnings,
            command: command_to_run,
            service_links: typed.service_links,
        }),
        _ => Err(Mistakes { command: command.to_owned(), list: reader.mistakes }),
    }
}

/// Reads what a command beside the agent needs: the local socket and the command's own options.
/// `command` is its name for messages, such as `lameduck status`.
pub fn load_client(
    command: &str,
    extras: &[Extra],
    args: impl IntoIterator<Item = OsString>,
    variables: impl IntoIterator<Item = Variable>,
) -> Result<Client, Mistakes> {
    let mut typed = Typed::collect(Program::Client, command, extras, args, variables);
    let mut reader = Reader::new(Program::Client, &mut typed);
    let hook_port = reader.read("hook-port", parse::port);
    let socket = hook_port.and_then(|port| meaning::control_socket(&mut reader, port));
    match socket {
        Some(socket) if reader.mistakes.is_empty() => Ok(Client { socket, extras: typed.extras }),
        _ => Err(Mistakes { command: command.to_owned(), list: reader.mistakes }),
    }
}

fn no_command() -> Mistake {
    Mistake {
        name: "--".to_owned(),
        source: Source::Argument,
        value: None,
        problem: "no command to run; write it after --: \
                  lameduck run --grace-period 30s -- COMMAND ARGUMENTS"
            .to_owned(),
        allowed: None,
        nearest: None,
    }
}
