//! A configuration as text, from an item of a Config Store, so that it can be changed without a deployment. For local runs the item is in
//! `fastly.toml`.

mod error;
mod setting;

pub use error::SettingsError;

use alloc::string::String;
use core::fmt;

use crate::config::Config;
use crate::platform::{Error, config_store};
use setting::Setting;

/// The text of a configuration.
///
/// One setting per line, `name = value`; empty lines and lines that begin with `#` are ignored.
///
/// | name | value | as in code |
/// | --- | --- | --- |
/// | `kv` | `STORE/KEY` | [`Config::with_kv_store`] |
/// | `config-store` | `STORE/KEY` | [`Config::with_config_store`] |
/// | `download` | `BACKEND SECRET-STORE/NAME`, then `v1` or `v2` if wanted | [`Config::with_download`] with a stored key |
/// | `download-client` | `BACKEND CLIENT-KEY` | the same with a client key |
/// | `id-lists` | `STORE/PREFIX` | [`Config::with_id_lists`] |
/// | `core-cache` | `on` or `off` | [`Config::with_core_cache`] |
/// | `max-age` | seconds | [`Config::with_max_age`] |
/// | `stale-while-revalidate` | seconds | [`Config::with_stale_while_revalidate`] |
/// | `table-max-age` | seconds | `Config::with_table_max_age` |
/// | `checksums` | `on` or `off` | [`Config::with_checksums`] |
/// | `signed-tables` | `SECRET-STORE/NAME`, then further names if wanted | [`Config::with_signed_tables`] with stored keys |
/// | `status-header` | a name | [`Config::with_status_header`] |
/// | `tier` | a name | [`Config::with_tier`] |
/// | `events` | `BACKEND SECRET-STORE/NAME` | [`Config::with_events`] with a stored key |
/// | `events-client` | `BACKEND CLIENT-KEY` | the same with a client key |
/// | `events-log` | `ENDPOINT` | [`Events::to_log_endpoint`](crate::Events::to_log_endpoint) |
/// | `log-endpoint` | `ENDPOINT`, below one of the three before | [`Events::with_log_endpoint`](crate::Events::with_log_endpoint) |
/// | `log-line-limit` | bytes, likewise | [`Events::with_line_limit`](crate::Events::with_line_limit) |
///
/// Sources are asked in the order of their lines; of other names given twice the last line counts. A wrong line is an error that names it, and no configuration.
///
/// ```
/// use statsig_fastly::Settings;
///
/// let settings = Settings::from_text(
///     "kv = statsig/statsig-specs\n\
///      core-cache = on\n\
///      max-age = 30\n\
///      events = statsig-events statsig/server-key",
/// );
/// let config = settings.config()?;
/// # let _ = config;
/// # Ok::<(), statsig_fastly::SettingsError>(())
/// ```
#[derive(Clone)]
pub struct Settings {
    text: String,
}

impl fmt::Debug for Settings {
    /// Client keys may be in the text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Settings(..)")
    }
}

impl Settings {
    /// Settings from elsewhere.
    pub fn from_text(text: impl Into<String>) -> Self {
        Settings { text: text.into() }
    }

    /// Reads them from an item of a Config Store, by the name of its resource link. Two host calls, one of which is a look-up.
    ///
    /// # Errors
    /// [`SettingsError::Platform`].
    pub fn from_config_store(store: &str, key: &str) -> Result<Self, SettingsError> {
        let read = || {
            let value = config_store::Store::open(store)?.get(key)?;
            String::from_utf8(value.ok_or(Error::NotFound)?).map_err(|_| Error::NotUtf8)
        };
        read().map(Self::from_text).map_err(SettingsError::Platform)
    }

