//! The numbers the host answers with: call status, KV outcome, reason of a failed send.

/// Why a host call failed. Success (0) is not a value of this type: calls return `Result<_, Status>`.
///
/// A call that the platform does not have:
///
/// ```
/// # use statsig_fastly::platform::fake::{self, Host};
/// use statsig_fastly::platform::{Error, Status, clock};
///
/// # fake::with(Host::default().fail("wasi_snapshot_preview1.clock_time_get", Status::Unsupported), || {
/// assert_eq!(clock::now_ms(), Err(Error::Host(Status::Unsupported)));
/// # });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Status {
    /// The host failed, without saying how.
    Error = 1,
    /// An argument is not acceptable, or names nothing.
    InvalidArgument = 2,
    /// The handle is not, or no longer, one of this execution.
    BadHandle = 3,
    /// The buffer is too small for the value.
    BufferTooSmall = 4,
    /// The host does not offer this call here.
    Unsupported = 5,
    /// A pointer was not aligned as the call wants it.
    BadAlignment = 6,
    /// The peer sent something that is not HTTP.
    HttpInvalid = 7,
    /// The request could not be sent as it was made.
    HttpUser = 8,
    /// The HTTP message ended early.
    HttpIncomplete = 9,
    /// There is no such value.
    None = 10,
    /// The message's head exceeds the host's limit.
    HttpHeadTooLarge = 11,
    /// The status code is not one of HTTP.
    HttpInvalidStatus = 12,
    /// A limit of the platform is used up.
    LimitExceeded = 13,
    /// Not available yet.
    Again = 14,
    /// A code this crate does not know.
    Unknown = u32::MAX,
}

impl Status {
    /// Reads the result of a host call.
    #[cfg(any(target_arch = "wasm32", test))]
    pub(crate) const fn check(code: u32) -> Result<(), Self> {
        Err(match code {
            0 => return Ok(()),
            1 => Self::Error,
            2 => Self::InvalidArgument,
            3 => Self::BadHandle,
            4 => Self::BufferTooSmall,
            5 => Self::Unsupported,
            6 => Self::BadAlignment,
            7 => Self::HttpInvalid,
            8 => Self::HttpUser,
            9 => Self::HttpIncomplete,
            10 => Self::None,
            11 => Self::HttpHeadTooLarge,
            12 => Self::HttpInvalidStatus,
            13 => Self::LimitExceeded,
            14 => Self::Again,
            _ => Self::Unknown,
        })
    }

    /// The status in words.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "generic error",
            Self::InvalidArgument => "invalid argument",
            Self::BadHandle => "bad handle",
            Self::BufferTooSmall => "buffer too small",
            Self::Unsupported => "unsupported",
            Self::BadAlignment => "bad alignment",
            Self::HttpInvalid => "invalid HTTP",
            Self::HttpUser => "unsendable request",
            Self::HttpIncomplete => "incomplete HTTP message",
            Self::None => "no such value",
            Self::HttpHeadTooLarge => "HTTP head too large",
            Self::HttpInvalidStatus => "invalid HTTP status",
            Self::LimitExceeded => "limit exceeded",
            Self::Again => "not ready",
            Self::Unknown => "unknown status",
        }
    }
}

/// The outcome of a finished KV operation, which the host reports beside the call's status.
///
/// A store that asks for patience:
///
/// ```
/// # use statsig_fastly::platform::fake::{self, Host, KvEntry};
/// use statsig_fastly::platform::{Error, KvCode, kv};
///
/// # let host = Host::default().kv("store", "key", KvEntry::failing(KvCode::TooManyRequests));
/// # fake::with(host, || {
/// let store = kv::Store::open("store")?;
/// assert_eq!(store.lookup("key").err(), Some(Error::TooManyRequests));
/// # Ok::<(), Error>(())
/// # }).0.unwrap();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KvCode {
    /// The host did not write an outcome.
    Uninitialized,
    /// Done.
    Ok,
    /// The key or an option is not acceptable.
    BadRequest,
    /// There is no such key.
    NotFound,
    /// The generation did not match.
    PreconditionFailed,
    /// The value exceeds the store's limit.
    PayloadTooLarge,
    /// The store failed (HTTP 5xx).
    InternalError,
    /// Too many requests to the store (HTTP 429).
    TooManyRequests,
    /// A code this crate does not know.
    Unknown,
}

