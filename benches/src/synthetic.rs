//! A payload of any size, the same for every run: gates with rules and lists, experiments in layers with their bucket
//! lists, configs with values, in the proportions of a real project (v2).

mod feature;
mod numbers;

use std::fmt::Write;

use numbers::Numbers;

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
