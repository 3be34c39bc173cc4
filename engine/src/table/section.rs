//! The parts of a table.

/// The parts of a table, in the order of the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Section {
    Meta = 0,
    Units = 1,
    Fields = 2,
    Gates = 3,
    Configs = 4,
    Layers = 5,
    Rules = 6,
    RuleConditions = 7,
    Conditions = 8,
    Prefixes = 9,
    Strings = 10,
    Blobs = 11,
    ParameterStores = 12,
    Parameters = 13,
    Overrides = 14,
    Mappings = 15,
    MappingRules = 16,
    Cmabs = 17,
    CmabGroups = 18,
    CmabWeights = 19,
    AppIds = 20,
    ExperimentLayers = 21,
    Values = 22,
}

/// How many sections this version has; a table of a later minor layout may have more.
pub(crate) const SECTIONS: usize = 23;

/// The sections' names, in the order of the directory.
pub(super) const SECTION_NAMES: [&str; SECTIONS] = [
    "meta",
    "units",
    "fields",
    "gates",
    "configs",
    "layers",
    "rules",
    "rule conditions",
    "conditions",
    "prefixes",
    "strings",
    "blobs",
    "parameter stores",
    "parameters",
    "overrides",
    "mappings",
    "mapping rules",
    "cmabs",
    "cmab groups",
    "cmab weights",
    "app ids",
    "experiment layers",
    "values",
];
