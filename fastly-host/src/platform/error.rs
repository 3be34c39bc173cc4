//! The one error of the platform layer.

use super::status::{KvCode, SendTag, Status};
use core::fmt;

/// Why an exchange with the platform failed.
///
/// ```
/// # use statsig_fastly::platform::fake::{self, ClientRequest, Host, KvEntry, Reply};
/// # let host = Host { now_ms: 1_767_225_660_000, request: ClientRequest::get("https://shop.example/cart?id=7"), ..Host::default() }
/// #     .kv("store", "key", KvEntry::new(b"value"))
/// #     .config("settings", "colour", "blue")
/// #     .secret("secrets", "key", b"s3cret")
/// #     .log_endpoint("log")
/// #     .backend("origin", [Reply::answer(200, b"hello")]);
/// # let (result, record) = fake::with(host, || {
/// use statsig_fastly::platform::{Error, kv};
///
/// assert_eq!(kv::Store::open("store")?.lookup("no such key").err(), Some(Error::NotFound));
/// # Ok::<(), statsig_fastly::platform::Error>(())
/// # });
/// # result.unwrap();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// No store, backend or endpoint of this name is linked to the service.
    UnknownName,
    /// The store has no such key.
    NotFound,
    /// The key, or the request made from it, is not acceptable to the store.
    BadRequest,
    /// The store answers "too many requests".
    TooManyRequests,
    /// The store failed.
    StoreFailed,
    /// The value is longer than the limit given for it.
    TooLarge,
    /// The value ended before its announced length, or was taken only in part.
    Truncated,
    /// The memory for the value could not be allocated.
    OutOfMemory,
    /// The text is not UTF-8.
    NotUtf8,
    /// A backend, or the way to it, took too long.
    Timeout,
    /// A backend could not be reached.
    Unreachable,
    /// A backend's answer is not complete HTTP.
    BadAnswer,
    /// The host refused the call.
    Host(Status),
}

impl Error {
    /// For calls that open something by name: these answers all mean that there is nothing of that name.
    pub(crate) const fn opening(status: Status) -> Self {
        match status {
            // KV: INVAL. Config store: BADF, and INVAL, NONE or UNSUPPORTED for impossible names. Secret store: NONE.
            Status::InvalidArgument | Status::BadHandle | Status::None | Status::Unsupported => {
                Self::UnknownName
            }
            other => Self::Host(other),
        }
    }

    /// For the outcome of a KV operation; `Ok` is not an error and must not come here.
    pub(crate) const fn store(code: KvCode) -> Self {
        match code {
            KvCode::NotFound => Self::NotFound,
            KvCode::BadRequest | KvCode::PreconditionFailed => Self::BadRequest,
            KvCode::TooManyRequests => Self::TooManyRequests,
            KvCode::PayloadTooLarge => Self::TooLarge,
            KvCode::Uninitialized | KvCode::Ok | KvCode::InternalError | KvCode::Unknown => {
                Self::StoreFailed
            }
        }
    }

    /// For a failed read of a body: one that ends before it should is told apart.
    pub(crate) const fn reading(status: Status) -> Self {
        match status {
            Status::HttpIncomplete => Self::Truncated,
            other => Self::Host(other),
        }
    }

    /// For a failed send: the host's reason where it gives one, else the status.
    pub(crate) const fn sending(status: Status, tag: SendTag) -> Self {
        match tag {
            SendTag::Timeout => Self::Timeout,
            SendTag::Unreachable => Self::Unreachable,
            SendTag::BadAnswer => Self::BadAnswer,
            SendTag::Unspecified => match status {
                Status::HttpInvalid | Status::HttpIncomplete | Status::HttpHeadTooLarge => {
                    Self::BadAnswer
                }
                other => Self::Host(other),
            },
        }
    }
}

impl Error {
    /// Says what went wrong. The same as `Display`, without the formatting machinery behind it.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        out.write_str(match self {
            Self::UnknownName => "nothing of that name is linked to the service; link it",
            Self::NotFound => "no such key; add it",
            Self::BadRequest => "the store does not accept the key",
            Self::TooManyRequests => "too many requests to the store",
            Self::StoreFailed => "the store failed",
            Self::TooLarge => "longer than its limit",
            Self::Truncated => "ended early",
            Self::OutOfMemory => "out of memory",
            Self::NotUtf8 => "not UTF-8",
            Self::Timeout => "the backend took too long; see its time limits",
            Self::Unreachable => "the backend cannot be reached; see its host and port",
            Self::BadAnswer => "the backend's answer is not complete HTTP",
            Self::Host(_) => "the host refused: ",
        })?;
        match self {
            Self::Host(status) => out.write_str(status.as_str()),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

impl core::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn says_what_the_host_said() {
        assert_eq!(
            Error::Host(Status::LimitExceeded).to_string(),
            "the host refused: limit exceeded"
        );
        assert_eq!(Error::NotFound.to_string(), "no such key; add it");
    }

    #[test]
    fn a_reason_goes_before_a_status() {
        assert_eq!(
            Error::sending(Status::Error, SendTag::Timeout),
            Error::Timeout
        );
        assert_eq!(
            Error::sending(Status::HttpIncomplete, SendTag::Unspecified),
            Error::BadAnswer
        );
        assert_eq!(
            Error::sending(Status::Error, SendTag::Unspecified),
            Error::Host(Status::Error)
        );
    }
}
