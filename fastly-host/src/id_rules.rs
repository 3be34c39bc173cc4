//! Which ids of a user come from which headers and cookies of its request.

use alloc::string::String;

use crate::cookies::cookie_values;
use crate::json::{self, List};
use crate::platform::scan;

/// Where a user's id is found in a request.
///
/// A value is taken as it is, and an empty one is none. Whoever sends the request chooses it: where that matters, take the id from
/// a header that the service itself has checked.
///
/// ```
/// use statsig_fastly::IdRule;
///
/// const RULES: &[IdRule<'_>] = &[
///     IdRule::user_id().from_header("x-user-id"),
///     IdRule::custom_id("stableID").from_cookie("stable_id"),
///     // Where the cookie is not there.
///     IdRule::custom_id("stableID").from_header("x-stable-id"),
/// ];
/// ```
#[derive(Clone, Copy, Debug)]
pub struct IdRule<'r> {
    /// `None` for the `userID`.
    custom: Option<&'r str>,
    place: Place<'r>,
}

#[derive(Clone, Copy, Debug)]
enum Place<'r> {
    Nowhere,
    Header(&'r str),
    Cookie(&'r str),
}

impl<'r> IdRule<'r> {
    /// A rule for the `userID`, without a place to take it from yet.
    pub const fn user_id() -> Self {
        IdRule {
            custom: None,
            place: Place::Nowhere,
        }
    }

    /// A rule for an entry of `customIDs`, without a place to take it from yet.
    pub const fn custom_id(name: &'r str) -> Self {
        IdRule {
            custom: Some(name),
            place: Place::Nowhere,
        }
    }

    /// Takes it from a header's first value.
    #[must_use]
    pub const fn from_header(self, name: &'r str) -> Self {
        IdRule {
            custom: self.custom,
            place: Place::Header(name),
        }
    }

    /// Takes it from a cookie's first value.
    #[must_use]
    pub const fn from_cookie(self, name: &'r str) -> Self {
        IdRule {
            custom: self.custom,
            place: Place::Cookie(name),
        }
    }

    fn find(&self, header: &dyn Fn(&str) -> Option<String>) -> Option<String> {
        let found = match self.place {
            Place::Nowhere => None,
            Place::Header(name) => header(name),
            Place::Cookie(name) => {
                let cookies = header("cookie")?;
                cookie_values(&cookies, name).next().map(String::from)
            }
        };
        found.filter(|id| !id.is_empty())
    }
}

/// Adds what the rules find to a user in JSON, where it says nothing itself: the `userID`, and the `customIDs` as a whole. Of several
/// rules for an id the first that finds one counts.
pub(crate) fn add_ids(
    user: &str,
    rules: &[IdRule<'_>],
    header: &dyn Fn(&str) -> Option<String>,
) -> Option<String> {
    let has =
        |name: &[u8]| scan::member(user.as_bytes(), name).is_none_or(|value| !value.is_empty());
    let mut added = String::new();
    let mut object = List::object(&mut added);
    if !has(b"userID") {
        let mut rules = rules.iter().filter(|rule| rule.custom.is_none());
        if let Some(id) = rules.find_map(|rule| rule.find(header)) {
            object.text("userID", &id);
        }
    }
    if !has(b"customIDs") {
        let mut ids = String::new();
        let mut list = List::object(&mut ids);
        let mut any = false;
        for (at, rule) in rules.iter().enumerate() {
            let Some(name) = rule.custom else { continue };
            let earlier = rules.get(..at).unwrap_or_default().iter();
            let mut earlier = earlier.filter(|other| other.custom == rule.custom);
            if earlier.any(|other| other.find(header).is_some()) {
                continue;
            }
            if let Some(id) = rule.find(header) {
                json::text(&id, list.entry(name));
                any = true;
            }
        }
        list.end();
        if any {
            object.member("customIDs").push_str(&ids);
        }
    }
    if added.len() == 1 {
        return None;
    }
    // In front of what the user has itself, if anything.
    let rest = user.trim_ascii_start().strip_prefix('{')?;
    if !rest.trim_ascii_start().starts_with('}') {
        added.push(',');
    }
    added.push_str(rest);
    Some(added)
}
