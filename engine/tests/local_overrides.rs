//! Local overrides (`evaluation.md` §5.8) over the sample project: whom they are for, and what stays empty.

mod common;

use std::sync::LazyLock;

use common::{World, data};
use statsig_edge::compile::compile;
use statsig_edge::{
    Evaluator, LocalOverride, Options, OverrideValue, Reason, Scratch, SpecKind, Table, User, Value,
};

static TABLE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    compile(&data("payloads/demo_proj_dcs.json.gz"))
        .unwrap()
        .table
});

fn entry<'o>(
    kind: SpecKind,
    name: &'o str,
    id: Option<&'o str>,
    value: OverrideValue<'o>,
) -> LocalOverride<'o> {
    LocalOverride {
        kind,
        name,
        id,
        value,
    }
}

fn with<T>(overrides: &[LocalOverride<'_>], ask: impl FnOnce(&Evaluator<'_, '_, World>) -> T) -> T {
    let world = World::default();
    let mut options = Options::default();
    options.overrides = overrides.into();
    ask(&Evaluator::with_options(
        Table::open(&TABLE).unwrap(),
        &world,
        options,
    ))
}

#[test]
fn the_user_id_goes_before_custom_ids_and_these_before_everyone() {
    let overrides = [
        entry(SpecKind::Gate, "a_gate", None, OverrideValue::Gate(false)),
        entry(
            SpecKind::Gate,
            "a_gate",
            Some("acme"),
            OverrideValue::Gate(true),
        ),
        entry(
            SpecKind::Gate,
            "a_gate",
            Some("7"),
            OverrideValue::Gate(false),
        ),
    ];
    let ids = [("companyID", Value::from("acme"))];
    for (user, value) in [
        (User::new(), false),
        (User::new().with_custom_ids(&ids), true),
        (User::new().with_user_id(7).with_custom_ids(&ids), false),
    ] {
        with(&overrides, |evaluator| {
            let mut scratch = Scratch::<8>::new();
            let gate = evaluator.gate(&user, "a_gate", &mut scratch);
            assert_eq!(gate.value(), value, "{user:?}");
            assert_eq!(gate.reason(), Reason::LocalOverride);
            assert_eq!(gate.value_or(!value), value);
            assert_eq!((gate.rule_id(), gate.id_type()), ("override", ""));
            assert_eq!(gate.evaluation().version, None);
            let mut reason = String::new();
            gate.evaluation()
                .write_reason("Bootstrap", &mut reason)
                .unwrap();
            assert_eq!(reason, "LocalOverride:Recognized");
        });
    }
}

#[test]
fn names_that_the_specs_lack_and_kinds_are_told_apart() {
    let json = r#"{"color":"red"}"#;
    let overrides = [entry(
        SpecKind::DynamicConfig,
        "new",
        None,
        OverrideValue::Json(json),
    )];
    with(&overrides, |evaluator| {
        let user = User::new();
        let mut scratch = Scratch::<8>::new();
        let config = evaluator.dynamic_config(&user, "new", &mut scratch);
        assert_eq!((config.json(), config.passed()), (json, false));
        assert_eq!(config.parameter("color"), Some("\"red\""));
        let experiment = evaluator.experiment(&user, "new", &mut scratch);
        assert_eq!(experiment.reason(), Reason::Unrecognized);
    });
}

#[test]
fn a_group_stands_for_its_value() {
    for (group, json) in [
        (
            "Test",
            Some(r#"{"a_string":"Experiment Test Value","my_obj":{}}"#),
        ),
        ("no such group", None),
    ] {
        let value = OverrideValue::Group(group);
        let overrides = [entry(SpecKind::Experiment, "an_experiment", None, value)];
        with(&overrides, |evaluator| {
            let mut scratch = Scratch::<8>::new();
            let read = evaluator.experiment(&User::new(), "an_experiment", &mut scratch);
            // The value of the recorded answers for that group.
            assert_eq!(read.json(), json.unwrap_or("{}"));
            assert_eq!(read.rule_id(), "override");
        });
    }
}

#[test]
fn nested_gates_are_overridden_and_exposed_as_such() {
    let overrides = [entry(
        SpecKind::Gate,
        "nested_gate_b",
        None,
        OverrideValue::Gate(false),
    )];
    with(&overrides, |evaluator| {
        let user = User::new().with_user_id("a-user");
        let mut scratch = Scratch::<8>::new();
        let gate = evaluator.gate(&user, "nested_gate_a", &mut scratch);
        let nested = gate
            .secondary_exposures()
            .iter()
            .find(|exposure| exposure.gate == "nested_gate_b")
            .expect("the nested gate");
        assert_eq!((nested.gate_value, nested.rule_id), (false, "override"));
        assert!(!gate.value());
        assert_eq!(gate.reason(), Reason::Recognized);
    });
}
