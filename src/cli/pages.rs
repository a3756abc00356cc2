//! The help pages, each for a terminal of 80 columns.

use crate::config::{Program, explain_all, help, wrap};

pub(super) fn version() -> String {
    format!("lameduck {}\n", env!("CARGO_PKG_VERSION"))
}

pub(super) fn overview() -> String {
    let mut page = String::from(
        "lameduck knows when a pod is really drained.

usage: lameduck COMMAND [OPTIONS]

",
    );
    let commands = [
        ("agent", "the sidecar: answers the preStop hook when the pod is drained"),
        ("run", "the same drain around a command, without Kubernetes"),
        ("demo", "a rolling update on this machine, with and without lameduck"),
        ("hook", "the exec form of a preStop hook: stopping, wait"),
        ("status", "what the agent is doing and what it waits for"),
        ("drain", "drains by hand, until undrain"),
        ("undrain", "takes a drain by hand back"),
        ("explain", "what a setting means, its values and its default"),
        ("help", "the page of a command"),
        ("version", "the version"),
    ];
    for (command, meaning) in commands {
        page.push_str(&format!("  {command:<10}{meaning}\n"));
    }
    page.push_str(
        "
exit codes: 0 done; 64 a mistake in the command line or the environment, and
nothing was done; 70 lameduck failed or no agent answered; `lameduck run`
passes on its command's code (128+n for a signal, 127 or 126 if it cannot start)
",
    );
    page
}

/// The page of one command.
pub(super) fn page(command: &str) -> Option<String> {
    let page = match command {
        "agent" => settings_page(
            "lameduck agent [--NAME VALUE]...",
            "Runs as a sidecar. It serves the preStop hooks of the pod's containers, takes the \
             pod off the lists that send it traffic, watches the application's connections and \
             answers the hooks when nobody is talking to it any more.",
            Program::Agent,
        ),
        "run" => settings_page(
            "lameduck run [--NAME VALUE]... -- COMMAND [ARGUMENTS]...",
            "Starts a command and drains it on SIGTERM or SIGINT before the signal is passed on. \
             SIGKILL follows at grace-period; a second SIGINT passes at once. Its exit code is \
             the command's.",
            Program::Run,
        ),
        "demo" => usage(
            "lameduck demo [OPTIONS]",
            "Shows a rolling update of real HTTP servers under load, side by side: without a \
             hook, with fixed sleeps, with lameduck; then prints failed requests and seconds. \
             --seed NUMBER repeats the same delays.",
        ),
        "hook" => hook(),
        "status" => client_page(
            "lameduck status [--output text|json]",
            "Prints the phase, what the drain waits for, the ports and the busiest peers. -o is \
             short for --output.",
        ),
        "drain" => client_page(
            "lameduck drain",
            "Takes the pod off the lists as if it were stopped, and keeps it off until `lameduck \
             undrain`. No timer ends it.",
        ),
        "undrain" => client_page(
            "lameduck undrain",
            "Ends a drain that was started with `lameduck drain` and puts the pod back.",
        ),
        "explain" => format!("usage: lameduck explain [NAME]...\n\n{}", explain_all()),
        "help" => usage("lameduck help [COMMAND]", "Prints the page of a command."),
        "version" => usage("lameduck version", "Prints the version."),
        _ => return None,
    };
    Some(page)
}

fn usage(line: &str, text: &str) -> String {
    format!("usage: {line}\n\n{}", wrap(text, 0))
}

fn settings_page(line: &str, text: &str, program: Program) -> String {
    let spelling = wrap(
        "Every setting is also an environment variable, --grace-period 60s is \
         LAMEDUCK_GRACE_PERIOD=60s; the flag wins. `lameduck explain NAME` tells more.",
        0,
    );
    format!("{}\n{spelling}{}", usage(line, text), help(program))
}

fn client_page(line: &str, text: &str) -> String {
    format!("{}{}", usage(line, text), help(Program::Client))
}

fn hook() -> String {
    let text = wrap(
        "For a preStop hook of the kind exec, where the hooks carry no token. stopping says that \
         the agent's own container is being stopped. wait says that container NAME is, and \
         returns when it may go; where no agent answers it sleeps for --fallback-sleep instead.",
        0,
    );
    format!(
        "usage: lameduck hook stopping\n       \
         lameduck hook wait --container NAME [--fallback-sleep DURATION]\n\n{text}{}",
        help(Program::Client)
    )
}
