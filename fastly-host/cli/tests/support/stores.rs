//! What the server holds: Fastly's stores, Statsig's specs and lists; and its limits.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::http::{Head, Request, Response};
use super::{TOKEN, fastly_config, fastly_kv, statsig};

/// The ids of the stores.
pub const KV: &str = "kv-1";
pub const CONFIG: &str = "config-1";

#[derive(Clone, Debug)]
pub struct KvItem {
    pub value: Arc<[u8]>,
    pub metadata: String,
    pub generation: u64,
    pub time_to_live_s: Option<u64>,
}

#[derive(Clone, Debug)]
pub struct ConfigItem {
    pub value: Arc<str>,
    pub written: SystemTime,
}

#[derive(Clone)]
pub struct Stores {
    pub kv: BTreeMap<String, KvItem>,
    pub config: BTreeMap<String, ConfigItem>,
    /// By version: `v1`, `v2`.
    pub specs: BTreeMap<String, Arc<[u8]>>,
    /// Statsig's answer about ID lists.
    pub id_lists: serde_json::Value,
    /// The lists' files.
    pub files: BTreeMap<String, Arc<[u8]>>,
    /// The most bytes of a KV value.
    pub max_value: usize,
    /// The most bytes of a batch.
    pub max_batch: usize,
    /// The most keys of a page of a listing.
    pub max_page: usize,
    /// Writes that are left, and when there are more (s since the epoch).
    pub allowance: Option<(u64, u64)>,
    /// The server's clock is this far ahead.
    pub ahead: Duration,
    pub base: String,
    next_generation: u64,
}

impl Stores {
    pub(super) fn new(base: &str) -> Self {
        Stores {
            kv: BTreeMap::new(),
            config: BTreeMap::new(),
            specs: BTreeMap::new(),
            id_lists: serde_json::json!({}),
            files: BTreeMap::new(),
            max_value: 25_000_000,
            max_batch: 100_000_000,
            max_page: 1_000,
            allowance: None,
            ahead: Duration::ZERO,
            base: base.to_owned(),
            next_generation: 1_000,
        }
    }

    pub(super) fn now(&self) -> SystemTime {
        SystemTime::now() + self.ahead
    }

    /// Not in order, as generations are.
    pub(super) fn generation(&mut self) -> u64 {
        self.next_generation += 1;
        self.next_generation.wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }

    /// A KV item as another publisher would write it.
    pub fn put(&mut self, key: &str, value: &[u8], metadata: &str) {
        let generation = self.generation();
        self.kv.insert(
            key.to_owned(),
            KvItem {
                value: value.into(),
                metadata: metadata.to_owned(),
                generation,
                time_to_live_s: None,
            },
        );
    }

    /// Writes what Viceroy reads: `kv.json`, for `local_server.kv_stores` with format `json`, and
    /// `config.json`, for `local_server.config_stores` with format `json`.
    pub fn write_for_viceroy(&self, folder: &std::path::Path) {
        let mut items = serde_json::Map::new();
        for (number, (key, item)) in self.kv.iter().enumerate() {
            let file = folder.join(format!("kv-{number}.bin"));
            std::fs::write(&file, &item.value).unwrap();
            items.insert(
                key.clone(),
                serde_json::json!({"file": file, "metadata": item.metadata}),
            );
        }
        let items = serde_json::Value::from(items);
        std::fs::write(folder.join("kv.json"), items.to_string()).unwrap();
        let texts: BTreeMap<&String, &str> = self
            .config
            .iter()
            .map(|(key, item)| (key, &*item.value))
            .collect();
        let texts = serde_json::to_vec(&texts).unwrap();
        std::fs::write(folder.join("config.json"), texts).unwrap();
    }

    /// Adds a list with a file, or gives it a longer one.
    pub fn set_list(&mut self, name: &str, file_id: &str, creation_time: i64, file: &[u8]) {
        self.id_lists[name] = serde_json::json!({"name": name, "size": file.len(),
            "url": format!("{}/lists/{file_id}?sig=signature", self.base),
            "creationTime": creation_time, "fileID": file_id});
        self.files.insert(file_id.to_owned(), file.into());
    }

    pub(super) fn answer(&mut self, request: &Request, failing: &[usize]) -> Response {
        let head = &request.head;
        if !head.path.starts_with("/resources/") {
            return statsig::answer(self, head);
        }
        if head.header("fastly-key") != Some(TOKEN) {
            let given = head.header("fastly-key").unwrap_or("none");
            let text =
                format!("{{\"msg\":\"Provided credentials are missing or invalid: {given}\"}}");
            return Response::new(401, text);
        }
        let limited = match head.method.as_str() {
            "GET" | "HEAD" => None,
            _ => self.allow(),
        };
        if let Some(response) = limited.as_ref().and_then(|(_, refused)| refused.as_ref()) {
            let mut refused = Response::new(response.status, response.body.clone());
            refused.headers = response.headers.clone();
            return refused;
        }
        let response = if let Some(path) = head.after("/resources/stores/kv/") {
            fastly_kv::answer(self, &path, request, failing)
        } else if let Some(path) = head.after("/resources/stores/config/") {
            fastly_config::answer(self, &path, request)
        } else {
            Response::new(404, "{}")
        };
        match limited {
            Some(((remaining, reset), _)) => response
                .header("Fastly-RateLimit-Remaining", remaining)
                .header("Fastly-RateLimit-Reset", reset),
            None => response,
        }
    }

    /// Takes one of the writes that are left.
    fn allow(&mut self) -> Option<((u64, u64), Option<Response>)> {
        let (remaining, reset) = self.allowance?;
        let now = self.now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        if now >= reset {
            self.allowance = None;
            return None;
        }
        if remaining == 0 {
            let response = Response::new(429, "{\"msg\":\"Too many requests\"}")
                .header("Fastly-RateLimit-Remaining", 0)
                .header("Fastly-RateLimit-Reset", reset);
            return Some(((0, reset), Some(response)));
        }
        self.allowance = Some((remaining - 1, reset));
        Some(((remaining - 1, reset), None))
    }
}

/// A body that is too long is refused by its announced length.
pub(super) fn refuses(stores: &Stores, head: &Head) -> Option<Response> {
    let is_batch = head.path.ends_with("/batch");
    let limit = match head.method.as_str() {
        "PUT" if is_batch => stores.max_batch,
        "PUT" if head.path.contains("/keys/") => stores.max_value,
        _ => return None,
    };
    (head.length() > limit).then(|| Response::new(413, "{\"title\":\"Payload Too Large\"}"))
}
