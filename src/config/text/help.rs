use super::wrap;
use crate::config::settings::{Group, Program, SETTINGS, Setting};

/// Where the texts begin, two blanks behind the longest flag.
const COLUMN: usize = 26;

/// The settings a program reads, grouped, on at most 80 columns.
pub fn help(program: Program) -> String {
    let mut page = String::new();
    for group in Group::ALL {
        let mut settings =
            SETTINGS.iter().filter(|s| s.group == group && s.is_read_by(program)).peekable();
        if settings.peek().is_none() {
            continue;
        }
        page.push_str(&format!("\n{}:\n", group.title()));
        for setting in settings {
            page.push_str(&row(setting, program));
        }
    }
    page
}

fn row(setting: &Setting, program: Program) -> String {
    let text = format!("{} [{}]", setting.summary, setting.default_for(program));
    let text = wrap(&text, COLUMN);
    let flag = setting.flag();
    format!("  {flag:<0$}{1}", COLUMN - 2, text.trim_start())
}
