//! A provider for the [OpenFeature](https://openfeature.dev) SDK, over the engine.
//!
//! # Flag keys
//!
//! | asked for | key | what it is |
//! | --- | --- | --- |
//! | `bool` | `NAME` | a gate, a segment or a holdout |
//! | `struct` | `NAME` | all parameters of a dynamic config, an experiment, a layer or a parameter store |
//! | any | `NAME.PARAMETER` | one parameter of these |
//!
//! Where a name has dots itself, the longest name that the specs know counts. Where two kinds have the same name, configs and
//! experiments (one name space) go before layers, and these before parameter stores; `config:NAME…`, `experiment:NAME…`,
//! `layer:NAME…`, `store:NAME…` and `gate:NAME` ask for one kind.
//!
//! # Evaluation context
//!
//! The targeting key is the `userID`. Of the fields, `userID` (where there is no targeting key), `email`, `ip`, `userAgent`, `country`,
//! `locale` and `appVersion`, in any case of letters, are the user's fields of these names; `customIDs.NAME`, `privateAttributes.NAME` and
//! `statsigEnvironment.NAME` are entries of these maps, as are the fields of a [`StructValue`] under the map's name; every other field
//! is a custom field. Times are milliseconds since the epoch.
//!
//! # Answers
//!
//! | Statsig | OpenFeature |
//! | --- | --- |
//! | group name, else rule id | variant |
//! | rule id `default`, `prestart`, `inlineTargetingRules` or none | `DEFAULT` |
//! | rule id `disabled` | `DISABLED` |
//! | a group of an experiment | `SPLIT` |
//! | another rule | `TARGETING_MATCH` |
//! | an assignment that was kept | `CACHED` |
//! | a static parameter of a store | `STATIC` |
//! | unknown name, or no such parameter | `FLAG_NOT_FOUND` |
//! | a value of another type, a config without its parameter, a gate as something else | `TYPE_MISMATCH` |
//! | neither `userID` nor `customIDs` | `TARGETING_KEY_MISSING` |
//! | a field that JSON cannot say | `INVALID_CONTEXT` |
//! | a value that is no JSON | `PARSE_ERROR` |
//! | unsupported conditions, exceeded depth, no specs | `GENERAL`, `PROVIDER_NOT_READY` |
//!
//! Flag metadata has `reason` (as Statsig says it), `ruleID`, and `groupName`, `version` and `idType` where there are some. A JSON null in a struct
//! is left out of it, since OpenFeature has none; a struct with a null in an array is a `TYPE_MISMATCH`.
//!
//! # Exposures
//!
//! OpenFeature's providers outlive requests, [`Environment`](statsig_edge::Environment) and events are of one. So the provider remembers what was asked, and
//! `StatsigProvider::log_exposures` (cargo feature `fastly`) asks the same of the request's `Statsig`, which logs it as
//! usual: to be called before the response is sent or after.
//!
//! Everything here is ready at once: [`block_on`] is enough of an executor.
//!
//! [`StructValue`]: open_feature::StructValue
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod answer;
mod context;
mod executor;
mod flag;
mod provider;

pub use executor::block_on;
pub use provider::{MAX_REMEMBERED_CHECKS, StatsigProvider};
