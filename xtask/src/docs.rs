//! `cargo xtask docs`: tables that the program knows, written into the pages people read.
//!
//! A table stands between `<!-- NAME:begin -->` and `<!-- NAME:end -->` in `README.md` or
//! `docs/*.md`.

use crate::shell::root;
use std::ffi::OsString;
use std::path::PathBuf;

/// A table and where it comes from.
struct Table {
    name: &'static str,
    make: fn() -> String,
}

/// A table that no page shows is an error, like a page that is stale.
const TABLES: &[Table] = &[
    Table { name: "metrics", make: lameduck::telemetry::metrics_markdown },
    Table { name: "settings", make: lameduck::config::markdown_table },
];

struct Page {
    path: PathBuf,
    text: String,
}

pub(crate) fn run(args: Vec<OsString>) -> Result<(), String> {
    match args.as_slice() {
        [] => write(),
        [flag] if flag == "--check" => check(),
        other => Err(format!("{other:?}: only --check is allowed")),
    }
}

/// Fails where a page does not say what the program does.
pub(crate) fn check() -> Result<(), String> {
    let pages = pages()?;
    let mut stale = Vec::new();
    for table in TABLES {
        let made = (table.make)();
        for page in &pages {
            let renewed = replace(&page.text, table.name, &made)
                .map_err(|why| format!("{}: {why}", page.path.display()))?;
            if let Some(renewed) = renewed.filter(|renewed| *renewed != page.text) {
                stale.push(difference(page, table.name, &renewed));
            }
        }
    }
    nowhere(&pages)?;
    if stale.is_empty() { Ok(()) } else { Err(stale.concat() + "\nrun `cargo xtask docs`") }
}

/// Replaces what stands between the marks of `name` in every page that has them.
pub(crate) fn put(name: &str, made: &str) -> Result<(), String> {
    for page in pages()? {
        let renewed = replace(&page.text, name, made)
            .map_err(|why| format!("{}: {why}", page.path.display()))?;
        if let Some(renewed) = renewed.filter(|renewed| *renewed != page.text) {
            std::fs::write(&page.path, renewed)
                .map_err(|error| format!("writing {}: {error}", page.path.display()))?;
            println!("renewed {name} in {}", page.path.display());
        }
    }
    Ok(())
}

fn write() -> Result<(), String> {
    nowhere(&pages()?)?;
    TABLES.iter().try_for_each(|table| put(table.name, &(table.make)()))
}

fn nowhere(pages: &[Page]) -> Result<(), String> {
    for Table { name, .. } in TABLES {
        if !pages.iter().any(|page| page.text.contains(&begin(name))) {
            return Err(format!("no page has {} and {}", begin(name), end(name)));
        }
    }
    Ok(())
}

fn pages() -> Result<Vec<Page>, String> {
    let docs = root().join("docs");
    let mut paths = vec![root().join("README.md")];
    if let Ok(entries) = std::fs::read_dir(docs) {
        paths.extend(entries.filter_map(Result::ok).map(|entry| entry.path()));
    }
    paths.retain(|path| path.extension().is_some_and(|e| e == "md") && path.is_file());
    paths.sort();
    let read = |path: PathBuf| match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Page { path, text }),
        Err(error) => Err(format!("reading {}: {error}", path.display())),
    };
    paths.into_iter().map(read).collect()
}

/// `None` where the page does not show the table.
fn replace(text: &str, name: &str, made: &str) -> Result<Option<String>, String> {
    let (begin, end) = (begin(name), end(name));
    let Some((before, rest)) = text.split_once(&begin) else { return Ok(None) };
    let Some((_, after)) = rest.split_once(&end) else {
        return Err(format!("{begin} without {end}"));
    };
    Ok(Some(format!("{before}{begin}\n{}\n{end}{after}", made.trim())))
}

fn begin(name: &str) -> String {
    format!("<!-- {name}:begin -->")
}

fn end(name: &str) -> String {
    format!("<!-- {name}:end -->")
}

/// The first line that differs: enough to see what was forgotten.
fn difference(page: &Page, name: &str, renewed: &str) -> String {
    let mut old = page.text.lines();
    let mut new = renewed.lines();
    let mut number = 0;
    loop {
        number += 1;
        let (was, is) = (old.next(), new.next());
        if was != is || was.is_none() {
            let path = page.path.display();
            let (was, is) = (was.unwrap_or("(nothing)"), is.unwrap_or("(nothing)"));
            return format!("\n{path}:{number}: {name} is stale\n  has  {was}\n  want {is}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "a\n<!-- t:begin -->\nold\n<!-- t:end -->\nb\n";

    #[test]
    fn what_stands_between_the_marks_is_replaced_and_nothing_else() {
        let renewed = replace(PAGE, "t", "new\n").unwrap().unwrap();
        assert_eq!(renewed, PAGE.replace("old", "new"));
    }

    #[test]
    fn a_page_without_the_marks_is_left_alone() {
        assert_eq!(replace(PAGE, "other", "new"), Ok(None));
    }

    #[test]
    fn a_table_that_does_not_end_is_an_error() {
        assert!(replace("<!-- t:begin -->", "t", "new").is_err());
    }

    #[test]
    fn a_stale_page_is_reported_by_its_first_wrong_line() {
        let page = Page { path: "p.md".into(), text: PAGE.to_owned() };
        let said = difference(&page, "t", &PAGE.replace("old", "new"));
        assert!(said.contains("p.md:3") && said.contains("want new"), "{said}");
    }
}
