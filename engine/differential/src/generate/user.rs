//! Users: every field absent, null, of the wrong type, numeric, an array, an object.

use super::text;
use super::vocabulary::{ID_TYPES, Vocabulary};
use crate::random::Random;
use crate::tree::Tree;

const FIELDS: &[&str] = &[
    "userID",
    "email",
    "ip",
    "userAgent",
    "country",
    "locale",
    "appVersion",
];

const ADDRESSES: &[&str] = &[
    "8.8.8.8",
    "115.240.90.163",
    "185.86.151.11",
    "192.168.1.1",
    "1.1.1.1",
    "200.160.2.3",
    "41.0.0.1",
];

/// A user, as JSON.
pub fn user(random: &mut Random, words: &Vocabulary) -> Tree {
    let mut members: Vec<(String, Tree)> = Vec::new();
    for field in FIELDS {
        if random.chance(if *field == "userID" { 85 } else { 45 }) {
            let value = match (*field, random.below(10)) {
                ("userID", 0..=3) => format!("user-{}", random.below(10_000)).into(),
                ("ip", 0..=6) => (*random.pick(ADDRESSES)).into(),
                (_, 0..=8) => value(random, words),
                _ => words.any(random, 2),
            };
            members.push(((*field).to_owned(), value));
        }
    }
    if random.chance(60) {
        let mut ids: Vec<(String, Tree)> = Vec::new();
        for _ in 0..random.range(1, 4) {
            ids.push(((*random.pick(ID_TYPES)).to_owned(), value(random, words)));
        }
        members.push(("customIDs".into(), Tree::Map(ids)));
    }
    for (field, percent) in [
        ("custom", 80),
        ("privateAttributes", 25),
        ("statsigEnvironment", 25),
    ] {
        if random.chance(percent) {
            let mut entries = Vec::new();
            for _ in 0..random.below(6) {
                entries.push((words.field(random), value(random, words)));
            }
            if field == "statsigEnvironment" && random.chance(70) {
                let tier = *random.pick(&["staging", "production", "Production"]);
                entries.push(("tier".into(), tier.into()));
            }
            members.push((field.into(), Tree::Map(entries)));
        }
    }
    // What no user should be, now and then.
    if random.chance(2) {
        let field = *random.pick(&[
            "userID",
            "customIDs",
            "custom",
            "email",
            "unknown",
            "UserID",
            "statsigEnvironment",
        ]);
        members.push((field.into(), words.any(random, 2)));
    }
    if random.chance(20) {
        let at = random.below(members.len());
        if let Some((_, value)) = members.get_mut(at) {
            *value = Tree::Null;
        }
    }
    Tree::Map(members)
}

fn value(random: &mut Random, words: &Vocabulary) -> Tree {
    match random.below(20) {
        0 => words.any(random, 3),
        1 => Tree::Bool(random.chance(50)),
        2..=4 => words.number(random),
        5 => words.list(random),
        6 => text::text(random).into(),
        7 => Tree::Escaped(words.text(random)),
        _ => words.atom(random),
    }
}
