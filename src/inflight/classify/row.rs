//! What one row of a socket dump says about a connection.

/// TCP states by the kernel's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TcpState {
    Established,
    SynSent,
    SynReceived,
    FinWait1,
    FinWait2,
    TimeWait,
    Close,
    CloseWait,
    LastAck,
    Listen,
    Closing,
}

impl TcpState {
    pub const ALL: [Self; 11] = [
        Self::Established,
        Self::SynSent,
        Self::SynReceived,
        Self::FinWait1,
        Self::FinWait2,
        Self::TimeWait,
        Self::Close,
        Self::CloseWait,
        Self::LastAck,
        Self::Listen,
        Self::Closing,
    ];

    /// `None`: a number that this program does not know.
    pub fn from_kernel(number: u8) -> Option<Self> {
        // The kernel's own name for a request socket; it never leaves the kernel by design.
        const NEW_SYN_RECV: u8 = 12;
        match number {
            1..=11 => Some(Self::ALL[usize::from(number) - 1]),
            NEW_SYN_RECV => Some(Self::SynReceived),
            _ => None,
        }
    }

    pub fn number(self) -> u8 {
        self as u8 + 1
    }

    /// The bit of this state in the mask of a dump.
    pub fn bit(self) -> u32 {
        1 << self.number()
    }

    /// This side has closed: whatever the application wanted to say is in the send queue.
    pub fn is_closing(self) -> bool {
        matches!(
            self,
            Self::FinWait1
                | Self::FinWait2
                | Self::TimeWait
                | Self::Close
                | Self::LastAck
                | Self::Closing
        )
    }
}

/// The part of the kernel's `tcp_info` that the rules use. Ages are in milliseconds with the
/// resolution of a jiffy (1 to 10 ms).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpInfo {
    pub last_data_sent: u32,
    pub last_data_recv: u32,
    pub last_ack_recv: u32,
    pub bytes_received: u64,
    pub bytes_sent: u64,
    pub segs_out: u32,
    pub data_segs_in: u32,
    pub data_segs_out: u32,
}

impl TcpInfo {
    /// Segments sent without data: handshake and acknowledgements.
    pub fn pure_out(&self) -> u32 {
        self.segs_out.wrapping_sub(self.data_segs_out)
    }

    /// How long ago data moved last, in either direction.
    pub fn age(&self) -> u32 {
        self.last_data_sent.min(self.last_data_recv)
    }
}

/// One connection in one dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketRow {
    pub state: TcpState,
    /// Bytes that the application has not read.
    pub rqueue: u32,
    /// Bytes that the peer has not acknowledged.
    pub wqueue: u32,
    pub info: Option<TcpInfo>,
}

impl SocketRow {
    /// Queued payload, without the sequence number that a FIN takes: the peer's waits in the
    /// receive queue of CLOSE_WAIT, ours in the send queue until it is acknowledged.
    pub(super) fn has_queued(&self) -> bool {
        let (rqueue, wqueue) = match self.state {
            TcpState::CloseWait => (self.rqueue.saturating_sub(1), self.wqueue),
            TcpState::FinWait1 | TcpState::LastAck | TcpState::Closing => {
                (0, self.wqueue.saturating_sub(1))
            }
            TcpState::FinWait2 => (0, self.wqueue),
            _ => (self.rqueue, self.wqueue),
        };
        rqueue > 0 || wqueue > 0
    }
}
