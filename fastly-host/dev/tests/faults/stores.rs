//! One Viceroy with every store and every backend, sound and not.

use crate::fault::{
    At::{self, Bootstrap, Chunks, Download, Events, Item, Kv},
    FAULTS, NO_KEY, NO_STORE,
};
use serde_json::json;
use statsig_edge::chunks::{Limits, publish};
use statsig_edge::compile::compile;
use statsig_fastly_dev::faulty_backend::{Backends, Does};
use statsig_fastly_dev::harness::Service;
use statsig_fastly_dev::run_config::RunConfig;
use std::path::{Path, PathBuf};

/// The limits of backends that stop, in ms.
const LIMIT: i64 = 250;
/// What Statsig says of events that it has taken.
pub(crate) const TAKEN: &[u8] = br#"{"success":true}"#;
/// More than any source takes.
const HUGE: usize = 30_000_000;

/// Specs with a gate that tells whose they are: by its rule.
pub(crate) fn specs(at: At) -> Vec<u8> {
    let name = at.rule();
    json!({"has_updates": true, "time": 10 + at as u32, "dynamic_configs": {}, "layer_configs": {},
        "experiment_to_layer": {}, "condition_map": {"all": {"type": "public", "idType": "userID"}},
        "feature_gates": {"which": {"type": "feature_gate", "entity": "feature_gate", "salt": "s", "enabled": true,
            "idType": "userID", "defaultValue": false, "version": 1, "rules": [{"id": name, "name": name, "salt": "r",
            "idType": "userID", "passPercentage": 100, "conditions": ["all"], "returnValue": true}]}}})
    .to_string()
    .into_bytes()
}

pub(crate) fn table(at: At) -> Vec<u8> {
    compile(&specs(at)).unwrap().table
}

/// A table, or what is there instead of it.
pub(crate) fn value(at: At, fault: &str) -> Vec<u8> {
    let mut bytes = table(at);
    match fault {
        "empty" => bytes.clear(),
        "not-json" => bytes = b"<html>".to_vec(),
        "cut" => drop(bytes.pop()),
        "flipped" => {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 4;
        }
        "future" => bytes[4] = 9,
        "huge" => {
            bytes = specs(at);
            bytes.resize(HUGE, b' ');
        }
        _ => {}
    }
    bytes
}

/// The Config Store: each fault under a name of its own.
pub(crate) fn config_items() -> toml::Table {
    let mut items = Vec::new();
    for (fault, _) in [("sound", "")].iter().chain(FAULTS[1].1) {
        let mut text = String::from_utf8(specs(Item)).unwrap();
        match *fault {
            "empty" => text.clear(),
            "not-json" => text = "<html>".into(),
            "cut" => drop(text.pop()),
            // A colon becomes a semicolon.
            "flipped" => text = text.replacen(':', ";", 1),
            _ => {}
        }
        items.push((format!("item-{fault}"), text));
    }
    let limits = Limits::CONFIG_STORE.with_value_chars(400);
    for (fault, _) in [("sound", "")].iter().chain(FAULTS[2].1) {
        let key = format!("chunks-{fault}");
        let publication = publish(&table(Chunks), &key, None, &limits).unwrap();
        let (key, mut manifest) = publication.manifest;
        match *fault {
            "empty" => manifest.clear(),
            "not-json" => manifest = "<html>".into(),
            "cut" => manifest.truncate(manifest.find('\n').unwrap() + 4),
            "future" => manifest = manifest.replace("chunks 1", "chunks 2"),
            _ => {}
        }
        items.push((key, manifest));
        for (number, (key, mut text)) in publication.chunks.into_iter().enumerate() {
            if number == 1 && *fault == "lost" {
                continue;
            }
            if number == 1 && *fault == "flipped" {
                let other = if text.starts_with('A') { "B" } else { "A" };
                text.replace_range(..1, other);
            }
            items.push((key, text));
        }
    }
    let items = items.into_iter().map(|(key, text)| (key, text.into()));
    items.collect()
}

/// What the backend for a fault does.
pub(crate) fn does(fault: &str, sound: Does, whole: &[u8]) -> Does {
    let whole = || whole.into();
    match fault {
        "leaves" => Does::Leaves,
        "hangs" => Does::Hangs,
        "half-head" => Does::HalfHead,
        "half-body" => Does::HalfBody(whole()),
        "stalls" => Does::Stalls(whole()),
        "no-news" => Does::answer(200, r#"{"has_updates":false}"#),
        "not-json" => Does::answer(200, "<html>"),
        status => match status.parse() {
            Ok(status) => Does::answer(status, "no"),
            Err(_) => sound,
        },
    }
}

pub(crate) fn with_backends(mut config: RunConfig, backends: &Backends) -> RunConfig {
    for (at, kind) in [(Download, "cdn"), (Events, "events")] {
        let faults = FAULTS.iter().find(|(known, _)| *known == at).unwrap().1;
        for (fault, _) in [("sound", "")].iter().chain(faults) {
            if *fault == NO_STORE.0 {
                continue;
            }
            let name = format!("{kind}-{fault}");
            let does = match at {
                Download => {
                    let bytes = value(at, fault);
                    does(fault, Does::answer(200, &bytes), &bytes)
                }
                _ => does(fault, Does::answer(202, TAKEN), TAKEN),
            };
            let url = match *fault {
                "refuses" => backends.refusing().unwrap(),
                _ => backends.set(&name, does),
            };
            config = config.backend(&name, &url);
            let limit = match (at, *fault) {
                (Events, "hangs") => "first_byte_timeout_ms",
                (_, "stalls") => "between_bytes_timeout_ms",
                _ => continue,
            };
            config = config.local_value(&["backends", &name, limit], LIMIT);
        }
    }
    config
}

pub(crate) fn start(name: &str, backends: &Backends) -> Service {
    let folder = std::env::temp_dir().join(format!("statsig-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let service = Service::start_with(name, |mut config| {
        for (at, store) in [(Kv, "specs"), (Bootstrap, "bootstrap")] {
            let faults = FAULTS.iter().find(|(known, _)| *known == at).unwrap().1;
            for (fault, _) in [("sound", "")].iter().chain(faults) {
                if [NO_STORE.0, NO_KEY.0].contains(fault) {
                    continue;
                }
                let file = stored(&folder, &format!("{store}-{fault}"), &value(at, fault));
                config = config.kv_file(store, fault, &file);
            }
        }
        with_backends(config, backends)
            .local_value(&["config_stores", "flags", "format"], "inline-toml")
            .local_value(&["config_stores", "flags", "contents"], config_items())
    });
    // Viceroy has read them.
    let _ = std::fs::remove_dir_all(&folder);
    service
}

pub(crate) fn stored(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let file = folder.join(name);
    std::fs::write(&file, bytes).unwrap();
    file
}
