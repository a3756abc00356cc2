//! Columns that line up.

/// How a column stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Left,
    Right,
}

/// One line a row, the first being the heading; columns two spaces apart, no trailing spaces.
pub(super) fn table(columns: &[Column], rows: &[Vec<String>]) -> String {
    let width = |index: usize| {
        rows.iter().filter_map(|row| row.get(index)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..columns.len()).map(|index| width(index).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .zip(columns.iter().zip(&widths))
            .map(|(cell, (column, &width))| match column {
                Column::Left => format!("{cell:<width$}"),
                Column::Right => format!("{cell:>width$}"),
            })
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}
