//! Which request is which, and who is believed.

use super::Decision;
use super::body::{self, Refusal};
use super::caller::{Credential, Gate, container};
use crate::drain::{Answer, Input};
use crate::listen::{Peer, Request, Response, Standing, answered};
use hyper::header::{ALLOW, HeaderValue};
use hyper::{Method, StatusCode};
use std::sync::Arc;

/// The answer to one request, whenever there is one.
pub(super) async fn answer(gate: Arc<Gate>, request: Request, peer: Peer) -> Response {
    // Kubelets before 1.26 put a slash before the path of the hook: `//prestop`.
    let path = request.uri().path();
    let route = path.strip_prefix("//").or_else(|| path.strip_prefix('/')).unwrap_or("");
    match (route, request.method()) {
        ("prestop", &Method::GET) => prestop(&gate, &request, &peer).await,
        ("stopping", &Method::GET) => stopping(&gate, &request),
        ("readyz", &Method::GET) => readyz(&gate, &request),
        ("prestop" | "stopping" | "readyz", _) => {
            gate.decided(Decision::WrongMethod);
            let mut response = body::refused(StatusCode::METHOD_NOT_ALLOWED, Refusal::Method);
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
            response
        }
        _ => {
            gate.decided(Decision::NotFound);
            body::refused(StatusCode::NOT_FOUND, Refusal::Path)
        }
    }
}

async fn prestop(gate: &Gate, request: &Request, peer: &Peer) -> Response {
    match gate.credential(request.headers()) {
        Credential::Right => {
            gate.place.stands(Standing::Trusted);
            gate.decided(Decision::Trusted);
            let container = container(request);
            let called = |caller| Input::HookCalled { caller, container };
            // Not raced against the peer: a kubelet that restarts calls again, and one whose
            // connection is half-closed still waits for this answer.
            body::told(gate.hook.handle.call(called).await)
        }
        Credential::Wrong => {
            gate.decided(Decision::BadToken);
            stranger(gate, peer).await.unwrap_or_else(body::nobody)
        }
        Credential::Missing => {
            let answer = stranger(gate, peer).await;
            gate.decided(match &answer {
                None => Decision::StrangerLeft,
                Some(response) if response.status() == StatusCode::OK => Decision::StrangerHeld,
                Some(_) => Decision::StrangerRefused,
            });
            answer.unwrap_or_else(body::nobody)
        }
    }
}

/// Holds a caller that is not believed; `None` when it hung up, which frees its place.
async fn stranger(gate: &Gate, peer: &Peer) -> Option<Response> {
    let near = gate.near;
    gate.place.stands(if near { Standing::NearWaiting } else { Standing::Waiting });
    let held = gate.hook.handle.call(|caller| Input::StrangerCalled { caller, near });
    tokio::select! {
        answer = held => Some(body::told(answer)),
        () = peer.left() => None,
    }
}

fn stopping(gate: &Gate, request: &Request) -> Response {
    match gate.credential(request.headers()) {
        Credential::Right => {
            gate.decided(Decision::Own);
            gate.hook.handle.tell(Input::OwnHookCalled);
            body::told(Some(Answer::Done))
        }
        Credential::Wrong => {
            gate.decided(Decision::BadToken);
            body::refused(StatusCode::FORBIDDEN, Refusal::Token)
        }
        Credential::Missing => {
            gate.decided(Decision::OwnRefused);
            body::refused(StatusCode::FORBIDDEN, Refusal::Token)
        }
    }
}

fn readyz(gate: &Gate, request: &Request) -> Response {
    let ready = (gate.hook.ready)();
    if gate.is_own_probe(request.headers()) {
        gate.probe.set(ready).ok();
        gate.decided(Decision::Probe);
    } else {
        gate.decided(Decision::ForeignProbe);
    }
    let (status, word) = if ready {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "draining\n")
    };
    answered(status, "text/plain; charset=utf-8", word.to_owned())
}
