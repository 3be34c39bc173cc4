//! What a flag key names.

use statsig_edge::{SpecKind, Table};

/// A spec, or one parameter of it, that the specs have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flag<'k> {
    pub(crate) kind: Kind,
    pub(crate) name: &'k str,
    pub(crate) parameter: Option<&'k str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Gate,
    Config,
    Experiment,
    Layer,
    Store,
}

impl Kind {
    /// Those with parameters, in the order in which they are tried.
    const WITH_PARAMETERS: [Kind; 3] = [Kind::Config, Kind::Layer, Kind::Store];

    fn has(self, table: Table<'_>, name: &str) -> bool {
        let kind = match self {
            Kind::Gate => SpecKind::Gate,
            Kind::Config => SpecKind::DynamicConfig,
            Kind::Experiment => SpecKind::Experiment,
            Kind::Layer => SpecKind::Layer,
            Kind::Store => return table.parameter_store(name).is_some(),
        };
        table.spec(kind, name).is_some()
    }
}

/// Finds what a key names; a gate goes first only where one is asked for (`gate_first`), and last elsewhere.
pub(crate) fn find<'k>(key: &'k str, table: Table<'_>, gate_first: bool) -> Option<Flag<'k>> {
    let one = |kind| [Some(kind), None, None, None];
    let (kinds, rest) = match key.split_once(':') {
        Some(("gate", rest)) => (one(Kind::Gate), rest),
        Some(("config", rest)) => (one(Kind::Config), rest),
        Some(("experiment", rest)) => (one(Kind::Experiment), rest),
        Some(("layer", rest)) => (one(Kind::Layer), rest),
        Some(("store", rest)) => (one(Kind::Store), rest),
        _ => {
            let [a, b, c] = Kind::WITH_PARAMETERS.map(Some);
            let gate = Some(Kind::Gate);
            let kinds = match gate_first {
                true => [gate, a, b, c],
                false => [a, b, c, gate],
            };
            (kinds, key)
        }
    };
    let mut name = Some(rest);
    while let Some(candidate) = name {
        let parameter = rest.get(candidate.len() + 1..);
        let kinds = kinds.into_iter().flatten();
        // A gate has no parameters.
        let mut kinds = kinds.filter(|kind| *kind != Kind::Gate || parameter.is_none());
        if let Some(kind) = kinds.find(|kind| kind.has(table, candidate)) {
            return Some(Flag {
                kind,
                name: candidate,
                parameter,
            });
        }
        name = candidate.rsplit_once('.').map(|(before, _)| before);
    }
    None
}
