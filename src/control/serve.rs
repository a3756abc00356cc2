//! The agent's side of the local socket.

use super::command::{Command, Heard};
use super::place::{Bound, is_allowed};
use super::{LONGEST_LINE, VERSION};
use crate::drain::{Answer, Input};
use crate::driver::Handle;
use crate::render::{status_json, status_text, summary_json};
use serde_json::{Value, json};
use std::io::{Error, ErrorKind, Result};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub(super) const MOST_CONNECTIONS: usize = 32;

/// For the request line only; a waiting caller waits as long as its drain takes.
const REQUEST_WITHIN: Duration = Duration::from_secs(5);

const AFTER_A_FAILED_ACCEPT: Duration = Duration::from_millis(50);

/// What the local door needs from the rest of the program.
#[derive(Clone)]
pub struct Control {
    pub handle: Handle,
    /// What other rooms say of themselves in `lameduck status`: name and value, a line each.
    pub about: Arc<dyn Fn() -> Vec<(&'static str, String)> + Send + Sync>,
    /// Told exactly once for every connection.
    pub heard: Arc<dyn Fn(Heard) + Send + Sync>,
}

impl Bound {
    /// Serves until the future is dropped; connections under way outlive it.
    pub async fn serve(self, control: Control) {
        let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        loop {
            match self.listener.accept().await {
                // A task each: a panic in one ends that connection and nothing else.
                Ok((stream, _)) => {
                    let place = places.clone().try_acquire_owned().ok();
                    tokio::spawn(serve_one(stream, self.own_user, place, control.clone()));
                }
                Err(_) => tokio::time::sleep(AFTER_A_FAILED_ACCEPT).await,
            }
        }
    }
}

async fn serve_one(
    mut stream: UnixStream,
    own_user: u32,
    place: Option<OwnedSemaphorePermit>,
    control: Control,
) {
    let answer = match command(&mut stream, own_user, place.is_some()).await {
        Ok(command) => {
            control.heard(command.heard());
            control.carry_out(command).await
        }
        Err((heard, because)) => {
            control.heard(heard);
            refusal(&because)
        }
    };
    let answer = format!("{answer}\n");
    let write = stream.write_all(answer.as_bytes());
    // Only a caller that does not read can make this wait.
    tokio::time::timeout(REQUEST_WITHIN, write).await.ok();
}

/// The command of a caller that may give one and has a place.
async fn command(
    stream: &mut UnixStream,
    own_user: u32,
    has_place: bool,
) -> std::result::Result<Command, (Heard, String)> {
    let user = stream.peer_cred().map_err(|error| (Heard::Foreign, error.to_string()))?.uid();
    admit(user, own_user, has_place)?;
    let line = tokio::time::timeout(REQUEST_WITHIN, line(stream))
        .await
        .unwrap_or_else(|_| Err(Error::new(ErrorKind::TimedOut, "no request came in time")))
        .map_err(|error| (Heard::Garbage, error.to_string()))?;
    Command::parse(&line).map_err(|because| (Heard::Garbage, because))
}

/// Strangers are turned away before a byte of theirs is read, so that they hold no place.
pub(super) fn admit(
    user: u32,
    own_user: u32,
    has_place: bool,
) -> std::result::Result<(), (Heard, String)> {
    if !is_allowed(user, own_user) {
        let allowed = format!("user {user} may not command lameduck; users 0 and {own_user} may");
        return Err((Heard::Foreign, allowed));
    }
    if !has_place {
        let full = format!("{MOST_CONNECTIONS} callers are connected already");
        return Err((Heard::Full, full));
    }
    Ok(())
}

async fn line(stream: &mut UnixStream) -> Result<String> {
    let mut line = Vec::new();
    let mut chunk = [0; LONGEST_LINE + 1];
    loop {
        let read = stream.read(&mut chunk).await?;
        if read == 0 {
            return Err(Error::new(ErrorKind::UnexpectedEof, "a request ends with a newline"));
        }
        line.extend_from_slice(&chunk[..read]);
        let end = line.iter().position(|byte| *byte == b'\n');
        if end.unwrap_or(line.len()) > LONGEST_LINE {
            let long = format!("a request has at most {LONGEST_LINE} bytes");
            return Err(Error::new(ErrorKind::InvalidData, long));
        }
        if let Some(end) = end {
            line.truncate(end);
            return String::from_utf8(line)
                .map_err(|_| Error::new(ErrorKind::InvalidData, "a request is UTF-8 text"));
        }
    }
}

impl Control {
    async fn carry_out(&self, command: Command) -> Value {
        let handle = &self.handle;
        match command {
            Command::Wait { container } => {
                let container = Some(container);
                told(handle.call(|caller| Input::HookCalled { caller, container }).await)
            }
            Command::Stopping => {
                handle.tell(Input::OwnHookCalled);
                told(Some(Answer::Done))
            }
            Command::Status => self.status().await,
            Command::Drain => told(handle.call(|caller| Input::DrainRequested { caller }).await),
            Command::Undrain => {
                told(handle.call(|caller| Input::UndrainRequested { caller }).await)
            }
        }
    }

    async fn status(&self) -> Value {
        let Some(status) = self.handle.status().await else { return told(None) };
        let about = (self.about)();
        // The age of the oldest request is only right at the moment it is shown.
        let now = tokio::time::Instant::now().into_std();
        json!({
            "ok": true,
            "text": status_text(&status, &about, now),
            "status": status_json(&status, &about, now),
        })
    }

    /// What the listener breaks must not cost the caller its answer.
    fn heard(&self, heard: Heard) {
        std::panic::catch_unwind(AssertUnwindSafe(|| (self.heard)(heard))).ok();
    }
}

impl std::fmt::Debug for Control {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Control").finish_non_exhaustive()
    }
}

fn told(answer: Option<Answer>) -> Value {
    match answer {
        Some(Answer::Ended(summary)) => {
            json!({ "ok": true, "answer": "ended", "summary": summary_json(&summary) })
        }
        Some(Answer::Nothing { because }) => {
            json!({ "ok": true, "answer": "nothing", "because": because })
        }
        Some(Answer::Done) => json!({ "ok": true, "answer": "done" }),
        Some(Answer::Refused { because }) => refusal(because),
        Some(Answer::Stranger | Answer::Full) => {
            refusal("lameduck took this caller for a stranger")
        }
        None => refusal("the drain has failed inside lameduck; see its log"),
    }
}

fn refusal(because: &str) -> Value {
    json!({ "ok": false, "speaks": VERSION, "because": because })
}
