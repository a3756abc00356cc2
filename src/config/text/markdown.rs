use crate::config::settings::{Group, Kind, SETTINGS, Setting};

/// The README's table of settings; generated, so that it cannot go stale.
pub fn markdown_table() -> String {
    let mut table = String::from("| setting | default | meaning |\n|---|---|---|\n");
    for group in Group::ALL {
        table.push_str(&format!("| **{}** | | |\n", group.title()));
        for setting in SETTINGS.iter().filter(|setting| setting.group == group) {
            table.push_str(&row(setting));
        }
    }
    table
}

fn row(setting: &Setting) -> String {
    let default = match setting.default_for_run {
        Some(run) => format!("`{}`; `run`: `{run}`", setting.default),
        None => format!("`{}`", setting.default),
    };
    // Every duration is spelled alike; repeating it in ten rows would hide the rest.
    let meaning = match setting.kind {
        Kind::Duration => setting.summary.to_owned(),
        _ => format!("{}. Allowed: {}", setting.summary, setting.allowed),
    };
    format!("| `{}` | {default} | {} |\n", setting.name, meaning.replace('|', "\\|"))
}
