//! `publish` with files as its sources.

use tempfile::TempDir;

use super::Server;
use super::client::{Run, path, run};
use super::stores::{CONFIG, KV};

pub const KEY: &str = "statsig-specs";

pub struct Files(TempDir);

impl Files {
    pub fn new() -> Self {
        Files(TempDir::new().unwrap())
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> String {
        let file = self.0.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        path(&file).to_owned()
    }
}

pub fn to_kv(server: &Server, specs: &str, more: &[&str]) -> Run {
    let mut arguments = vec!["publish", "--specs", specs, "--kv-store", KV];
    arguments.extend(more);
    run(server, &arguments)
}

pub fn to_config(server: &Server, specs: &str, more: &[&str]) -> Run {
    let mut arguments = vec!["publish", "--specs", specs, "--config-store", CONFIG];
    arguments.extend(more);
    run(server, &arguments)
}
