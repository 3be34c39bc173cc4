//! Evaluating, reading a user and opening a table allocate nothing.

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use common::{World, data};
use statsig_edge::{
    Evaluator, Parameters, Scratch, SpecKind, StoreParameter, Table, User, compile::compile,
};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// Counts per thread, so that the test harness's own threads do not matter.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations<T>(work: impl FnOnce() -> T) -> usize {
    let before = ALLOCATIONS.get();
    std::hint::black_box(work());
    ALLOCATIONS.get() - before
}

const USER: &[u8] = br#"{"userID": "a\u002duser", "email": "X@Statsig.com", "ip": "1.2.3.4",
    "userAgent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36",
    "appVersion": "1.2.3", "custom": {"level": 12.5, "tags": ["\u00c4", 1e3], "name": "\u0391\u03a3"},
    "customIDs": {"companyID": "statsig"}, "statsigEnvironment": {"tier": "Production"}}"#;

/// Every typed read of the sample payloads' commonest parameters.
fn typed_reads<'t>(parameters: &impl Parameters<'t>) {
    let mut buffer = heapless::String::<256>::new();
    for name in [
        "value", "number", "string", "boolean", "a_string", "arr", "obj", "none",
    ] {
        std::hint::black_box((
            parameters.get_bool(name, false),
            parameters.get_i64(name, 1),
            parameters.get_u64(name, 1),
            parameters.get_f64(name, 1.0),
            parameters.get_array(name, "[]"),
            parameters.get_object(name, "{}"),
            parameters.read_text(name).is_ok(),
        ));
        std::hint::black_box(parameters.get_str(name, "", &mut buffer));
        #[cfg(feature = "serde")]
        std::hint::black_box((
            parameters.parse::<f64>(name).is_ok(),
            parameters.parse::<Option<&str>>(name).is_ok(),
            parameters.parse::<heapless::String<64>>(name).is_ok(),
            parameters.parse::<serde::de::IgnoredAny>(name).is_ok(),
        ));
    }
}

#[test]
fn nothing_is_allocated() {
    // It counts at all.
    assert_eq!(allocations(|| Box::new(1)), 1);

    for payload in [
        "payloads/eval_proj_dcs.json.gz",
        "payloads/v1/rulesets_e2e_full_dcs.json.gz",
    ] {
        let bytes = compile(&data(payload)).unwrap().table;
        let world = World::default();
        let mut buffer = [0; 4096];
        let mut scratch = Scratch::<64>::new();
        let count = allocations(|| {
            let table = Table::open(&bytes).unwrap();
            table.verify().unwrap();
        });
        assert_eq!(count, 0, "opening");
        let table = Table::open(&bytes).unwrap();
        let count = allocations(|| User::from_json(USER, &mut buffer).unwrap());
        assert_eq!(count, 0, "reading a user");
        let user = User::from_json(USER, &mut buffer).unwrap();
        let evaluator = Evaluator::new(table, &world);
        let mut checked = 0;
        for kind in [
            SpecKind::Gate,
            SpecKind::DynamicConfig,
            SpecKind::Experiment,
            SpecKind::Layer,
        ] {
            for spec in table.specs(kind) {
                let name = spec.name();
                let count = allocations(|| match kind {
                    SpecKind::Gate => {
                        evaluator.gate(&user, name, &mut scratch).value();
                    }
                    SpecKind::DynamicConfig => {
                        let config = evaluator.dynamic_config(&user, name, &mut scratch);
                        std::hint::black_box(config.parameter("value"));
                        typed_reads(&config);
                    }
                    SpecKind::Experiment => {
                        let experiment = evaluator.experiment(&user, name, &mut scratch);
                        std::hint::black_box(experiment.parameter("value"));
                        typed_reads(&experiment);
                    }
                    SpecKind::Layer => {
                        let layer = evaluator.layer(&user, name, &mut scratch);
                        std::hint::black_box(layer.parameter("value"));
                        typed_reads(&layer);
                    }
                });
                assert_eq!(count, 0, "{kind:?} {name}");
                checked += 1;
            }
        }
        assert!(checked > 200, "{payload}: only {checked} specs");
        for store in table.parameter_stores() {
            for parameter in store.parameters() {
                let count = allocations(|| {
                    let view = scratch.view();
                    let read =
                        evaluator.store_parameter(&user, &store, parameter.name, view, &mut ());
                    assert_ne!(read, StoreParameter::Unknown);
                    std::hint::black_box(read.value().and_then(|value| value.f64()).is_ok());
                });
                assert_eq!(count, 0, "{} {}", store.name(), parameter.name);
            }
        }
        let count = allocations(|| evaluator.gate(&user, "no such gate", &mut scratch).value());
        assert_eq!(count, 0, "an unknown name");
    }
}

/// Only what a response says once and refers to is remembered: nothing in v1.
#[cfg(feature = "bootstrap")]
#[test]
fn a_bootstrap_response_is_written_straight_into_the_output() {
    use statsig_edge::bootstrap::{BootstrapOptions, NameHash, ResponseFormat};

    struct Counted(usize);
    impl std::fmt::Write for Counted {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            self.0 += text.len();
            Ok(())
        }
    }

    let bytes = compile(&data("payloads/eval_proj_dcs.json.gz"))
        .unwrap()
        .table;
    let world = World::default();
    let mut buffer = [0; 4096];
    let user = User::from_json(USER, &mut buffer).unwrap();
    let evaluator = Evaluator::new(Table::open(&bytes).unwrap(), &world);
    let mut scratch = Scratch::<64>::new();
    for hash in [NameHash::None, NameHash::Djb2, NameHash::Sha256] {
        let mut ask = |format| {
            let mut options = BootstrapOptions::default();
            options.hash = hash;
            options.format = format;
            let mut out = Counted(0);
            let count = allocations(|| {
                evaluator.client_bootstrap(&user, &options, scratch.view(), &mut out)
            });
            assert!(out.0 > 10_000, "{} bytes", out.0);
            count
        };
        assert_eq!(ask(ResponseFormat::V1), 0);
        // Some 160 specs; the maps' nodes hold several entries each.
        for format in [ResponseFormat::V2, ResponseFormat::InitV2] {
            let count = ask(format);
            assert!((1..50).contains(&count), "{count} allocations");
        }
    }
}
