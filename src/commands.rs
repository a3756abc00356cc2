//! What `main` does for each command, up to the exit code.

use crate::app::{self, BuildError};
use crate::cli::{Command, Exit, HookCall, StatusOutput};
use crate::config::{ControlSocket, Loaded};
use crate::control::client::{self, Said};
use crate::driver::Driver;
use crate::run::{self, Supervisor};
use crate::telemetry::{self, Metrics};
use std::sync::Arc;

/// Does what was asked for.
pub fn perform(command: Command) -> Exit {
    match command {
        Command::Print(text) => {
            print!("{text}");
            Exit::Done
        }
        Command::Agent(loaded) => served(agent(&loaded)),
        Command::Run(loaded) => match supervised(&loaded) {
            Ok(code) => Exit::ChildExited(u8::try_from(code).unwrap_or(u8::MAX)),
            Err(error) => failed(&error),
        },
        Command::Demo(args) => {
            let code = crate::demo::run(args);
            Exit::ChildExited(u8::try_from(code).unwrap_or(u8::MAX))
        }
        Command::Hook { socket, call } => hook(&socket, &call),
        Command::Status { socket, output } => {
            ask(&socket, None, |name| client::status(name, output == StatusOutput::Json))
        }
        Command::Drain { socket } => ask(&socket, None, client::drain),
        Command::Undrain { socket } => ask(&socket, None, client::undrain),
    }
}

fn hook(socket: &ControlSocket, call: &HookCall) -> Exit {
    match call {
        HookCall::Stopping => ask(socket, None, client::stopping),
        HookCall::Wait { container, fallback_sleep } => {
            ask(socket, *fallback_sleep, |name| client::wait(name, container, *fallback_sleep))
        }
    }
}

/// Asks the agent over the local socket. Where that is off, the fallback is slept as it is
/// where the agent is dead.
fn ask(
    socket: &ControlSocket,
    fallback: Option<std::time::Duration>,
    call: impl FnOnce(&crate::control::SocketName) -> Said,
) -> Exit {
    let Some(name) = app::socket_name(socket) else {
        eprintln!("lameduck: the setting socket is off, so no agent can be asked");
        return fallback.map_or(Exit::Internal, |sleep| {
            std::thread::sleep(sleep);
            Exit::Done
        });
    };
    let said = call(&name);
    print!("{}", said.out);
    eprint!("{}", said.err);
    match said.exit {
        client::Exit::Success => Exit::Done,
        client::Exit::Failure => Exit::Internal,
    }
}

fn served(result: Result<(), BuildError>) -> Exit {
    result.map_or_else(|error| failed(&error), |()| Exit::Done)
}

fn failed(error: &dyn std::fmt::Display) -> Exit {
    eprintln!("lameduck: {error}");
    Exit::Internal
}

/// Log, panics into the log, warnings: what every long-running command begins with.
fn start_telemetry(loaded: &Loaded) -> Arc<Metrics> {
    let metrics = Arc::new(Metrics::new(&app::decisions()));
    telemetry::init(&loaded.config.log, Arc::clone(&metrics));
    std::panic::set_hook(Box::new(|panic| tracing::error!(%panic, "a bug in lameduck")));
    for warning in &loaded.warnings {
        tracing::warn!(setting = warning.setting, "{}", warning.text);
    }
    if !loaded.service_links.is_empty() {
        let names = loaded.service_links.join(" ");
        tracing::debug!(names, "service links of Kubernetes are no settings");
    }
    metrics
}

fn runtime() -> Result<tokio::runtime::Runtime, String> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        // A blocking thread (a notify file) does not outlive its work by long.
        .thread_keep_alive(std::time::Duration::from_secs(1))
        .build()
        .map_err(|error| format!("cannot start the runtime: {error}"))
}

fn agent(loaded: &Loaded) -> Result<(), BuildError> {
    let metrics = start_telemetry(loaded);
    let runtime = runtime().map_err(BuildError::from)?;
    runtime.block_on(async {
        let app = app::build(&loaded.config, metrics)?;
        let addresses = app.addresses();
        tracing::info!(
            version = env!("CARGO_PKG_VERSION"),
            hook = %addresses.hook,
            metrics = addresses.metrics.map(tracing::field::display),
            socket = addresses.socket,
            in_flight = app.in_flight(),
            "listening"
        );
        tracing::debug!(settings = app::effective_line(&loaded.config), "settings in force");
        app.run().await;
        Ok(())
    })
}

/// `run`: the same driver around a child. The socket and metrics ports of the agent are there
/// only where they were asked for, since a host may run many.
fn supervised(loaded: &Loaded) -> Result<i32, String> {
    let metrics = start_telemetry(loaded);
    let (command, args) = loaded.command.split_first().ok_or("no command given")?;
    runtime()?.block_on(async {
        let child = match Supervisor::spawn(command, args) {
            Ok(child) => child,
            Err(error) => {
                eprintln!("lameduck: {}", error.message);
                return Ok(error.exit_code);
            }
        };
        // Orphans of the command become ours, so the tree is looked at from here.
        let own = std::process::id();
        let owned: crate::inflight::OwnedInodes =
            Box::new(move || run::descendant_socket_inodes(own));
        let edges = app::edges(&loaded.config, &metrics, &[], Some(owned), Box::new(|| 0));
        let plan = app::plan_of_run(&loaded.config);
        let described = edges.sockets.describe();
        let (driver, handle) = Driver::new(plan.clone(), edges);
        app::serve_beside(&loaded.config, &handle, &metrics, described)
            .map_err(|e| e.to_string())?;
        let tick = handle.clone();
        let supervise = child.supervise(handle, plan.grace, move || tick.tick());
        tokio::pin!(supervise);
        Ok(tokio::select! {
            code = &mut supervise => code,
            () = driver.run() => supervise.await,
        })
    })
}
