//! The answers as small JSON objects. The kubelet reads neither status nor body; people do.

use crate::drain::Answer;
use crate::listen::{Response, answered};
use crate::render::summary_json;
use hyper::StatusCode;
use serde_json::{Value, json};

/// Why a request was not taken at all.
#[derive(Clone, Copy, Debug)]
pub(super) enum Refusal {
    Token,
    Path,
    Method,
}

/// What a caller is told; `None`: the driver is gone.
pub(super) fn told(answer: Option<Answer>) -> Response {
    let (status, body) = match answer {
        Some(Answer::Ended(summary)) => {
            let mut body = summary_json(&summary);
            body["answer"] = "ended".into();
            (StatusCode::OK, body)
        }
        Some(Answer::Nothing { because }) => (StatusCode::OK, because_of("nothing", because)),
        Some(Answer::Stranger) => (
            StatusCode::OK,
            because_of(
                "stranger",
                "no valid lameduck-token header: nothing was changed; give the hook the token",
            ),
        ),
        Some(Answer::Full) => (
            StatusCode::SERVICE_UNAVAILABLE,
            because_of("full", "too many callers without a valid lameduck-token header wait"),
        ),
        Some(Answer::Done) => (StatusCode::OK, json!({ "answer": "done" })),
        Some(Answer::Refused { because }) => (StatusCode::OK, because_of("refused", because)),
        // Waiting would be for nobody: the kubelet may as well go on.
        None => (
            StatusCode::OK,
            because_of("failed", "the drain has failed inside lameduck; see its log"),
        ),
    };
    json_response(status, &body)
}

pub(super) fn refused(status: StatusCode, refusal: Refusal) -> Response {
    let because = match refusal {
        Refusal::Token => "no valid lameduck-token header; give the hook the token of this pod",
        Refusal::Path => "no such path; there are /prestop, /stopping and /readyz",
        Refusal::Method => "only GET is answered",
    };
    json_response(status, &because_of("refused", because))
}

/// For a caller that is not there any more.
pub(super) fn nobody() -> Response {
    json_response(StatusCode::OK, &json!({ "answer": "nobody" }))
}

fn because_of(answer: &str, because: &str) -> Value {
    json!({ "answer": answer, "because": because })
}

fn json_response(status: StatusCode, body: &Value) -> Response {
    answered(status, "application/json", format!("{body}\n"))
}
