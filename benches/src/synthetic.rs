//! A payload of any size, the same for every run: gates with rules and lists, experiments in layers with their bucket
//! lists, configs with values, in the proportions of a real project (v2).

use std::fmt::Write;

/// A small generator of numbers (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len() as u64) as usize]
    }

    /// 22 characters, as Statsig's ids of rules are.
    fn id(&mut self) -> String {
        const DIGITS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        (0..22)
            .map(|_| char::from(DIGITS[self.below(DIGITS.len() as u64) as usize]))
            .collect()
    }

    fn uuid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xfff,
            low >> 48 & 0xfff,
            low & 0xffff_ffff_ffff
        )
    }
}

const WORDS: &[&str] = &[
    "checkout",
    "search",
    "profile",
    "billing",
    "onboarding",
    "feed",
    "upload",
    "editor",
    "invite",
    "export",
    "pricing",
    "mobile",
    "dark_mode",
    "recommendations",
    "notifications",
    "session",
    "cache",
    "rollout",
    "banner",
    "video",
];
const COUNTRIES: &[&str] = &[
    "US", "CA", "GB", "DE", "FR", "CH", "IN", "BR", "JP", "AU", "MX", "SE",
];

struct Payload {
    numbers: Numbers,
    gates: Vec<(String, String)>,
    configs: Vec<(String, String)>,
    layers: Vec<(String, String)>,
    experiment_to_layer: Vec<(String, String)>,
    conditions: Vec<(String, String)>,
    size: usize,
}

/// A payload of about `size` bytes.
pub(crate) fn payload(size: usize) -> String {
    let mut payload = Payload {
        numbers: Numbers(20_260_101),
        gates: Vec::new(),
        configs: Vec::new(),
        layers: Vec::new(),
        experiment_to_layer: Vec::new(),
        conditions: Vec::new(),
        size: 0,
    };
    let everyone = payload.condition("public", "null", "null", None, "");
    while payload.size < size {
        payload.feature(&everyone);
    }
    payload.json()
}

impl Payload {
    fn name(&mut self, kind: &str, count: usize) -> String {
        let (a, b) = (self.numbers.pick(WORDS), self.numbers.pick(WORDS));
        format!("{kind}{a}_{b}_{count}")
    }

    fn condition(
        &mut self,
        kind: &str,
        target: &str,
        operator: &str,
        field: Option<&str>,
        salt: &str,
    ) -> String {
        let field = field.map_or("null".into(), |field| format!("\"{field}\""));
        let operator = match operator {
            "null" => "null".into(),
            name => format!("\"{name}\""),
        };
        let more = match salt {
            "" => "{}".into(),
            salt => format!("{{\"salt\":\"{salt}\"}}"),
        };
        let text = format!(
            "{{\"type\":\"{kind}\",\"targetValue\":{target},\"operator\":{operator},\"field\":{field},\
             \"additionalValues\":{more},\"idType\":\"userID\"}}"
        );
        let name = format!("{}", self.numbers.below(u64::from(u32::MAX)));
        self.size += text.len() + name.len() + 4;
        self.conditions.push((name.clone(), text));
        name
    }

    fn rule(&mut self, conditions: &[&str], percentage: &str, value: &str, more: &str) -> String {
        let id = self.numbers.id();
        let salt = self.numbers.uuid();
        let conditions: Vec<String> = conditions
            .iter()
            .map(|name| format!("\"{name}\""))
            .collect();
        format!(
            "{{\"name\":\"{id}\",\"passPercentage\":{percentage},\"conditions\":[{}],\"returnValue\":{value},\
             \"id\":\"{id}\",\"salt\":\"{salt}\",\"idType\":\"userID\"{more}}}",
            conditions.join(",")
        )
    }

    fn spec(
        &mut self,
        entity: &str,
        salt: &str,
        default: &str,
        rules: &[String],
        more: &str,
    ) -> String {
        let kind = match entity {
            "feature_gate" | "segment" | "holdout" => "feature_gate",
            _ => "dynamic_config",
        };
        let version = self.numbers.between(1, 80);
        let text = format!(
            "{{\"type\":\"{kind}\",\"salt\":\"{salt}\",\"enabled\":true,\"defaultValue\":{default},\"rules\":[{}],\
             \"idType\":\"userID\",\"entity\":\"{entity}\",\"version\":{version}{more}}}",
            rules.join(",")
        );
        self.size += text.len() + 40;
        text
    }

