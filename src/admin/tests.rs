use super::*;
use std::net::Ipv4Addr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn serve() -> u16 {
    let bound = bind(0).unwrap();
    let port = bound.addr().port();
    let metrics: Metrics = Arc::new(|| {
        Box::pin(async {
            tokio::task::yield_now().await;
            "lameduck_up 1\n# EOF\n".to_owned()
        })
    });
    tokio::spawn(bound.serve(metrics));
    port
}

async fn ask(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    tokio::time::timeout(Duration::from_secs(20), read).await.unwrap().unwrap();
    answer
}

#[tokio::test]
async fn metrics_are_served_and_nothing_else() {
    let port = serve();
    let answer = ask(port, "GET /metrics?x HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(answer.contains("content-type: application/openmetrics-text; version=1.0.0;"));
    assert!(answer.ends_with("\r\n\r\nlameduck_up 1\n# EOF\n"));
    for path in ["/", "/prestop", "/readyz", "//metrics"] {
        let answer = ask(port, &format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 404 "), "{path}");
    }
    let answer = ask(port, "POST /metrics HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 405 "));
}

#[tokio::test]
async fn hanging_connections_do_not_keep_a_scraper_out() {
    let port = serve();
    let mut hanging = Vec::new();
    for _ in 0..100 {
        hanging.push(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap());
    }
    let answer = ask(port, "GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"));
    drop(hanging);
}
