//! The tables: phrases (A.2), plain words (A.3), what tokens tell of the system (A.4) and the browser
//! (A.5); each in order of precedence.
//!
//! A row is data, so that the module stays small and can be laid beside the appendix; what no row can
//! say is in `words` and `resolve`. Cost of a look-up: one pass over a table.

use super::words::{Effect, Hints};

/// How a row's phrase is compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    /// Each word of the phrase equals the word at its place.
    Words,
    /// The word starts with the phrase.
    Start,
}

/// Where a row's version comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// There is none.
    Missing,
    /// The word after the phrase, if it is numeric (NUM in the appendix).
    Next,
    /// The rest of the word, up to the next occurrence of the phrase.
    Rest,
    /// As [`Version::Next`], else the same one word later.
    ChromeOs,
    /// As [`Version::Next`], but after `NT` if that follows, and `XP` counts as a version.
    Windows,
}

/// A row of the first table (A.2).
pub(super) struct Phrase {
    pub(super) phrase: &'static str,
    pub(super) tag: &'static str,
    pub(super) matching: Match,
    pub(super) version: Version,
    pub(super) effect: Effect,
    pub(super) hints: Hints,
    /// Words that are passed over beyond the first one.
    pub(super) skip: u8,
}

/// A row of the second table (A.3).
pub(super) struct Word {
    pub(super) word: &'static str,
    pub(super) tag: &'static str,
    pub(super) effect: Effect,
    pub(super) hints: Hints,
}

/// A row of the last two tables: the system or browser that a token tells of (A.4, A.5).
pub(super) struct Name {
    pub(super) tag: &'static str,
    /// Hints that must have been given.
    pub(super) hints: Hints,
    pub(super) name: &'static str,
    /// Whether the token's version is the answer's.
    pub(super) versioned: bool,
}

const fn phrase(
    phrase: &'static str,
    effect: Effect,
    tag: &'static str,
    version: Version,
    skip: u8,
) -> Phrase {
    Phrase {
        phrase,
        tag,
        matching: Match::Words,
        version,
        effect,
        hints: Hints::NONE,
        skip,
    }
}

const fn word(word: &'static str, effect: Effect, tag: &'static str) -> Word {
    Word {
        word,
        tag,
        effect,
        hints: Hints::NONE,
    }
}

const fn name(tag: &'static str, name: &'static str) -> Name {
    Name {
        tag,
        hints: Hints::NONE,
        name,
        versioned: true,
    }
}

impl Phrase {
    const fn start(mut self) -> Self {
        self.matching = Match::Start;
        self
    }

    const fn hint(mut self, hints: Hints) -> Self {
        self.hints = hints;
        self
    }
}

impl Word {
    const fn hint(mut self, hints: Hints) -> Self {
        self.hints = hints;
        self
    }
}

impl Name {
    const fn with(mut self, hints: Hints) -> Self {
        self.hints = hints;
        self
    }

    const fn bare(mut self) -> Self {
        self.versioned = false;
        self
    }
}

use Effect::{Bot, Browser, Ignore, IosBrowser, Os, OsAndBrowser, Token};
use Version::{Missing, Next};

