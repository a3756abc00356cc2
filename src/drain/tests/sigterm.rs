//! The agent's own SIGTERM.

use super::*;
use crate::drain::*;

fn registered() -> Pod {
    let mut pod = Pod::new(Plan { registries: vec!["consul".into()], ..plan() });
    pod.registry = Reply::Confirms(1.0);
    pod
}

#[test]
fn without_any_hook_what_is_registered_is_taken_out_and_the_agent_leaves() {
    let mut pod = registered();
    pod.app_dies();
    pod.tell(Input::TermReceived);
    pod.run_to(30.0);
    assert_eq!(pod.when(|e| matches!(e, Effect::Registry { .. })), Some(2.0));
    let at = pod.exit_at().unwrap();
    assert!((3.0..3.3).contains(&at), "2 s for a hook, 1 s for the registry: {at}");
}

#[test]
fn a_registry_that_does_not_answer_is_waited_for_two_seconds() {
    let mut pod = registered();
    pod.registry = Reply::Never;
    pod.app_dies();
    pod.tell(Input::TermReceived);
    pod.run_to(30.0);
    let at = pod.exit_at().unwrap();
    assert!((4.0..4.3).contains(&at), "{at}");
}

#[test]
fn while_a_serving_listener_listens_the_agent_stays_until_grace_minus_one_second() {
    let mut pod = registered();
    pod.tell(Input::TermReceived);
    pod.run_to(60.0);
    assert_eq!(pod.exit_at(), Some(29.0));
}

#[test]
fn it_leaves_when_the_listeners_go_and_does_not_wait_for_helpers() {
    let mut pod = registered();
    pod.listeners.push(ListenerSeen { port: 5432, cookie: 9, role: PortRole::Helper });
    pod.tell(Input::TermReceived);
    pod.run_to(10.0);
    pod.listeners.remove(0);
    pod.run_to(60.0);
    assert!(pod.exit_at().unwrap() < 10.3);
}

#[test]
fn sockets_that_cannot_be_read_keep_it_until_grace_minus_one_second() {
    let mut pod = registered();
    pod.readable = false;
    pod.tell(Input::TermReceived);
    pod.run_to(60.0);
    assert_eq!(pod.exit_at(), Some(29.0));
}

#[test]
fn a_hook_after_sigterm_is_a_pod_stop_with_the_clock_of_the_signal() {
    for after in [1.0, 6.0] {
        let mut pod = registered();
        pod.ports[0].busy = 1;
        pod.tell(Input::TermReceived);
        pod.run_to(after);
        let app = pod.hook("app");
        assert_eq!(pod.kind(), Some(StopKind::PodStop));
        pod.run_to(60.0);
        assert_eq!(pod.answered_at(app), 19.0);
    }
}

#[test]
fn a_hook_that_waits_makes_sigterm_a_pod_stop_and_holds_the_exit() {
    let mut pod = registered();
    pod.ports[0].busy = 1;
    pod.ports[0].progressing = 1;
    let app = pod.hook("app");
    pod.run_to(4.0);
    pod.tell(Input::TermReceived);
    pod.run_to(60.0);
    assert_eq!(pod.answered_at(app), 19.0);
    assert_eq!(pod.exit_at(), Some(29.0));
}

#[test]
fn a_waiting_helper_holds_the_exit() {
    let containers = vec![container("app", &[8080]), helper("db", &[5432])];
    let mut pod = Pod::new(Plan { containers, ..plan() });
    pod.ports.push(PortCensus { role: PortRole::Helper, local: 1, ..port(5432) });
    pod.hook("db");
    pod.pod_stop();
    pod.tell(Input::TermReceived);
    pod.run_to(10.0);
    pod.app_dies();
    pod.ports[1] = PortCensus { role: PortRole::Helper, local: 1, ..port(5432) };
    pod.run_to(26.9);
    assert_eq!(pod.exit_at(), None);
    pod.run_to(60.0);
    let at = pod.exit_at().unwrap();
    assert!((27.0..27.5).contains(&at), "{at}");
}

#[test]
fn repeated_sigterms_change_nothing() {
    let mut once = registered();
    once.tell(Input::TermReceived);
    once.run_to(60.0);
    let mut often = registered();
    often.tell(Input::TermReceived);
    for second in 1..28 {
        often.run_to(f64::from(second));
        often.tell(Input::TermReceived);
    }
    often.run_to(60.0);
    assert_eq!(once.exit_at(), often.exit_at());
    assert_eq!(often.count(|e| matches!(e, Effect::Registry { .. })), 1);
}

#[test]
fn sigterm_while_a_restart_is_awaited_exits_and_undoes_nothing() {
    let mut pod = registered();
    pod.hook("app");
    pod.run_to(6.0);
    pod.tell(Input::TermReceived);
    pod.run_to(7.0);
    pod.app_dies();
    pod.run_to(60.0);
    assert!(pod.exit_at().unwrap() < 9.0);
    assert_eq!(pod.undo_at(), None);
}

#[test]
fn an_own_restart_that_becomes_a_real_stop_does_not_exit_at_once() {
    let mut pod = registered();
    pod.ports[0].busy = 1;
    pod.own_hook();
    pod.run_to(3.0);
    let app = pod.hook("app");
    pod.tell(Input::TermReceived);
    pod.run_to(60.0);
    assert_eq!(pod.answered_at(app), 22.0);
}

#[test]
fn after_the_exit_everybody_is_turned_away_at_once() {
    let mut pod = registered();
    pod.app_dies();
    pod.tell(Input::TermReceived);
    pod.run_to(10.0);
    let (hook, stranger, command) = (pod.hook("app"), pod.stranger(true), pod.drain_by_hand());
    for caller in [hook, stranger, command] {
        assert_eq!(pod.answered_at(caller), 10.0);
    }
    assert_eq!(pod.drain.next_wakeup(), None);
    assert_eq!(pod.count(|e| matches!(e, Effect::Exit)), 1);
}
