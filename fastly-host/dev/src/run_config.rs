//! The `fastly.toml` of one local run: the service's own, with backends and stores pointed elsewhere.

use crate::progress::{Failure, Outcome, at};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// The backend that the service sends its events to.
pub const EVENTS_BACKEND: &str = "statsig-events";

/// A service's manifest, changed for a run under Viceroy.
pub struct RunConfig {
    manifest: Table,
    service_dir: PathBuf,
}

impl RunConfig {
    /// Reads `fastly.toml` of a service's folder; relative file names in its local part become absolute.
    pub fn of_service(service_dir: &Path) -> Outcome<Self> {
        let path = service_dir.join("fastly.toml");
        let text = std::fs::read_to_string(&path).map_err(at("read", &path))?;
        let mut manifest: Table = text.parse().map_err(|error| {
            Failure::new(
                format!("{} is no TOML: {error}", path.display()),
                "correct the file",
            )
        })?;
        if let Some(local) = manifest.get_mut("local_server") {
            absolutise(local, service_dir);
        }
        Ok(Self {
            manifest,
            service_dir: service_dir.to_owned(),
        })
    }

    /// The service's folder.
    pub fn service_dir(&self) -> &Path {
        &self.service_dir
    }

    /// Sets the URL of a local backend, keeping its other settings.
    #[must_use]
    pub fn backend(mut self, name: &str, url: &str) -> Self {
        let backend = table_in(table_in(self.local(), "backends"), name);
        backend.insert("url".to_owned(), Value::from(url));
        self
    }

    /// Puts a file into a local KV Store under a key, in place of what the manifest has there.
    #[must_use]
    pub fn kv_file(mut self, store: &str, key: &str, file: &Path) -> Self {
        let item = Value::from(Table::from_iter([
            ("key".to_owned(), Value::from(key)),
            (
                "file".to_owned(),
                Value::from(file.to_string_lossy().as_ref()),
            ),
        ]));
        let stores = table_in(self.local(), "kv_stores");
        let mut items = match stores.remove(store) {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        };
        items.retain(|other| other.get("key").and_then(Value::as_str) != Some(key));
        items.push(item);
        stores.insert(store.to_owned(), Value::Array(items));
        self
    }

    /// Sets any other value below `local_server`, by its path; tables on the way are created.
    #[must_use]
    pub fn local_value(mut self, path: &[&str], value: impl Into<Value>) -> Self {
        if let Some((last, above)) = path.split_last() {
            let table = above
                .iter()
                .fold(self.local(), |table, key| table_in(table, key));
            table.insert((*last).to_owned(), value.into());
        }
        self
    }

    /// The manifest as text.
    pub fn text(&self) -> String {
        self.manifest.to_string()
    }

    /// Writes it to a file.
    pub fn write(&self, path: &Path) -> Outcome<()> {
        std::fs::write(path, self.text()).map_err(at("write", path))
    }

    fn local(&mut self) -> &mut Table {
        table_in(&mut self.manifest, "local_server")
    }
}

/// The table under a key, in place of whatever else was there.
fn table_in<'t>(table: &'t mut Table, key: &str) -> &'t mut Table {
    if !table.get(key).is_some_and(Value::is_table) {
        table.insert(key.to_owned(), Value::Table(Table::new()));
    }
    match table.get_mut(key) {
        Some(Value::Table(inner)) => inner,
        _ => unreachable!("made a table above"),
    }
}

fn absolutise(value: &mut Value, dir: &Path) {
    match value {
        Value::Table(table) => {
            for (key, inner) in table.iter_mut() {
                match inner {
                    Value::String(file) if key == "file" => {
                        *file = dir.join(&*file).to_string_lossy().into_owned();
                    }
                    other => absolutise(other, dir),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| absolutise(item, dir)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> RunConfig {
        let mut manifest: Table = text.parse().expect("TOML");
        if let Some(local) = manifest.get_mut("local_server") {
            absolutise(local, Path::new("/service"));
        }
        RunConfig {
            manifest,
            service_dir: PathBuf::from("/service"),
        }
    }

    const MANIFEST: &str = r#"
manifest_version = 3
[local_server.backends.events]
url = "https://statsigapi.net/v1/"
override_host = "statsigapi.net"
[[local_server.kv_stores.statsig]]
key = "config"
file = "sample/payload.bin"
[[local_server.kv_stores.statsig]]
key = "other"
file = "/elsewhere/other.bin"
"#;

    #[test]
    fn files_become_absolute_and_the_backend_is_replaced() {
        let text = config(MANIFEST)
            .backend("events", "http://127.0.0.1:1/")
            .text();
        let read: Table = text.parse().expect("TOML");
        let local = &read["local_server"];
        let events = &local["backends"]["events"];
        assert_eq!(events["url"].as_str(), Some("http://127.0.0.1:1/"));
        assert_eq!(events["override_host"].as_str(), Some("statsigapi.net"));
        let items = &local["kv_stores"]["statsig"];
        assert_eq!(
            items[0]["file"].as_str(),
            Some("/service/sample/payload.bin")
        );
        assert_eq!(items[1]["file"].as_str(), Some("/elsewhere/other.bin"));
    }

    #[test]
    fn a_stored_file_replaces_the_one_of_its_key_only() {
        let text = config(MANIFEST).kv_file("statsig", "config", Path::new("/t/new.bin"));
        let read: Table = text.text().parse().expect("TOML");
        let items = read["local_server"]["kv_stores"]["statsig"].as_array();
        let items = items.expect("an array");
        let find = |key| {
            let item = items.iter().find(|item| item["key"].as_str() == Some(key));
            item.and_then(|item| item["file"].as_str())
        };
        assert_eq!(items.len(), 2);
        assert_eq!(find("config"), Some("/t/new.bin"));
        assert_eq!(find("other"), Some("/elsewhere/other.bin"));
    }

    #[test]
    fn an_empty_manifest_gets_what_is_set() {
        let text = config("").local_value(&["kv_stores", "empty"], Vec::<Value>::new());
        assert_eq!(text.text().trim(), "[local_server.kv_stores]\nempty = []");
    }
}
