//! One line of the settings: its value, read as what its name says, and what it changes in the configuration.

use super::SettingsError;
use crate::config::{Config, is_header_name};
use crate::destination::{Events, Key};
use crate::origin::{Download, DownloadVersion};
use crate::signed_table::TableKeys;

/// A line.
#[derive(Clone, Copy)]
pub(super) struct Setting<'s> {
    pub(super) value: &'s str,
    pub(super) number: u32,
}

impl<'s> Setting<'s> {
    pub(super) fn apply(self, name: &str, config: Config<'s>) -> Result<Config<'s>, SettingsError> {
        Ok(match name {
            "kv" => {
                let (store, key) = self.item(self.value, "STORE/KEY")?;
                config.with_kv_store(store, key)
            }
            "config-store" => {
                let (store, key) = self.item(self.value, "STORE/KEY")?;
                config.with_config_store(store, key)
            }
            "download" => {
                const WANTED: &str = "BACKEND SECRET-STORE/NAME, then v1 or v2 or nothing";
                let (backend, rest) = self.pair(self.value, ' ', WANTED)?;
                let (item, version) = match rest.split_once(' ') {
                    Some((item, "v1")) => (item, DownloadVersion::V1),
                    Some((item, "v2")) => (item, DownloadVersion::V2),
                    Some(_) => return Err(self.bad(WANTED)),
                    None => (rest, DownloadVersion::default()),
                };
                let key = self.stored(item, WANTED)?;
                config.with_download(Download::new(backend, key).with_version(version))
            }
            "download-client" => {
                let (backend, key) = self.pair(self.value, ' ', "BACKEND CLIENT-KEY")?;
                config.with_download(Download::new(backend, Key::Client(key)))
            }
            "id-lists" => {
                let (store, prefix) = self.item(self.value, "STORE/PREFIX")?;
                config.with_id_lists(store, prefix)
            }
            "core-cache" => match self.switch()? {
                true => config.with_core_cache(),
                false => config.without_core_cache(),
            },
            "max-age" => config.with_max_age(self.seconds()?),
            "stale-while-revalidate" => config.with_stale_while_revalidate(self.seconds()?),
            #[cfg(feature = "drop-in")]
            "table-max-age" => config.with_table_max_age(self.seconds()?),
            "checksums" => match self.switch()? {
                true => config.with_checksums(),
                false => config.without_checksums(),
            },
            "signed-tables" => {
                let (store, names) = self.item(self.value, "SECRET-STORE/NAME NAME")?;
                config.with_signed_tables(TableKeys::Stored { store, names })
            }
            "status-header" => config.with_status_header(self.header_name()?),
            "tier" => config.with_tier(self.word("a tier")?),
            "events" => {
                const WANTED: &str = "BACKEND SECRET-STORE/NAME";
                let (backend, item) = self.pair(self.value, ' ', WANTED)?;
                config.with_events(Events::new(backend, self.stored(item, WANTED)?))
            }
            "events-client" => {
                let (backend, key) = self.pair(self.value, ' ', "BACKEND CLIENT-KEY")?;
                config.with_events(Events::new(backend, Key::Client(key)))
            }
            "events-log" => {
                config.with_events(Events::to_log_endpoint(self.word("a log endpoint")?))
            }
            "log-endpoint" => {
                let events = self.events(&config)?;
                config.with_events(events.with_log_endpoint(self.word("a log endpoint")?))
            }
            "log-line-limit" => {
                let events = self.events(&config)?;
                let bytes = self.number("a number of bytes")?;
                config.with_events(events.with_line_limit(bytes as usize))
            }
            _ => return Err(SettingsError::UnknownName(self.number)),
        })
    }

    fn bad(self, wanted: &'static str) -> SettingsError {
        SettingsError::BadValue(self.number, wanted)
    }

    /// Two words, neither of them empty.
    fn pair(
        self,
        text: &'s str,
        between: char,
        wanted: &'static str,
    ) -> Result<(&'s str, &'s str), SettingsError> {
        let (first, second) = text.split_once(between).ok_or(self.bad(wanted))?;
        match (first.trim(), second.trim()) {
            ("", _) | (_, "") => Err(self.bad(wanted)),
            pair => Ok(pair),
        }
    }

    /// The names of stores have no slash; keys may.
    fn item(
        self,
        text: &'s str,
        wanted: &'static str,
    ) -> Result<(&'s str, &'s str), SettingsError> {
        self.pair(text, '/', wanted)
    }

    fn stored(self, text: &'s str, wanted: &'static str) -> Result<Key<'s>, SettingsError> {
        let (store, name) = self.item(text, wanted)?;
        Ok(Key::Stored { store, name })
    }

    fn word(self, wanted: &'static str) -> Result<&'s str, SettingsError> {
        match self.value {
            "" => Err(self.bad(wanted)),
            word => Ok(word),
        }
    }

    /// One of another form would be left out without a word.
    fn header_name(self) -> Result<&'s str, SettingsError> {
        const WANTED: &str = "the name of a header";
        let name = self.word(WANTED)?;
        match is_header_name(name) {
            true => Ok(name),
            false => Err(self.bad(WANTED)),
        }
    }

    fn switch(self) -> Result<bool, SettingsError> {
        match self.value {
            "on" => Ok(true),
            "off" => Ok(false),
            _ => Err(self.bad("on or off")),
        }
    }

    fn seconds(self) -> Result<u32, SettingsError> {
        self.number("a number of seconds")
    }

    fn number(self, wanted: &'static str) -> Result<u32, SettingsError> {
        self.value.parse().map_err(|_| self.bad(wanted))
    }

    /// What a line before this one said of events.
    fn events(self, config: &Config<'s>) -> Result<Events<'s>, SettingsError> {
        let events = config.events;
        events.ok_or(self.bad("a line above this one that says where events go"))
    }
}