    /// The configuration, to which code may add what text cannot express: bootstrap bytes, overrides.
    ///
    /// # Errors
    /// The first wrong line.
    pub fn config(&self) -> Result<Config<'_>, SettingsError> {
        let mut config = Config::new();
        for (number, line) in (1..).zip(self.text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (name, value) = line
                .split_once('=')
                .ok_or(SettingsError::NotASetting(number))?;
            let setting = Setting {
                value: value.trim(),
                number,
            };
            config = setting.apply(name.trim(), config)?;
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::destination::{Events, Key};
    use crate::origin::{Download, DownloadVersion};
    use crate::platform::fake::{self, Host};
    use crate::signed_table::TableKeys;
    use alloc::format;
    use alloc::string::ToString;

    const ALL: &str = "# everything\n\n kv = statsig / statsig-specs \nconfig-store=flags/a/b\n\
        download = cdn keys/server v1\ncore-cache = on\nmax-age = 30\nstale-while-revalidate = 5\n\
        table-max-age = 60\nchecksums = on\nsigned-tables = keys/new old\nstatus-header = x-statsig\ntier = staging\nevents = ev keys/server\n\
        log-endpoint = rest\nlog-line-limit = 8000\n";

    #[test]
    fn text_says_what_code_says() {
        let host = Host::default().config("settings", "statsig", ALL);
        let ((), record) = fake::with(host, || {
            let settings = Settings::from_config_store("settings", "statsig").unwrap();
            let key = Key::Stored {
                store: "keys",
                name: "server",
            };
            let code = Config::new()
                .with_kv_store("statsig", "statsig-specs")
                .with_config_store("flags", "a/b")
                .with_download(Download::new("cdn", key).with_version(DownloadVersion::V1))
                .with_core_cache()
                .with_max_age(30)
                .with_stale_while_revalidate(5)
                .with_table_max_age(60)
                .with_checksums()
                .with_signed_tables(TableKeys::Stored {
                    store: "keys",
                    names: "new old",
                })
                .with_status_header("x-statsig")
                .with_tier("staging")
                .with_events(
                    Events::new("ev", key)
                        .with_log_endpoint("rest")
                        .with_line_limit(8_000),
                );
            let text = format!("{:?}", settings.config().unwrap());
            assert_eq!(text, format!("{code:?}"));
            assert!(text.contains("a/b") && text.contains("cdn"));
        });
        assert_eq!(record.count("fastly_config_store.get"), 1);
    }

    #[test]
    fn of_lines_with_one_name_the_last_counts() {
        let last = |text: &str| {
            let settings = Settings::from_text(text);
            format!("{:?}", settings.config().unwrap())
        };
        for (twice, once) in [
            ("core-cache = on\ncore-cache = off", ""),
            ("core-cache = off\ncore-cache = on", "core-cache = on"),
            ("checksums = on\nchecksums = off", ""),
            ("checksums = off\nchecksums = on", "checksums = on"),
            ("max-age = 1\nmax-age = 2", "max-age = 2"),
        ] {
            assert_eq!(last(twice), last(once), "{twice}");
        }
    }

    #[test]
    fn a_wrong_line_is_named() {
        for (text, error, says) in [
            (
                "kv",
                SettingsError::NotASetting(1),
                "statsig settings: line 1: `name = value` is wanted",
            ),
            (
                "\n\nkvs = a/b",
                SettingsError::UnknownName(3),
                "statsig settings: line 3: there is no setting of this name",
            ),
            (
                "max-age = ten",
                SettingsError::BadValue(1, "a number of seconds"),
                "statsig settings: line 1: a number of seconds is wanted",
            ),
        ] {
            let settings = Settings::from_text(text);
            assert_eq!(settings.config().unwrap_err(), error);
            assert_eq!(error.to_string(), says);
        }
        for wrong in [
            "kv = statsig",
            "kv = /b",
            "kv = a/",
            "config-store =",
            "download = cdn",
            "download = cdn key",
            "download = cdn a/b v3",
            "download-client = cdn",
            "core-cache = yes",
            "checksums =",
            "signed-tables = new",
            "stale-while-revalidate = -1",
            "table-max-age = 1.5",
            "max-age = 4294967296",
            "tier =",
            "status-header =",
            "status-header = x statsig",
            "status-header = x-statsig:",
            "status-header = état",
            "events = b",
            "events-client = b ",
            "events-log =",
            "log-endpoint = early",
            "events-log = a\nlog-endpoint =",
            "events-log = a\nlog-line-limit = long",
        ] {
            let settings = Settings::from_text(format!("tier = t\n{wrong}"));
            let error = settings.config().unwrap_err();
            let last = wrong.lines().count() as u32 + 1;
            assert!(
                matches!(error, SettingsError::BadValue(line, _) if line == last),
                "{wrong}: {error}"
            );
        }
    }

    #[test]
    fn a_store_that_gives_none_is_told() {
        let host = Host::default().config("settings", "other", "");
        let (errors, _) = fake::with(host, || {
            ["settings", "none"].map(|store| Settings::from_config_store(store, "key").unwrap_err())
        });
        let platform = SettingsError::Platform;
        assert_eq!(
            errors,
            [platform(Error::NotFound), platform(Error::UnknownName)]
        );
        assert!(!format!("{:?}", Settings::from_text("client-abc")).contains("abc"));
    }
}
