//! Compiling config specs into a rule table (`evaluation.md` §1).
//!
//! Reads both payload formats: v2 (`condition_map`), as Statsig's server SDKs download it, and v1 (arrays with inline
//! conditions), as Statsig's console writes it into Fastly's stores. The text is scanned once: what specs, rules and
//! conditions have in their fields is remembered by its place. When all names are known, every reference is written as a
//! row number.
//!
//! Cost: linear in the payload; memory for the table twice.

mod buckets;
mod cmab;
mod condition;
mod error;
mod heap;
mod mapping;
mod members;
mod meta;
mod outline;
mod parameter_store;
mod read;
mod rule;
mod source;
mod spec;
mod target;
mod writer;

use alloc::vec::Vec;

use crate::table::Section;
use crate::table::spec::SPEC;

pub use error::{CompileError, Warning, WarningKind};

/// A compiled payload.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Compiled {
    /// The rule table: give it to [`Table::open`](crate::Table::open).
    pub table: Vec<u8>,
    /// What the table leaves out or cannot answer.
    pub warnings: Vec<Warning>,
}

/// Compiles a payload in either format.
///
/// A spec that Statsig's SDKs would drop is left out with a warning; a payload that they would reject is an error.
///
/// # Errors
/// [`CompileError`], with the byte offset and the path of what is wrong.
pub fn compile(json: &[u8]) -> Result<Compiled, CompileError> {
    let text =
        core::str::from_utf8(json).map_err(|error| CompileError::NotUtf8(error.valid_up_to()))?;
    if text.len() > LONGEST {
        return Err(CompileError::TooLarge);
    }
    Ok(write(outline::Outline::read(text)?)?)
}

/// Places are remembered in 32 bits, half of them for texts made from the payload's.
const LONGEST: usize = i32::MAX as usize;

fn write(outline: outline::Outline<'_>) -> source::Read<Compiled> {
    let outline::Outline {
        mut source,
        time,
        specs: [mut gates, mut configs, mut layers],
        mut rules,
        sections,
        conditions_fault,
        spaced,
    } = outline;
    let v1 = source.v1;
    let mut writer = writer::Writer::new(v1, spaced);
    if !v1 {
        // What has no spec may have overrides or a bandit.
        let overrides = sections.read(&mut source, "overrides", &read::ANY_MAP)?;
        source.members(overrides, &mut |source, name, _| {
            for specs in [&mut gates, &mut configs, &mut layers] {
                specs.names.add(source, name);
            }
        });
        let bandits = sections.read(&mut source, "cmab_configs", &read::ANY_MAP)?;
        source.members(bandits, &mut |source, name, _| {
            configs.names.add(source, name);
        });
    }
    let mut orders = [const { Vec::new() }; 3];
    let kinds = [
        (Section::Gates, &mut gates),
        (Section::Configs, &mut configs),
        (Section::Layers, &mut layers),
    ];
    for ((section, specs), order) in kinds.into_iter().zip(&mut orders) {
        *order = writer.index(&source, section, SPEC, &specs.names.entries);
        specs.names.number_in(order);
    }
    meta::write(&mut source, &mut writer, &sections)?;
    if let Some(fault) = conditions_fault.filter(|_| !v1) {
        return Err(fault.within("condition_map"));
    }
    let mut overrides = heap::Names::default();
    let mut bandits = heap::Names::default();
    if !v1 {
        let names = (&gates.names, &configs.names);
        overrides = mapping::write(&mut source, &mut writer, &mut rules, &sections, names)?;
        bandits = cmab::write(&mut source, &mut writer, &sections)?;
    }
    let known = spec::Known {
        gates: &gates.names,
        configs: &configs.names,
        overrides: &overrides,
        bandits: &bandits,
    };
    for ((section, part, names, drafts), order) in [
        (Section::Gates, "feature_gates", &gates.names, gates.drafts),
        (
            Section::Configs,
            "dynamic_configs",
            &configs.names,
            configs.drafts,
        ),
        (
            Section::Layers,
            "layer_configs",
            &layers.names,
            layers.drafts,
        ),
    ]
    .into_iter()
    .zip(&orders)
    {
        let part = spec::Part {
            section,
            path: part,
            names,
            order,
        };
        spec::write(&mut source, &mut writer, &mut rules, part, drafts, known)?;
    }
    parameter_store::write(&mut source, &mut writer, &sections)?;
    // What was read is no longer needed while the sections become one.
    drop(rules);
    let (table, warnings) = writer
        .finish(time)
        .ok_or_else(error::ReadFault::too_large)?;
    Ok(Compiled { table, warnings })
}
