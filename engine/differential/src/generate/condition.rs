//! Conditions: every type, every operator, every kind of target, mostly the kind that the operator reads.

use super::vocabulary::{ID_TYPES, Vocabulary};
use crate::random::Random;
use crate::tree::{Tree, map};

/// Every operator that the core knows.
pub const OPERATORS: &[&str] = &[
    "gt",
    "gte",
    "lt",
    "lte",
    "version_gt",
    "version_gte",
    "version_lt",
    "version_lte",
    "version_eq",
    "version_neq",
    "any",
    "none",
    "any_case_sensitive",
    "none_case_sensitive",
    "str_starts_with_any",
    "str_ends_with_any",
    "str_contains_any",
    "str_contains_none",
    "str_matches",
    "before",
    "after",
    "on",
    "eq",
    "neq",
    "in_segment_list",
    "not_in_segment_list",
    "array_contains_any",
    "array_contains_none",
    "array_contains_all",
    "not_array_contains_all",
];

const UNKNOWN_OPERATORS: &[&str] = &["encoded_any", "", "ANY", "Gt", "future", "version", "any "];

const UNKNOWN_TYPES: &[&str] = &[
    "future",
    "",
    "PUBLIC",
    "User_Field",
    "multi_pass_gate",
    "multi_fail_gate",
    "javascript",
];

const PATTERNS: &[&str] = &[
    "a",
    "^a",
    "a$",
    "^[a-z]+$",
    "(?i)apple",
    "\\d+",
    "^.$",
    "\\bpro\\b",
    "a|b|ß",
    "(?=a)a",
    "(a)\\1",
    "[",
    "*",
    "\\p{Lu}",
    "[[:alpha:]]+",
    "(?<n>a).*\\k<n>",
    "(?P<n>e)",
    "\\w+@\\w+\\.com",
    ".*",
    "a{2,}",
    "(?s)^.*$",
    "[^]",
    "(?>a+)b",
    "(?m)^a$",
    "(?i)σ",
    "(?i)ß",
    "(?i)k",
    "\\s",
    "\\u0041",
    "\\/",
    "^user-\\d{1,3}$",
    "^user-[0-4]",
    "(?<!a)b",
    "(?<=a)p",
    "^$",
    "",
    "[^a-z]",
    "\\D",
    "\\W",
    "\\S+\\s\\S+",
    "^\\p{L}+$",
    "(?x) a  b",
    "\\x41",
    "[\\w-]+",
    "a++b",
    "\\G",
    "\\Z",
    "\\z",
    "\\h",
    "(?i)[k-l]",
    "^(?:1\\.2|2\\.0)",
    "é",
    "\\X",
    "\\R",
    "(?(1)a|b)",
    "\\K",
];

/// What a condition may refer to.
pub(super) struct References<'r> {
    /// Gates that may be asked.
    pub gates: &'r [String],
    /// Experiments whose group may be asked; none in a payload that must not ask.
    pub experiments: &'r [String],
    /// Whether unknown types and operators may appear.
    pub unknown: bool,
}

/// A condition.
pub(super) fn condition(
    random: &mut Random,
    words: &Vocabulary,
    references: &References<'_>,
) -> Tree {
    let mut members = Vec::new();
    let condition_type = condition_type(random, references);
    members.push(("type".to_owned(), condition_type.as_str().into()));
    let id_type = *random.pick(ID_TYPES);
    members.push(("idType".to_owned(), id_type.into()));
    let operator = operator(random, &condition_type, references.unknown);
    match operator.as_deref() {
        Some(operator) => members.push(("operator".to_owned(), operator.into())),
        None if random.chance(50) => members.push(("operator".to_owned(), Tree::Null)),
        None => {}
    }
    if let Some(field) = field(random, words, &condition_type, references) {
        members.push(("field".to_owned(), field));
    }
    if let Some(target) = target(
        random,
        words,
        &condition_type,
        operator.as_deref().unwrap_or_default(),
        references,
    ) {
        members.push(("targetValue".to_owned(), target));
    }
    if condition_type == "user_bucket" || random.chance(10) {
        match random.below(8) {
            0 => {}
            1 => members.push(("additionalValues".to_owned(), Tree::Null)),
            2 => members.push((
                "additionalValues".to_owned(),
                map([("custom_field", "x".into())]),
            )),
            3 => members.push(("additionalValues".to_owned(), map([("salt", "".into())]))),
            _ => members.push((
                "additionalValues".to_owned(),
                map([("salt", words.text(random).into())]),
            )),
        }
    }
    Tree::Map(members)
}

fn condition_type(random: &mut Random, references: &References<'_>) -> String {
    let name = match random.below(100) {
        0..=4 => "public",
        5..=44 => "user_field",
        45..=52 => "unit_id",
        53..=57 => "environment_field",
        58..=61 => "current_time",
        62..=69 => "user_bucket",
        70..=74 => "ip_based",
        75..=79 => "ua_based",
        80..=82 => "target_app",
        83..=85 if !references.experiments.is_empty() => "experiment_group",
        86..=97 if !references.gates.is_empty() => *random.pick(&["pass_gate", "fail_gate"]),
        98..=99 if references.unknown => random.pick(UNKNOWN_TYPES),
        _ => "user_field",
    };
    name.to_owned()
}

