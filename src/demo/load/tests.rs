use super::*;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How the tiny server treats a connection after it has read a request.
#[derive(Clone, Copy)]
enum Manner {
    Answer(&'static str),
    Reset,
    Close,
    Hang,
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const LAST: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok";
const CUT: &str = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok";
const BUSY: &str = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";

/// A server that treats the nth request of each connection in the nth manner, then closes.
async fn server(manners: &'static [Manner]) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(treat(stream, manners));
        }
    });
    address
}

async fn treat(mut stream: TcpStream, manners: &[Manner]) {
    for manner in manners {
        if matches!(stream.read(&mut [0; 4096]).await, Ok(0) | Err(_)) {
            return;
        }
        match manner {
            Manner::Answer(text) => stream.write_all(text.as_bytes()).await.unwrap(),
            Manner::Reset => return stream.set_zero_linger().unwrap(),
            Manner::Close => return,
            Manner::Hang => std::future::pending().await,
        }
    }
}

async fn list_before(backend: SocketAddr) -> Arc<List> {
    let balancer = Balancer::open(1).await.unwrap();
    balancer.add(backend);
    balancer.list(0)
}

async fn first(manners: &'static [Manner]) -> Result<(), Failure> {
    let list = list_before(server(manners).await).await;
    request(&list, &mut None, "POST", "/take/5").await
}

#[tokio::test]
async fn failures_are_told_apart() {
    assert_eq!(first(&[Manner::Answer(OK)]).await, Ok(()));
    assert_eq!(first(&[Manner::Answer(BUSY)]).await, Err(Failure::Status));
    assert_eq!(first(&[Manner::Answer(CUT)]).await, Err(Failure::Eof));
    assert_eq!(first(&[Manner::Close]).await, Err(Failure::Eof));
    assert_eq!(first(&[Manner::Reset]).await, Err(Failure::Reset));
    let port = crate::demo::ports::free_port().unwrap();
    let nobody = list_before((Ipv4Addr::LOCALHOST, port).into()).await;
    assert_eq!(request(&nobody, &mut None, "POST", "/").await, Err(Failure::Refused));
    let direct = Line::dial((Ipv4Addr::LOCALHOST, port).into()).await;
    assert_eq!(direct.err(), Some(Failure::Refused));
}

#[tokio::test]
async fn a_connection_found_closed_is_dialled_anew_and_not_counted() {
    let list = list_before(server(&[Manner::Answer(OK)]).await).await;
    let mut kept = None;
    assert_eq!(request(&list, &mut kept, "POST", "/").await, Ok(()));
    let local = kept.as_ref().unwrap().local();
    while !kept.as_ref().unwrap().is_closed() {
        tokio::task::yield_now().await;
    }
    assert_eq!(request(&list, &mut kept, "POST", "/").await, Ok(()));
    assert_ne!(kept.unwrap().local(), local);
}

#[tokio::test]
async fn a_request_lost_on_a_kept_connection_is_a_failure() {
    let list = list_before(server(&[Manner::Answer(OK), Manner::Close]).await).await;
    let mut kept = None;
    assert_eq!(request(&list, &mut kept, "POST", "/").await, Ok(()));
    assert_eq!(request(&list, &mut kept, "POST", "/").await, Err(Failure::Eof));
    assert!(kept.is_none());
}

#[tokio::test]
async fn connections_are_kept_unless_told_otherwise() {
    let list = list_before(server(&[Manner::Answer(OK), Manner::Answer(LAST)]).await).await;
    let mut kept = None;
    assert_eq!(request(&list, &mut kept, "GET", "/").await, Ok(()));
    let local = kept.as_ref().unwrap().local();
    assert_eq!(request(&list, &mut kept, "GET", "/").await, Ok(()));
    assert!(kept.is_none(), "{local} was told to leave");
}

fn client(list: Arc<List>) -> Client {
    let random = fastrand::Rng::with_seed(1);
    let cycle = Duration::from_secs_f64(1.0 / RATE);
    Client { kind: Kind::New, list, random, cycle, slow: 0.25 }
}

#[tokio::test(start_paused = true)]
async fn a_client_gives_up_at_last() {
    let list = list_before(server(&[Manner::Hang]).await).await;
    let track = Arc::new(Track::new(crate::demo::strategy::Strategy::None, Instant::now()));
    let (running, watch) = watch::channel(true);
    let run = tokio::spawn(client(list).run(track.clone(), watch));
    while track.counts().requests == 0 {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(track.counts().of(Failure::Timeout), 1);
    assert!(track.elapsed() >= PATIENCE);
    running.send(false).unwrap();
    run.await.unwrap();
}

#[tokio::test]
async fn clients_stay_below_a_hundred_a_second_and_ask_for_what_was_ordered() {
    let mut client = client(list_before((Ipv4Addr::LOCALHOST, 9).into()).await);
    let sent: Duration = (0..10_000).map(|_| client.gap()).sum();
    assert!(10_000.0 / sent.as_secs_f64() < 100.0, "10000 requests in {sent:?}");
    let paths = (0..10_000).map(|_| client.wish().1);
    let millis = |path: String| path.strip_prefix("/take/").unwrap().parse::<u32>().unwrap();
    let (slow, quick): (Vec<_>, Vec<_>) = paths.map(millis).partition(|millis| *millis >= 1000);
    assert!((2300..2700).contains(&slow.len()), "{} slow requests", slow.len());
    assert!(slow.iter().all(|millis| *millis < 3000));
    assert!(quick.iter().all(|millis| (5..=20).contains(millis)));
}
