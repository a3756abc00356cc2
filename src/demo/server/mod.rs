//! The server whose instances are updated: HTTP/1.1 with a correct graceful shutdown, and nothing
//! that a well-made service of today would not have.

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use axum::serve::ListenerExt;
use lexopt::Arg;
use std::ffi::OsString;
use std::future::Future;
use std::io::Read;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// How long requests may go on after SIGTERM; what is left then is cut off by the exit.
const GRACE: Duration = Duration::from_secs(10);

/// Runs the hidden subcommand `demo-server --port P [--admin-port A]` until SIGTERM and a
/// graceful shutdown of at most 10 s, or until its stdin ends: then the demo is gone. Returns the
/// exit code: 0, 64 for bad arguments, 70 where it cannot listen.
pub fn server_main(args: Vec<OsString>) -> i32 {
    let (port, admin_port) = match ports(args) {
        Ok(ports) => ports,
        Err(mistake) => {
            eprintln!("lameduck demo-server: {mistake}");
            return super::EXIT_USAGE;
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended = runtime.and_then(|runtime| runtime.block_on(main(port, admin_port)));
    match ended {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("lameduck demo-server: port {port} on 127.0.0.1: {error}");
            super::EXIT_INTERNAL
        }
    }
}

fn ports(args: Vec<OsString>) -> Result<(u16, Option<u16>), String> {
    let (mut port, mut admin_port) = (None, None);
    let mut parser = lexopt::Parser::from_args(args);
    while let Some(arg) = parser.next().map_err(|error| error.to_string())? {
        let place = match arg {
            Arg::Long("port") => &mut port,
            Arg::Long("admin-port") => &mut admin_port,
            other => return Err(other.unexpected().to_string()),
        };
        let value = parser.value().map_err(|error| error.to_string())?;
        let number = value.to_str().and_then(|text| text.parse::<u16>().ok());
        *place = Some(number.ok_or_else(|| format!("{value:?} is not a port"))?);
    }
    Ok((port.ok_or("--port is missing")?, admin_port))
}

async fn main(port: u16, admin_port: Option<u16>) -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let leaving = Leaving::default();
    if let Some(admin_port) = admin_port {
        let admin = TcpListener::bind((Ipv4Addr::LOCALHOST, admin_port)).await?;
        let app = axum::Router::new().fallback(phase).with_state(leaving.clone());
        tokio::spawn(axum::serve(admin, app).into_future());
    }
    let stop = async move {
        terminate.recv().await;
    };
    tokio::select! {
        ended = serve(listener, leaving, stop, GRACE) => ended,
        () = stdin_ended() => Ok(()),
    }
}

/// Clients are asked to leave: every answer says `Connection: close`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Leaving(Arc<AtomicBool>);

/// Serves until `stop`, then shuts down gracefully: no new connections, idle ones are closed,
/// running requests finish, for at most `grace`.
pub(crate) async fn serve(
    listener: TcpListener,
    leaving: Leaving,
    stop: impl Future<Output = ()> + Send + 'static,
    grace: Duration,
) -> std::io::Result<()> {
    let (stopping, stopped) = oneshot::channel();
    let stop = async move {
        stop.await;
        stopping.send(()).ok();
    };
    let app = axum::Router::new()
        .fallback(work)
        .layer(axum::middleware::from_fn_with_state(leaving, closing));
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    let late = async {
        stopped.await.ok();
        tokio::time::sleep(grace).await;
    };
    tokio::select! {
        ended = axum::serve(listener, app).with_graceful_shutdown(stop).into_future() => ended,
        () = late => Ok(()),
    }
}

/// `/take/MS` takes that many milliseconds; the body is read, as a POST's has to be.
async fn work(request: Request) -> (StatusCode, &'static str) {
    let path = request.uri().path();
    if path == "/ready" {
        return (StatusCode::OK, "ready\n");
    }
    let asked = path.strip_prefix("/take/").and_then(|millis| millis.parse().ok());
    let Some(millis) = asked.filter(|millis| *millis <= 10_000) else {
        return (StatusCode::NOT_FOUND, "ask for /take/MILLISECONDS\n");
    };
    if axum::body::to_bytes(request.into_body(), 1 << 20).await.is_err() {
        return (StatusCode::BAD_REQUEST, "the body ended early\n");
    }
    tokio::time::sleep(Duration::from_millis(millis)).await;
    (StatusCode::OK, "done\n")
}

/// Set on the way out, not on the way in: a slow request that began before the notice asks its
/// client to leave, too. hyper closes the connection once such an answer is written.
async fn closing(State(leaving): State<Leaving>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if leaving.0.load(Ordering::Relaxed) {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// lameduck's notify call.
async fn phase(State(leaving): State<Leaving>, body: Bytes) -> StatusCode {
    let notice: Option<serde_json::Value> = serde_json::from_slice(&body).ok();
    match notice.as_ref().and_then(|notice| notice["draining"].as_bool()) {
        Some(draining) => {
            leaving.0.store(draining, Ordering::Relaxed);
            StatusCode::NO_CONTENT
        }
        None => StatusCode::BAD_REQUEST,
    }
}

/// The demo holds the other end and never writes: the end of stdin is the end of the demo, even
/// where it was killed. A thread of its own, because nothing may wait for this read at exit.
async fn stdin_ended() {
    let (ended, end) = oneshot::channel();
    std::thread::spawn(move || {
        let mut stdin = std::io::stdin().lock();
        while matches!(stdin.read(&mut [0; 64]), Ok(1..)) {}
        ended.send(()).ok();
    });
    end.await.ok();
}

#[cfg(test)]
mod tests;
