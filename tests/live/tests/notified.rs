//! An application that is told the phase and answers with `Connection: close` loses no request:
//! every client leaves after an answer, also one that pauses for three seconds.

use lameduck_live::{Agent, Kind, Kubelet, Load, Place, Request, Route, Server, clock};
use std::sync::Arc;
use std::time::Duration;

#[test]
fn nginx_told_by_a_file_loses_no_get() {
    nothing_is_lost(Kind::Nginx, &Request::get("/fast"));
}

#[test]
fn nginx_told_by_a_file_loses_no_post() {
    nothing_is_lost(Kind::Nginx, &Request::post("/upload", vec![b'x'; 2000]));
}

#[test]
fn node_told_over_http_loses_no_get() {
    nothing_is_lost(Kind::Node, &Request::get("/fast"));
}

#[test]
fn node_told_over_http_loses_no_post() {
    nothing_is_lost(Kind::Node, &Request::post("/upload", vec![b'x'; 2000]));
}

#[test]
fn go_told_over_http_loses_no_get() {
    nothing_is_lost(Kind::Go, &Request::get("/fast"));
}

#[test]
fn go_told_over_http_loses_no_post() {
    nothing_is_lost(Kind::Go, &Request::post("/upload", vec![b'x'; 2000]));
}

fn nothing_is_lost(kind: Kind, request: &Request) {
    let place = Place::new("notified");
    let old = Arc::new(Server::start(kind, &place));
    let new = Server::start(kind, &place);
    let [flag, value] = old.notify_setting();
    let settings = ["--propagation", "2s", &flag, &value];
    let agent = Arc::new(Agent::start(&place, &old.declared_port(), &settings));
    let route = Route::to(old.target());
    let busy = Load::start(12, &route, request, Duration::from_millis(20));
    let pausing = Load::start(6, &route, request, Duration::from_secs(3));
    busy.wait_for(200);
    pausing.wait_for(6);

    let stop = Kubelet::stop_pod(&agent, &old);
    // The lists change a while after the deletion; until then clients come back to the old one.
    clock::pause(Duration::from_millis(600));
    route.change(new.target());
    let stopped = stop.finish();
    busy.wait_for(200);
    pausing.wait_for(6);
    let (busy, pausing) = (busy.end(), pausing.end());

    let body = &stopped.verdict.body;
    assert_eq!(busy.lost, Vec::<String>::new(), "busy clients of {kind:?} lost requests: {body}");
    assert_eq!(pausing.lost, Vec::<String>::new(), "pausing clients of {kind:?}: {body}");
    assert!(pausing.moved >= 6, "every pausing client was moved: {pausing:?}");
    assert_eq!(stopped.verdict.outcome, "drained", "{body}");
    let held = stopped.held();
    assert!(held < Duration::from_secs(12), "held {held:?}: {body}");
}
