use super::*;
use std::io::ErrorKind;

/// A backend that answers each connection with one letter.
async fn backend(letter: u8) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            stream.write_all(&[letter]).await.ok();
        }
    });
    address
}

async fn letter(list: &List) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(list.address()).await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    Ok(text)
}

async fn letters(list: &List) -> String {
    let mut all = String::new();
    for _ in 0..40 {
        all += &letter(list).await.unwrap();
    }
    all
}

#[tokio::test]
async fn connections_are_spread_and_removal_is_late() {
    let balancer = Balancer::open(1).await.unwrap();
    let (a, b) = (backend(b'a').await, backend(b'b').await);
    balancer.add(a);
    balancer.add(b);
    let list = balancer.list(0);
    let before = letters(&list).await;
    assert!(before.contains('a') && before.contains('b'), "{before}");

    let mut delays = [Duration::from_secs(3600); LISTS];
    delays[0] = Duration::ZERO;
    balancer.remove_after(a, delays);
    while list.view().backends.contains(&a) {
        tokio::task::yield_now().await;
    }
    assert_eq!(letters(&list).await, "b".repeat(40));
    let slow_list = letters(&balancer.list(1)).await;
    assert!(slow_list.contains('a'), "the list that has not noticed yet: {slow_list}");
}

#[tokio::test]
async fn an_instance_that_is_gone_refuses() {
    let balancer = Balancer::open(1).await.unwrap();
    let port = super::super::ports::free_port().unwrap();
    balancer.add((Ipv4Addr::LOCALHOST, port).into());
    let list = balancer.list(3);
    let mut stream = TcpStream::connect(list.address()).await.unwrap();
    let client = stream.local_addr().unwrap();
    let error = stream.read(&mut [0; 1]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert!(list.refused(client));
    assert!(!list.refused(client), "each refusal is told once");
}

#[tokio::test]
async fn a_reset_stays_a_reset() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let balancer = Balancer::open(1).await.unwrap();
    balancer.add(listener.local_addr().unwrap());
    let list = balancer.list(0);
    let mut stream = TcpStream::connect(list.address()).await.unwrap();
    let (server, _) = listener.accept().await.unwrap();
    server.set_zero_linger().unwrap();
    drop(server);
    let error = stream.read(&mut [0; 1]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert!(!list.refused(stream.local_addr().unwrap()));
}
