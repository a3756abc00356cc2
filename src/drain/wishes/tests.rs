use super::*;
use crate::drain::testing::instant;

const HTTP: NotifyChannel = NotifyChannel::Http;

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

struct World {
    wishes: Wishes,
    now: Instant,
}

impl World {
    fn new(notify: &[NotifyChannel], registries: &[&str]) -> Self {
        let registries = registries.iter().map(|name| (*name).to_owned()).collect();
        let plan = Plan { notify: notify.to_vec(), registries, ..Plan::default() };
        Self { wishes: Wishes::new(&plan), now: instant() }
    }

    /// The calls that are made now, in words.
    fn calls(&mut self) -> Vec<String> {
        let mut out = Vec::new();
        self.wishes.act(self.now, None, secs(9), &mut out);
        let words = |effect: Effect| match effect {
            Effect::Notify { phase, .. } => phase.name().to_owned(),
            Effect::Registry { registry, wish, .. } => format!("{registry} {wish:?}"),
            other => panic!("not a call: {other:?}"),
        };
        out.into_iter().map(words).collect()
    }

    fn told(&mut self, phase: NotifyPhase, error: Option<&str>) -> Option<Note> {
        self.wishes.notify_ended(self.now, HTTP, phase, error.map(str::to_owned))
    }

    fn registry(&mut self, wish: RegistryWish, report: RegistryReport) -> Option<Note> {
        self.wishes.registry_ended(self.now, self.now, 0, wish, report)
    }

    fn pending(&self) -> Vec<String> {
        self.wishes.registries_pending(self.now, self.now + secs(10))
    }
}

fn confirmed(settle: u64) -> RegistryReport {
    RegistryReport::Confirmed { settle: secs(settle) }
}

fn given_up() -> RegistryReport {
    RegistryReport::GivenUp { why: "timed out".to_owned() }
}

#[test]
fn nothing_is_called_while_nothing_has_changed() {
    let mut world = World::new(&[HTTP], &["consul"]);
    assert_eq!(world.calls(), [] as [String; 0]);
    assert!(world.wishes.all_settled());
}

#[test]
fn one_call_at_a_time_runs_for_a_target_and_the_newest_wish_follows() {
    let mut world = World::new(&[HTTP], &["consul"]);
    world.wishes.withdraw();
    assert_eq!(world.calls(), ["withdrawing", "0 Out"]);
    world.wishes.notify(NotifyPhase::Delisted);
    world.wishes.restore();
    assert_eq!(world.calls(), [] as [String; 0]);
    world.told(NotifyPhase::Withdrawing, None);
    world.registry(RegistryWish::Out, confirmed(0));
    assert_eq!(world.calls(), ["serving", "0 Back"]);
}

#[test]
fn a_wish_that_was_taken_back_before_its_turn_is_never_called() {
    let mut world = World::new(&[], &["consul"]);
    world.wishes.withdraw();
    world.calls();
    world.wishes.restore();
    world.wishes.withdraw();
    world.registry(RegistryWish::Out, confirmed(0));
    assert_eq!(world.calls(), [] as [String; 0]);
}

#[test]
fn a_call_that_failed_leaves_the_state_unknown_so_that_the_opposite_is_called() {
    let mut world = World::new(&[HTTP], &["consul"]);
    world.wishes.withdraw();
    world.calls();
    world.registry(RegistryWish::Out, given_up());
    world.told(NotifyPhase::Withdrawing, Some("refused"));
    assert_eq!(world.calls(), [] as [String; 0], "given up");
    world.wishes.restore();
    assert_eq!(world.calls(), ["serving", "0 Back"]);
}

#[test]
fn a_new_stop_tries_again_what_the_last_one_gave_up() {
    let mut world = World::new(&[HTTP], &["consul"]);
    world.wishes.withdraw();
    world.calls();
    world.registry(RegistryWish::Out, given_up());
    world.told(NotifyPhase::Withdrawing, Some("refused"));
    world.wishes.withdraw();
    assert_eq!(world.calls(), ["withdrawing", "0 Out"]);
}

