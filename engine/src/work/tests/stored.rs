//! What lies in stores: ID lists and chunks.

use std::format;
use std::string::String;
use std::vec;
use std::vec::Vec;

use super::is_linear;

#[test]
fn id_lists_and_chunks_are_read_in_linear_time() {
    use crate::chunks::{ChunkManifest, Limits, publish};
    use crate::id_list::{IdList, IdListManifest, Shard, write_manifest, write_shard};
    let list = IdList {
        epoch: 1,
        bits: 0,
        ids: 0,
    };
    is_linear(
        "shard",
        |n| {
            let keys: Vec<[u8; 6]> = (0..n as u32)
                .map(|at| {
                    let [a, b, c, d] = at.to_be_bytes();
                    [a, b, c, d, 0, 0]
                })
                .collect();
            write_shard(&list, 0, &keys).unwrap()
        },
        |bytes| {
            assert!(!Shard::open(bytes, &list, 0).unwrap().contains(&[9; 6]));
        },
    );
    is_linear(
        "manifest",
        |n| {
            let names: Vec<String> = (0..n).map(|at| format!("list_{at:06}")).collect();
            write_manifest(1, names.iter().map(|name| (name.as_str(), list))).unwrap()
        },
        |bytes| {
            assert!(IdListManifest::open(bytes).unwrap().list("none").is_none());
        },
    );
    is_linear(
        "chunks",
        |n| vec![0x5A; n * 10],
        |bytes| {
            let limits = Limits::CONFIG_STORE.with_value_chars(100_000);
            let written = publish(bytes, "t", None, &limits).unwrap();
            let manifest = ChunkManifest::parse(written.manifest.1.as_bytes()).unwrap();
            let texts: Vec<u8> = written
                .chunks
                .iter()
                .flat_map(|(_, text)| text.bytes())
                .collect();
            let mut texts = match manifest.inline {
                Some(inline) => inline.as_bytes().to_vec(),
                None => texts,
            };
            manifest.current.decode(&mut texts).unwrap();
        },
    );
}
