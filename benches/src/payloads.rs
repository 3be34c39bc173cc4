//! The payloads of the sections T and R: samples and generated ones, as JSON and as tables.

use std::path::{Path, PathBuf};

use statsig_edge::{SpecKind, Table};

use crate::first_version::first_version;
use crate::{read, synthetic, write};

/// A payload of the T table.
pub(crate) struct Payload {
    pub(crate) name: &'static str,
    pub(crate) json: Vec<u8>,
    pub(crate) table: Vec<u8>,
    /// A gate that it has.
    pub(crate) gate: String,
    pub(crate) json_file: PathBuf,
    pub(crate) table_file: PathBuf,
}

impl Payload {
    /// Bytes of a section of the table.
    pub(crate) fn section(&self, name: &str) -> u32 {
        self.sections()
            .find(|(known, _)| *known == name)
            .map_or(0, |(_, size)| size)
    }

    pub(crate) fn sections(&self) -> impl Iterator<Item = (&'static str, u32)> {
        Table::open(&self.table)
            .ok()
            .into_iter()
            .flat_map(|table| table.section_sizes().collect::<Vec<_>>())
    }
}

/// Specs into a table.
pub(crate) fn compile(json: &[u8]) -> Result<Vec<u8>, String> {
    Ok(statsig_edge::compile::compile(json)
        .map_err(|error| error.to_string())?
        .table)
}

/// All of them, written into the folder.
pub(crate) fn payloads(scratch: &Path) -> Result<Vec<Payload>, String> {
    let engine = Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/tests/data/payloads");
    let unpack = |name: &str| -> Result<Vec<u8>, String> {
        let mut json = Vec::new();
        let packed = read(&engine.join(name))?;
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&packed[..]), &mut json)
            .map_err(|error| format!("{name}: {error}"))?;
        Ok(json)
    };
    let all = [
        ("demo", unpack("demo_proj_dcs.json.gz")?),
        ("eval", unpack("eval_proj_dcs.json.gz")?),
        ("v1", unpack("v1/rulesets_e2e_full_dcs.json.gz")?),
        ("4MB", synthetic::payload(4_000_000).into_bytes()),
        ("20MB", synthetic::payload(20_000_000).into_bytes()),
    ];
    let mut payloads = Vec::new();
    for (name, json) in all {
        let table = compile(&json)?;
        let gate = {
            let opened = Table::open(&table).map_err(|error| error.to_string())?;
            let gate = opened
                .specs(SpecKind::Gate)
                .next()
                .ok_or("a payload without gates")?;
            gate.name().to_owned()
        };
        let json_file = scratch.join(format!("{name}.json"));
        let table_file = scratch.join(format!("{name}.table"));
        write(&json_file, &json)?;
        write(&table_file, &table)?;
        payloads.push(Payload {
            name,
            json,
            table,
            gate,
            json_file,
            table_file,
        });
    }
    Ok(payloads)
}

/// The payloads as files `NAME.json` and `NAME.table`, two of them as `NAME.v1.json` besides.
pub(crate) fn write_payloads(folder: &Path) -> Result<(), String> {
    for payload in payloads(folder)? {
        if ["eval", "4MB"].contains(&payload.name) {
            let json = first_version(&payload.json).ok_or("a payload that is not v2")?;
            write(&folder.join(format!("{}.v1.json", payload.name)), &json)?;
        }
    }
    Ok(())
}
