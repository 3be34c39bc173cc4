//! Whole requests: a service's module is run once, from `_start` to its end, by a host that is the least of Compute: one
//! request, one KV item, one secret, a backend that takes every event. Its instructions are counted as in `guest`.
//!
//! The host's own work costs nothing here; what a request costs a machine is in the CPU times of `cargo dev bench`.

mod call;
mod host;

use std::collections::BTreeMap;

use wasmi::{Engine, ExternType, Func, Instance, Linker, Module, Store, Val};

use crate::count::{COUNTER, instrument};
use host::{Host, called};

/// What one run of a module took.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    /// Instructions until the client had its answer.
    pub(crate) until_answer: u64,
    /// Instructions in all.
    pub(crate) total: u64,
    /// Of several requests: instructions and host calls when the module was ready for the next one.
    pub(crate) ready: Vec<(u64, usize)>,
    /// Memory at the end, in pages of 64 KiB.
    pub(crate) pages: u64,
    /// Calls of the host, in order.
    pub(crate) host_calls: Vec<String>,
    /// The answer.
    pub(crate) status: u16,
    /// Its body.
    pub(crate) body: Vec<u8>,
    /// Requests to backends.
    pub(crate) sent: u64,
    /// What was called and is not there.
    pub(crate) missing: Vec<String>,
    /// What is in the Core Cache at the end.
    pub(crate) cache: Cache,
    /// Instructions by function, most first.
    pub(crate) functions: Vec<(String, u64)>,
}

/// The Core Cache, by key: what is said about an item, and its bytes.
pub(crate) type Cache = BTreeMap<Vec<u8>, (Vec<u8>, Vec<u8>)>;

/// What a module is given.
pub(crate) struct Given<'g> {
    /// The request's URI.
    pub(crate) uri: &'g str,
    /// The value of the KV item.
    pub(crate) value: &'g [u8],
    /// What the Core Cache holds.
    pub(crate) cache: Cache,
    /// How many requests there are, one like the other.
    pub(crate) requests: usize,
}

/// Runs a module once.
pub(crate) fn run(wasm: &[u8], given: &Given<'_>) -> Result<Request, String> {
    let text = |error: wasmi::Error| error.to_string();
    let counted = instrument(wasm)?;
    let engine = Engine::default();
    let module = Module::new(&engine, &counted.module).map_err(text)?;
    let mut store = Store::new(
        &engine,
        Host {
            uri: given.uri.into(),
            value: given.value.to_vec(),
            requests: given.requests,
            done: Request {
                cache: given.cache.clone(),
                ..Request::default()
            },
            ..Host::default()
        },
    );
    let mut linker = Linker::<Host>::new(&engine);
    for import in module.imports() {
        let ExternType::Func(shape) = import.ty() else {
            return Err(format!("{} is no function", import.name()));
        };
        let name = format!("{}.{}", import.module(), import.name());
        let function = Func::new(&mut store, shape.clone(), move |caller, given, results| {
            let result = called(caller, &name, given);
            if let Some(slot) = results.first_mut() {
                *slot = Val::I32(result);
            }
            Ok(())
        });
        linker
            .define(import.module(), import.name(), function)
            .map_err(|error| error.to_string())?;
    }
    let instance: Instance = linker
        .instantiate_and_start(&mut store, &module)
        .map_err(text)?;
    let memory = instance.get_memory(&store, "memory");
    store.data_mut().memory = memory;
    store.data_mut().counters = (0..counted.functions.len())
        .filter_map(|at| instance.get_global(&store, &format!("{COUNTER}{at}")))
        .collect();
    let start = instance
        .get_func(&store, "_start")
        .ok_or("the module exports no _start")?;
    if let Err(error) = start.call(&mut store, &[], &mut []) {
        let missing = &store.data().done.missing;
        return Err(format!("{error}; called, but not there: {missing:?}"));
    }
    let total = executed(&store, &store.data().counters);
    let pages = memory.map_or(0, |memory| memory.size(&store));
    let counters = std::mem::take(&mut store.data_mut().counters);
    let mut functions: Vec<(String, u64)> = counted
        .functions
        .into_iter()
        .zip(counters.iter().map(|counter| counter.get(&store)))
        .map(|(name, count)| (name, count.i64().unwrap_or(0) as u64))
        .collect();
    functions.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let done = &mut store.data_mut().done;
    (done.total, done.pages) = (total, pages);
    done.functions = functions;
    Ok(std::mem::take(done))
}

fn executed(store: impl wasmi::AsContext, counters: &[wasmi::Global]) -> u64 {
    counters
        .iter()
        .map(|counter| counter.get(&store).i64().unwrap_or(0) as u64)
        .sum()
}
