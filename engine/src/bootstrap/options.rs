//! What a bootstrap response is asked to be.

/// Which specs a client bootstrap response has, and how it says them (`evaluation.md` §5.9).
///
/// ```
/// use statsig_edge::bootstrap::{BootstrapOptions, NameHash};
///
/// let mut options = BootstrapOptions::default();
/// options.hash = NameHash::None;
/// options.client_sdk_key = Some("client-key");
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct BootstrapOptions<'o> {
    /// The form of the response.
    pub format: ResponseFormat,
    /// How names are hidden.
    pub hash: NameHash,
    /// The client's key: only specs of its app are included, if the payload knows the app.
    pub client_sdk_key: Option<&'o str>,
    /// The app whose specs are included, whatever the key says; empty counts as none.
    pub target_app_id: Option<&'o str>,
    /// Only these feature gates. Filters are walked for each spec: keep them short.
    pub feature_gates: Option<&'o [&'o str]>,
    /// Only these dynamic configs.
    pub dynamic_configs: Option<&'o [&'o str]>,
    /// Only these experiments and contextual bandits.
    pub experiments: Option<&'o [&'o str]>,
    /// Only these layers.
    pub layers: Option<&'o [&'o str]>,
    /// Only these parameter stores.
    pub param_stores: Option<&'o [&'o str]>,
    /// Leave the id types out.
    pub remove_id_type: bool,
    /// Leave feature gates out that are false by default and exposed no other gate: what a client assumes anyway.
    pub remove_default_value_gates: bool,
    /// Leave experiments out that live in a layer.
    pub remove_experiments_in_layers: bool,
    /// The `full_checksum` of the client's last response. When given, even empty, a v1 response carries its own
    /// checksum, and is blank with `has_updates` false when they are equal. The checksum is this engine's, not that of
    /// Statsig's SDKs.
    pub previous_response_hash: Option<&'o str>,
    /// Whether the evaluator's local overrides hold for the response; by default they do not.
    pub include_local_overrides: bool,
    /// What `sdkInfo` says.
    pub sdk: SdkInfo<'o>,
}

/// The forms of a response.
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
/// # let mut scratch = Scratch::<8>::new();
/// use statsig_edge::bootstrap::{BootstrapOptions, ResponseFormat};
///
/// let mut length = |format| {
///     let mut options = BootstrapOptions::default();
///     options.format = format;
///     let mut response = String::new();
///     evaluator.client_bootstrap(&User::new(), &options, scratch.view(), &mut response).map(|_| response.len())
/// };
/// assert!(length(ResponseFormat::InitV2)? < length(ResponseFormat::V1)?);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResponseFormat {
    /// Everything is said where it belongs.
    #[default]
    V1,
    /// Exposures are said once, in a map of their own, and referred to.
    V2,
    /// `init-v2`: exposures and values are said once, members have short names, what is usual is left out.
    InitV2,
}

/// How names of specs are hidden from those who read the client's traffic.
///
/// ```
/// use statsig_edge::bootstrap::NameHash;
///
/// assert_eq!(NameHash::default(), NameHash::Djb2);
/// assert_eq!(NameHash::Sha256.as_str(), "sha256");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameHash {
    /// As they are.
    None,
    /// Statsig's djb2 in decimal, which all current clients read.
    #[default]
    Djb2,
    /// The whole SHA-256 in base64.
    Sha256,
}

impl NameHash {
    /// The name of the hash: `none`, `djb2` or `sha256`.
    pub fn as_str(self) -> &'static str {
        match self {
            NameHash::None => "none",
            NameHash::Djb2 => "djb2",
            NameHash::Sha256 => "sha256",
        }
    }
}

/// Who made the response.
///
/// ```
/// use statsig_edge::bootstrap::SdkInfo;
///
/// let mut sdk = SdkInfo::default();
/// assert_eq!(sdk.sdk_type, "statsig-edge");
/// sdk.session_id = Some("0b1c");
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SdkInfo<'o> {
    /// `sdkType`.
    pub sdk_type: &'o str,
    /// `sdkVersion`.
    pub sdk_version: &'o str,
    /// `sessionId`, left out when there is none.
    pub session_id: Option<&'o str>,
}

impl Default for SdkInfo<'_> {
    fn default() -> Self {
        SdkInfo {
            sdk_type: "statsig-edge",
            sdk_version: env!("CARGO_PKG_VERSION"),
            session_id: None,
        }
    }
}

/// What became of a response.
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
/// # let mut scratch = Scratch::<8>::new();
/// use statsig_edge::bootstrap::BootstrapOptions;
///
/// let mut narrow = Scratch::<0>::new();
/// let report = evaluator.client_bootstrap(&User::new(), &BootstrapOptions::default(), narrow.view(), &mut String::new())?;
/// // Four gates, two configs and a bandit, a layer; the gate behind `new_home` found no room.
/// assert_eq!((report.specs, report.dropped), (8, 1));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BootstrapReport {
    /// Specs that the response says.
    pub specs: u32,
    /// Secondary exposures and layer parts that did not fit into the scratch and are missing.
    pub dropped: u32,
    /// The client has everything already: the response is blank.
    pub unchanged: bool,
}
