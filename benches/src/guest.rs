//! Runs a counting module (`count`) in an interpreter. The runtime makes no difference to the numbers.

use wasmi::{Caller, Engine, Extern, Instance, Linker, Memory, Module, Store, Val};

use crate::count::{COUNTER, instrument};

/// Instructions of one call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Executed {
    /// All of them.
    pub(crate) total: u64,
    /// By function, most first.
    pub(crate) functions: Vec<(String, u64)>,
}

/// What the host side holds: the counters at the marks.
#[derive(Default)]
struct Marks {
    counters: Vec<wasmi::Global>,
    begin: Vec<i64>,
    end: Vec<i64>,
}

/// A module with its memory.
pub(crate) struct Guest {
    store: Store<Marks>,
    instance: Instance,
    memory: Memory,
    functions: Vec<String>,
    /// What measuring nothing costs: the call of the mark itself.
    empty: u64,
}

impl Guest {
    /// Rewrites and instantiates a module.
    pub(crate) fn new(wasm: &[u8]) -> Result<Self, String> {
        let counted = instrument(wasm)?;
        let engine = Engine::default();
        let module = Module::new(&engine, &counted.module).map_err(|error| error.to_string())?;
        let mut store = Store::new(&engine, Marks::default());
        let mut linker = Linker::<Marks>::new(&engine);
        linker
            .func_wrap(
                "bench",
                "mark",
                |mut caller: Caller<'_, Marks>, begin: u32| {
                    let now = values(&caller, &caller.data().counters);
                    if begin == 1 {
                        caller.data_mut().begin = now;
                    } else {
                        caller.data_mut().end = now;
                    }
                },
            )
            .map_err(|error| error.to_string())?;
        let instance = linker
            .instantiate_and_start(&mut store, &module)
            .map_err(|error| error.to_string())?;
        let memory = instance
            .get_memory(&store, "memory")
            .ok_or("the module exports no memory")?;
        store.data_mut().counters = (0..counted.functions.len())
            .map(|at| instance.get_global(&store, &format!("{COUNTER}{at}")))
            .collect::<Option<_>>()
            .ok_or("a counter is missing")?;
        let mut guest = Self {
            store,
            instance,
            memory,
            functions: counted.functions,
            empty: 0,
        };
        if guest.instance.get_func(&guest.store, "nothing").is_some() {
            guest.empty = guest.call("nothing", &[])?.total;
        }
        Ok(guest)
    }

    /// Writes input where the guest wants it.
    pub(crate) fn give(&mut self, bytes: &[u8]) -> Result<(), String> {
        let place = self.number("room", &[bytes.len() as i32])?;
        self.memory
            .write(&mut self.store, place as u32 as usize, bytes)
            .map_err(|error| error.to_string())
    }

    /// Calls an export that gives a number.
    pub(crate) fn number(&mut self, export: &str, arguments: &[i32]) -> Result<i32, String> {
        let Some(Extern::Func(function)) = self.instance.get_export(&self.store, export) else {
            return Err(format!("the module exports no function {export}"));
        };
        let arguments: Vec<Val> = arguments.iter().map(|&number| Val::I32(number)).collect();
        let mut results = [Val::I32(0)];
        function
            .call(&mut self.store, &arguments, &mut results)
            .map_err(|error| format!("{export}: {error}"))?;
        results[0]
            .i32()
            .ok_or_else(|| format!("{export} gives no number"))
    }

    /// Calls an export that gives 1 when all is well; counts between its marks.
    pub(crate) fn call(&mut self, export: &str, arguments: &[i32]) -> Result<Executed, String> {
        match self.number(export, arguments)? {
            1 => Ok(self.executed(
                self.store.data().begin.clone(),
                self.store.data().end.clone(),
            )),
            other => Err(format!("{export} {arguments:?} answered {other}")),
        }
    }

    /// Calls an export without arguments and counts everything.
    #[cfg(test)]
    pub(crate) fn call_all(&mut self, export: &str) -> Result<Executed, String> {
        let begin = values(&self.store, &self.store.data().counters);
        self.number(export, &[])?;
        let end = values(&self.store, &self.store.data().counters);
        Ok(self.executed(begin, end))
    }

    fn executed(&self, begin: Vec<i64>, end: Vec<i64>) -> Executed {
        let counts = end
            .iter()
            .zip(&begin)
            .map(|(end, begin)| (end - begin) as u64);
        let mut functions: Vec<(String, u64)> = self
            .functions
            .iter()
            .cloned()
            .zip(counts)
            .filter(|(_, count)| *count > 0)
            .collect();
        functions.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let total = functions.iter().map(|(_, count)| count).sum::<u64>();
        Executed {
            total: total.saturating_sub(self.empty),
            functions,
        }
    }
}

fn values(store: impl wasmi::AsContext, counters: &[wasmi::Global]) -> Vec<i64> {
    counters
        .iter()
        .map(|counter| counter.get(&store).i64().unwrap_or(0))
        .collect()
}
