//! The door for the metrics: `GET /metrics` and nothing else, on a port of its own, so that
//! whoever may scrape need not reach the hook. Knows no metric; the text comes from a closure.

#[cfg(test)]
mod tests;

use crate::listen::{Limits, Listener, Places, Response, Standing, answered, exchange};
use hyper::{Method, StatusCode};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// Two scrapers and a person are many.
const MOST_CONNECTIONS: usize = 16;

/// A scrape is over in milliseconds; Prometheus itself gives up after 10 s by default.
const WHOLE_REQUEST: Duration = Duration::from_secs(30);

const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Gives the metrics' text at this moment.
pub type Metrics = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = String> + Send>> + Send + Sync>;

/// The bound metrics port.
#[derive(Debug)]
pub struct Bound(Listener);

/// Binds the metrics port on every address of both families; port 0 takes any.
///
/// Must be called inside a runtime. The error is the operating system's.
pub fn bind(port: u16) -> io::Result<Bound> {
    Ok(Bound(crate::listen::bind(port)?))
}

impl Bound {
    pub fn addr(&self) -> SocketAddr {
        self.0.addr()
    }

    /// Connections accepted so far; they are part of the namespace's `PassiveOpens`.
    pub fn accepted(&self) -> Arc<AtomicU64> {
        self.0.accepted()
    }

    /// Serves until the future is dropped.
    pub async fn serve(self, metrics: Metrics) {
        let places = Places::new(MOST_CONNECTIONS);
        loop {
            let (stream, _) = self.0.accept().await;
            let metrics = metrics.clone();
            places.seat(Standing::Silent, move |place| async move {
                let served = exchange(
                    stream,
                    Limits::default(),
                    move |request, _| {
                        answer(
                            metrics.clone(),
                            request.method().clone(),
                            request.uri().path() == "/metrics",
                        )
                    },
                    || place.stands(Standing::Answered),
                );
                tokio::time::timeout(WHOLE_REQUEST, served).await.ok();
            });
        }
    }
}

async fn answer(metrics: Metrics, method: Method, is_known: bool) -> Response {
    match (is_known, method) {
        (true, Method::GET) => answered(StatusCode::OK, CONTENT_TYPE, metrics().await),
        (true, _) => plain(StatusCode::METHOD_NOT_ALLOWED, "only GET is answered\n"),
        (false, _) => plain(StatusCode::NOT_FOUND, "there is only /metrics\n"),
    }
}

fn plain(status: StatusCode, text: &str) -> Response {
    answered(status, "text/plain; charset=utf-8", text.to_owned())
}
