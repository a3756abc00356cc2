use super::*;
use crate::config::settings::{Program, SETTINGS};

fn longest(page: &str) -> usize {
    page.lines().map(|line| line.chars().count()).max().unwrap_or(0)
}

#[test]
fn every_page_fits_a_terminal() {
    for program in [Program::Agent, Program::Run, Program::Client] {
        let page = help(program);
        assert!(longest(&page) <= 80, "{page}");
    }
    assert!(longest(&explain_all()) <= 80);
    for setting in SETTINGS {
        let page = explain(setting);
        // The one long word is the example of `containers`, which must stay copyable.
        assert!(longest(&page) <= 80 || setting.name == "containers", "{page}");
    }
}

#[test]
fn a_page_has_exactly_the_settings_its_command_reads() {
    for program in [Program::Agent, Program::Run, Program::Client] {
        let page = help(program);
        for setting in SETTINGS {
            let listed = page.contains(&format!("  --{} ", setting.name));
            assert_eq!(listed, setting.is_read_by(program), "{}", setting.name);
        }
    }
}

#[test]
fn explain_names_every_spelling() {
    for setting in SETTINGS {
        let page = explain(setting);
        for part in [setting.summary, &setting.flag(), &setting.variable(), setting.default] {
            assert!(page.contains(part), "{part} is missing in:\n{page}");
        }
    }
}

#[test]
fn the_readme_table_has_one_row_for_each_setting() {
    let table = markdown_table();
    for setting in SETTINGS {
        let row = format!("| `{}` | ", setting.name);
        assert_eq!(table.matches(&row).count(), 1, "{}", setting.name);
    }
    assert!(table.lines().all(|line| line.starts_with('|') && line.ends_with('|')));
}

#[test]
fn wrapping_keeps_every_word() {
    let text = "word ".repeat(60);
    let wrapped = wrap(&text, 6);
    assert!(longest(&wrapped) <= 80);
    assert_eq!(wrapped.split_whitespace().count(), 60);
    assert_eq!(wrap(&"x".repeat(100), 2), format!("  {}\n", "x".repeat(100)));
}