    fn list(&mut self, count: u64, mut one: impl FnMut(&mut Numbers) -> String) -> String {
        let entries: Vec<String> = (0..count)
            .map(|_| format!("\"{}\"", one(&mut self.numbers)))
            .collect();
        format!("[{}]", entries.join(","))
    }

    /// A list test on a user field.
    fn list_test(&mut self) -> String {
        let count = self.numbers.between(1, 12);
        match self.numbers.below(4) {
            0 => {
                let list = self.list(count, |numbers| numbers.pick(COUNTRIES).into());
                self.condition("ip_based", &list, "any", Some("country"), "")
            }
            1 => {
                let list = self.list(count, |numbers| {
                    format!(
                        "{}.{}@example.com",
                        numbers.pick(WORDS),
                        numbers.below(100_000)
                    )
                });
                self.condition("user_field", &list, "any", Some("email"), "")
            }
            2 => {
                let list = self.list(count, |numbers| format!("company-{}", numbers.below(5_000)));
                self.condition("user_field", &list, "none", Some("company"), "")
            }
            _ => {
                let version = format!(
                    "\"{}.{}.{}\"",
                    self.numbers.below(12),
                    self.numbers.below(30),
                    self.numbers.below(10)
                );
                self.condition(
                    "user_field",
                    &version,
                    "version_gte",
                    Some("appVersion"),
                    "",
                )
            }
        }
    }

    /// One feature of the project: a segment of ids, gates, a layer with experiments, configs.
    fn feature(&mut self, everyone: &str) {
        let segment = self.segment();
        for _ in 0..6 {
            self.gate(&segment, everyone);
        }
        self.layer(everyone);
        for _ in 0..3 {
            self.config(everyone);
        }
    }

    fn segment(&mut self) -> String {
        let count = match self.numbers.below(8) {
            0 => self.numbers.between(100, 1_000),
            _ => self.numbers.between(5, 40),
        };
        let list = self.list(count, |numbers| {
            format!("user-{}", numbers.below(10_000_000))
        });
        let ids = self.condition("unit_id", &list, "any", None, "");
        let rule = self.rule(&[&ids], "100", "true", "");
        let name = self.name("segment:", self.gates.len());
        let salt = self.numbers.uuid();
        let text = self.spec("segment", &salt, "false", &[rule], "");
        self.gates.push((name.clone(), text));
        name
    }

    fn gate(&mut self, segment: &str, everyone: &str) {
        let mut rules = Vec::new();
        if self.numbers.below(3) == 0 {
            let passes = self.condition("pass_gate", &format!("\"{segment}\""), "null", None, "");
            rules.push(self.rule(&[&passes], "100", "true", ""));
        }
        for _ in 0..self.numbers.below(4) {
            let mut tests = vec![self.list_test()];
            if self.numbers.below(3) == 0 {
                tests.push(self.list_test());
            }
            let tests: Vec<&str> = tests.iter().map(String::as_str).collect();
            let percentage = self.numbers.pick(&["100", "50", "10", "0", "99.9"]);
            rules.push(self.rule(&tests, percentage, "true", ""));
        }
        let percentage = self.numbers.pick(&["100", "0", "0", "5", "50"]);
        rules.push(self.rule(&[everyone], percentage, "true", ""));
        let name = self.name("", self.gates.len());
        let salt = self.numbers.uuid();
        let text = self.spec("feature_gate", &salt, "false", &rules, "");
        self.gates.push((name, text));
    }

