//! Percentages at the very bucket that a user draws (`evaluation.md` §3.5): one bucket less and the user is out.

use sha2::{Digest, Sha256};

use crate::random::Random;
use crate::tree::Tree;

/// Moves the percentages of some rules, mappings' too, to the bucket of one of the users or the one above it.
pub fn boundaries(random: &mut Random, payload: &mut Tree, users: &[Tree]) {
    let mut salts = Vec::new();
    for section in ["feature_gates", "dynamic_configs", "layer_configs"] {
        for (_, spec) in payload
            .get_mut(section)
            .map(Tree::members_mut)
            .unwrap_or_default()
        {
            let Some(salt) = spec.get("salt").and_then(Tree::text).map(str::to_owned) else {
                continue;
            };
            let rules = spec.get_mut("rules").map(Tree::elements_mut);
            for rule in rules.unwrap_or_default() {
                if random.chance(30) {
                    move_bound(random, &salt, rule, users);
                }
            }
            salts.push(salt);
        }
    }
    let rules = payload.get_mut("override_rules").map(Tree::members_mut);
    for (_, rule) in rules.unwrap_or_default() {
        // The spec that it may be used for.
        if !salts.is_empty() && random.chance(50) {
            let salt = random.pick(&salts).clone();
            move_bound(random, &salt, rule, users);
        }
    }
}

fn move_bound(random: &mut Random, spec_salt: &str, rule: &mut Tree, users: &[Tree]) {
    let text = |key: &str| rule.get(key).and_then(Tree::text);
    let salt = text("salt").or(text("id")).unwrap_or_default();
    let id_type = text("idType").unwrap_or_default();
    let user = random.pick(users);
    let unit = match id_type.to_lowercase().as_str() {
        "userid" => user.get("userID"),
        _ => user.get("customIDs").and_then(|ids| ids.get(id_type)),
    };
    // Without a unit the text ends with the dot; what is no text is spelt in ways that are not this one's concern.
    let unit = match unit {
        None => "",
        Some(unit) => match unit.text() {
            Some(unit) => unit,
            None => return,
        },
    };
    let digest = Sha256::digest(format!("{spec_salt}.{salt}.{unit}"));
    let first = digest.iter().take(8);
    let bucket = first.fold(0_u64, |hash, byte| hash << 8 | u64::from(*byte)) % 10_000;
    let bound = bucket + random.below(2) as u64;
    rule.set(
        "passPercentage",
        Tree::Number(format!("{}.{:02}", bound / 100, bound % 100)),
    );
}
