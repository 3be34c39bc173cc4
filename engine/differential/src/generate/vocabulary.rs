//! What one payload and its users talk about: a small pool, so that targets and user values meet.

use super::{number, text};
use crate::random::Random;
use crate::tree::Tree;

/// The names of user fields that conditions ask for.
const FIELDS: &[&str] = &[
    "userID",
    "userid",
    "user_id",
    "USERID",
    "email",
    "Email",
    "ip",
    "IP",
    "country",
    "Country",
    "locale",
    "appVersion",
    "appversion",
    "app_version",
    "userAgent",
    "useragent",
    "user_agent",
    "plan",
    "Plan",
    "PLAN",
    "level",
    "tags",
    "global",
    "Global",
    "İd",
    "straße",
    "",
    "custom",
    "customIDs",
    "os_name",
    "OS_Name",
    "osversion",
    "os_version",
    "browser_name",
    "browserVersion",
    "browser_version",
    "tier",
    "Tier",
    "privateThing",
];

/// Unit types.
pub(super) const ID_TYPES: &[&str] = &[
    "userID",
    "userID",
    "userID",
    "userid",
    "USERID",
    "user_id",
    "stableID",
    "stableid",
    "companyID",
    "companyid",
    "COMPANYID",
    "İd",
    "",
    "id type",
];

/// The pool of a payload.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    values: Vec<Tree>,
    fields: Vec<String>,
}

impl Vocabulary {
    /// A new pool.
    pub(super) fn new(random: &mut Random) -> Self {
        let values = (0..random.range(6, 14)).map(|_| fresh(random)).collect();
        let fields = (0..random.range(4, 9))
            .map(|_| (*random.pick(FIELDS)).to_owned())
            .collect();
        Vocabulary { values, fields }
    }

    /// The name of a user field.
    pub(super) fn field(&self, random: &mut Random) -> String {
        match random.below(10) {
            0 => (*random.pick(FIELDS)).to_owned(),
            1 => {
                let field = random.pick(&self.fields).clone();
                text::near(random, &field)
            }
            _ => random.pick(&self.fields).clone(),
        }
    }

    /// A string or a number: of the pool, near something in it, or new.
    pub(super) fn atom(&self, random: &mut Random) -> Tree {
        match random.below(10) {
            0..=5 => random.pick(&self.values).clone(),
            6..=7 => match random.pick(&self.values).clone() {
                Tree::Number(token) => number_near(random, &token),
                other => text::near(random, other.text().unwrap_or_default()).into(),
            },
            _ => fresh(random),
        }
    }

    /// A string of the pool; numbers as their text.
    pub(super) fn text(&self, random: &mut Random) -> String {
        match self.atom(random) {
            Tree::Text(text) | Tree::Escaped(text) => text,
            Tree::Number(token) => match token.parse::<f64>() {
                Ok(number) if random.chance(50) => number.to_string(),
                _ => token,
            },
            _ => String::new(),
        }
    }

    /// A number, if it must be one.
    pub(super) fn number(&self, random: &mut Random) -> Tree {
        match self.atom(random) {
            number @ Tree::Number(_) => number,
            Tree::Text(text) if is_token(&text) => Tree::Number(text),
            _ => Tree::Number(number::token(random)),
        }
    }

    /// A value of any JSON type.
    pub(super) fn any(&self, random: &mut Random, depth: usize) -> Tree {
        match random.below(12) {
            0 => Tree::Null,
            1 => Tree::Bool(random.chance(50)),
            2 | 3 => self.number(random),
            4 | 5 if depth > 0 => Tree::List(
                (0..random.below(4))
                    .map(|_| self.any(random, depth - 1))
                    .collect(),
            ),
            6 if depth > 0 => Tree::Map(
                (0..random.below(4))
                    .map(|_| (self.text(random), self.any(random, depth - 1)))
                    .collect(),
            ),
            7 => Tree::Escaped(self.text(random)),
            _ => self.text(random).into(),
        }
    }

    /// A list of atoms, mostly texts.
    pub(super) fn list(&self, random: &mut Random) -> Tree {
        let count = match random.below(10) {
            0 => 0,
            1 => random.range(8, 40),
            _ => random.range(1, 5),
        };
        Tree::List(
            (0..count)
                .map(|_| match random.below(20) {
                    0 => self.any(random, 2),
                    1..=3 => self.atom(random),
                    _ => self.text(random).into(),
                })
                .collect(),
        )
    }
}

fn fresh(random: &mut Random) -> Tree {
    match random.chance(25) {
        true => Tree::Number(number::token(random)),
        false => text::text(random).into(),
    }
}

/// Whether the text is a number token of JSON within the range of doubles.
fn is_token(text: &str) -> bool {
    serde_json::from_str::<serde_json::Number>(text).is_ok()
        && !text.starts_with(char::is_whitespace)
        && !text.ends_with(char::is_whitespace)
}

fn number_near(random: &mut Random, token: &str) -> Tree {
    let Ok(number) = token.parse::<f64>() else {
        return Tree::Number(token.into());
    };
    let bits = number.to_bits();
    let near = match random.below(6) {
        0 => number + 1.0,
        1 => number - 1.0,
        2 => f64::from_bits(bits.wrapping_add(1)),
        3 => f64::from_bits(bits.wrapping_sub(1)),
        4 => -number,
        _ => return Tree::Text(number.to_string()),
    };
    match near.is_finite() {
        true => Tree::Number(if near.abs() < 1e17 && random.chance(50) {
            near.to_string()
        } else {
            format!("{near:?}")
        }),
        false => Tree::Number(token.into()),
    }
}
