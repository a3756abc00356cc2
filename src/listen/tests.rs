use super::*;
use std::future::pending;

fn silent(places: &Places) -> bool {
    seat(places, Standing::Silent)
}

fn seat(places: &Places, standing: Standing) -> bool {
    places.seat(standing, |place| async move {
        pending::<()>().await;
        drop(place);
    })
}

#[tokio::test]
async fn a_full_house_lets_the_oldest_of_the_lowest_standing_go() {
    let places = Places::new(3);
    assert!(seat(&places, Standing::Trusted));
    assert!(silent(&places));
    assert!(seat(&places, Standing::Waiting));
    assert_eq!((places.taken(), places.waiting()), (3, 2));
    assert!(seat(&places, Standing::NearSilent), "the silent one leaves");
    assert!(!silent(&places), "nobody stands lower than a newcomer from afar");
    assert!(seat(&places, Standing::NearSilent), "the waiting one from afar leaves");
    assert!(seat(&places, Standing::NearSilent), "near ones replace one another");
    assert_eq!((places.taken(), places.waiting()), (3, 1));
}

#[tokio::test]
async fn a_panicking_guest_gives_its_place_back() {
    let places = Places::new(1);
    places.seat(Standing::Trusted, |place| async move {
        let _place = place;
        panic!("on purpose");
    });
    while places.taken() > 0 {
        tokio::task::yield_now().await;
    }
    assert!(silent(&places));
}

#[tokio::test]
async fn a_taken_port_is_an_error() {
    let first = bind(0).unwrap();
    let error = bind(first.addr().port()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
}

#[tokio::test]
async fn an_ipv4_peer_is_reported_as_one() {
    let listener = bind(0).unwrap();
    let client = TcpStream::connect((Ipv4Addr::LOCALHOST, listener.addr().port()));
    let ((_, peer), stream) = tokio::join!(listener.accept(), client);
    stream.unwrap();
    assert_eq!(peer, IpAddr::from(Ipv4Addr::LOCALHOST));
    assert_eq!(listener.accepted().load(Ordering::Relaxed), 1);
}
