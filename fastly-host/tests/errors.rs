//! Errors that are about another error give it as their source.

use std::error::Error as StdError;

use statsig_edge::TableError;
use statsig_edge::chunks::ChunkManifest;
use statsig_edge::compile::compile;
use statsig_edge::id_list::IdListError;
use statsig_fastly::platform::Error;
use statsig_fastly::{
    CacheError, DeliveryError, IdListFault, KeyError, SettingsError, SignedError, SpecsError,
};

#[test]
fn sources_are_the_errors_within() {
    let platform = Error::Unreachable;
    let chunks = ChunkManifest::parse(b"").unwrap_err();
    let json = compile(b"<html>").unwrap_err();
    let cases: [(&dyn StdError, &dyn StdError); 16] = [
        (&SpecsError::Platform(platform), &platform),
        (
            &SpecsError::Table(TableError::NotATable),
            &TableError::NotATable,
        ),
        (&SpecsError::Chunks(chunks), &chunks),
        (
            &SpecsError::Signature(SignedError::Expired),
            &SignedError::Expired,
        ),
        (&SpecsError::Key(KeyError::Short), &KeyError::Short),
        (&SpecsError::Compile(json.clone()), &json),
        (&CacheError::LookUp(platform), &platform),
        (&CacheError::Insert(platform), &platform),
        (
            &CacheError::Table(TableError::NotATable),
            &TableError::NotATable,
        ),
        (&IdListFault::Manifest(platform), &platform),
        (&IdListFault::Shard(platform), &platform),
        (
            &IdListFault::BadManifest(IdListError::Checksum),
            &IdListError::Checksum,
        ),
        (
            &IdListFault::BadShard(IdListError::Checksum),
            &IdListError::Checksum,
        ),
        (&KeyError::Store(platform), &platform),
        (&SettingsError::Platform(platform), &platform),
        (&DeliveryError::Log(platform), &platform),
    ];
    for (error, within) in cases {
        let source = error.source().map(ToString::to_string);
        assert_eq!(source, Some(within.to_string()), "{error:?}");
    }
    // The innermost is reached.
    let key = SpecsError::Key(KeyError::Store(platform));
    let innermost = key.source().and_then(StdError::source);
    assert_eq!(innermost.unwrap().to_string(), platform.to_string());
    for error in [
        &SpecsError::NotSigned as &dyn StdError,
        &CacheError::Waited,
        &IdListFault::NotListed,
        &KeyError::Missing,
        &SettingsError::NotASetting(1),
    ] {
        assert!(error.source().is_none(), "{error:?}");
    }
}

#[test]
fn what_is_not_there_comes_with_the_next_step() {
    for (error, says) in [
        (
            Error::UnknownName,
            "nothing of that name is linked to the service; link it",
        ),
        (Error::NotFound, "no such key; add it"),
        (
            Error::Unreachable,
            "the backend cannot be reached; see its host and port",
        ),
        (
            Error::Timeout,
            "the backend took too long; see its time limits",
        ),
    ] {
        assert_eq!(error.to_string(), says);
    }
}
