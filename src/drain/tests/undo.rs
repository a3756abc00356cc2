//! Taking everything back.

use super::*;
use crate::drain::*;

/// A container restart that was drained at the cap; readiness, notify and a registry withdrawn.
fn restarted() -> Pod {
    let notify = vec![NotifyChannel::Http];
    let mut pod = Pod::new(Plan { notify, registries: vec!["consul".into()], ..plan() });
    pod.hook("app");
    pod.run_to(6.0);
    assert_eq!(pod.phase(), PhaseName::Ended);
    pod
}

fn put_back(pod: &Pod) -> usize {
    pod.count(|e| matches!(e, Effect::Registry { wish: RegistryWish::Back, .. }))
}

#[test]
fn a_newborn_listener_takes_everything_back() {
    let mut pod = restarted();
    pod.reborn();
    pod.run_to(6.5);
    assert!(pod.undo_at().unwrap() <= 6.25, "looked at every 250 ms");
    assert!(pod.drain.status(pod.now()).ready);
    assert_eq!(pod.notices().last().unwrap().1, NotifyPhase::Serving);
    assert_eq!(put_back(&pod), 1);
    assert_eq!(pod.count(|e| matches!(e, Effect::EndWatch)), 1);
    assert_eq!(pod.phase(), PhaseName::Serving);
    assert_eq!(pod.drain.next_wakeup(), None);
}

#[test]
fn the_old_listener_is_no_restart() {
    let mut pod = restarted();
    pod.run_to(40.0);
    assert_eq!(pod.undo_at(), None);
}

#[test]
fn a_gap_without_a_listener_is_no_restart_yet() {
    let mut pod = restarted();
    let listeners = std::mem::take(&mut pod.listeners);
    pod.run_to(20.0);
    assert_eq!(pod.undo_at(), None);
    pod.listeners = listeners;
    pod.reborn();
    pod.run_to(21.0);
    assert!(pod.undo_at().is_some());
}

#[test]
fn a_reload_that_keeps_the_old_listener_beside_a_new_one_is_no_restart() {
    let mut pod = restarted();
    pod.listeners.push(ListenerSeen { port: 8080, cookie: 2, role: PortRole::Serving });
    pod.run_to(20.0);
    assert_eq!(pod.undo_at(), None);
}

#[test]
fn reuseport_workers_that_are_replaced_one_by_one_are_no_restart() {
    let mut pod = restarted();
    for cookie in 2..6 {
        pod.listeners.push(ListenerSeen { port: 8080, cookie, role: PortRole::Serving });
        pod.run_to(pod.at() + 0.5);
        pod.listeners.remove(0);
        pod.run_to(pod.at() + 0.5);
    }
    assert_eq!(pod.undo_at(), None);
    pod.reborn();
    pod.run_to(20.0);
    assert!(pod.undo_at().is_some());
}

#[test]
fn another_port_that_begins_to_listen_is_no_restart() {
    let mut pod = restarted();
    pod.listeners.push(ListenerSeen { port: 9999, cookie: 7, role: PortRole::Serving });
    pod.run_to(20.0);
    assert_eq!(pod.undo_at(), None);
}

#[test]
fn an_app_that_never_listened_is_back_when_it_listens() {
    let mut pod = Pod::new(plan());
    let listeners = std::mem::take(&mut pod.listeners);
    pod.ports.clear();
    pod.hook("app");
    pod.run_to(10.0);
    assert_eq!(pod.undo_at(), None);
    pod.listeners = listeners;
    pod.run_to(11.0);
    assert!(pod.undo_at().is_some());
}

#[test]
fn sockets_that_were_never_read_leave_it_to_the_safety_timer() {
    let mut pod = Pod::new(plan());
    pod.readable = false;
    pod.hook("app");
    pod.run_to(6.0);
    let answered = 3.0..5.1;
    pod.readable = true;
    pod.run_to(40.0);
    assert_eq!(pod.undo_at(), None, "the listener may be the old one");
    pod.run_to(60.0);
    let safety = pod.undo_at().unwrap() - 45.0;
    assert!(answered.contains(&safety), "{safety}");
}

#[test]
fn every_answered_container_must_listen_anew() {
    let containers = vec![container("app", &[8080]), container("web", &[9090])];
    let mut pod = Pod::new(Plan { containers, ..plan() });
    let web = ListenerSeen { port: 9090, cookie: 5, role: PortRole::Serving };
    pod.listeners.push(web);
    pod.hook("app");
    pod.hook("web");
    pod.run_to(6.0);
    pod.listeners[0].cookie = 2;
    pod.run_to(8.0);
    assert_eq!(pod.undo_at(), None);
    pod.listeners[1].cookie = 6;
    pod.run_to(9.0);
    assert!(pod.undo_at().is_some());
}

#[test]
fn a_pod_never_stays_unready_for_ever() {
    let mut pod = restarted();
    pod.run_to(100.0);
    let answered = pod.when(|e| matches!(e, Effect::Answer { .. })).unwrap();
    assert_eq!(pod.undo_at(), Some(answered + 45.0), "restart-drain + grace + 10 s");
    assert!(pod.drain.status(pod.now()).ready);
}