#[test]
fn serving_is_told_again_until_it_is_acknowledged() {
    let mut world = World::new(&[HTTP], &[]);
    world.wishes.withdraw();
    world.calls();
    world.told(NotifyPhase::Withdrawing, None);
    world.wishes.restore();
    for _ in 0..3 {
        assert_eq!(world.calls(), ["serving"]);
        world.told(NotifyPhase::Serving, Some("refused"));
        assert!(!world.wishes.all_settled());
        assert_eq!(world.wishes.retry_due(), Some(world.now + RETRY));
        world.now += RETRY;
    }
    assert_eq!(world.calls(), ["serving"]);
    world.told(NotifyPhase::Serving, None);
    assert!(world.wishes.all_settled());
    assert_eq!(world.wishes.retry_due(), None);
}

#[test]
fn a_registry_is_asked_to_take_back_until_it_does() {
    let mut world = World::new(&[], &["consul"]);
    world.wishes.withdraw();
    world.calls();
    world.registry(RegistryWish::Out, confirmed(0));
    world.wishes.restore();
    assert_eq!(world.calls(), ["0 Back"]);
    world.registry(RegistryWish::Back, given_up());
    assert!(!world.wishes.all_settled());
    world.now += RETRY_REGISTRY;
    assert_eq!(world.calls(), ["0 Back"]);
    world.registry(RegistryWish::Back, confirmed(0));
    assert!(world.wishes.all_settled());
}

#[test]
fn a_failed_serving_that_nobody_wishes_any_more_is_not_repeated() {
    let mut world = World::new(&[HTTP], &[]);
    world.wishes.withdraw();
    world.calls();
    world.told(NotifyPhase::Withdrawing, None);
    world.wishes.restore();
    world.calls();
    world.wishes.withdraw();
    world.told(NotifyPhase::Serving, Some("refused"));
    assert_eq!(world.calls(), ["withdrawing"]);
    assert_eq!(world.wishes.retry_due(), None);
}

#[test]
fn a_registry_holds_while_neither_confirmed_nor_given_up_and_while_it_settles() {
    let mut world = World::new(&[], &["consul"]);
    world.wishes.withdraw();
    world.calls();
    assert_eq!(world.pending(), ["consul"]);
    world.registry(RegistryWish::Out, confirmed(3));
    assert_eq!(world.pending(), ["consul"]);
    assert_eq!(world.wishes.registries_settle_at(), Some(world.now + secs(3)));
    world.now += secs(3);
    assert_eq!(world.pending(), [] as [String; 0]);
    assert_eq!(world.wishes.registries_pending(world.now, world.now), [] as [String; 0]);
}

#[test]
fn what_was_not_registered_is_out_already_and_told() {
    let mut world = World::new(&[], &["consul"]);
    world.wishes.withdraw();
    world.calls();
    world.registry(RegistryWish::Out, RegistryReport::NotRegistered);
    assert_eq!(world.pending(), [] as [String; 0]);
    let caveats = world.wishes.caveats(false);
    assert_eq!(caveats, ["registry consul: the instance was not registered"]);
}

#[test]
fn notices_are_given_up_only_when_the_newest_one_has_failed() {
    let mut world = World::new(&[HTTP], &[]);
    world.wishes.withdraw();
    world.calls();
    assert!(!world.wishes.notices_given_up());
    world.told(NotifyPhase::Withdrawing, Some("refused"));
    world.wishes.notify(NotifyPhase::Delisted);
    assert!(!world.wishes.notices_given_up(), "it was not tried yet");
    world.calls();
    assert!(!world.wishes.notices_given_up(), "it is under way");
    world.told(NotifyPhase::Delisted, Some("refused"));
    assert!(world.wishes.notices_given_up());
    assert_eq!(world.wishes.caveats(true), ["the application was not told \"delisted\": refused"]);
}

#[test]
fn the_first_acknowledged_notice_of_this_drain_is_remembered() {
    let mut world = World::new(&[HTTP], &[]);
    world.wishes.withdraw();
    world.calls();
    world.told(NotifyPhase::Withdrawing, None);
    let first = world.now;
    world.wishes.notify(NotifyPhase::Delisted);
    world.calls();
    world.now += secs(1);
    world.told(NotifyPhase::Delisted, None);
    assert_eq!(world.wishes.noticed_at, Some(first));
    world.wishes.withdraw();
    assert_eq!(world.wishes.noticed_at, None);
}
