//! The reading of a payload: its specs and conditions, and where the rest is (`evaluation.md` §1.1, §1.3).

use alloc::vec::Vec;

use super::error::ReadFault;
use super::read::{Field, Is, no_parts, object, unsigned, value};
use super::source::{Read, Source, Span};
use super::spec::{Rules, Specs};
use crate::json::Kind;

/// What a payload has at its top, as far as it is read.
static SECTIONS: [&str; 23] = [
    "feature_gates",
    "dynamic_configs",
    "layer_configs",
    CONDITION_MAP,
    "has_updates",
    "time",
    "experiment_to_layer",
    "layers",
    "overrides",
    "override_rules",
    "cmab_configs",
    "param_stores",
    "diagnostics",
    "sdk_flags",
    "sdk_configs",
    "app_id",
    "company_id",
    "default_environment",
    "checksum",
    "session_replay_info",
    "id_lists",
    "sdk_keys_to_app_ids",
    "hashed_sdk_keys_to_app_ids",
];

const CONDITION_MAP: &str = "condition_map";

/// Where the sections of a payload are.
pub(super) struct Sections([Span; SECTIONS.len()]);

impl Default for Sections {
    fn default() -> Self {
        Sections([Span::ABSENT; SECTIONS.len()])
    }
}

impl Sections {
    #[inline(never)]
    pub(super) fn get(&self, name: &str) -> Span {
        let mut known = SECTIONS.iter().zip(self.0);
        known
            .find(|(known, _)| **known == name)
            .map_or(Span::ABSENT, |(_, span)| span)
    }

    /// The value of a section, which must be what is said; null counts as absent.
    pub(super) fn read(&self, source: &mut Source<'_>, name: &str, is: &Field) -> Read<Span> {
        let Some(section) = self.get(name).present() else {
            return Ok(Span::ABSENT);
        };
        let mut scanner = source.scanner_at(section);
        value(source, &mut scanner, is, &mut no_parts).map_err(|fault| fault.within(name))
    }
}

/// A payload that has been read once.
pub(super) struct Outline<'j> {
    pub(super) source: Source<'j>,
    pub(super) time: u64,
    /// Gates, configs, layers.
    pub(super) specs: Vec<Specs>,
    pub(super) rules: Rules,
    pub(super) sections: Sections,
    /// What is wrong with `condition_map`.
    pub(super) conditions_fault: Option<ReadFault>,
    /// Whether there is white space between tokens.
    pub(super) spaced: bool,
}

static HAS_UPDATES: Field = Field::each(Is::Bool).nullable();
static TIME: Field = Field::each(Is::U64).nullable();

impl<'j> Outline<'j> {
    pub(super) fn new(text: &'j str) -> Self {
        let mut specs = Vec::new();
        specs.resize_with(3, Specs::default);
        Outline {
            source: Source::new(text),
            time: 0,
            specs,
            rules: Rules::default(),
            sections: Sections::default(),
            conditions_fault: None,
            spaced: false,
        }
    }

    /// Reads the payload.
    pub(super) fn read(&mut self) -> Read<()> {
        let Outline {
            source,
            specs,
            rules,
            sections,
            conditions_fault,
            ..
        } = self;
        let mut scanner = source.scanner_at(Span::between(0, 0));
        object(&mut scanner, &mut |key, scanner| {
            let kind = scanner.peek()?;
            let mut known = SECTIONS.iter().zip(&mut sections.0).enumerate();
            let found = known.find(|(_, (name, _))| key.is(name));
            let Some((at, (name, section))) = found else {
                scanner.skip()?;
                return Ok(());
            };
            let before = *scanner;
            match specs.get_mut(at) {
                Some(specs) if matches!(kind, Kind::Object | Kind::Array) => {
                    specs.read(source, scanner, rules)?;
                }
                _ if *name == CONDITION_MAP => {
                    source.v1 = false;
                    let read = rules.conditions.read_map(source, scanner);
                    *conditions_fault = read.err();
                    if let Some(fault) = conditions_fault.take_if(|fault| !fault.is_local()) {
                        return Err(fault);
                    }
                    if conditions_fault.is_some() {
                        *scanner = before;
                        scanner.skip()?;
                    }
                }
                _ => {
                    scanner.skip()?;
                }
            }
            *section = Span::between(before.offset(), scanner.offset());
            Ok(())
        })?;
        scanner.end()?;
        self.spaced = scanner.has_passed_space();
        source.note_unfit(&mut scanner);

        source.v1 = specs
            .first()
            .is_some_and(|gates| gates.is_list == Some(true));
        let v1 = source.v1;
        let updates = sections.read(source, "has_updates", &HAS_UPDATES)?;
        if source.is(updates, "false") {
            return Err(ReadFault::no_updates());
        }
        let missing = |path: &str| ReadFault::missing(path, 0);
        if updates.is_absent() {
            return Err(missing("has_updates"));
        }
        let time = sections.read(source, "time", &TIME)?;
        if time.is_absent() && !v1 {
            return Err(missing("time"));
        }
        if !v1 {
            for name in [CONDITION_MAP, "experiment_to_layer"] {
                if sections.get(name).is_absent() {
                    return Err(missing(name));
                }
            }
        }
        for (specs, name) in specs.iter().zip(SECTIONS) {
            let section = sections.get(name);
            match specs.is_list {
                Some(is_list) if is_list == v1 => {}
                None if v1 && section.is_absent() => {}
                None if section.is_absent() => return Err(missing(name)),
                _ => return Err(ReadFault::mistyped(name, section.start as usize)),
            }
        }
        self.time = unsigned(source.bytes(time)).unwrap_or(0);
        Ok(())
    }
}
