//! Operating system and browser from the steps of a user agent (A.1, A.4, A.5).
//!
//! Cost: one walk for what the steps state outright, a second one for what only the tokens tell, since
//! reading those takes the hints of the whole text.

use super::rows::{self, Name};
use super::words::{Effect, Hints, Step, Token, steps};

/// A system or browser: the name to answer, and the token whose version goes with it.
#[derive(Clone, Copy)]
pub(super) struct Found<'a> {
    pub(super) name: &'a str,
    pub(super) token: Token<'a>,
}

/// A token under its own name.
fn plain(token: Token<'_>) -> Found<'_> {
    named(token.tag, token)
}

/// A token under another name.
fn named<'a>(name: &'a str, token: Token<'a>) -> Found<'a> {
    Found { name, token }
}

/// A name without a version.
fn bare(name: &str) -> Found<'_> {
    plain(Token {
        tag: name,
        version: None,
    })
}

/// What the first row for this token and these hints says.
fn named_by<'a>(names: &'static [Name], token: Token<'a>, hints: Hints) -> Option<Found<'a>> {
    let row = names
        .iter()
        .find(|row| row.tag == token.tag && hints.has(row.hints))?;
    Some(if row.versioned {
        named(row.name, token)
    } else {
        bare(row.name)
    })
}

/// What the steps state outright (A.1).
struct Stated<'a> {
    os: Option<Token<'a>>,
    browser: Option<Token<'a>>,
    hints: Hints,
}

impl<'a> Stated<'a> {
    fn read(user_agent: &'a str) -> Self {
        let mut stated = Self {
            os: None,
            browser: None,
            hints: Hints::NONE,
        };
        let mut bot_seen = false;
        for Step {
            effect,
            token,
            hints,
        } in steps(user_agent)
        {
            stated.hints = stated.hints.with(hints);
            match effect {
                Effect::Ignore | Effect::Token => {}
                Effect::Os => stated.set_os(token),
                Effect::Browser => stated.set_browser(token),
                Effect::OsAndBrowser => {
                    stated.set_os(token);
                    stated.set_browser(token);
                }
                Effect::IosBrowser => {
                    if stated.os.is_some_and(|os| os.tag == "Mac OS X") {
                        stated.os = Some(bare("iOS").token);
                    }
                    stated.set_browser(token);
                }
                Effect::Bot if !bot_seen => {
                    bot_seen = true;
                    stated.browser = Some(token);
                }
                Effect::Bot => {}
                Effect::Headset => stated.os = Some(bare("Android").token),
            }
        }
        stated
    }

    fn set_os(&mut self, token: Token<'a>) {
        if self.os.is_none() && token.version.is_some() {
            self.os = Some(token);
        }
    }

    fn set_browser(&mut self, token: Token<'a>) {
        if token.version.is_some() {
            self.browser = Some(token);
        }
    }
}

/// The appendix's list of tokens.
fn tokens(user_agent: &str) -> impl Iterator<Item = Token<'_>> {
    steps(user_agent)
        .filter(|step| step.effect.has_token())
        .map(|step| step.token)
}

/// The operating system (A.4).
pub(super) fn os(user_agent: &str) -> Found<'_> {
    let stated = Stated::read(user_agent);
    if let Some(os) = stated.os {
        return plain(os);
    }
    tokens(user_agent)
        .find_map(|token| os_of_token(token, stated.hints))
        .unwrap_or_else(|| os_of_hints(stated.hints))
}

fn os_of_token<'a>(token: Token<'a>, hints: Hints) -> Option<Found<'a>> {
    named_by(&rows::SYSTEMS, token, hints)
        .or_else(|| token.tag.starts_with("Android").then(|| bare("Android")))
}

fn os_of_hints(hints: Hints) -> Found<'static> {
    let named = [
        (Hints::IOS, "iOS"),
        (Hints::MAC, "Mac OS X"),
        (Hints::WINDOWS, "Windows"),
        (Hints::LINUX, "Linux"),
    ]
    .into_iter()
    .find(|(hint, _)| hints.has(*hint));
    bare(named.map_or("Other", |(_, name)| name))
}

/// The browser, app or bot (A.5).
pub(super) fn browser(user_agent: &str) -> Found<'_> {
    let Stated { browser, hints, .. } = Stated::read(user_agent);
    if let Some(browser) = browser {
        return plain(browser);
    }
    let mut seen = Seen::default();
    for token in tokens(user_agent) {
        match token.tag {
            "Android" => seen.android = Some(token),
            "Version" => seen.version = Some(token),
            "Chrome" => seen.chrome = Some(token),
            _ => {
                if let Some(found) = named_by(&rows::BROWSERS, token, hints) {
                    return found;
                }
            }
        }
        if seen.first.is_none() {
            seen.first = Some(token);
        } else if seen.second.is_none() {
            seen.second = Some(token);
        }
    }
    seen.browser(hints)
}

/// What is left to decide by when no token names the browser.
#[derive(Default)]
struct Seen<'a> {
    first: Option<Token<'a>>,
    second: Option<Token<'a>>,
    android: Option<Token<'a>>,
    version: Option<Token<'a>>,
    chrome: Option<Token<'a>>,
}

impl<'a> Seen<'a> {
    fn browser(self, hints: Hints) -> Found<'a> {
        let mobile = hints.has(Hints::MOBILE);
        if let Some(chrome) = self.chrome {
            return if self.version.is_some() {
                named("Chrome Mobile WebView", chrome)
            } else if chrome.version.is_some() && mobile && !hints.has(Hints::HUAWEI) {
                named("Chrome Mobile", chrome)
            } else {
                match self.android {
                    Some(android) if chrome.version.is_none() => plain(android),
                    _ => plain(chrome),
                }
            };
        }
        if let Some(android) = self.android {
            return plain(android);
        }
        match self.first {
            Some(first) if hints.has(Hints::CFNETWORK) => {
                return if first.tag == "NetworkingExtension" {
                    match self.second {
                        Some(second) => named("CFNetwork", second),
                        None => bare("CFNetwork"),
                    }
                } else {
                    plain(first)
                };
            }
            _ => {}
        }
        if hints.has(Hints::SAFARI) {
            let name = if mobile && !hints.has(Hints::MAC) {
                "Mobile Safari"
            } else {
                "Safari"
            };
            return match self.version {
                Some(version) => named(name, version),
                None => bare(name),
            };
        }
        bare(if hints.has(Hints::IOS) {
            "Mobile Safari UI/WKWebView"
        } else if hints.has(Hints::CRAWLER) {
            "crawler"
        } else {
            "Other"
        })
    }
}
