//! The first pass: what a payload has at its top, and the names of its specs (`evaluation.md` §1.1, §1.3).

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::error::{CompileError, ReadFault};
use super::heap::Map;
use super::read::{Read, array, bool, object, optional, string, unsigned};
use super::writer::{Writer, buckets};
use super::{cmab, condition, mapping, meta, parameter_store, spec};
use crate::hash::text_hash;
use crate::json::{Fault, FaultKind, Kind, Scanner};
use crate::table::SpecKind;
use crate::table::set::bucket_bits;

/// A value's text and where it begins in the payload.
#[derive(Clone, Copy)]
pub(super) struct Span<'j> {
    text: &'j str,
    offset: usize,
}

impl<'j> Span<'j> {
    /// Passes over the next value.
    pub(super) fn take(scanner: &mut Scanner<'j>) -> Result<Self, Fault> {
        scanner.peek()?;
        let offset = scanner.offset();
        let text = scanner.skip()?;
        Ok(Span { text, offset })
    }

    /// What a scanner has passed over since it stood at `before`.
    fn between(before: &Scanner<'j>, now: &Scanner<'j>) -> Self {
        Span {
            text: before.until(now),
            offset: before.offset(),
        }
    }

    pub(super) fn scanner(&self) -> Scanner<'j> {
        Scanner::at_offset(self.text, self.offset)
    }

    pub(super) fn text(&self) -> &'j str {
        self.text
    }

    pub(super) fn offset(&self) -> usize {
        self.offset
    }
}

/// The specs of one kind by name; `None` for a name that only overrides or bandits refer to.
pub(super) type Specs<'j> = Map<'j, Option<Span<'j>>>;

/// A payload with its specs found and nothing else read.
pub(super) struct Outline<'j> {
    pub(super) v1: bool,
    time: u64,
    gates: Specs<'j>,
    configs: Specs<'j>,
    layers: Specs<'j>,
    sections: Map<'j, Span<'j>>,
}

