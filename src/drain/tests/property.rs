//! The walk again, with scripts that shrink to the shortest that breaks a promise.

use super::walk::{Sabotage, Script, live};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn no_script_breaks_a_promise(numbers in prop::collection::vec(any::<u32>(), 3..20)) {
        prop_assert_eq!(live(&Script(numbers), Sabotage::None), Ok(()));
    }
}
