//! The phase as an HTTP call.

use crate::drain::NotifyPhase;
use reqwest::{Client, Response, header, redirect};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// Of one attempt, from the connection to the response head.
const ATTEMPT: Duration = Duration::from_secs(1);
/// Before the second and the third attempt. An application that is starved for a moment answers
/// the second; one that restarts its listener needs the third.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(300)];
/// Of all attempts and pauses, whatever happens.
const IN_ALL: Duration = Duration::from_millis(3500);
/// How much of an unwanted answer is repeated in the error.
const QUOTED_BYTES: usize = 120;

/// Posts the phase until a 2xx acknowledges it, at most three times and at most 3.5 s.
///
/// The client lives for this call only: a pod drains once in its life, and an idle agent should
/// not keep a resolver and a pool for it.
pub(super) async fn post(
    url: &str,
    phase: NotifyPhase,
    deadline: Option<Duration>,
) -> Result<(), String> {
    let body = body(phase, deadline);
    let attempts = async {
        let client = client().map_err(|e| format!("the HTTP client cannot be built: {e}"))?;
        let mut error = match attempt(&client, url, &body).await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        for pause in PAUSES {
            sleep(pause).await;
            match attempt(&client, url, &body).await {
                Ok(()) => return Ok(()),
                Err(again) => error = again,
            }
        }
        Err(format!("3 times, last: {error}"))
    };
    let ended = timeout(IN_ALL, attempts).await;
    ended.unwrap_or_else(|_| Err(format!("no answer within {IN_ALL:?}"))).map_err(|error| {
        let phase = phase.name();
        format!(
            "told the application {phase} by POST {url} in vain ({error}); check that the \
             address accepts POST and answers 2xx within 1 s"
        )
    })
}

/// `deadline_seconds` is rounded down, so that nobody is promised time that is not there.
fn body(phase: NotifyPhase, deadline: Option<Duration>) -> String {
    serde_json::json!({
        "phase": phase.name(),
        "draining": phase.draining(),
        "deadline_seconds": deadline.map(|d| d.as_secs()),
    })
    .to_string()
}

/// No proxy, because the environment of the pod may name one that is not for loopback; no
/// redirect, because a login page would count as an acknowledgement; no pool, because a
/// connection left open would be counted as in flight in the application.
fn client() -> reqwest::Result<Client> {
    Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .pool_max_idle_per_host(0)
        .http1_only()
        .build()
}

async fn attempt(client: &Client, url: &str, body: &str) -> Result<(), String> {
    let exchange = async {
        let answer = client
            .post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::CONNECTION, "close")
            .body(body.to_owned())
            .send()
            .await
            .map_err(|e| causes(&e.without_url()))?;
        // The body of an acknowledgement is not read: it may be long, or never end.
        if answer.status().is_success() { Ok(()) } else { Err(refusal(answer).await) }
    };
    timeout(ATTEMPT, exchange).await.unwrap_or_else(|_| Err(format!("no answer in {ATTEMPT:?}")))
}

async fn refusal(mut answer: Response) -> String {
    let status = answer.status();
    if status.is_redirection() {
        return format!("answered {status}, and redirects are not followed");
    }
    // Only what came with the head: waiting for the rest could cost the attempt its status.
    let first = timeout(Duration::from_millis(100), answer.chunk()).await;
    match first {
        Ok(Ok(Some(bytes))) => format!("answered {status}: {}", quoted(&bytes)),
        _ => format!("answered {status}"),
    }
}

/// The beginning of a body, fit for a log line.
fn quoted(bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(QUOTED_BYTES)];
    String::from_utf8_lossy(shown).chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The error with its causes; reqwest says "error sending request" and hides "connection refused"
/// two levels below.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
