//! The kubelet may repeat a call, and a pod may have several hooks: every caller is answered.

use lameduck_live::{
    Agent, Connection, Kind, Kubelet, Place, Request, Server, Verdict, clock, kubelet,
};
use std::sync::Arc;
use std::thread::spawn;
use std::time::Duration;

#[test]
fn a_second_caller_joins_the_drain_and_both_are_answered() {
    let place = Place::new("two-callers");
    let server = Arc::new(Server::start(Kind::Go, &place));
    let agent = Arc::new(Agent::start(&place, &server.declared_port(), &["--propagation", "1s"]));
    let mut connection = Connection::open(&server.target()).expect("the server accepts");
    connection.send(&Request::get("/slow?ms=4000")).expect("the request can be sent");
    let client = spawn(move || (connection.read_reply(), clock::now()));
    clock::pause(Duration::from_millis(200));

    let hook = agent.hook();
    let stop = Kubelet::stop_pod(&agent, &server);
    let at_once = spawn(move || kubelet::call(hook, "/prestop?container=app"));
    clock::pause(Duration::from_secs(1));
    let later = spawn(move || kubelet::call(hook, "//prestop?container=app"));
    let (at_once, later) = (at_once.join().expect("no panic"), later.join().expect("no panic"));
    let stopped = stop.finish();

    let (reply, completed) = client.join().expect("the client did not panic");
    assert_eq!(reply.expect("the slow request is answered").status, 200);
    assert!(completed < stopped.answered, "{}", stopped.verdict.body);
    for call in [at_once, later] {
        assert!(completed < call.at, "a joined caller was answered before the request");
        let reply = call.reply.expect("every caller is answered");
        assert_eq!(reply.status, 200);
        assert_eq!(Verdict::parse(&reply.text()).outcome, stopped.verdict.outcome);
    }
}
