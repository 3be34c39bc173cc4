//! The trace of an evaluation, written down: as indented lines for people, as JSON objects for machines.

use std::fmt::Write;

use statsig_edge::explain::{Step, Trace};
use statsig_edge::{Environment, Evaluation, Evaluator, Scratch, SpecKind, User};
use statsig_fastly::explanation::{kind_name, write_explanation};

fn reason(evaluation: &Evaluation<'_>) -> String {
    let mut reason = String::new();
    // A `String` takes everything.
    let _ = evaluation.write_reason("Bootstrap", &mut reason);
    reason
}

fn rule_id(evaluation: &Evaluation<'_>) -> String {
    let mut rule_id = String::new();
    let _ = evaluation.write_rule_id(&mut rule_id);
    rule_id
}

/// The steps as indented lines.
struct Lines(String);

impl Trace for Lines {
    fn step(&mut self, depth: u32, step: &Step<'_>) {
        // An answer stands where its spec does.
        let depth = match step {
            Step::Answer { .. } => depth.saturating_sub(1),
            _ => depth,
        };
        // What belongs to a rule lies one level deeper than the rule, nested specs too.
        let own = match step {
            Step::Rule { .. } | Step::Mapping { .. } => 0,
            Step::Spec { .. } | Step::Answer { .. } => usize::from(depth > 0),
            _ => 1,
        };
        let indent = "  ".repeat(depth as usize * 2 + own);
        let line = match step {
            Step::Spec { kind, name } => format!("{} {name}", kind_name(*kind)),
            Step::Rule { id } => format!("rule {id:?}"),
            Step::Condition {
                condition,
                value,
                outcome,
            } => {
                let mark = match outcome {
                    Some(true) => "yes",
                    Some(false) => "no ",
                    None => "?? ",
                };
                let value = match (value, condition.operator_name()) {
                    (_, None) => String::new(),
                    (Some(value), _) => format!("; the user has {value:?}"),
                    (None, _) => "; the user has none".into(),
                };
                format!("{mark} {condition}{value}")
            }
            Step::MissingCondition => "??  a condition that the specs lack".into(),
            Step::Percentage {
                drawn,
                bound,
                passes,
            } => {
                let share = f64::from(*bound) / 100.0;
                let word = if *passes { "passes" } else { "fails" };
                match drawn {
                    Some(drawn) => format!("bucket {drawn} of 10000, {share} % pass: {word}"),
                    None => format!("{share} % pass: {word}"),
                }
            }
            Step::Delegate { name } => format!("delegates to experiment {name}"),
            Step::Mapping { new_config_name } => format!("mapped to {new_config_name}"),
            Step::LocalOverride { name } => format!("{name} is overridden locally"),
            Step::Answer { evaluation } => format!(
                "= {}, rule {:?}{}",
                evaluation.value,
                rule_id(evaluation),
                match evaluation.group_name() {
                    Some(group) => format!(", group {group:?}"),
                    None => String::new(),
                }
            ),
            _ => return,
        };
        // A `String` takes everything.
        let _ = writeln!(self.0, "{indent}{line}");
    }
}

/// The explanation for people: what was asked, the answer, and how it came about.
pub fn text(
    evaluator: &Evaluator<'_, '_, impl Environment>,
    kind: SpecKind,
    name: &str,
    user: &User<'_>,
) -> String {
    let mut lines = Lines(String::new());
    let mut scratch = Scratch::<512, 64>::new();
    let evaluation = evaluator.explain(kind, user, name, &mut scratch, &mut lines);
    let mut out = format!(
        "{} {name}: {}, rule {:?}, {}\n",
        kind_name(kind),
        evaluation.value,
        rule_id(&evaluation),
        reason(&evaluation)
    );
    if let Some(json) = evaluation.json().filter(|_| kind != SpecKind::Gate) {
        let _ = writeln!(out, "value {json}");
    }
    out.push('\n');
    out.push_str(&lines.0);
    out.truncate(out.trim_end().len());
    out
}

/// The explanation for machines.
pub fn steps_json(
    evaluator: &Evaluator<'_, '_, impl Environment>,
    kind: SpecKind,
    name: &str,
    user: &User<'_>,
) -> String {
    let mut out = String::new();
    write_explanation(evaluator, user, kind, name, "Bootstrap", &mut out);
    out
}
