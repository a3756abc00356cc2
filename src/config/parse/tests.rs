use super::*;
use crate::drain::{PortRole, Protocol};
use std::time::Duration;

fn what<T: std::fmt::Debug>(result: Result<T, Problem>) -> String {
    result.unwrap_err().what
}

#[test]
fn durations_as_people_write_them() {
    let millis = |text| duration(text).unwrap().as_millis();
    assert_eq!(millis("30s"), 30_000);
    assert_eq!(millis("1m30s"), 90_000);
    assert_eq!(millis("1m 30s"), 90_000);
    assert_eq!(millis("500ms"), 500);
    assert_eq!(millis("1.5s"), 1_500);
    assert_eq!(millis("30"), 30_000);
    assert_eq!(millis("0"), 0);
    assert_eq!(millis("168h"), 604_800_000);
}

#[test]
fn what_is_no_duration_says_why() {
    assert_eq!(what(duration("-5s")), "is negative");
    assert_eq!(what(duration("-5")), "is negative");
    assert_eq!(what(duration("5s ago")), "is negative");
    assert_eq!(what(duration("169h")), "is longer than 168h");
    assert_eq!(what(duration("99999999999999999999")), "is longer than 168h");
    assert_eq!(what(duration("soon")), "is not a duration");
    assert_eq!(what(duration("-")), "is not a duration");
    assert_eq!(what(duration(" ")), "is empty");
}

#[test]
fn a_shown_duration_reads_back() {
    for millis in [0, 300, 1_400, 30_000, 90_500, 604_800_000] {
        let duration = Duration::from_millis(millis);
        assert_eq!(super::duration(&show_duration(duration)), Ok(duration));
    }
}

#[test]
fn ports_carry_protocols() {
    assert_eq!(
        port_protocols("8080/http, 9090/h2c,9091/wss,9092/sse,9093").unwrap(),
        [
            (8080, Protocol::Http),
            (9090, Protocol::H2),
            (9091, Protocol::WebSocket),
            (9092, Protocol::Stream),
            (9093, Protocol::Auto),
        ]
    );
    // Every protocol of the core can be asked for by its own name.
    for protocol in Protocol::ALL {
        let text = format!("1/{}", protocol.name());
        assert_eq!(port_protocols(&text).unwrap(), [(1, protocol)]);
    }
}

#[test]
fn bad_ports_say_which() {
    let unknown = port_protocols("8080/htpp").unwrap_err();
    assert_eq!(unknown.what, "protocol \"htpp\" is not known");
    assert_eq!(unknown.nearest.as_deref(), Some("http"));
    assert_eq!(what(port_protocols("80,80/http")), "port 80 is named twice");
    assert_eq!(what(port_protocols("80,,81")), "has an empty entry");
    assert_eq!(what(port_protocols("")), "is empty");
    assert_eq!(what(plain_ports("70000")), "\"70000\" is not a port number");
    assert_eq!(what(plain_ports("0")), "\"0\" is not a port number");
    assert_eq!(port("0"), Ok(0));
}

#[test]
fn app_probes_need_a_period() {
    let probes = app_probes("8080/1s,9090/10s").unwrap();
    assert_eq!(probes[1].port, 9090);
    assert_eq!(probes[1].period, Duration::from_secs(10));
    assert_eq!(what(app_probes("8080")), "\"8080\" names no period");
    assert_eq!(what(app_probes("8080/0s")), "the period of port 8080 is zero");
    assert_eq!(what(app_probes("8080/often")), "period \"often\" is not a duration");
    assert_eq!(what(app_probes("8080/1s,8080/2s")), "port 8080 is named twice");
}

#[test]
fn containers_serve_or_help() {
    let named = containers("app=8080/http+9090/grpc,db=helper+5432,log=helper:nohook,web").unwrap();
    let [app, db, log, web] = &named.containers[..] else { panic!("{named:?}") };
    assert_eq!(
        (app.role, &app.ports[..], app.hooked),
        (PortRole::Serving, &[8080, 9090][..], true)
    );
    assert_eq!((db.role, &db.ports[..], db.hooked), (PortRole::Helper, &[5432][..], true));
    assert_eq!((log.role, log.ports.len(), log.hooked), (PortRole::Helper, 0, false));
    assert_eq!((web.role, web.ports.len(), web.hooked), (PortRole::Serving, 0, true));
    assert_eq!(
        named.ports,
        [(8080, Protocol::Http), (9090, Protocol::Grpc), (5432, Protocol::Auto)]
    );
}

#[test]
fn bad_containers_say_which() {
    let typo = containers("db=heplers").unwrap_err();
    assert_eq!(typo.what, "\"heplers\" of container db is neither helper nor a port");
    assert_eq!(typo.nearest.as_deref(), Some("helper"));
    assert_eq!(what(containers("a=1,a=2")), "container a is named twice");
    assert_eq!(what(containers("a=1,b=1")), "port 1 is named twice");
    assert_eq!(what(containers("a=80:noho")), "\"noho\" after the colon is not known");
    assert_eq!(what(containers("a=")), "container a: is empty");
    assert_eq!(what(containers("a=helper+")), "container a: is empty");
    assert!(what(containers("App=80")).starts_with("\"App\" is not a container name"));
    assert!(what(containers("=80")).starts_with("\"\" is not a container name"));
}

#[test]
fn only_loopback_is_told() {
    for url in [
        "http://127.0.0.1:8080/drain",
        "http://127.9.9.9/x",
        "http://[::1]:8080/drain",
        "http://localhost:8080/",
    ] {
        assert_eq!(loopback_url(url).unwrap(), url);
    }
    assert!(what(loopback_url("http://10.0.0.7/x")).contains("goes to 10.0.0.7, outside the pod"));
    assert!(what(loopback_url("http://localhost.evil.example/")).contains("outside the pod"));
    assert!(what(loopback_url("https://127.0.0.1/")).contains("scheme https"));
    assert!(what(loopback_url("http://me:pw@127.0.0.1/")).contains("user name"));
    assert!(what(loopback_url("http://127.0.0.1:0/")).contains("port 0"));
    assert!(what(loopback_url("127.0.0.1:8080")).contains("not a URL"));
    assert!(what(loopback_url("localhost:8080/drain")).contains("scheme localhost"));
}

#[test]
fn paths_are_absolute() {
    assert!(absolute_path("/run/x").is_ok());
    assert_eq!(what(absolute_path("run/x")), "is not an absolute path");
    assert_eq!(what(absolute_path("/run/")), "is a directory, not a file");
    assert_eq!(what(absolute_path("/a\0b")), "contains a NUL, which no path can");
    let long = format!("/{}", "x".repeat(107));
    assert!(what(socket_path(&long)).starts_with("has 108 bytes"));
    assert!(socket_path(&long[..107]).is_ok());
}

#[test]
fn tokens_are_long_and_visible() {
    assert_eq!(token("0123456789abcdef").unwrap().expose(), "0123456789abcdef");
    assert_eq!(what(token("short")), "has 5 characters");
    assert_eq!(what(token(&"x".repeat(257))), "has 257 characters");
    assert!(what(token("0123456789 abcdef")).contains("blank"));
    assert!(what(token("0123456789äbcdef")).contains("visible ASCII"));
}
