//! The walk over a user agent's words (A.2, A.3): an iterator of steps.
//!
//! Cost: linear; each step looks at no more than four words and a fixed number of table rows.

use super::rows::{self, Match, Version};

/// A name that was found, and the version that came with it.
#[derive(Clone, Copy)]
pub(super) struct Token<'a> {
    pub(super) tag: &'a str,
    pub(super) version: Option<&'a str>,
}

/// What a step does beside giving its hints.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing; there is no token either.
    Ignore,
    /// Only a token.
    Token,
    /// A token, and the operating system if it has a version and none is known.
    Os,
    /// A token, and the browser if it has a version.
    Browser,
    /// As [`Effect::Browser`]; a Mac that was seen before is an iOS device after all.
    IosBrowser,
    /// As [`Effect::Os`] and [`Effect::Browser`], with one token.
    OsAndBrowser,
    /// The browser, with or without a version, if this is the first bot; no token.
    Bot,
    /// Android, whatever was seen before; no token.
    Headset,
}

impl Effect {
    /// Whether the step adds to the appendix's list of tokens.
    pub(super) fn has_token(self) -> bool {
        !matches!(self, Self::Ignore | Self::Bot | Self::Headset)
    }
}

/// A set of the appendix's hints.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Hints(u16);

impl Hints {
    pub(super) const NONE: Self = Self(0);
    pub(super) const IOS: Self = Self(1);
    pub(super) const MAC: Self = Self(1 << 1);
    pub(super) const WINDOWS: Self = Self(1 << 2);
    pub(super) const LINUX: Self = Self(1 << 3);
    pub(super) const MOBILE: Self = Self(1 << 4);
    pub(super) const SAFARI: Self = Self(1 << 5);
    pub(super) const PLAYSTATION: Self = Self(1 << 6);
    pub(super) const HUAWEI: Self = Self(1 << 7);
    pub(super) const CFNETWORK: Self = Self(1 << 8);
    pub(super) const CRAWLER: Self = Self(1 << 9);

