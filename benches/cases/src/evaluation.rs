//! The E cases: one check each, of specs that the runner's `evaluation_payload` writes.

use statsig_edge::{
    Attributes, Environment, Evaluator, Exposure, ExposureSink, Scratch, Table, User, Value,
};

/// What a case asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// A gate's value.
    Gate(&'static str),
    /// A config, and one parameter of its value.
    Config(&'static str, &'static str),
    /// An experiment, and one parameter of its value.
    Experiment(&'static str, &'static str),
    /// A layer, and one of its parameters.
    Layer(&'static str, &'static str),
}

/// One evaluation.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Its id in the results.
    pub id: &'static str,
    /// What it isolates, as a sentence.
    pub isolates: &'static str,
    /// The question.
    pub ask: Ask,
    /// The right answer: a value, or the parameter's JSON text.
    pub answer: &'static str,
}

/// How often a peer is asked in one measurement, because its tables grow now and then: the figure is the mean.
pub const REPEATS: usize = 50;

/// All of them; a number stands for one at its place.
pub const CASES: &[Case] = &[
    Case {
        id: "E-public",
        isolates: "A gate whose one rule is for everyone: lookup and record, no hash.",
        ask: Ask::Gate("bench_public"),
        answer: "true",
    },
    Case {
        id: "E-half",
        isolates: "A gate for everyone at 50 %: one bucket drawn.",
        ask: Ask::Gate("bench_half"),
        answer: "true",
    },
    Case {
        id: "E-scan",
        isolates: "Twenty rules, each a list test of five e-mail addresses or countries, the last one matching at 50 %.",
        ask: Ask::Gate("bench_scan"),
        answer: "true",
    },
    Case {
        id: "E-nested",
        isolates: "A gate that asks for a gate that asks for two more; three secondary exposures.",
        ask: Ask::Gate("bench_nested"),
        answer: "true",
    },
    Case {
        id: "E-list",
        isolates: "The user ID in a list of 1,000.",
        ask: Ask::Gate("bench_list"),
        answer: "true",
    },
    Case {
        id: "E-version",
        isolates: "An app version compared with a target.",
        ask: Ask::Gate("bench_version"),
        answer: "true",
    },
    Case {
        id: "E-regex",
        isolates: "An e-mail address against a regex: a walk of the automaton in the table.",
        ask: Ask::Gate("bench_regex"),
        answer: "true",
    },
    Case {
        id: "E-number",
        isolates: "A number given as text compared with a target.",
        ask: Ask::Gate("bench_number"),
        answer: "true",
    },
    Case {
        id: "E-agent",
        isolates: "A browser name taken from a user agent.",
        ask: Ask::Gate("bench_agent"),
        answer: "true",
    },
    Case {
        id: "E-config",
        isolates: "A config for everyone with a value of twelve parameters, the eighth read.",
        ask: Ask::Config("bench_config", "timeout_ms"),
        answer: "1500",
    },
    Case {
        id: "E-experiment",
        isolates: "An experiment of three groups, the second one drawn, one parameter read.",
        ask: Ask::Experiment("bench_experiment", "color"),
        answer: "\"blue\"",
    },
    Case {
        id: "E-layer",
        isolates: "A layer that delegates to an experiment with a holdout gate and an allocation, one parameter read.",
        ask: Ask::Layer("bench_layer", "size"),
        answer: "12",
    },
    Case {
        id: "E-unknown",
        isolates: "A gate that the specs do not have.",
        ask: Ask::Gate("bench_unknown"),
        answer: "false",
    },
];

/// The ID of the user of every case.
pub const USER_ID: &str = "user-1234567";
/// The user's e-mail address.
pub const EMAIL: &str = "Jane.Doe@example.com";
/// The user's country.
pub const COUNTRY: &str = "CH";
/// The user's app version.
pub const APP_VERSION: &str = "3.14.1";
/// The user's browser.
pub const USER_AGENT: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
     Chrome/120.0.0.0 Safari/537.36";
/// The user's custom fields.
pub const CUSTOM: [(&str, &str); 3] = [("plan", "pro"), ("age", "42.5"), ("company", "acme")];

