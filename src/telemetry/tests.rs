//! The operator's page must not drift from what is really written.

use super::*;
use crate::drain::{LimitedBy, Outcome, StopKind};

const PAGE: &str = include_str!("../../docs/observability.md");

#[test]
fn the_metrics_table_is_the_generated_one() {
    let (begin, end) = ("<!-- metrics:begin -->\n", "<!-- metrics:end -->");
    let table = PAGE.split_once(begin).and_then(|(_, rest)| rest.split_once(end));
    let table = table.expect("markers").0;
    assert_eq!(table, metrics_markdown(), "paste this table between the markers");
}

#[test]
fn every_outcome_and_every_limit_has_a_row() {
    let outcomes = Outcome::ALL.map(Outcome::name);
    let limits = LimitedBy::ALL.map(LimitedBy::name);
    let (_, advice) = PAGE.split_once("## At three in the morning").expect("section");
    for name in outcomes.iter().chain(&limits) {
        let rows = advice.lines().filter(|line| line.starts_with(&format!("| `{name}` |")));
        assert_eq!(rows.count(), 1, "row of {name}");
    }
}

#[test]
fn every_value_of_a_label_and_a_field_is_named() {
    let kinds = StopKind::ALL.map(StopKind::name);
    let parts = Part::ALL.map(Part::name);
    for name in kinds.iter().chain(&parts) {
        assert!(PAGE.contains(&format!("`{name}`")), "{name}");
    }
}