    /// Both sets together.
    pub(super) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` is here.
    pub(super) const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// What one place of the text means.
#[derive(Clone, Copy)]
pub(super) struct Step<'a> {
    pub(super) effect: Effect,
    pub(super) token: Token<'a>,
    pub(super) hints: Hints,
}

/// The steps of a user agent, in order; words that mean nothing give none.
pub(super) fn steps(user_agent: &str) -> Steps<'_> {
    Steps {
        words: Words(Some(user_agent)),
    }
}

/// See [`steps`].
pub(super) struct Steps<'a> {
    words: Words<'a>,
}

impl<'a> Iterator for Steps<'a> {
    type Item = Step<'a>;

    fn next(&mut self) -> Option<Step<'a>> {
        loop {
            let word = self.words.next()?;
            if word.is_empty() {
                continue;
            }
            if let Some(step) = self.phrase(word) {
                return Some(step);
            }
            // Every phrase is longer than this, so the order of the two does not matter.
            if word.len() > 2 {
                return Some(plain_word(word));
            }
        }
    }
}

impl<'a> Steps<'a> {
    /// The step of the first phrase that is found at `word` and the words after it (A.2); passes over
    /// the words that belong to it.
    fn phrase(&mut self, word: &'a str) -> Option<Step<'a>> {
        let (row, mut after) = rows::PHRASES.iter().find_map(|row| {
            let after = match row.matching {
                Match::Words => self.words.after(word, row.phrase),
                Match::Start => word.starts_with(row.phrase).then(|| self.words.clone()),
            };
            Some((row, after?))
        })?;
        // Words beyond the row's own that its version takes.
        let mut taken = 0_u8;
        let version = match row.version {
            Version::Missing => None,
            Version::Next => after.number(&mut taken),
            Version::Rest => word.strip_prefix(row.phrase).and_then(|rest| {
                let end = position(rest, row.phrase).unwrap_or(rest.len());
                clean(rest.get(..end)?)
            }),
            Version::ChromeOs => after.number(&mut taken).or_else(|| {
                taken = 1;
                after.next();
                after.number(&mut taken)
            }),
            Version::Windows => {
                let mut later = after.clone();
                match later.next() {
                    Some("NT") => {
                        let number = later.number(&mut taken);
                        taken = taken.saturating_mul(2);
                        number
                    }
                    Some(next) if next.starts_with("XP") => {
                        taken = 1;
                        Some("XP")
                    }
                    _ => after.number(&mut taken),
                }
            }
        };
        for _ in 0..row.skip.saturating_add(taken) {
            self.words.next();
        }
        Some(Step {
            effect: row.effect,
            token: Token {
                tag: row.tag,
                version,
            },
            hints: row.hints,
        })
    }
}

/// The step of a word that begins no phrase (A.3).
fn plain_word(word: &str) -> Step<'_> {
    let (left, right) = cut(word, b"/:");
    let tag = clean(left).unwrap_or(word);
    let version = right.and_then(clean);
    let step = |effect, tag, hints| Step {
        effect,
        token: Token { tag, version },
        hints,
    };
    let contains = |text, parts: &[&str]| parts.iter().any(|part| position(text, part).is_some());

    if let Some(row) = rows::WORDS.iter().find(|row| row.word == tag) {
        step(row.effect, row.tag, row.hints)
    } else if contains(tag, &["Bot", "bot", "crawler", "Crawler"]) {
        step(Effect::Bot, tag, Hints::NONE)
    } else if version.is_some_and(|version| contains(version, &["crawler"])) {
        step(Effect::Ignore, tag, Hints::CRAWLER)
    } else if tag == "OculusBrowser" {
        step(Effect::Headset, tag, Hints::NONE)
    } else {
        step(Effect::Token, tag, Hints::NONE)
    }
}

// The three below work on bytes and not with `str`'s own searching, which would make up most of the
// module's code. Cutting at an ASCII byte never splits a character.

/// The text without punctuation around it; none if nothing is left.
fn clean(text: &str) -> Option<&str> {
    crate::work::tick(text.len());
    let is_kept = |byte: u8| !b"();,+_\"".contains(&byte);
    let start = text.bytes().position(is_kept)?;
    let end = text.bytes().rposition(is_kept)?;
    text.get(start..=end)
}

/// The text up to the first of the (ASCII) separators, and the text after that one if there is one.
pub(super) fn cut<'a>(text: &'a str, separators: &[u8]) -> (&'a str, Option<&'a str>) {
    let place = text.bytes().position(|byte| separators.contains(&byte));
    crate::work::tick(place.unwrap_or(text.len()).saturating_add(1));
    place
        .and_then(|place| text.split_at_checked(place))
        .map_or((text, None), |(left, right)| (left, right.get(1..)))
}

/// Where `part` begins in `text`.
fn position(text: &str, part: &str) -> Option<usize> {
    crate::work::tick(text.len());
    (0..text.len()).find(|&place| {
        text.as_bytes()
            .get(place..)
            .is_some_and(|rest| rest.starts_with(part.as_bytes()))
    })
}

/// The clean words of a text, separated by single spaces and semicolons; an empty text stands for a
/// missing word.
#[derive(Clone)]
struct Words<'a>(Option<&'a str>);

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let text = self.0?;
        let (word, rest) = cut(text, b" ;");
        self.0 = rest;
        Some(clean(word).unwrap_or_default())
    }
}

impl<'a> Words<'a> {
    /// What follows `phrase`, if `first` and the words from here on are that phrase.
    fn after(&self, first: &str, phrase: &str) -> Option<Self> {
        let mut words = self.clone();
        let mut rest = phrase.strip_prefix(first)?;
        while !rest.is_empty() {
            rest = rest.strip_prefix(' ')?.strip_prefix(words.next()?)?;
        }
        Some(words)
    }

    /// The next word if it starts with a digit, which then counts as one more word `taken` (NUM).
    fn number(&self, taken: &mut u8) -> Option<&'a str> {
        let word = self.clone().next()?;
        word.bytes().next()?.is_ascii_digit().then(|| {
            *taken = taken.saturating_add(1);
            word
        })
    }
}