impl KvCode {
    /// Reads the out-value, which is a plain number because the host's list may grow.
    #[cfg(any(target_arch = "wasm32", test))]
    pub(crate) const fn from_code(code: u32) -> Self {
        match code {
            0 => Self::Uninitialized,
            1 => Self::Ok,
            2 => Self::BadRequest,
            3 => Self::NotFound,
            4 => Self::PreconditionFailed,
            5 => Self::PayloadTooLarge,
            6 => Self::InternalError,
            7 => Self::TooManyRequests,
            _ => Self::Unknown,
        }
    }
}

/// What the host knows about a send that failed, reduced to what a caller can act on.
///
/// ```
/// # use statsig_fastly::platform::fake::{self, Host, Reply};
/// use statsig_fastly::platform::{Error, SendTag, Status, backend};
///
/// # fake::with(Host::default().backend("origin", [Reply::Fail(Status::Error, SendTag::Timeout)]), || {
/// let pending = backend::get("origin", "https://origin.example/", &[])?;
/// assert_eq!(pending.wait().err(), Some(Error::Timeout));
/// # Ok::<(), Error>(())
/// # }).0.unwrap();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendTag {
    /// The host gave no reason.
    Unspecified,
    /// Name look-up, connect or answer took too long.
    Timeout,
    /// No connection: name, route, refusal, limit or TLS.
    Unreachable,
    /// Connected, but what came back is no complete HTTP answer.
    BadAnswer,
}

impl SendTag {
    /// Reads the `tag` of the host's error detail.
    #[cfg(any(target_arch = "wasm32", test))]
    pub(crate) const fn from_code(tag: u32) -> Self {
        match tag {
            // DNS, connection and response timeouts.
            2 | 9 | 16 => Self::Timeout,
            // DNS error, destination not found, unavailable or unroutable, refused, terminated, connection limit,
            // TLS certificate, configuration, alert and protocol.
            3..=8 | 10..=12 | 23 | 24 => Self::Unreachable,
            // Incomplete, too large, invalid status, upgrade, HTTP/1 or HTTP/2 protocol.
            13..=15 | 17..=19 | 25 => Self::BadAnswer,
            _ => Self::Unspecified,
        }
    }
}

/// The outcome of a call that fills a buffer: bytes written, or the failure and, when the buffer was too small and the
/// host could tell, the size needed.
pub(crate) type Filled = Result<usize, (Status, usize)>;

/// What the host writes for "no handle".
pub(crate) const NO_HANDLE: u32 = u32::MAX - 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_status_has_its_number() {
        assert_eq!(Status::check(0), Ok(()));
        for code in 1..=14 {
            assert_eq!(Status::check(code).map_err(|s| s as u32), Err(code));
        }
        assert_eq!(Status::check(15), Err(Status::Unknown));
        assert_eq!(Status::check(u32::MAX), Err(Status::Unknown));
    }

    #[test]
    fn kv_outcomes_beyond_the_sdk_are_known() {
        assert_eq!(KvCode::from_code(0), KvCode::Uninitialized);
        assert_eq!(KvCode::from_code(7), KvCode::TooManyRequests);
        assert_eq!(KvCode::from_code(8), KvCode::Unknown);
    }

    #[test]
    fn send_tags_are_grouped() {
        assert_eq!(SendTag::from_code(0), SendTag::Unspecified);
        assert_eq!(SendTag::from_code(7), SendTag::Unreachable);
        assert_eq!(SendTag::from_code(16), SendTag::Timeout);
        assert_eq!(SendTag::from_code(13), SendTag::BadAnswer);
        assert_eq!(SendTag::from_code(26), SendTag::Unspecified);
    }
}
