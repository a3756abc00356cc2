//! Rows with a target, and the Markdown they are printed as.

use std::fmt::{self, Display, Formatter};

pub(super) struct Row {
    cells: Vec<String>,
    short: bool,
}

pub(super) struct Table {
    head: Vec<String>,
    rows: Vec<Row>,
}

impl Row {
    /// A value that may be at most `most`.
    pub(super) fn most(what: &str, value: f64, most: f64, unit: &str) -> Self {
        let short = value > most;
        let verdict = if short { "short" } else { "ok" };
        let cells = vec![
            what.to_owned(),
            format!("≤ {} {unit}", number(most)),
            format!("{} {unit}", number(value)),
            verdict.to_owned(),
        ];
        Self { cells, short }
    }

    pub(super) fn plain(cells: Vec<String>) -> Self {
        Self { cells, short: false }
    }
}

impl Table {
    pub(super) fn new(head: &[&str]) -> Self {
        Self { head: head.iter().map(|&cell| cell.to_owned()).collect(), rows: Vec::new() }
    }

    pub(super) fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    pub(super) fn extend(&mut self, rows: Vec<Row>) {
        self.rows.extend(rows);
    }

    /// How many rows miss their target.
    pub(super) fn short(&self) -> usize {
        self.rows.iter().filter(|row| row.short).count()
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "| {} |", self.head.join(" | "))?;
        write!(f, "|{}", "---|".repeat(self.head.len()))?;
        for row in &self.rows {
            write!(f, "\n| {} |", row.cells.join(" | "))?;
        }
        Ok(())
    }
}

/// Three figures at most: more would be noise.
pub(super) fn number(value: f64) -> String {
    let text = match value {
        v if v >= 100.0 => format!("{v:.0}"),
        v if v >= 10.0 => format!("{v:.1}"),
        v => format!("{v:.2}"),
    };
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_above_its_target_is_short_and_counted() {
        let mut table = Table::new(&["what", "target", "measured", ""]);
        table.add(Row::most("a", 1.0, 2.0, "MiB"));
        table.add(Row::most("b", 3.0, 2.0, "MiB"));
        assert_eq!(table.short(), 1);
        assert!(table.to_string().ends_with("| b | ≤ 2 MiB | 3 MiB | short |"), "{table}");
    }

    #[test]
    fn numbers_have_three_figures_at_most() {
        assert_eq!(
            [number(0.0), number(1.234), number(12.34), number(1234.5)],
            ["0", "1.23", "12.3", "1234"]
        );
        assert_eq!([number(100.0), number(3.5)], ["100", "3.5"]);
    }
}
