//! Signing rule tables, for services that take no others (`engine/FORMAT.md`, "Signature").

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use statsig_edge::is_table;
use statsig_fastly::{SigningKey, SigningKeys, sign_table, table_key_id, verify_table};

use crate::failure::Problem;
use crate::secret::Secret;

/// The key of a publication.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Signature")]
pub(crate) struct Signing {
    /// The id of the key that tables are signed with, as services know it; the secret is in STATSIG_TABLE_KEY or a file
    #[arg(long, value_name = "ID")]
    pub sign_key_id: Option<String>,
    /// A file with the key's secret: 32 characters or more, as of `openssl rand -hex 32`
    #[arg(long, value_name = "FILE", requires = "sign_key_id")]
    pub sign_key_file: Option<PathBuf>,
}

impl Signing {
    /// The key, if there is to be a signature.
    pub(crate) fn keys(&self) -> Result<Option<SigningKeys<'static>>> {
        let Some(id) = &self.sign_key_id else {
            return Ok(None);
        };
        let secret = Secret::read(
            "table key",
            "STATSIG_TABLE_KEY",
            "--sign-key-file",
            self.sign_key_file.as_deref(),
        )?;
        let key = SigningKey::new(id.clone(), secret.expose().as_bytes().to_vec());
        let key = key.map_err(|error| {
            let next = "name the key with --sign-key-id, and give its secret";
            Problem::usage(error.to_string(), next)
        })?;
        Ok(Some(SigningKeys::new(key)))
    }

    /// Signs a table, if there is to be a signature. A signature that it has stays otherwise.
    pub(crate) fn sign(&self, table: Vec<u8>) -> Result<Vec<u8>> {
        match self.keys()? {
            Some(keys) => Ok(sign_table(&table, &keys)?),
            None => Ok(table),
        }
    }

    /// What the signature of a table, or of JSON, is worth.
    pub(crate) fn check(&self, specs: &[u8]) -> Result<Signature> {
        let key_id = table_key_id(specs).map(str::to_owned);
        let good = match self.keys()? {
            Some(_) if !is_table(specs) => Some(false),
            Some(keys) => Some(verify_table(specs, &keys).is_ok()),
            None => None,
        };
        Ok(Signature { key_id, good })
    }
}

/// A table's signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signature {
    /// The key that it names.
    pub key_id: Option<String>,
    /// Whether the key that was given has made it; `None` if none was given.
    pub good: Option<bool>,
}

impl Signature {
    /// In words.
    pub(crate) fn text(&self) -> String {
        match (&self.key_id, self.good) {
            (Some(id), Some(true)) => format!("good, of key {id}"),
            (Some(id), Some(false)) => format!("not of the given key; it names key {id}"),
            (Some(id), None) => format!("names key {id}, not checked"),
            (None, _) => "none".into(),
        }
    }

    /// The same for machines.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::json!({"key_id": self.key_id, "good": self.good})
    }
}
