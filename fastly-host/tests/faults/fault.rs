//! What can go wrong where, and what is to be seen of it.

use statsig_edge::TableError;
use statsig_edge::chunks::ChunkError;
use statsig_edge::compile::CompileError;
use statsig_fastly::SpecsError;
use statsig_fastly::platform::{Error, KvCode, Status};

use crate::specs;

/// A source that can go wrong, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    Kv,
    ConfigStore,
    Download,
    Cache,
    Events,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    MissingStore,
    MissingKey,
    Empty,
    Truncated,
    FlippedBit,
    FutureVersion,
    HugeJson,
    NotJson,
    Outcome(KvCode),
    NoBody,
    LostChunk,
    CallFails,
    Refuses,
    Hangs,
    Half,
    Answers(u16),
    NoNews,
}

use Fault::*;

pub(crate) const FAULTS: [(At, &[Fault]); 5] = [
    (
        At::Kv,
        &[
            MissingStore,
            MissingKey,
            Empty,
            Truncated,
            FlippedBit,
            FutureVersion,
            HugeJson,
            NotJson,
            Outcome(KvCode::TooManyRequests),
            Outcome(KvCode::InternalError),
            Outcome(KvCode::Unknown),
            NoBody,
            CallFails,
        ],
    ),
    (
        At::ConfigStore,
        &[
            MissingStore,
            MissingKey,
            Empty,
            Truncated,
            FlippedBit,
            FutureVersion,
            NotJson,
            LostChunk,
            CallFails,
        ],
    ),
    (
        At::Download,
        &[
            MissingStore,
            Empty,
            Truncated,
            FlippedBit,
            FutureVersion,
            HugeJson,
            NotJson,
            Refuses,
            Hangs,
            Half,
            Answers(400),
            Answers(401),
            Answers(413),
            Answers(429),
            Answers(500),
            NoNews,
            CallFails,
        ],
    ),
    (
        At::Cache,
        &[Refuses, CallFails, Truncated, FlippedBit, Empty],
    ),
    (
        At::Events,
        &[
            MissingStore,
            Refuses,
            Hangs,
            Answers(400),
            Answers(401),
            Answers(413),
            Answers(429),
            Answers(500),
        ],
    ),
];

/// What is to be seen of a fault at a source of specs.
pub(crate) fn reason(at: At, fault: Fault, length: usize) -> SpecsError {
    use SpecsError::{Chunks, Compile, Platform, Table as Bad};
    match (at, fault) {
        (At::ConfigStore, Truncated) => Chunks(ChunkError::Line(2)),
        (At::ConfigStore, FlippedBit) => Chunks(ChunkError::Checksum),
        (At::ConfigStore, FutureVersion) => Chunks(ChunkError::Version(2)),
        (_, MissingStore) => Platform(Error::UnknownName),
        (_, MissingKey) => Platform(Error::NotFound),
        (_, Empty | NotJson) => Compile(CompileError::NotJson(0)),
        (_, Truncated) => Bad(TableError::Length(length as u32, length - 1)),
        (_, FlippedBit) => Bad(TableError::Checksum),
        (_, FutureVersion) => Bad(TableError::Version(7)),
        (_, HugeJson) => Platform(Error::TooLarge),
        (_, Half) => Platform(Error::Truncated),
        (_, Outcome(KvCode::TooManyRequests)) => Platform(Error::TooManyRequests),
        (_, Outcome(_) | NoBody) => Platform(Error::StoreFailed),
        (_, LostChunk) => SpecsError::MissingChunk(1),
        (_, CallFails) => Platform(Error::Host(Status::LimitExceeded)),
        (_, Refuses) => Platform(Error::Unreachable),
        (_, Hangs) => Platform(Error::Timeout),
        (_, Answers(status)) => SpecsError::Status(status),
        (_, NoNews) => Compile(CompileError::NoUpdates),
    }
}

/// The bytes of a value with something wrong.
pub(crate) fn spoil(mut bytes: Vec<u8>, fault: Fault) -> Vec<u8> {
    match fault {
        Empty => Vec::new(),
        Truncated => {
            bytes.pop();
            bytes
        }
        FlippedBit => {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 4;
            bytes
        }
        FutureVersion => {
            bytes[4..6].copy_from_slice(&7_u16.to_le_bytes());
            bytes
        }
        HugeJson => {
            let mut huge = specs("huge", 1);
            huge.resize(30_000_000, b' ');
            huge
        }
        NotJson => b"<html>".to_vec(),
        NoNews => br#"{"has_updates":false}"#.to_vec(),
        _ => bytes,
    }
}

pub(crate) fn all() -> impl Iterator<Item = (At, Fault)> {
    let one = |(at, faults): (At, &'static [Fault])| faults.iter().map(move |fault| (at, *fault));
    FAULTS.into_iter().flat_map(one)
}
