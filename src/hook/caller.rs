//! One connection, and how far its caller is believed.

use super::{Decision, Hook};
use crate::listen::{Place, Request};
use hyper::HeaderMap;
use hyper::header::USER_AGENT;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};

/// Everything that one connection's answer needs.
pub(super) struct Gate {
    pub(super) hook: Arc<Hook>,
    pub(super) peer: IpAddr,
    pub(super) near: bool,
    pub(super) place: Place,
    /// What a probe that counts was told.
    pub(super) probe: OnceLock<bool>,
}

/// What the token says about the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Credential {
    Right,
    Wrong,
    /// None was shown, or none is configured to compare with.
    Missing,
}

impl Gate {
    pub(super) fn credential(&self, headers: &HeaderMap) -> Credential {
        match (&self.hook.token, headers.get("lameduck-token")) {
            (Some(token), Some(shown)) if is_same(token.as_bytes(), shown.as_bytes()) => {
                Credential::Right
            }
            (Some(_), Some(_)) => Credential::Wrong,
            (None, _) | (_, None) => Credential::Missing,
        }
    }

    /// Whether this probe tells the drain something. Without a token the user agent is all there
    /// is to go by; with one, the probes in the pod's manifest carry it.
    pub(super) fn is_own_probe(&self, headers: &HeaderMap) -> bool {
        if self.hook.token.is_some() {
            return self.credential(headers) == Credential::Right;
        }
        headers.get(USER_AGENT).is_some_and(|agent| agent.as_bytes().starts_with(b"kube-probe/"))
    }

    /// Reports the decision. What the listener breaks must not cost the caller its answer.
    pub(super) fn decided(&self, decision: Decision) {
        std::panic::catch_unwind(AssertUnwindSafe(|| (self.hook.decided)(decision))).ok();
    }
}

/// The container that a hook was called for, from the query; `None` where it is not named.
pub(super) fn container(request: &Request) -> Option<String> {
    form_urlencoded::parse(request.uri().query()?.as_bytes())
        .find(|(name, value)| name == "container" && !value.is_empty())
        .map(|(_, value)| value.into_owned())
}

/// Takes the same time wherever the difference is; the length may be guessed.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let differing = one.iter().zip(other).fold(0, |all, (a, b)| all | (a ^ b));
    one.len() == other.len() && std::hint::black_box(differing) == 0
}
