//! What the payload says about itself and its SDKs (`evaluation.md` §1.3).

use super::wire::Row;
use super::{Section, StringList, Table, wire};

/// Bytes of the meta section.
pub(crate) const META: usize = 72;

/// Where each field of the meta section lies.
pub(crate) mod at {
    pub(crate) const APP_ID: usize = 0;
    pub(crate) const COMPANY_ID: usize = 4;
    pub(crate) const DEFAULT_ENVIRONMENT: usize = 8;
    pub(crate) const CHECKSUM: usize = 12;
    pub(crate) const SDK_CONFIGS: usize = 16;
    pub(crate) const SESSION_REPLAY: usize = 20;
    pub(crate) const ID_LISTS: usize = 24;
    pub(crate) const SAMPLING_MODE: usize = 28;
    /// Two bits: [`super::HASHED_KEYS`], [`super::PLAIN_KEYS`].
    pub(crate) const KEYS: usize = 29;
    pub(crate) const DIAGNOSTICS: usize = 32;
    pub(crate) const SPECIAL_CASE_SAMPLING_RATE: usize = 40;
    pub(crate) const EXPOSURE_DEDUPE_TTL_MS: usize = 48;
    pub(crate) const EXPOSURE_SPEC_SAMPLING_TTL_MS: usize = 56;
    pub(crate) const PLAIN_KEYS: usize = 64;
}

/// The payload maps hashed client keys to apps.
pub(crate) const HASHED_KEYS: u8 = 1 << 0;

/// The payload maps plain client keys to apps.
pub(crate) const PLAIN_KEYS: u8 = 1 << 1;

/// `sdk_configs.sampling_mode` (§6.7).
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
/// # let mut scratch = Scratch::<8>::new();
/// use statsig_edge::SamplingMode;
///
/// let meta = evaluator.table().meta().ok_or("no meta")?;
/// assert_eq!(meta.sampling_mode(), SamplingMode::Shadow);
/// assert_eq!(meta.special_case_sampling_rate(), Some(100));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum SamplingMode {
    /// Everything is logged.
    Off = 0,
    /// Only sampled exposures are logged.
    On = 1,
    /// Everything is logged, and marked as it would have been sampled.
    Shadow = 2,
}

/// The payload's own fields.
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
/// # let mut scratch = Scratch::<8>::new();
/// let meta = Table::open(&table)?.meta().ok_or("no meta")?;
/// assert_eq!(meta.app_id(), Some("web"));
/// assert_eq!(meta.default_environment(), Some("production"));
/// assert!(meta.id_lists().is_some_and(|lists| lists.contains("beta_users")));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct Meta<'t> {
    table: Table<'t>,
    row: Row<'t, META>,
}

impl core::fmt::Debug for Meta<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Meta")
            .field("app_id", &self.app_id())
            .field("company_id", &self.company_id())
            .finish_non_exhaustive()
    }
}

