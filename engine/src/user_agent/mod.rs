//! Operating system and browser from a user agent: the parser behind `ua_based` conditions.
//!
//! Implements `evaluation.md` §4.8 and Appendix A, the default parser of Statsig's server core, byte for
//! byte. It is no general-purpose parser: targeting must put a user into the same group as Statsig's
//! servers do, so the quirks are the contract.
//!
//! * `words` walks the text and turns phrases and words into steps (A.2, A.3);
//! * `rows` holds the tables;
//! * `resolve` decides on system and browser from the steps (A.1, A.4, A.5);
//! * `version` writes a version the way the core does (A.6).
//!
//! No list of tokens is kept: the text is walked a second time where the appendix goes through its
//! tokens, so there is no capacity to run out of. Cost: at most two walks, each linear in the length,
//! which is at most [`MAX_LENGTH`]; no allocation, no recursion.

mod resolve;
mod rows;
mod version;
mod words;

/// The longest user agent that is read, in bytes; nothing is derived from a longer one.
pub const MAX_LENGTH: usize = 1000;

/// Room for one derived version.
///
/// It cannot overflow: a version is a part of the user agent in which single-byte separators became
/// dots and from which text was left out, so it is never longer than the user agent.
pub type UserAgentText = heapless::String<MAX_LENGTH>;

/// A field that is derived from the user agent.
///
/// ```
/// use statsig_edge::user_agent::UserAgentField;
///
/// assert_eq!(UserAgentField::from_name("OS_Name"), Some(UserAgentField::OsName));
/// assert_eq!(UserAgentField::from_name("device"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UserAgentField {
    /// Name of the operating system, such as `Mac OS X`.
    OsName,
    /// Version of the operating system, such as `10.15.7`.
    OsVersion,
    /// Name of the browser, app or bot, such as `Chrome Mobile`.
    BrowserName,
    /// Version of the browser, app or bot, such as `140.0.0.0`.
    BrowserVersion,
}

impl UserAgentField {
    /// The field that a condition calls `field`, in any case of letters; none for other fields.
    #[must_use]
    pub fn from_name(field: &str) -> Option<Self> {
        const NAMES: [(&str, UserAgentField); 8] = [
            ("os_name", UserAgentField::OsName),
            ("osname", UserAgentField::OsName),
            ("os_version", UserAgentField::OsVersion),
            ("osversion", UserAgentField::OsVersion),
            ("browser_name", UserAgentField::BrowserName),
            ("browsername", UserAgentField::BrowserName),
            ("browser_version", UserAgentField::BrowserVersion),
            ("browserversion", UserAgentField::BrowserVersion),
        ];
        NAMES
            .into_iter()
            .find(|(name, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, known)| known)
    }
}

/// The value of `field` for `user_agent`; none if that is longer than [`MAX_LENGTH`].
///
/// Otherwise there is always an answer: an unknown name is `Other`, an unknown version `0.0.0`. Names
/// borrow from the user agent or are constants; `buffer` is overwritten where a version is rewritten.
///
/// ```
/// use statsig_edge::user_agent::{UserAgentField, UserAgentText, field};
///
/// let agent = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) \
///     Chrome/140.0.0.0 Safari/537.36";
/// let mut buffer = UserAgentText::new();
/// assert_eq!(field(agent, UserAgentField::OsVersion, &mut buffer), Some("10.15.7"));
/// assert_eq!(field(agent, UserAgentField::BrowserName, &mut buffer), Some("Chrome"));
/// assert_eq!(field("", UserAgentField::BrowserName, &mut buffer), Some("Other"));
/// ```
#[must_use]
pub fn field<'a>(
    user_agent: &'a str,
    field: UserAgentField,
    buffer: &'a mut UserAgentText,
) -> Option<&'a str> {
    if user_agent.len() > MAX_LENGTH {
        return None;
    }
    let found = match field {
        UserAgentField::OsName | UserAgentField::OsVersion => resolve::os(user_agent),
        UserAgentField::BrowserName | UserAgentField::BrowserVersion => {
            resolve::browser(user_agent)
        }
    };
    match field {
        UserAgentField::OsName | UserAgentField::BrowserName => Some(found.name),
        UserAgentField::OsVersion | UserAgentField::BrowserVersion => {
            version::write(found.token, buffer)
        }
    }
}
