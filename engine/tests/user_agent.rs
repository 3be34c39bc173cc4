//! The user-agent parser against what Statsig's server core answers.

#![cfg(feature = "user-agent")]

use std::io::Read;

use proptest::prelude::*;
use statsig_edge::user_agent::{MAX_LENGTH, UserAgentField, UserAgentText, field};

const FIELDS: [UserAgentField; 4] = [
    UserAgentField::OsName,
    UserAgentField::OsVersion,
    UserAgentField::BrowserName,
    UserAgentField::BrowserVersion,
];

/// Everything derived from a user agent: OS name and version, browser name and version.
type Answers = [String; 4];

fn parse(user_agent: &str) -> Option<Answers> {
    let mut buffer = UserAgentText::new();
    let answers: Vec<_> = FIELDS
        .iter()
        .filter_map(|&wanted| field(user_agent, wanted, &mut buffer).map(str::to_owned))
        .collect();
    if answers.is_empty() {
        return None;
    }
    Some(answers.try_into().expect("all fields or none"))
}

fn answers(texts: [&str; 4]) -> Answers {
    texts.map(str::to_owned)
}

/// Fails with every user agent that is not answered as expected.
fn assert_all(cases: impl IntoIterator<Item = (String, Answers)>, count: usize) {
    let mut seen = 0;
    let mut wrong = Vec::new();
    for (user_agent, expected) in cases {
        seen += 1;
        let got = parse(&user_agent);
        if got.as_ref() != Some(&expected) {
            wrong.push(format!(
                "{user_agent:?}\n  expected {expected:?}\n  got      {got:?}"
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert_eq!(seen, count);
}

fn unpack(packed: &[u8]) -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed)
        .read_to_string(&mut text)
        .expect("test data is gzip-compressed text");
    text
}

macro_rules! data {
    ($path:literal) => {
        unpack(include_bytes!(concat!("data/", $path)))
    };
}

#[test]
fn answers_as_the_server_core_does() {
    let text = data!("user_agents/core_answers.jsonl.gz");
    let cases = text.lines().map(|line| {
        let [user_agent, answers @ ..]: [String; 5] =
            serde_json::from_str(line).expect("a line is a user agent and four answers");
        (user_agent, answers)
    });
    assert_all(cases, 17_063);
}

#[test]
fn answers_the_shared_vectors() {
    let vectors: serde_json::Value = serde_json::from_str(&data!("vectors.json.gz")).unwrap();
    let cases: Vec<(String, Answers)> = vectors["user_agent"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| {
            let answers = ["os_name", "os_version", "browser_name", "browser_version"]
                .map(|name| case["core"][name].as_str().unwrap().to_owned());
            (case["user_agent"].as_str().unwrap().to_owned(), answers)
        })
        .collect();
    assert_all(cases, 47);
}

#[test]
fn agrees_with_the_must_pass_list() {
    /// The first iPhone, whose `Version/3.0` is the browser's: the core itself answers `0.0.0`.
    const FIRST_IPHONE: &str = "Apple-iPhone7C2/1202.466";

    let text = data!("user_agents/test_must_pass_user_agents.txt.gz");
    let cases = text.lines().skip(1).map(|line| {
        let columns: Vec<&str> = line.rsplitn(11, '|').collect();
        let [browser @ .., _, _, _, _, _, user_agent] = columns.as_slice() else {
            panic!("eleven columns: {line}");
        };
        let os = &columns[browser.len()..columns.len() - 1];
        let (os_name, os_version) = name_and_version(os);
        let (browser_name, browser_version) = name_and_version(browser);
        let os_version = if user_agent.contains(FIRST_IPHONE) {
            assert_eq!(os_version, "3.0");
            "0.0.0".to_owned()
        } else {
            os_version
        };
        (
            (*user_agent).to_owned(),
            [os_name, os_version, browser_name, browser_version],
        )
    });
    assert_all(cases, 227);
}

/// A name and its version from the list's columns, which come last first.
fn name_and_version(columns: &[&str]) -> (String, String) {
    let (name, parts) = columns.split_last().expect("a name column");
    let parts: Vec<&str> = parts
        .iter()
        .rev()
        .copied()
        .take_while(|part| *part != "None")
        .collect();
    let name = if *name == "None" { "Other" } else { name };
    let version = if parts.is_empty() {
        "0.0.0".to_owned()
    } else {
        parts.join(".")
    };
    (name.to_owned(), version)
}

#[test]
fn agrees_with_statsigs_string_cases() {
    let cases: std::collections::BTreeMap<String, serde_json::Value> =
        serde_json::from_str(&data!("user_agents/ua_string_cases.json.gz")).unwrap();
    let cases = cases.into_iter().map(|(user_agent, case)| {
        let answers = ["osName", "osVersion", "browserName", "browserVersion"]
            .map(|name| case[name].as_str().unwrap().to_owned());
        (user_agent, answers)
    });
    assert_all(cases, 20);
}

/// The cases that Appendix A.7 of the evaluation reference names.
#[test]
fn answers_the_reference_cases() {
    let cases = [
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140 Version/11.1.1 Safari/605.1.15",
            ["iOS", "0.0.0", "Chrome Mobile iOS", "140"],
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Brave/1 Mobile/15E148 Safari/604.1",
            ["iOS", "18.6.2", "Mobile Safari", "0.0.0"],
        ),
        (
            "Mozilla/5.0 (Windows NT 6.2; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/100.0.1 Safari/537.36",
            ["Windows", "0.0.0", "Chrome", "100.0.1"],
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
            ["Windows", "10", "Other", "0.0.0"],
        ),
        (
            "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
            ["Chrome OS", "14541.0.0", "Chrome", "120.0.0.0"],
        ),
        (
            "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0",
            ["Ubuntu", "0.0.0", "Firefox", "120.0"],
        ),
        (
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36 OPR/83.0.0.0",
            ["Android", "10", "Opera Mobile", "83.0.0"],
        ),
        (
            "Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Microsoft; Lumia 650) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/52.0.2743.116 Mobile Safari/537.36 Edge/15.15063",
            ["Windows Phone", "10.0", "Edge Mobile", "15.15063"],
        ),
        (
            "MyApp/3.2.1 CFNetwork/1485 Darwin/23.1.0",
            ["iOS", "0.0.0", "MyApp", "3.2.1"],
        ),
        (
            "CFNetwork/3826.400.120",
            ["iOS", "0.0.0", "Mobile Safari UI/WKWebView", "0.0.0"],
        ),
        (
            "ChatGPT/1.2025.245 (Android 16; Pixel 8a; build 2523822)",
            ["Android", "16", "Android", "16"],
        ),
        (
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            ["Other", "0.0.0", "Googlebot", "2.1"],
        ),
        (
            "axios/1.6.7,6468",
            ["Other", "0.0.0", "axios", "1.6.7.6468"],
        ),
        ("curl/8.4.0", ["Other", "0.0.0", "Other", "0.0.0"]),
    ];
    assert_all(
        cases.map(|(user_agent, expected)| (user_agent.to_owned(), answers(expected))),
        14,
    );
}

#[test]
fn finds_fields_by_name_in_any_case() {
    for (names, expected) in [
        (["os_name", "osname", "osName", "OS_NAME"], FIELDS[0]),
        (
            ["os_version", "osversion", "osVersion", "OsVersion"],
            FIELDS[1],
        ),
        (
            ["browser_name", "browsername", "browserName", "BROWSERNAME"],
            FIELDS[2],
        ),
        (
            [
                "browser_version",
                "browserversion",
                "browserVersion",
                "Browser_Version",
            ],
            FIELDS[3],
        ),
    ] {
        for name in names {
            assert_eq!(UserAgentField::from_name(name), Some(expected), "{name}");
        }
    }
    for name in [
        "",
        "os",
        "os-name",
        "os_name ",
        "device",
        "browser",
        "os_\u{17f}name",
    ] {
        assert_eq!(UserAgentField::from_name(name), None, "{name}");
    }
}

#[test]
fn reads_up_to_the_longest_user_agent() {
    let firefox = "Firefox/120.0 ";
    let padded = |length: usize| format!("{firefox}{}", "x".repeat(length - firefox.len()));
    assert_eq!(
        parse(&padded(MAX_LENGTH)),
        Some(answers(["Other", "0.0.0", "Firefox", "120.0"]))
    );
    assert_eq!(parse(&padded(MAX_LENGTH + 1)), None);
    // The limit counts bytes, not characters.
    assert_eq!(parse(&"é".repeat(501)), None);
    assert!(parse(&"é".repeat(500)).is_some());
}

#[test]
fn the_longest_version_fits_the_buffer() {
    let version = "1".repeat(MAX_LENGTH - "GSA/".len());
    assert_eq!(
        parse(&format!("GSA/{version}")).map(|[.., version]| version),
        Some(version)
    );
}

/// Fills a user agent of the longest length with copies of `unit`.
fn filled(unit: &str) -> String {
    let mut text = unit.repeat(MAX_LENGTH / unit.len());
    text.push_str(&"x".repeat(MAX_LENGTH - text.len()));
    text
}

#[test]
fn answers_hostile_repetitions() {
    let other = answers(["Other", "0.0.0", "Other", "0.0.0"]);
    for unit in [
        " ", ";", "/", ":", "(", ")", ",", "+", "_", "\"", ".", "; ", "()", "/;:", "\t", "\0",
        "like ", "bo", "é", "日", "🗻", "é/", "日;", " 🗻:",
    ] {
        assert_eq!(parse(&filled(unit)), Some(other.clone()), "{unit:?}");
    }
    for (unit, expected) in [
        ("Windows NT 1 ", ["Windows", "0.0.0", "Other", "0.0.0"]),
        ("Windows NT ", ["Windows", "0.0.0", "Other", "0.0.0"]),
        // Four words are passed over at a time, so that the next `like` is missed.
        ("like Mac OS ", ["Mac OS X", "0.0.0", "Other", "0.0.0"]),
        ("Mac OS X ", ["Mac OS X", "0.0.0", "Other", "0.0.0"]),
        (
            "iPad",
            ["iOS", "0.0.0", "Mobile Safari UI/WKWebView", "0.0.0"],
        ),
        ("Silk/1é ", ["Other", "0.0.0", "Amazon Silk", "1é"]),
        ("Silk/1.1é ", ["Other", "0.0.0", "Amazon Silk", "1.1"]),
        (
            "iPad🗻 ",
            ["iOS", "0.0.0", "Mobile Safari UI/WKWebView", "0.0.0"],
        ),
    ] {
        assert_eq!(parse(&filled(unit)), Some(answers(expected)), "{unit:?}");
    }
}

/// Text made of what the parser looks for, glued together in every way.
fn likely_text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => proptest::sample::select(vec![
            "Mac", "OS", "X", "Windows", "NT", "XP", "iPad", "iPhone", "CPU", "CrOS", "Android", "Silk",
            "Chrome", "Version", "Mobile", "Safari", "CFNetwork", "NetworkingExtension", "EdgiOS",
            "OculusBrowser", "Kindle", "Opera", "like", "Bot", "crawler", "1_2", "10.0", "3.",
        ]),
        2 => proptest::sample::select(vec![" ", ";", "/", ":", "(", ")", ",", "_", ".", "; "]),
        1 => proptest::sample::select(vec!["é", "🗻", "\u{a0}", "٣", ""]),
    ];
    proptest::collection::vec(part, 1..80).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn always_answers_any_text(text in "\\PC{0,1100}") {
        prop_assert_eq!(parse(&text).is_some(), text.len() <= MAX_LENGTH);
    }

    #[test]
    fn always_answers_likely_text(text in likely_text()) {
        prop_assert_eq!(parse(&text).is_some(), text.len() <= MAX_LENGTH);
    }

    #[test]
    fn an_answer_is_never_longer_than_the_text_or_a_constant(text in likely_text()) {
        for answer in parse(&text).into_iter().flatten() {
            prop_assert!(answer.len() <= text.len().max("Mobile Safari UI/WKWebView".len()));
        }
    }
}