/// Phrases, compared with the words from the current one on.
pub(super) static PHRASES: [Phrase; 30] = [
    phrase("AppleTV", Token, "ATV OS X", Missing, 1).start(),
    phrase("like Mac OS", Ignore, "", Missing, 3),
    phrase("Mac OS X", Os, "Mac OS X", Next, 2).hint(Hints::MAC),
    // The core passes over as many words as for the phrase before, whatever the third one is.
    phrase("Mac OS", Os, "Mac OS X", Next, 2).hint(Hints::MAC),
    phrase("iOS", Os, "iOS", Next, 1).hint(Hints::IOS),
    phrase("iPhone OS", Os, "iOS", Next, 1),
    phrase("iPadOS", Os, "iOS", Next, 1).hint(Hints::IOS),
    phrase("iPad", Token, "iPad", Version::Rest, 0)
        .start()
        .hint(Hints::IOS),
    phrase("iPhone", Token, "iPhone", Version::Rest, 0)
        .start()
        .hint(Hints::IOS),
    phrase("Apple-iPhone7C2", Token, "iPhone", Missing, 0)
        .start()
        .hint(Hints::IOS),
    phrase("CPU OS", Token, "CPU OS", Next, 1),
    phrase("CrOS", Os, "Chrome OS", Version::ChromeOs, 0),
    phrase("CrKey", Token, "Chromecast", Missing, 0),
    phrase("PlayStation", Token, "PlayStation", Missing, 0).hint(Hints::PLAYSTATION),
    phrase("Android", Os, "Android", Next, 0),
    phrase("Windows Phone", Os, "Windows Phone", Next, 1),
    phrase("Windows", Os, "Windows", Version::Windows, 0)
        .start()
        .hint(Hints::WINDOWS),
    phrase("MSIE", Browser, "IE", Next, 0),
    phrase("Yahoo! Slurp", Token, "Yahoo! Slurp", Missing, 1),
    phrase("Red Hat", Token, "Red Hat", Missing, 1),
    phrase("Ubuntu", Os, "Ubuntu", Next, 0),
    phrase("Mobile", Token, "Mobile", Missing, 0).hint(Hints::MOBILE),
    phrase("Linux", Token, "Linux", Missing, 0).hint(Hints::LINUX),
    phrase("linux", Token, "Linux", Missing, 0).hint(Hints::LINUX),
    phrase("Nintendo 3DS", Token, "NetFront NX", Missing, 1),
    phrase("like", Ignore, "", Missing, 0),
    phrase("Better Uptime Bot", Bot, "Better Uptime Bot", Missing, 0),
    phrase(
        "Radius Compilance Bot",
        Bot,
        "Radius Compilance Bot",
        Missing,
        0,
    ),
    phrase("AdsBot-Google-Mobile", Bot, "AdsBot-Google", Missing, 0),
    phrase(
        "Uptime Monitoring Bot",
        Bot,
        "Uptime Monitoring Bot",
        Missing,
        0,
    ),
];

/// Names that stand before a version, as in `Name/1.2`.
pub(super) static WORDS: [Word; 19] = [
    word("Kindle", OsAndBrowser, "Kindle"),
    word("FxiOS", Browser, "Firefox iOS"),
    word("EdgiOS", IosBrowser, "Edge Mobile"),
    word("CriOS", IosBrowser, "Chrome Mobile iOS").hint(Hints::IOS),
    word("GSA", Browser, "Google"),
    word("YisouSpider", Browser, "YisouSpider"),
    word("ChatGPT-User", Browser, "ChatGPT-User"),
    word("OAI-SearchBot", Browser, "OAI-SearchBot"),
    word("Electron", Browser, "Electron"),
    word("Edg", Token, "Edge"),
    word("Edge", Token, "Edge"),
    word("OPR", Token, "Opera"),
    word("SamsungBrowser", Browser, "Samsung Internet"),
    word("HuaweiBrowser", Token, "HuaweiBrowser").hint(Hints::HUAWEI),
    word("NX", Browser, "NetFront NX"),
    word("IEMobile", Browser, "IE Mobile"),
    word("Mobile", Token, "Mobile").hint(Hints::MOBILE),
    word("Safari", Token, "Safari").hint(Hints::SAFARI),
    word("CFNetwork", Ignore, "").hint(Hints::CFNETWORK.with(Hints::IOS)),
];

/// Tokens that tell of an operating system. The appendix also lists `iPhone OS` and `CFNetwork`, but no
/// step has a token so named.
pub(super) static SYSTEMS: [Name; 9] = [
    name("ATV OS X", "ATV OS X").bare(),
    name("iOS", "iOS"),
    name("CPU OS", "iOS").with(Hints::IOS),
    name("Version", "iOS").with(Hints::IOS.with(Hints::MAC)),
    name("Android", "Android"),
    name("Chromecast", "Chromecast").bare(),
    name("Red Hat", "Red Hat").bare(),
    name("Kindle", "Kindle"),
    name("Ubuntu", "Ubuntu"),
];

/// Tokens that tell of a browser.
pub(super) static BROWSERS: [Name; 13] = [
    name("Firefox", "Firefox Mobile").with(Hints::MOBILE),
    name("Firefox", "Firefox"),
    name("Yahoo! Slurp", "Yahoo! Slurp").bare(),
    name("Silk", "NetFront NX").with(Hints::PLAYSTATION).bare(),
    name("Silk", "Amazon Silk"),
    name("NetFront NX", "NetFront NX"),
    name("axios", "axios"),
    name("HeadlessChrome", "HeadlessChrome"),
    name("YaBrowser", "Yandex Browser"),
    name("Edge", "Edge Mobile").with(Hints::MOBILE),
    name("Edge", "Edge"),
    name("Opera", "Opera Mobile").with(Hints::MOBILE),
    name("Opera", "Opera"),
];
