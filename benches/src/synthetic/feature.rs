//! One feature of the project after another, each with all kinds of specs.

use std::fmt::Write;

use super::{Payload, WORDS};

const COUNTRIES: &[&str] = &[
    "US", "CA", "GB", "DE", "FR", "CH", "IN", "BR", "JP", "AU", "MX", "SE",
];

impl Payload {
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
    pub(super) fn feature(&mut self, everyone: &str) {
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
}
