//! What the look that first showed a movement tells about its order.

/// The movement between two looks, as far as a tie needs it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Movement {
    pub(super) pure_out: u32,
    pub(super) pure: u32,
    pub(super) segments_in: u32,
    pub(super) segments_out: u32,
    pub(super) was_idle: bool,
    pub(super) first_sight: bool,
    pub(super) answered: bool,
}

/// The same in eight bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Evidence {
    pure_out: u32,
    known: bool,
    bits: u8,
}

const ONLY_SENT: u8 = 1;
const ONLY_RECEIVED: u8 = 2;
const ONE_SEGMENT_ANSWERED: u8 = 4;
const NO_ACK_OWED: u8 = 8;
const ANSWERED_AT_FIRST_SIGHT: u8 = 16;

impl Evidence {
    pub(super) fn of(movement: Movement) -> Self {
        let Movement { segments_in, segments_out, .. } = movement;
        let mut bits = 0;
        let mut put = |on: bool, bit: u8| bits |= if on { bit } else { 0 };
        put(segments_in == 0 && segments_out >= 1, ONLY_SENT);
        put(segments_out == 0 && segments_in >= 1, ONLY_RECEIVED);
        put(movement.was_idle && segments_in == 1 && segments_out >= 1, ONE_SEGMENT_ANSWERED);
        put(movement.pure == 0, NO_ACK_OWED);
        put(movement.first_sight && movement.answered, ANSWERED_AT_FIRST_SIGHT);
        Self { pure_out: movement.pure_out, known: !movement.first_sight, bits }
    }

    /// Nothing came in since a look that had seen the request.
    pub(super) fn only_sent(&self) -> bool {
        self.says(ONLY_SENT)
    }

    pub(super) fn only_received(&self) -> bool {
        self.says(ONLY_RECEIVED)
    }

    /// From idle, one segment in and an answer out: the answer is to that segment.
    pub(super) fn one_segment_answered(&self) -> bool {
        self.says(ONE_SEGMENT_ANSWERED)
    }

    /// No acknowledgement without data went out with the movement.
    pub(super) fn no_ack_owed(&self) -> bool {
        self.says(NO_ACK_OWED)
    }

    /// Nothing moved since the first sight, which showed one segment in and an answer.
    pub(super) fn answered_at_first_sight(&self) -> bool {
        self.bits & ANSWERED_AT_FIRST_SIGHT != 0
    }

    /// An acknowledgement without data went out after the movement: something came after it.
    pub(super) fn acked_since(&self, pure_out: u32) -> bool {
        pure_out.wrapping_sub(self.pure_out).cast_signed() > 0
    }

    fn says(&self, bit: u8) -> bool {
        self.known && self.bits & bit != 0
    }
}
