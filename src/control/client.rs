//! The command line's side of the local socket. Blocking: one call is all such a process does.

use super::command::Command;
use super::{LONGEST_LINE, SocketName};
use serde_json::Value;
use std::io::{self, BufRead, BufReader, Error, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// For every command but `wait`, which lasts as long as a drain.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// An answer is a status of at most some hundred ports and peers.
const LONGEST_ANSWER: u64 = 4 << 20;

/// What the process that made the call prints, and whether it succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// For standard output; empty or with its newline.
    pub out: String,
    /// For standard error; empty or with its newline.
    pub err: String,
    pub exit: Exit,
}

/// The meaning of a call's exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, or the fallback was slept instead.
    Success,
    /// The agent could not be asked, or it refused.
    Failure,
}

/// `hook wait`: returns when the container may receive SIGTERM.
///
/// Where the agent gives no answer, `fallback` is slept instead and counts as success: a dead
/// agent costs a sleep and not a request. An exec hook that fails is followed by SIGTERM at once.
pub fn wait(socket: &SocketName, container: &str, fallback: Option<Duration>) -> Said {
    let asked = ask(socket, &Command::Wait { container: container.to_owned() }, None);
    match (asked, fallback) {
        (Ok(answer), _) => printed(&answer),
        (Err(error), Some(fallback)) => {
            std::thread::sleep(fallback);
            let seconds = fallback.as_secs_f64();
            Said::success(String::new(), format!("{error}; slept {seconds} s instead\n"))
        }
        (Err(error), None) => Said::failure(&error),
    }
}

/// `hook stopping`.
pub fn stopping(socket: &SocketName) -> Said {
    simple(socket, &Command::Stopping)
}

pub fn drain(socket: &SocketName) -> Said {
    simple(socket, &Command::Drain)
}

pub fn undrain(socket: &SocketName) -> Said {
    simple(socket, &Command::Undrain)
}

/// `status` as text for a person, or as one line of JSON.
pub fn status(socket: &SocketName, as_json: bool) -> Said {
    match ask(socket, &Command::Status, Some(ANSWER_WITHIN)) {
        Ok(answer) if as_json => Said::success(format!("{}\n", answer["status"]), String::new()),
        Ok(answer) => {
            Said::success(answer["text"].as_str().unwrap_or_default().to_owned(), String::new())
        }
        Err(error) => Said::failure(&error),
    }
}

impl Said {
    fn success(out: String, err: String) -> Self {
        Self { out, err, exit: Exit::Success }
    }

    fn failure(error: &Error) -> Self {
        Self { out: String::new(), err: format!("{error}\n"), exit: Exit::Failure }
    }
}

fn simple(socket: &SocketName, command: &Command) -> Said {
    match ask(socket, command, Some(ANSWER_WITHIN)) {
        Ok(answer) => printed(&answer),
        Err(error) => Said::failure(&error),
    }
}

fn printed(answer: &Value) -> Said {
    Said::success(format!("{answer}\n"), String::new())
}

/// The agent's answer if it said yes; every other end is an error that names the socket.
fn ask(socket: &SocketName, command: &Command, within: Option<Duration>) -> io::Result<Value> {
    let line = command.line();
    if line.len() > LONGEST_LINE + 1 || line.trim_end_matches('\n').contains('\n') {
        let long = format!("a container name is one line and shorter than {LONGEST_LINE} bytes");
        return Err(Error::new(ErrorKind::InvalidInput, long));
    }
    let named = |what: &str, error: Error| Error::new(error.kind(), format!("{what}: {error}"));
    let stream = UnixStream::connect_addr(&socket.address()?)
        .map_err(|error| named(&format!("cannot reach lameduck at {socket}"), error))?;
    let answer = exchange(&stream, &line, within)
        .map_err(|error| named(&format!("no answer from lameduck at {socket}"), error))?;
    if answer["ok"] == true {
        return Ok(answer);
    }
    let because = answer["because"].as_str().unwrap_or("no reason given");
    Err(Error::other(format!("lameduck at {socket} refused: {because}")))
}

fn exchange(mut stream: &UnixStream, line: &str, within: Option<Duration>) -> io::Result<Value> {
    stream.set_write_timeout(Some(ANSWER_WITHIN))?;
    stream.set_read_timeout(within)?;
    // A caller that is refused may find the socket closed before its line is out; the refusal is
    // still there to be read.
    let written = stream.write_all(line.as_bytes());
    let mut answer = String::new();
    BufReader::new(stream.take(LONGEST_ANSWER)).read_line(&mut answer)?;
    if answer.is_empty() {
        written?;
        return Err(Error::new(ErrorKind::UnexpectedEof, "it closed the connection"));
    }
    serde_json::from_str(&answer).map_err(Error::from)
}