impl<'j> Outline<'j> {
    pub(super) fn read(text: &'j str) -> Result<Self, CompileError> {
        let mut scanner = Scanner::new(text);
        let mut specs: [(&str, Option<(bool, Specs<'j>)>); 3] = [
            ("feature_gates", None),
            ("dynamic_configs", None),
            ("layer_configs", None),
        ];
        let mut sections: Map<'j, Span<'j>> = Map::default();
        object(&mut scanner, |key, scanner| {
            match specs.iter_mut().find(|(name, _)| *name == key) {
                Some((_, found)) if matches!(scanner.peek()?, Kind::Object | Kind::Array) => {
                    *found = Some(names(scanner)?);
                }
                _ => sections.insert(key, Span::take(scanner)?),
            }
            Ok(())
        })?;
        scanner.end().map_err(ReadFault::from)?;

        let updates = top(&sections, "has_updates", bool)?;
        if updates == Some(false) {
            return Err(CompileError::NoUpdates);
        }
        let v1 = matches!(specs, [(_, Some((true, _))), ..]);
        let missing = |path: &str| CompileError::Missing { path: path.into() };
        if updates.is_none() {
            return Err(missing("has_updates"));
        }
        let time = match top(&sections, "time", unsigned)? {
            Some(time) => time,
            None if v1 => 0,
            None => return Err(missing("time")),
        };
        if !v1 {
            for name in ["condition_map", "experiment_to_layer"] {
                if sections.get(name).is_none() {
                    return Err(missing(name));
                }
            }
        }
        let [gates, configs, layers] = specs.map(|(name, found)| match found {
            Some((is_array, specs)) if is_array == v1 => Ok(specs),
            None if v1 && sections.get(name).is_none() => Ok(Specs::default()),
            None if sections.get(name).is_none() => Err(missing(name)),
            _ => Err(CompileError::Mistyped {
                path: name.into(),
                offset: sections.get(name).map_or(0, Span::offset),
            }),
        });
        Ok(Outline {
            v1,
            time,
            gates: gates?,
            configs: configs?,
            layers: layers?,
            sections,
        })
    }

    /// The second pass.
    pub(super) fn write(mut self, writer: &mut Writer<'j>) -> Result<(), CompileError> {
        writer.time = self.time;
        let sections = &self.sections;
        let section = |name: &str| sections.get(name).copied();
        let v1 = self.v1;
        let keys = |name: &str| keys_of(section(name).filter(|_| !v1), name);
        let overrides = keys("overrides")?;
        let bandits = keys("cmab_configs")?;
        for name in &overrides {
            for specs in [&mut self.gates, &mut self.configs, &mut self.layers] {
                if specs.get(name).is_none() {
                    specs.insert(name.clone(), None);
                }
            }
        }
        for name in bandits {
            if self.configs.get(&name).is_none() {
                self.configs.insert(name, None);
            }
        }
        let gates = Ordered::new(&self.gates);
        let configs = Ordered::new(&self.configs);
        let layers = Ordered::new(&self.layers);
        for (rows, ordered) in [(&mut writer.gates, &gates), (&mut writer.configs, &configs)] {
            for (row, (name, _)) in ordered.specs.iter().enumerate() {
                rows.insert((*name).clone(), row as u32);
            }
        }

        meta::write(writer, &section)?;
        let mut conditions = match section("condition_map").filter(|_| !self.v1) {
            Some(span) => condition::Conditions::from_map(writer, span)?,
            None => condition::Conditions::inline(),
        };
        let overrides = mapping::write(
            writer,
            &mut conditions,
            section("overrides").filter(|_| !self.v1),
            section("override_rules").filter(|_| !self.v1),
        )?;
        let bandits = cmab::write(writer, section("cmab_configs").filter(|_| !self.v1))?;
        for (kind, ordered) in [
            (SpecKind::Gate, gates),
            (SpecKind::DynamicConfig, configs),
            (SpecKind::Layer, layers),
        ] {
            let extras = spec::Extras {
                overrides: &overrides,
                bandits: &bandits,
            };
            spec::write(writer, &mut conditions, kind, &ordered, extras)?;
        }
        if let Some(span) = section("param_stores") {
            parameter_store::write(writer, span)?;
        }
        Ok(())
    }
}

/// Specs in the order of their index.
pub(super) struct Ordered<'a, 'j> {
    pub(super) starts: Vec<u32>,
    pub(super) specs: Vec<(&'a Cow<'j, str>, Option<Span<'j>>)>,
}

impl<'a, 'j> Ordered<'a, 'j> {
    fn new(specs: &'a Specs<'j>) -> Self {
        let entries = &specs.entries;
        let (starts, order) = buckets(
            entries.iter().map(|(name, _)| text_hash(name.as_bytes())),
            bucket_bits(entries.len() as u32),
        );
        Ordered {
            starts,
            specs: order
                .iter()
                .filter_map(|&at| entries.get(at as usize))
                .map(|(name, span)| (name, *span))
                .collect(),
        }
    }
}

/// A field at the top; null counts as absent.
fn top<'j, T>(
    sections: &Map<'j, Span<'j>>,
    name: &str,
    read: impl FnOnce(&mut Scanner<'j>) -> Read<T>,
) -> Result<Option<T>, CompileError> {
    let Some(span) = sections.get(name) else {
        return Ok(None);
    };
    optional(&mut span.scanner(), read).map_err(|fault| fault.within(name).into())
}

/// The specs of a section, and whether it is an array (v1).
fn names<'j>(scanner: &mut Scanner<'j>) -> Read<(bool, Specs<'j>)> {
    let mut specs = Specs::default();
    if scanner.peek()? == Kind::Object {
        object(scanner, |name, scanner| {
            specs.insert(name, Some(Span::take(scanner)?));
            Ok(())
        })?;
        return Ok((false, specs));
    }
    array(scanner, |scanner| {
        // An element without a name cannot be asked for.
        if scanner.peek()? != Kind::Object {
            scanner.skip()?;
            return Ok(());
        }
        let before = *scanner;
        let mut name = None;
        let mut named = true;
        object(scanner, |key, scanner| {
            if key != "name" {
                scanner.skip()?;
            } else if scanner.peek()? == Kind::String {
                name = Some(string(scanner)?);
            } else {
                named = false;
                scanner.skip()?;
            }
            Ok(())
        })?;
        if let (true, Some(name)) = (named, name) {
            specs.insert(name, Some(Span::between(&before, scanner)));
        }
        Ok(())
    })?;
    Ok((true, specs))
}

/// The keys of a map at the top.
fn keys_of<'j>(span: Option<Span<'j>>, path: &str) -> Result<Vec<Cow<'j, str>>, CompileError> {
    let mut keys = Vec::new();
    let Some(span) = span else {
        return Ok(keys);
    };
    optional(&mut span.scanner(), |scanner| {
        object(scanner, |key, scanner| {
            keys.push(key);
            scanner.skip()?;
            Ok(())
        })
    })
    .map_err(|fault| fault.within(path))?;
    Ok(keys)
}

/// Checks that a map's values are all of one type, as Statsig's core does for maps that it does not evaluate.
pub(super) fn check_map(
    span: Option<Span<'_>>,
    path: &str,
    allowed: impl Fn(Kind) -> bool,
) -> Result<(), CompileError> {
    let Some(span) = span else {
        return Ok(());
    };
    let mut scanner = span.scanner();
    let checked = optional(&mut scanner, |scanner| {
        object(scanner, |_, scanner| {
            let kind = scanner.peek()?;
            if !allowed(kind) {
                return Err(Fault {
                    kind: FaultKind::Type,
                    offset: scanner.offset(),
                }
                .into());
            }
            scanner.skip()?;
            Ok(())
        })
    });
    checked
        .map(|_| ())
        .map_err(|fault| fault.within(path).into())
}