#[test]
fn nothing_is_undone_while_a_hook_is_unanswered() {
    let containers = vec![container("app", &[8080]), helper("db", &[5432])];
    let mut pod = Pod::new(Plan { containers, ..plan() });
    pod.hook("app");
    pod.run_to(6.0);
    let db = pod.hook("db");
    pod.reborn();
    pod.run_to(7.9);
    assert_eq!((pod.answer(db), pod.undo_at()), (None, None));
    pod.run_to(10.0);
    assert!(pod.undo_at().unwrap() >= pod.answered_at(db));
}

#[test]
fn serving_is_told_until_it_is_acknowledged_while_the_pod_is_ready_already() {
    let mut pod = restarted();
    pod.notify = Reply::Fails(0.1);
    pod.reborn();
    pod.run_to(13.0);
    assert!(pod.drain.status(pod.now()).ready);
    assert_eq!(pod.phase(), PhaseName::Undoing);
    let told = pod.notices().iter().filter(|(_, phase)| *phase == NotifyPhase::Serving).count();
    assert!(told >= 3, "{told}");
    pod.notify = Reply::Confirms(0.1);
    pod.run_to(20.0);
    assert_eq!(pod.phase(), PhaseName::Serving);
}

#[test]
fn a_registry_that_was_down_at_the_undo_is_asked_again() {
    let mut pod = restarted();
    pod.registry = Reply::Fails(0.1);
    pod.reborn();
    pod.run_to(20.0);
    assert_eq!(pod.phase(), PhaseName::Undoing);
    pod.registry = Reply::Confirms(0.1);
    pod.run_to(40.0);
    assert_eq!(pod.phase(), PhaseName::Serving);
}

#[test]
fn a_stop_during_the_undo_changes_the_wish_after_the_call_under_way() {
    let mut pod = restarted();
    pod.registry = Reply::Confirms(3.0);
    pod.reborn();
    pod.run_to(7.0);
    assert_eq!((pod.phase(), put_back(&pod)), (PhaseName::Undoing, 1));
    pod.pod_stop();
    let out = |e: &Effect| matches!(e, Effect::Registry { wish: RegistryWish::Out, .. });
    assert_eq!(pod.count(out), 1, "one call at a time");
    pod.run_to(12.0);
    assert_eq!(pod.count(out), 2);
}

#[test]
fn a_drain_by_hand_has_no_caller_no_deadline_and_no_timer() {
    let mut pod = Pod::new(plan());
    let drain = pod.drain_by_hand();
    assert_eq!(pod.answer(drain), Some((0.0, &Answer::Done)));
    assert_eq!(pod.unready_at(), Some(0.0));
    pod.run_to(1000.0);
    assert_eq!((pod.phase(), pod.kind()), (PhaseName::Ended, Some(StopKind::Manual)));
    assert_eq!(pod.waits_for().unwrap(), "lameduck undrain");
    assert_eq!(pod.drain.next_wakeup(), None);
    let undrain = pod.undrain();
    assert_eq!(pod.answer(undrain), Some((1000.0, &Answer::Done)));
    pod.run_to(1001.0);
    assert_eq!(pod.phase(), PhaseName::Serving);
    assert!(pod.drain.status(pod.now()).ready);
}

#[test]
fn undrain_before_the_end_says_undone() {
    let mut pod = Pod::new(plan());
    pod.ports[0].busy = 1;
    pod.drain_by_hand();
    pod.run_to(30.0);
    pod.undrain();
    assert_eq!(pod.drain.status(pod.now()).last.unwrap().outcome, Outcome::Undone);
    pod.run_to(31.0);
    assert_eq!(pod.phase(), PhaseName::Serving);
}

#[test]
fn commands_that_cannot_be_carried_out_are_refused() {
    let mut pod = Pod::new(plan());
    pod.ports[0].busy = 1;
    let refused =
        |pod: &Pod, caller| matches!(pod.answer(caller), Some((_, Answer::Refused { .. })));
    let undrain = pod.undrain();
    assert!(refused(&pod, undrain), "nothing is drained");
    pod.pod_stop();
    let (drain, undrain) = (pod.drain_by_hand(), pod.undrain());
    assert!(refused(&pod, drain) && refused(&pod, undrain), "the pod is stopping");
    pod.run_to(20.0);
    let (drain, undrain) = (pod.drain_by_hand(), pod.undrain());
    assert!(refused(&pod, drain) && refused(&pod, undrain), "the pod is stopping");
}

#[test]
fn a_drain_by_hand_survives_a_container_restart() {
    let mut pod = Pod::new(plan());
    pod.drain_by_hand();
    pod.run_to(10.0);
    let app = pod.hook("app");
    pod.run_to(20.0);
    assert!(pod.answer(app).is_some());
    pod.reborn();
    pod.run_to(40.0);
    assert_eq!(pod.kind(), Some(StopKind::Manual));
    assert!(!pod.drain.status(pod.now()).ready, "never ready in between");
    assert_eq!(pod.count(|e| matches!(e, Effect::SetReady(true))), 0);
    pod.undrain();
    pod.run_to(41.0);
    assert!(pod.drain.status(pod.now()).ready);
}

#[test]
fn a_pod_stop_ends_a_drain_by_hand() {
    let mut pod = Pod::new(plan());
    pod.drain_by_hand();
    pod.run_to(10.0);
    let app = pod.pod_stop();
    assert_eq!(pod.kind(), Some(StopKind::PodStop));
    pod.run_to(40.0);
    assert_eq!(pod.ended(app).0, Outcome::Drained);
    let undrain = pod.undrain();
    assert!(matches!(pod.answer(undrain), Some((_, Answer::Refused { .. }))));
}
