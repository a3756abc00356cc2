//! What became of a request.

/// A closed set: it is a metric label. Every request makes exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// An app hook with the token: it is the kubelet's.
    Trusted,
    /// The agent's own hook with the token.
    Own,
    /// A caller of an app hook without a token was held and answered; nothing was changed.
    StrangerHeld,
    /// A caller without a token found no place.
    StrangerRefused,
    /// A caller without a token hung up while it was held.
    StrangerLeft,
    /// The agent's own hook without a token.
    OwnRefused,
    /// A wrong token: an attack, or a hook that was not updated with its pod.
    BadToken,
    /// A readiness or startup probe that counts as the kubelet's.
    Probe,
    /// Somebody else asked whether the pod is ready.
    ForeignProbe,
    NotFound,
    WrongMethod,
}

impl Decision {
    pub const ALL: [Self; 11] = [
        Self::Trusted,
        Self::Own,
        Self::StrangerHeld,
        Self::StrangerRefused,
        Self::StrangerLeft,
        Self::OwnRefused,
        Self::BadToken,
        Self::Probe,
        Self::ForeignProbe,
        Self::NotFound,
        Self::WrongMethod,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Trusted => "trusted",
            Self::Own => "own",
            Self::StrangerHeld => "stranger_held",
            Self::StrangerRefused => "stranger_refused",
            Self::StrangerLeft => "stranger_left",
            Self::OwnRefused => "own_refused",
            Self::BadToken => "bad_token",
            Self::Probe => "probe",
            Self::ForeignProbe => "foreign_probe",
            Self::NotFound => "not_found",
            Self::WrongMethod => "wrong_method",
        }
    }
}
