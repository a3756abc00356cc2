use super::wrap;
use crate::config::settings::{Group, Program, SETTINGS, Setting};

/// Everything there is to say about one setting.
pub fn explain(setting: &Setting) -> String {
    let mut page = format!("{}: {}\n\n", setting.name, setting.summary);
    for paragraph in setting.explanation.split("\n\n") {
        page.push_str(&wrap(paragraph, 2));
        page.push('\n');
    }
    let readers: Vec<&str> = setting.programs.iter().map(|program| program.command()).collect();
    let placeholder = setting.kind.placeholder();
    let facts = [
        ("allowed", setting.allowed.to_owned()),
        ("default", default(setting)),
        ("flag", format!("{} {placeholder}", setting.flag())),
        ("environment", format!("{}={placeholder}", setting.variable())),
        ("read by", readers.join(", ")),
        ("example", example(setting)),
    ];
    for (name, fact) in facts {
        let fact = wrap(&fact, 15);
        page.push_str(&format!("  {name:<13}{}", fact.trim_start()));
    }
    page
}

/// One line for each setting, grouped.
pub fn explain_all() -> String {
    let mut page = wrap(
        "Every setting is a flag (--grace-period 60s) and an environment variable \
         (LAMEDUCK_GRACE_PERIOD=60s); the flag wins. `lameduck explain NAME` tells all about one.",
        0,
    );
    for group in Group::ALL {
        page.push_str(&format!("\n{}:\n", group.title()));
        for setting in SETTINGS.iter().filter(|setting| setting.group == group) {
            let summary = wrap(setting.summary, 24);
            page.push_str(&format!("  {:<22}{}", setting.name, summary.trim_start()));
        }
    }
    page
}

pub(super) fn default(setting: &Setting) -> String {
    match setting.default_for_run {
        Some(run) => format!("{}, for `{}` {run}", setting.default, Program::Run.command()),
        None => setting.default.to_owned(),
    }
}

/// A secret is never shown as a flag, not even an invented one.
fn example(setting: &Setting) -> String {
    match setting.is_secret() {
        true => format!("{}={}", setting.variable(), setting.example),
        false => format!("{} {}", setting.flag(), setting.example),
    }
}
