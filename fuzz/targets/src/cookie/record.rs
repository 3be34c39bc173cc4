//! Any text as the record behind a good signature.

use statsig_edge::{Scratch, User};
use statsig_fastly::{Config, Specs, Statsig, Sticky, StickyRoom, StickyStorage};

use super::at_the_time;
use crate::cut::Cut;

const SPECS: &[u8] = br#"{"has_updates":true,"time":1,"feature_gates":{},"dynamic_configs":{"experiment":{"type":"dynamic_config",
  "entity":"experiment","salt":"s","enabled":true,"isActive":true,"defaultValue":{"a":1},"idType":"userID","rules":[
  {"name":"r","id":"r","groupName":"Control","passPercentage":100,"conditions":["1"],"returnValue":{"a":2},"idType":"userID",
  "isExperimentGroup":true}],"explicitParameters":["a"]}},"layer_configs":{"layer":{"type":"dynamic_config","entity":"layer","salt":"s",
  "enabled":true,"defaultValue":{"a":3},"idType":"userID","rules":[{"name":"r","id":"d","passPercentage":100,"conditions":["1"],
  "returnValue":{"a":3},"idType":"userID","configDelegate":"experiment"}]}},"experiment_to_layer":{"experiment":"layer"},
  "condition_map":{"1":{"type":"public","idType":"userID"}}}"#;

/// What storage gives and is given.
#[derive(Default)]
struct Any(std::cell::RefCell<Option<String>>);

impl StickyStorage for Any {
    fn load(&self, _: &str, _: &str) -> Option<String> {
        self.0.borrow().clone()
    }

    fn save(&self, _: &str, _: &str, record: &str) {
        assert!(serde_json::from_str::<serde_json::Value>(record).is_ok());
        *self.0.borrow_mut() = Some(record.to_owned());
    }

    fn delete(&self, _: &str, _: &str) {
        *self.0.borrow_mut() = None;
    }
}

/// Any text as a record: an older version, or another service with the same keys, may have written it.
pub(super) fn any_record(cut: &mut Cut<'_>) {
    static TABLE: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
    let table = TABLE.get_or_init(|| match statsig_edge::compile::compile(SPECS) {
        Ok(compiled) => compiled.table,
        Err(error) => panic!("{error}"),
    });
    let options = cut.byte();
    let text = String::from_utf8_lossy(cut.0).into_owned();
    let config = Config::new().with_bootstrap(table);
    let user = User::new().with_user_id("u");
    at_the_time(|| {
        let specs = Specs::load(&config);
        let statsig = Statsig::new(&config, &specs);
        for layer in [false, true] {
            let any = Any(Some(text.clone()).into());
            let mut sticky = Sticky::new(&any);
            if options & 1 != 0 {
                sticky = sticky.with_enforced_overrides();
            }
            if options & 2 != 0 {
                sticky = sticky.with_enforced_targeting();
            }
            // What was kept then is what is said the second time.
            let mut answers = Vec::new();
            for _ in 0..2 {
                let mut room = StickyRoom::new();
                let mut scratch = Scratch::<16>::new();
                answers.push(match layer {
                    false => {
                        let found =
                            statsig.experiment_sticky(&user, "experiment", &sticky, &mut room);
                        (found.json().to_owned(), found.rule_id().to_owned())
                    }
                    true => {
                        let found =
                            statsig.layer_sticky(&user, "layer", &sticky, &mut room, &mut scratch);
                        let value = found.get("a").map(str::to_owned);
                        (format!("{value:?}"), format!("{:?}", found.group_name()))
                    }
                });
            }
            assert_eq!(answers[0], answers[1]);
        }
    });
}
