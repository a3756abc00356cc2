use super::server::{Play, Server, status};
use super::*;
use std::time::Instant;

async fn send(url: &str, phase: NotifyPhase, deadline: Option<Duration>) -> Result<(), String> {
    let config = NotifyConfig { url: Some(url.to_owned()), file: None };
    // As the driver does: the call must be able to run beside everything else.
    let call =
        async move { Notifier::new(config).send(NotifyChannel::Http, phase, deadline).await };
    tokio::spawn(call).await.unwrap()
}

async fn withdrawing(server: &Server) -> Result<(), String> {
    send(&server.url, NotifyPhase::Withdrawing, Some(Duration::from_millis(18_900))).await
}

#[expect(clippy::disallowed_methods, reason = "bounds of the room are real time: real sockets")]
fn now() -> Instant {
    Instant::now()
}

#[tokio::test]
async fn a_2xx_acknowledges_and_the_body_says_the_phase() {
    for line in ["200 OK", "202 Accepted", "204 No Content"] {
        let server = Server::start(vec![status(line)]).await;
        withdrawing(&server).await.unwrap();
        let requests = server.requests();
        assert_eq!(requests.len(), 1);
        let (head, body) = requests[0].split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /phase HTTP/1.1\r\n"), "{head}");
        assert!(head.to_lowercase().contains("\r\ncontent-type: application/json"), "{head}");
        assert!(head.to_lowercase().contains("\r\nconnection: close"), "{head}");
        let said: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(
            said,
            serde_json::json!({"phase": "withdrawing", "draining": true, "deadline_seconds": 18})
        );
    }
}

#[tokio::test]
async fn serving_is_not_draining_and_has_no_deadline() {
    let server = Server::start(vec![status("200 OK")]).await;
    send(&server.url, NotifyPhase::Serving, None).await.unwrap();
    send(&server.url, NotifyPhase::Delisted, None).await.unwrap();
    let [serving, delisted] = &server.requests()[..] else { panic!("two requests") };
    assert!(serving.ends_with(r#"{"deadline_seconds":null,"draining":false,"phase":"serving"}"#));
    assert!(delisted.ends_with(r#"{"deadline_seconds":null,"draining":true,"phase":"delisted"}"#));
}

#[tokio::test]
async fn a_500_is_asked_again() {
    let failing = status("500 Internal Server Error");
    let server = Server::start(vec![failing, status("200 OK")]).await;
    withdrawing(&server).await.unwrap();
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_refusal_three_times_is_given_up_and_quoted() {
    let body = "no\nsuch route ".repeat(1000);
    let answer = format!("HTTP/1.1 404 Not Found\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let server = Server::start(vec![Play::Answer(answer)]).await;
    let error = withdrawing(&server).await.unwrap_err();
    assert_eq!(server.requests().len(), 3);
    for part in ["withdrawing", &server.url, "404 Not Found", "no such route", "answers 2xx"] {
        assert!(error.contains(part), "{part} is missing in: {error}");
    }
    assert!(!error.contains('\n') && error.len() < 500, "{error}");
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up_in_time() {
    let server = Server::start(vec![Play::Hang]).await;
    let began = now();
    let error = withdrawing(&server).await.unwrap_err();
    let took = began.elapsed();
    assert!(took >= Duration::from_secs(3) && took < Duration::from_secs(6), "{took:?}");
    assert!(error.contains("no answer in 1s"), "{error}");
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn a_head_that_hangs_is_given_up_too() {
    let server = Server::start(vec![Play::Stall("HTTP/1.1 200 O".into()), status("200 OK")]).await;
    withdrawing(&server).await.unwrap();
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn nobody_listening_is_said_plainly() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let error = send(&url, NotifyPhase::Delisted, None).await.unwrap_err();
    assert!(error.to_lowercase().contains("connection refused"), "{error}");
    assert_eq!(error.matches(&url).count(), 1, "{error}");
}

#[tokio::test]
async fn an_answer_that_is_not_http_is_no_acknowledgement() {
    let server = Server::start(vec![Play::Answer("SSH-2.0-OpenSSH_9.6\r\n".into())]).await;
    let error = withdrawing(&server).await.unwrap_err();
    assert!(error.contains("vain (3 times"), "{error}");
}

#[tokio::test]
async fn the_body_of_an_acknowledgement_is_not_waited_for() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n";
    for play in [Play::Stall(format!("{head}slow")), Play::Flood(head.into())] {
        let server = Server::start(vec![play]).await;
        withdrawing(&server).await.unwrap();
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn the_body_of_a_refusal_is_not_waited_for() {
    let head = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 1000000\r\n\r\n";
    for play in [Play::Stall(head.into()), Play::Flood(head.into())] {
        let server = Server::start(vec![play]).await;
        let error = withdrawing(&server).await.unwrap_err();
        assert!(error.contains("503 Service Unavailable"), "{error}");
        assert!(error.len() < 500, "{error}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_is_no_acknowledgement() {
    let target = Server::start(vec![status("200 OK")]).await;
    let moved =
        format!("HTTP/1.1 307 Moved\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", target.url);
    let server = Server::start(vec![Play::Answer(moved)]).await;
    let error = withdrawing(&server).await.unwrap_err();
    assert!(error.contains("redirects are not followed"), "{error}");
    assert_eq!(target.requests().len(), 0);
}

#[tokio::test]
async fn an_address_that_is_none_is_an_error_and_no_panic() {
    for url in ["", "nonsense", "http://", "https://127.0.0.1:1/", "unix:/x"] {
        let error = send(url, NotifyPhase::Withdrawing, None).await.unwrap_err();
        assert!(error.contains("in vain"), "{error}");
    }
}
