//! What the unit tests share: the recorded answers of Statsig's evaluators and a repeatable source of choices.

use std::io::Read;
use std::string::String;
use std::sync::OnceLock;

use serde_json::Value;

/// The recorded answers, `tests/data/vectors.json.gz`.
pub(crate) fn vectors() -> &'static Value {
    static VECTORS: OnceLock<Value> = OnceLock::new();
    VECTORS.get_or_init(|| {
        let packed: &[u8] = include_bytes!("../tests/data/vectors.json.gz");
        let mut text = String::new();
        flate2::read::GzDecoder::new(packed)
            .read_to_string(&mut text)
            .unwrap();
        serde_json::from_str(&text).unwrap()
    })
}

/// The text under `key` of a recorded case.
pub(crate) fn text_of<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap()
}

/// One case of the vectors' `operators` in the pieces that the tests of single operators need.
pub(crate) struct OperatorCase {
    /// The condition's operator.
    pub(crate) operator: String,
    /// The condition's `targetValue`.
    pub(crate) target: Value,
    /// `custom.f` of the user: the value the condition looks at; null when there is none.
    pub(crate) user: Value,
    /// What the server core answered.
    pub(crate) core: bool,
}

/// The cases of one group whose condition looks at the custom field `f` and that the core supports.
pub(crate) fn operator_cases(group: &str) -> impl Iterator<Item = OperatorCase> {
    let cases = vectors()["operators"].as_array().unwrap().iter();
    let cases = cases.filter(move |case| case["group"] == group);
    cases.filter_map(|case| {
        let condition: Value = serde_json::from_str(text_of(case, "condition_json")).unwrap();
        let user: Value = serde_json::from_str(text_of(case, "user_json")).unwrap();
        if condition["type"] != "user_field" || condition["field"] != "f" {
            return None;
        }
        Some(OperatorCase {
            operator: String::from(condition["operator"].as_str()?),
            target: condition["targetValue"].clone(),
            user: user["custom"]["f"].clone(),
            core: case["core"].as_bool()?,
        })
    })
}

/// A repeatable stream of choices (SplitMix64).
pub(crate) struct Choices(u64);

impl Choices {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.word() % bound as u64) as usize
    }

    /// One of the items.
    pub(crate) fn pick<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.below(items.len())]
    }
}