impl<'t> Meta<'t> {
    fn string(&self, at: usize) -> Option<&'t str> {
        self.table.string(self.row.reference(at)?)
    }

    /// A number stored with one added, so that zero can say "absent".
    fn number(&self, at: usize) -> Option<u64> {
        self.row.u64(at).checked_sub(1)
    }

    /// `app_id`: what `target_app` conditions compare.
    pub fn app_id(&self) -> Option<&'t str> {
        self.string(at::APP_ID)
    }

    /// `company_id`.
    pub fn company_id(&self) -> Option<&'t str> {
        self.string(at::COMPANY_ID)
    }

    /// `default_environment`: the tier when none is configured (§2.6).
    pub fn default_environment(&self) -> Option<&'t str> {
        self.string(at::DEFAULT_ENVIRONMENT)
    }

    /// `checksum`, for asking whether there is something new (§7.1).
    pub fn checksum(&self) -> Option<&'t str> {
        self.string(at::CHECKSUM)
    }

    /// `sdk_configs` as JSON text.
    pub fn sdk_configs(&self) -> Option<&'t str> {
        self.table.value(self.row.reference(at::SDK_CONFIGS)?)
    }

    /// `session_replay_info` as JSON text, for client bootstrap.
    pub fn session_replay_info(&self) -> Option<&'t str> {
        self.table.value(self.row.reference(at::SESSION_REPLAY)?)
    }

    /// `diagnostics` as JSON text.
    pub fn diagnostics(&self) -> Option<&'t str> {
        self.table.value(self.row.reference(at::DIAGNOSTICS)?)
    }

    /// The names of the ID lists that the payload mentions.
    pub fn id_lists(&self) -> Option<StringList<'t>> {
        self.table.list(self.row.reference(at::ID_LISTS)?)
    }

    /// `sdk_configs.sampling_mode`.
    pub fn sampling_mode(&self) -> SamplingMode {
        match self.row.u8(at::SAMPLING_MODE) {
            1 => SamplingMode::On,
            2 => SamplingMode::Shadow,
            _ => SamplingMode::Off,
        }
    }

    /// `sdk_configs.special_case_sampling_rate`.
    pub fn special_case_sampling_rate(&self) -> Option<u64> {
        self.number(at::SPECIAL_CASE_SAMPLING_RATE)
    }

    /// `sdk_configs.exposure_dedupe_ttl_ms`.
    pub fn exposure_dedupe_ttl_ms(&self) -> Option<u64> {
        self.number(at::EXPOSURE_DEDUPE_TTL_MS)
    }

    /// `sdk_configs.exposure_spec_sampling_ttl_ms`.
    pub fn exposure_spec_sampling_ttl_ms(&self) -> Option<u64> {
        self.number(at::EXPOSURE_SPEC_SAMPLING_TTL_MS)
    }

    /// Whether the payload maps hashed client keys to apps; that map then takes precedence over plain keys (§5.9).
    pub fn has_hashed_keys(&self) -> bool {
        self.row.u8(at::KEYS) & HASHED_KEYS != 0
    }

    /// Whether the payload maps client keys to apps; the map may be empty.
    pub fn has_plain_keys(&self) -> bool {
        self.row.u8(at::KEYS) & PLAIN_KEYS != 0
    }

    /// `sdk_keys_to_app_ids`: the app of a client key.
    pub fn app_id_of_key(&self, key: &str) -> Option<&'t str> {
        self.app_id_of(key, 0..self.row.u32(at::PLAIN_KEYS))
    }

    /// `hashed_sdk_keys_to_app_ids`: the app of a client key's djb2.
    pub fn app_id_of_hashed_key(&self, hash: &str) -> Option<&'t str> {
        self.app_id_of(hash, self.row.u32(at::PLAIN_KEYS)..u32::MAX)
    }

    fn app_id_of(&self, key: &str, rows: core::ops::Range<u32>) -> Option<&'t str> {
        let section = self.table.section(Section::AppIds);
        let row = rows
            .map_while(|at| wire::row::<8>(section, at))
            .find(|row| self.table.string_bytes(row.u32(0)) == Some(key.as_bytes()))?;
        self.table.string(row.u32(4))
    }
}

impl<'t> Table<'t> {
    /// The payload's own fields; `None` only in a corrupt table.
    pub fn meta(&self) -> Option<Meta<'t>> {
        let row = self.row::<META>(Section::Meta, 0)?;
        Some(Meta { table: *self, row })
    }

    /// `experiment_to_layer` (v2) or `layers` (v1): the layer of each experiment that is in one; not evaluated.
    pub fn experiment_layers(&self) -> impl Iterator<Item = (&'t str, &'t str)> + use<'t> {
        let table = *self;
        let rows = self.section(Section::ExperimentLayers).as_chunks::<8>().0;
        rows.iter().filter_map(move |row| {
            let row = Row(row);
            Some((table.string(row.u32(0))?, table.string(row.u32(4))?))
        })
    }
}