/// The user of every case.
pub fn user() -> User<'static> {
    const FIELDS: &[(&str, Value<'static>)] = &[
        (CUSTOM[0].0, Value::Str(CUSTOM[0].1)),
        (CUSTOM[1].0, Value::Str(CUSTOM[1].1)),
        (CUSTOM[2].0, Value::Str(CUSTOM[2].1)),
    ];
    User::new()
        .with_user_id(USER_ID)
        .with_email(EMAIL)
        .with_country(COUNTRY)
        .with_app_version(APP_VERSION)
        .with_user_agent(USER_AGENT)
        .with_custom(Attributes::from(FIELDS))
}

/// A clock that stands still.
pub struct Still;

impl Environment for Still {
    fn now_ms(&self) -> i64 {
        1_790_000_000_000
    }
}

/// Keeps what an event of an exposure says: names, rule ids, values, the secondary ones too.
pub struct Recorder {
    log: [u8; 1024],
    length: usize,
}

impl Default for Recorder {
    fn default() -> Self {
        Recorder {
            log: [0; 1024],
            length: 0,
        }
    }
}

impl Recorder {
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.length = 0;
    }

    /// Bytes kept.
    pub fn length(&self) -> usize {
        self.length
    }

    fn keep(&mut self, text: &str, value: bool) {
        let end = self.length + text.len();
        if let Some(place) = self.log.get_mut(self.length..end) {
            place.copy_from_slice(text.as_bytes());
            self.length = end;
        }
        if let Some(place) = self.log.get_mut(self.length) {
            *place = u8::from(value);
            self.length += 1;
        }
    }
}

impl ExposureSink for Recorder {
    fn expose(&mut self, exposure: &Exposure<'_, '_>) {
        let secondary = match exposure {
            Exposure::Gate {
                name,
                evaluation,
                secondary,
            }
            | Exposure::Config {
                name,
                evaluation,
                secondary,
            } => {
                self.keep(name, evaluation.value);
                self.keep(evaluation.rule_id().unwrap_or_default(), false);
                secondary
            }
            Exposure::LayerParameter {
                name,
                parameter,
                rule_id,
                explicit,
                evaluation,
                secondary,
            } => {
                self.keep(name, evaluation.value);
                self.keep(parameter, *explicit);
                self.keep(rule_id, false);
                self.keep(evaluation.config_delegate().unwrap_or_default(), false);
                secondary
            }
            _ => return,
        };
        for one in *secondary {
            self.keep(one.gate, one.gate_value);
            self.keep(one.rule_id, one.delegated);
        }
    }
}

/// An evaluator over an opened table.
pub type Ready<'t> = Evaluator<'t, 'static, Still>;

/// An evaluator over a table that is known to be one.
pub fn ready(table: &[u8]) -> Option<Ready<'_>> {
    Some(Evaluator::new(Table::open(table).ok()?, &Still))
}

/// Asks. Gives what [`answers`] compares with the case's answer; with a recorder, the exposure is kept too.
#[inline(always)]
pub fn ask<'t>(
    evaluator: &Ready<'t>,
    user: &User<'_>,
    case: &Case,
    scratch: &mut Scratch<'t, 16, 4>,
    recorder: Option<&mut Recorder>,
) -> Option<&'t str> {
    match case.ask {
        Ask::Gate(name) => {
            let gate = evaluator.gate(user, name, scratch);
            if let Some(recorder) = recorder {
                recorder.expose(&gate.exposure());
            }
            Some(if gate.value() { "true" } else { "false" })
        }
        Ask::Config(name, parameter) => {
            let config = evaluator.dynamic_config(user, name, scratch);
            if let Some(recorder) = recorder {
                recorder.expose(&config.exposure());
            }
            config.parameter(parameter)
        }
        Ask::Experiment(name, parameter) => {
            let experiment = evaluator.experiment(user, name, scratch);
            if let Some(recorder) = recorder {
                recorder.expose(&experiment.exposure());
            }
            experiment.parameter(parameter)
        }
        Ask::Layer(name, parameter) => {
            let layer = evaluator.layer(user, name, scratch);
            let parameter = layer.parameter(parameter)?;
            if let Some(recorder) = recorder {
                recorder.expose(&parameter.exposure());
            }
            Some(parameter.json)
        }
    }
}
