use super::{Config, Reader};
use crate::config::mistakes::Source;
use crate::config::parse::show_duration as show;
use crate::config::settings::Program;
use crate::config::{PortsSetting, SocketSource};
use crate::drain::{Plan, PortRole, Unready};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

pub(super) fn check(reader: &mut Reader, config: &Config) {
    let plan = &config.plan;
    grace(reader, plan);
    propagation(reader, plan);
    quiet_period(reader, plan);
    longer_than_the_drain(reader, plan);
    idle_wait(reader, plan);
    sockets(reader, config);
    if reader.program == Program::Agent {
        kubelet_stop(reader, plan);
        unready(reader, plan);
        helpers(reader, plan);
        token(reader, config);
    }
}

fn budget_of(plan: &Plan) -> Duration {
    plan.budget(plan.grace)
}

/// "19s (grace-period 30s - app-shutdown-reserve 10s - 1s for the answer)"
fn sum(plan: &Plan) -> String {
    let kept = plan.reserve(plan.grace);
    let cut = match kept < plan.app_shutdown_reserve {
        true => format!(" cut from {} to half the grace", show(plan.app_shutdown_reserve)),
        false => String::new(),
    };
    format!(
        "{} (grace-period {} - app-shutdown-reserve {}{cut} - 1s for the answer)",
        show(budget_of(plan)),
        show(plan.grace),
        show(kept),
    )
}

fn grace(reader: &mut Reader, plan: &Plan) {
    if plan.grace < 2 * SECOND {
        let text = format!(
            "{} leaves the drain {}: too short to see that nobody comes any more; a useful \
             drain begins at a few seconds",
            show(plan.grace),
            show(budget_of(plan)),
        );
        reader.warn("grace-period", text);
    } else if reader.is_given("app-shutdown-reserve") && plan.app_shutdown_reserve > plan.grace / 2
    {
        let text = format!(
            "{} is more than half of grace-period {}; {} is kept for the application and the \
             drain has {}",
            show(plan.app_shutdown_reserve),
            show(plan.grace),
            show(plan.grace / 2),
            show(budget_of(plan)),
        );
        reader.warn("app-shutdown-reserve", text);
    }
}

fn propagation(reader: &mut Reader, plan: &Plan) {
    if plan.propagation <= budget_of(plan) {
        return;
    }
    let text = format!(
        "{} is longer than the drain may take, {}; where silence does not prove earlier that the \
         lists have changed, the drain ends at the deadline with clients still coming; raise the \
         grace to at least {} or name a shorter propagation",
        show(plan.propagation),
        sum(plan),
        show(grace_for(plan.propagation, plan.app_shutdown_reserve)),
    );
    reader.warn("propagation", text);
}

/// The smallest grace whose budget is `wanted`: below twice the reserve only half is kept.
fn grace_for(wanted: Duration, app_shutdown_reserve: Duration) -> Duration {
    (wanted + SECOND + app_shutdown_reserve).min(2 * (wanted + SECOND))
}

fn quiet_period(reader: &mut Reader, plan: &Plan) {
    if plan.quiet_period >= budget_of(plan) && reader.is_given("quiet-period") {
        let text = format!(
            "{} of silence cannot fit into the drain, {}; every drain will end at the deadline",
            show(plan.quiet_period),
            sum(plan),
        );
        reader.warn("quiet-period", text);
    } else if plan.quiet_period > plan.propagation {
        let text = format!(
            "{} is longer than propagation {}; every drain waits for that much silence although \
             the lists have changed by then",
            show(plan.quiet_period),
            show(plan.propagation),
        );
        reader.warn("quiet-period", text);
    }
}

/// Only what the user has typed: a default that is cut is how defaults are meant.
fn longer_than_the_drain(reader: &mut Reader, plan: &Plan) {
    let waits = [
        ("restart-drain", plan.restart_drain, "it is cut to that"),
        ("pinned-wait", plan.pinned_wait, "no drain will end as pinned"),
        ("stream-wait", plan.stream_wait, "streams hold the drain until its deadline"),
    ];
    for (name, wait, consequence) in waits {
        if reader.is_given(name) && wait > budget_of(plan) {
            let wait = show(wait);
            let text =
                format!("{wait} is longer than the drain may take, {}; {consequence}", sum(plan));
            reader.warn(name, text);
        }
    }
}

fn idle_wait(reader: &mut Reader, plan: &Plan) {
    if plan.notify.is_empty() && !plan.idle_wait.is_zero() {
        let text = format!(
            "{} has no effect without notify or notify-file: an application that was not told \
             does not close its idle connections",
            show(plan.idle_wait),
        );
        reader.warn("idle-wait", text);
    }
}

fn sockets(reader: &mut Reader, config: &Config) {
    if config.sockets.source == SocketSource::ProcNet {
        reader.warn(
            "inflight",
            "proc-net counts connections and cannot tell a busy one from an idle one, so no \
             drain ends as drained while any connection is open; kernel can tell",
        );
    }
    if !config.sockets.exclude_ports.is_empty() && config.sockets.ports != PortsSetting::Auto {
        reader.warn("exclude-ports", "has no effect where ports is a list");
    }
}

/// Eviction and node shutdown: the cap takes the place of the grace, the reserve stays.
fn kubelet_stop(reader: &mut Reader, plan: &Plan) {
    let kept = plan.reserve(plan.grace);
    if plan.kubelet_stop_cap <= kept {
        let text = format!(
            "{} is not more than app-shutdown-reserve {}; when the kubelet itself stops the pod \
             the drain has only {}",
            show(plan.kubelet_stop_cap),
            show(kept),
            show(plan.kubelet_stop_budget(plan.grace)),
        );
        reader.warn("kubelet-stop-cap", text);
    } else if reader.is_given("kubelet-stop-cap") && plan.kubelet_stop_cap > plan.grace {
        let text = format!(
            "{} has no effect: grace-period {} is shorter",
            show(plan.kubelet_stop_cap),
            show(plan.grace),
        );
        reader.warn("kubelet-stop-cap", text);
    }
}

fn unready(reader: &mut Reader, plan: &Plan) {
    if plan.unready == Unready::Never {
        let text = format!(
            "with never nothing takes the pod off its Services while only a container restarts: \
             clients keep coming, and such a drain ends after restart-drain {} at the latest",
            show(plan.restart_budget(plan.grace)),
        );
        reader.warn("unready", text);
    }
}

fn helpers(reader: &mut Reader, plan: &Plan) {
    let helps = |container: &crate::drain::Container| container.role == PortRole::Helper;
    if !plan.containers.is_empty() && plan.containers.iter().all(helps) {
        reader.warn(
            "containers",
            "names only helpers, whose hooks alone start no drain; name the container that \
             serves as well",
        );
    }
}

fn token(reader: &mut Reader, config: &Config) {
    if config.hook_token.is_none() {
        reader.warn(
            "hook-token",
            "without a token nobody can tell the kubelet's call to /prestop from a stranger's, so \
             such a call changes nothing; set hook-token and put it into the hooks' httpHeaders, \
             or use the exec hooks `lameduck hook stopping` and `lameduck hook wait`",
        );
    } else if reader.source("hook-token") == Source::Flag {
        reader.warn(
            "hook-token",
            "as a flag the token is visible to every process of the pod and in its manifest; use \
             LAMEDUCK_HOOK_TOKEN from a Secret, or hook-token-file",
        );
    }
}
