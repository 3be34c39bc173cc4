//! Signed rule tables: a service takes only what its publisher has signed, whoever can write to its stores.
//!
//! The signature stands behind the table (`engine/FORMAT.md`, "Signature"), so that whoever does not ask for one reads the table as
//! ever. It is a signed text (see [`SigningKeys`]) of the purpose `statsig-table-1` without a name: HMAC-SHA-256 over the SHA-256 of
//! every byte of the table, and over the key's id. Keys rotate as they do everywhere: give the service the new key beside the old one,
//! publish with the new one, take the old one away.
//!
//! What a signature does not say is when: who can write to a store can bring an earlier table back that was signed with a key that is
//! still known. Use another key for each environment: a table is signed for all services that know its key.
//!
//! Cost: one pass of SHA-256 over the table for every read of a source, some 83 Wasm instructions a byte, and with
//! [`TableKeys::Stored`] three host calls. What lies in the Core Cache or in the memory of the sandbox was checked before it was put
//! there, and is not checked again: nobody but the service's own code writes there, and the cache's key names the keys that are
//! asked for, so that what was put there under other rules is not found.

use alloc::string::String;
use alloc::vec::Vec;

use statsig_edge::{SIGNATURE_MAGIC, Table, TableError, is_table, sha256};

use crate::platform::percent::cut;
use crate::signed::{SignedError, SigningKeys, encode};
use crate::source::SpecsError;

const PURPOSE: &str = "statsig-table-1";

/// The keys that a table may be signed with: see [`Config::with_signed_tables`](crate::Config::with_signed_tables).
#[derive(Clone, Copy, Debug)]
pub enum TableKeys<'c> {
    /// These.
    Given(&'c SigningKeys<'c>),
    /// Secrets of a Secret Store, by the name of its resource link. Only the secret that a table names is read, when a table is
    /// checked; blanks at its ends do not count.
    Stored {
        /// The store.
        store: &'c str,
        /// The names of the secrets, which are the keys' ids, with blanks between them.
        names: &'c str,
    },
}

/// The demand for a signature. Functions in a value, so that the linker drops them where nobody asks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Demand<'c> {
    pub(crate) keys: TableKeys<'c>,
    pub(crate) check: fn(TableKeys<'_>, &[u8]) -> Result<(), SpecsError>,
    /// Writes what tells this demand from others.
    pub(crate) name: fn(TableKeys<'_>, &mut Vec<u8>),
}

impl<'c> Demand<'c> {
    #[inline(always)]
    pub(crate) fn new(keys: TableKeys<'c>) -> Self {
        Demand {
            keys,
            check,
            name: |keys, out| match keys {
                TableKeys::Given(keys) => keys.ids().for_each(|id| {
                    out.push(0);
                    out.extend_from_slice(id.as_bytes());
                }),
                TableKeys::Stored { store, names } => {
                    for text in [store, names] {
                        out.push(1);
                        out.extend_from_slice(text.as_bytes());
                    }
                }
            },
        }
    }
}

/// The table followed by a signature with the first of these keys, which replaces any earlier signature.
///
/// # Errors
/// [`TableError`], when the bytes are not a table.
pub fn sign_table(table: &[u8], keys: &SigningKeys<'_>) -> Result<Vec<u8>, TableError> {
    let table = Table::open(table)?.as_bytes();
    let signed = keys.sign(PURPOSE, "", &digest(table));
    let mut parts = signed.splitn(3, '.');
    let mut next = || parts.next().unwrap_or_default().as_bytes();
    Ok([table, &SIGNATURE_MAGIC, next(), b".", next()].concat())
}

/// The id of the key that a table claims to be signed with, if it does; [`verify_table`] checks the claim.
pub fn table_key_id(table: &[u8]) -> Option<&str> {
    let (id, mac) = cut(split(table).ok()?.1?, b'.');
    mac.map(|_| id)
}

/// Whether one of these keys has signed the table. One pass of SHA-256 over it.
///
/// # Errors
/// `Table`, `NotSigned`, `Signature`.
pub fn verify_table(table: &[u8], keys: &SigningKeys<'_>) -> Result<(), SpecsError> {
    let (table, signature) = split(table)?;
    let signature = signature.ok_or(SpecsError::NotSigned)?;
    let signed = [signature, ".", &digest(table)].concat();
    let verified = keys.verify(PURPOSE, "", &signed);
    verified.map(drop).map_err(SpecsError::Signature)
}

fn check(keys: TableKeys<'_>, bytes: &[u8]) -> Result<(), SpecsError> {
    // Statsig's JSON has no place for a signature.
    if !is_table(bytes) {
        return Err(SpecsError::NotSigned);
    }
    let (store, names) = match keys {
        TableKeys::Given(keys) => return verify_table(bytes, keys),
        TableKeys::Stored { store, names } => (store, names),
    };
    let (_, signature) = split(bytes)?;
    let id = cut(signature.ok_or(SpecsError::NotSigned)?, b'.').0;
    if !names.split_ascii_whitespace().any(|name| name == id) {
        return Err(SpecsError::Signature(SignedError::UnknownKey));
    }
    let keys = SigningKeys::from_secret_store(store, &[id]).map_err(SpecsError::Key)?;
    verify_table(bytes, &keys)
}

/// The table, and the text of the signature behind it.
fn split(bytes: &[u8]) -> Result<(&[u8], Option<&str>), SpecsError> {
    let table = Table::open(bytes).map_err(SpecsError::Table)?.as_bytes();
    let behind = bytes.get(table.len()..).unwrap_or_default();
    let signature = behind.strip_prefix(&SIGNATURE_MAGIC);
    let text = signature.map(|text| core::str::from_utf8(text));
    match text.transpose() {
        Ok(text) => Ok((table, text)),
        Err(_) => Err(SpecsError::Signature(SignedError::Malformed)),
    }
}

fn digest(table: &[u8]) -> String {
    let mut text = String::new();
    encode(&sha256(&[table]), &mut text);
    text
}