fn operator(random: &mut Random, condition_type: &str, unknown: bool) -> Option<String> {
    if unknown && random.chance(2) {
        return random
            .chance(80)
            .then(|| (*random.pick(UNKNOWN_OPERATORS)).to_owned());
    }
    let fitting: &[&str] = match condition_type {
        "public" | "pass_gate" | "fail_gate" => {
            return random
                .chance(30)
                .then(|| (*random.pick(OPERATORS)).to_owned());
        }
        "user_bucket" => &["lt", "lt", "lte", "gt", "gte", "any", "none", "eq", "neq"],
        "current_time" => &[
            "before", "after", "on", "before", "after", "gt", "eq", "any",
        ],
        "ip_based" | "environment_field" | "experiment_group" | "target_app" => &[
            "any",
            "none",
            "eq",
            "neq",
            "any_case_sensitive",
            "str_contains_any",
            "str_matches",
        ],
        "ua_based" => &[
            "any",
            "none",
            "version_gte",
            "version_lt",
            "str_contains_any",
            "eq",
            "gt",
            "str_matches",
        ],
        "unit_id" => &[
            "any",
            "none",
            "str_matches",
            "in_segment_list",
            "not_in_segment_list",
            "eq",
            "gt",
            "version_eq",
            "str_starts_with_any",
        ],
        _ => OPERATORS,
    };
    let name = match random.chance(10) {
        true => random.pick(OPERATORS),
        false => random.pick(fitting),
    };
    Some((*name).to_owned())
}

fn field(
    random: &mut Random,
    words: &Vocabulary,
    condition_type: &str,
    references: &References<'_>,
) -> Option<Tree> {
    let name = match condition_type {
        "public" | "pass_gate" | "fail_gate" | "current_time" | "unit_id" if random.chance(70) => {
            return None;
        }
        "ip_based" if random.chance(80) => "country".to_owned(),
        "ua_based" if random.chance(85) => (*random.pick(&[
            "os_name",
            "os_version",
            "browser_name",
            "browser_version",
            "osName",
            "osversion",
            "browserName",
            "BROWSER_VERSION",
        ]))
        .to_owned(),
        "environment_field" if random.chance(80) => {
            (*random.pick(&["tier", "tier", "Tier", "TIER"])).to_owned()
        }
        "experiment_group" if random.chance(90) => random.pick(references.experiments).clone(),
        _ if random.chance(4) => return random.chance(50).then_some(Tree::Null),
        _ => words.field(random),
    };
    Some(name.into())
}

fn target(
    random: &mut Random,
    words: &Vocabulary,
    condition_type: &str,
    operator: &str,
    references: &References<'_>,
) -> Option<Tree> {
    if matches!(condition_type, "pass_gate" | "fail_gate") && random.chance(96) {
        return Some(random.pick(references.gates).as_str().into());
    }
    if random.chance(8) {
        return random.chance(85).then(|| words.any(random, 3));
    }
    Some(match operator {
        "gt" | "gte" | "lt" | "lte" => match condition_type {
            "user_bucket" => Tree::Number(random.below(1001).to_string()),
            _ if random.chance(70) => words.number(random),
            _ => words.text(random).into(),
        },
        _ if operator.starts_with("version_") => match random.chance(70) {
            true => words.text(random).into(),
            false => (*random.pick(&["1.2", "1.2.3", "2", "10", "18.6.2", "140.0", "1.10"])).into(),
        },
        "str_matches" => match random.chance(80) {
            true => (*random.pick(PATTERNS)).into(),
            false => words.text(random).into(),
        },
        "before" | "after" | "on" => match random.below(10) {
            0..=3 => words.number(random),
            4..=7 => words.text(random).into(),
            8 => Tree::Number(
                (*random.pick(&["0", "1", "-1", "4102444800000", "1000000000000", "86400000"]))
                    .into(),
            ),
            _ => (*random.pick(&[
                "2099-01-01 00:00:00",
                "2001-01-01T00:00:00Z",
                "1970-01-01 00:00:00",
            ]))
            .into(),
        },
        "eq" | "neq" => match random.below(10) {
            0 | 1 => words.any(random, 3),
            2 => words.list(random),
            3 => words.number(random),
            4 => Tree::Null,
            _ => words.text(random).into(),
        },
        "in_segment_list" | "not_in_segment_list" => {
            (*random.pick(&["list_a", "list_b", "list_a", "other", ""])).into()
        }
        "any" | "none" if condition_type == "user_bucket" => {
            let entries: Vec<String> = (0..random.range(1, 500))
                .map(|_| random.below(1000).to_string())
                .collect();
            match random.chance(60) {
                true => Tree::Map(
                    entries
                        .into_iter()
                        .map(|key| (key, Tree::Bool(true)))
                        .collect(),
                ),
                false => Tree::List(entries.into_iter().map(Tree::Text).collect()),
            }
        }
        "any" | "none" if random.chance(12) => Tree::Map(
            (0..random.below(6))
                .map(|_| (words.text(random), Tree::Bool(true)))
                .collect(),
        ),
        _ => match condition_type {
            "ip_based" if random.chance(60) => Tree::List(vec![
                (*random.pick(&["US", "us", "IN", "LV", "BR"])).into(),
                words.text(random).into(),
            ]),
            "ua_based" if random.chance(60) => Tree::List(vec![
                (*random.pick(&[
                    "iOS", "Windows", "Chrome", "Android", "10", "Other", "Firefox", "Ubuntu",
                ]))
                .into(),
                words.text(random).into(),
            ]),
            "environment_field" if random.chance(70) => {
                Tree::List(vec![(*random.pick(&["staging", "production"])).into()])
            }
            "experiment_group" | "target_app" if random.chance(70) => Tree::List(vec![
                (*random.pick(&["Control", "Test", "app_1", "app_2", ""])).into(),
            ]),
            _ => words.list(random),
        },
    })
}