    /// Two experiments share a layer's buckets; the allocation is written as an object of buckets.
    fn layer(&mut self, everyone: &str) {
        let layer = self.name("layer_", self.layers.len());
        let layer_salt = self.numbers.uuid();
        let mut assignments = Vec::new();
        for half in 0..2 {
            let experiment = self.name("experiment_", self.configs.len());
            let salt = self.numbers.uuid();
            let first = half * 500;
            let count = self.numbers.between(50, 400);
            let mut buckets = String::from("{");
            for bucket in first..first + count {
                let comma = if bucket > first { "," } else { "" };
                let _ = write!(buckets, "{comma}\"{bucket}\":true");
            }
            buckets.push('}');
            let outside = self.condition("user_bucket", &buckets, "none", None, &layer_salt);
            let inside = self.condition("user_bucket", &buckets, "any", None, &layer_salt);
            let value = |group: &str| {
                format!(
                    "{{\"group\":\"{group}\",\"size\":{count},\"enabled\":true,\"title\":\"Try {group} today\"}}"
                )
            };
            let mut rules = vec![self.rule(&[&outside], "100", &value("none"), "")];
            let groups = ["Control", "Test", "Test 2"];
            for (index, group) in groups.into_iter().enumerate() {
                let bound = format!("{}", (index + 1) * 1000 / groups.len() + index / 2);
                let test = self.condition("user_bucket", &bound, "lt", None, &salt);
                let more = format!(",\"groupName\":\"{group}\",\"isExperimentGroup\":true");
                rules.push(self.rule(&[&test], "100", &value(group), &more));
            }
            let more = ",\"isActive\":true,\"hasSharedParams\":true,\"explicitParameters\":[\"group\",\"size\"]";
            let text = self.spec("experiment", &salt, &value("none"), &rules, more);
            let more = format!(",\"configDelegate\":\"{experiment}\"");
            assignments.push(self.rule(&[&inside], "100", "{}", &more));
            self.experiment_to_layer
                .push((experiment.clone(), layer.clone()));
            self.configs.push((experiment, text));
        }
        assignments.push(self.rule(&[everyone], "0", "{}", ""));
        let default = "{\"group\":\"none\",\"size\":10,\"enabled\":false,\"title\":\"\"}";
        let text = self.spec("layer", &layer_salt, default, &assignments, "");
        self.layers.push((layer, text));
    }

    fn config(&mut self, everyone: &str) {
        let default = self.value();
        let mut rules = Vec::new();
        for _ in 0..self.numbers.between(0, 2) {
            let test = self.list_test();
            let value = self.value();
            rules.push(self.rule(&[&test], "100", &value, ""));
        }
        let value = self.value();
        rules.push(self.rule(&[everyone], "100", &value, ""));
        let name = self.name("config_", self.configs.len());
        let salt = self.numbers.uuid();
        let text = self.spec("dynamic_config", &salt, &default, &rules, "");
        self.configs.push((name, text));
    }

    fn value(&mut self) -> String {
        let mut text = String::from("{");
        for index in 0..self.numbers.between(1, 14) {
            let comma = if index > 0 { "," } else { "" };
            let key = self.numbers.pick(WORDS);
            let number = self.numbers.below(100_000);
            let _ = match self.numbers.below(5) {
                0 => write!(text, "{comma}\"{key}_{index}\":{number}"),
                1 => write!(
                    text,
                    "{comma}\"{key}_{index}\":{}",
                    number.is_multiple_of(2)
                ),
                2 => write!(
                    text,
                    "{comma}\"{key}_{index}\":[{number},{},0.25]",
                    number / 3
                ),
                3 => write!(
                    text,
                    "{comma}\"{key}_{index}\":{{\"url\":\"https://example.com/{key}/{number}\",\"ratio\":0.{number}}}"
                ),
                _ => write!(
                    text,
                    "{comma}\"{key}_{index}\":\"A sentence about {key} in \\\"{number}\\\".\""
                ),
            };
        }
        text.push('}');
        text
    }

    fn json(&self) -> String {
        let mut text = String::with_capacity(self.size + self.size / 8);
        text.push('{');
        for (name, entries) in [
            ("dynamic_configs", &self.configs),
            ("feature_gates", &self.gates),
            ("layer_configs", &self.layers),
            ("condition_map", &self.conditions),
        ] {
            let _ = write!(text, "\"{name}\":{{");
            for (index, (key, value)) in entries.iter().enumerate() {
                let comma = if index > 0 { "," } else { "" };
                let _ = write!(text, "{comma}\"{key}\":{value}");
            }
            text.push_str("},");
        }
        text.push_str("\"experiment_to_layer\":{");
        for (index, (experiment, layer)) in self.experiment_to_layer.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            let _ = write!(text, "{comma}\"{experiment}\":\"{layer}\"");
        }
        text.push_str("},\"has_updates\":true,\"time\":1790000000000,\"company_id\":\"bench\",\"response_format\":\"dcs-v2\"}");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::payload;

    #[test]
    fn a_payload_has_about_the_size_and_compiles_without_a_warning() {
        let json = payload(300_000);
        assert!((300_000..400_000).contains(&json.len()), "{}", json.len());
        assert_eq!(json, payload(300_000));
        let compiled = statsig_edge::compile::compile(json.as_bytes()).expect("compiles");
        assert!(compiled.warnings.is_empty(), "{:?}", compiled.warnings);
    }
}
