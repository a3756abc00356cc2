/// A terminal is at least this wide.
const WIDTH: usize = 80;

/// Breaks a text between words into lines of at most 80 columns, each indented and ended; words
/// that are longer stay whole.
pub fn wrap(text: &str, indent: usize) -> String {
    let mut lines = String::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let length = line.chars().count() + 1 + word.chars().count();
        if !line.is_empty() && indent + length > WIDTH {
            push(&mut lines, &line, indent);
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        push(&mut lines, &line, indent);
    }
    lines
}

fn push(lines: &mut String, line: &str, indent: usize) {
    lines.push_str(&" ".repeat(indent));
    lines.push_str(line);
    lines.push('\n');
}
