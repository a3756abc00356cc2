//! Values that are each fine and do not go together: errors where they cannot work, warnings
//! with all the numbers where they can.

mod clashes;
mod warnings;

use super::Config;
use super::reader::Reader;

pub(super) fn check(reader: &mut Reader, config: &Config) {
    clashes::check(reader, config);
    // A warning about a value that stands in for a mistake would be about nothing.
    if reader.mistakes.is_empty() {
        warnings::check(reader, config);
    }
}
