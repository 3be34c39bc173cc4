//! A host whose sources have a fault each.

use statsig_edge::chunks::{Limits, publish};
use statsig_fastly::Config;
use statsig_fastly::platform::fake::{self, Host, KvEntry, KvFault, Reply};
use statsig_fastly::platform::{SendTag, Status};

use crate::fault::Fault::{self, *};
use crate::fault::spoil;
use crate::{run, table};

pub(crate) fn kv(host: Host, name: &str, fault: Option<Fault>) -> Host {
    let mut entry = KvEntry::new(&spoil(table(name, 30), fault.unwrap_or(NoBody)));
    let key = match fault {
        Some(MissingKey) => "other",
        _ => "specs",
    };
    match fault {
        Some(MissingStore) => return host,
        Some(Outcome(code)) => entry.fault = Some(KvFault::Outcome(code)),
        Some(NoBody) => entry.fault = Some(KvFault::NoBody),
        _ => {}
    }
    let host = host.kv("statsig", key, entry);
    match fault {
        Some(CallFails) => host.fail("fastly_kv_store.lookup_wait_v2", Status::LimitExceeded),
        _ => host,
    }
}

pub(crate) fn config_store(mut host: Host, name: &str, fault: Option<Fault>) -> Host {
    let limits = Limits::CONFIG_STORE.with_value_chars(400);
    let publication = publish(&table(name, 20), "specs", None, &limits).unwrap();
    if fault == Some(MissingStore) {
        return host;
    }
    let (mut key, mut manifest) = publication.manifest;
    match fault {
        Some(MissingKey) => key = "other".into(),
        Some(Empty) => manifest.clear(),
        Some(Truncated) => manifest.truncate(manifest.find('\n').unwrap() + 4),
        Some(FutureVersion) => manifest = manifest.replace("chunks 1", "chunks 2"),
        Some(NotJson) => manifest = "<html>".into(),
        Some(CallFails) => host = host.fail("fastly_config_store.get", Status::LimitExceeded),
        _ => {}
    }
    host = host.config("statsig", &key, &manifest);
    for (number, (key, mut text)) in publication.chunks.into_iter().enumerate() {
        if number == 1 && fault == Some(LostChunk) {
            continue;
        }
        if number == 1 && fault == Some(FlippedBit) {
            let swapped = match &text[..1] {
                "A" => "B",
                _ => "A",
            };
            text.replace_range(..1, swapped);
        }
        host = host.config("statsig", &key, &text);
    }
    host
}

pub(crate) fn download(host: Host, name: &str, fault: Option<Fault>) -> Host {
    let whole = table(name, 10);
    let reply = match fault {
        Some(MissingStore) => return host,
        Some(Refuses) => Reply::Fail(Status::Error, SendTag::Unreachable),
        Some(Hangs) => Reply::Hang,
        Some(Half) => Reply::Half(200, whole[..whole.len() / 2].to_vec(), whole.len() / 2),
        Some(Answers(status)) => Reply::answer(status, b"no"),
        Some(CallFails) => Reply::Refuse(Status::LimitExceeded),
        fault => Reply::Answer(200, spoil(whole, fault.unwrap_or(NoBody))),
    };
    host.backend("cdn", [reply])
}

pub(crate) fn events(host: Host, fault: Option<Fault>) -> Host {
    let reply = match fault {
        Some(MissingStore) => return host,
        Some(Refuses) => Reply::Fail(Status::Error, SendTag::Unreachable),
        Some(Hangs) => Reply::Hang,
        Some(Answers(status)) => Reply::answer(status, b"no"),
        _ => Reply::answer(202, br#"{"success":true}"#),
    };
    host.backend("events", [reply])
}

/// What the cache has, and how it behaves.
pub(crate) fn cache(mut host: Host, config: &Config<'_>, fault: Fault) -> Host {
    match fault {
        Refuses => host.fail("fastly_cache.transaction_insert", Status::LimitExceeded),
        CallFails => host.fail("fastly_cache.lookup", Status::Unsupported),
        fault => {
            // An earlier request left something that is spoilt by now.
            let sound = events(kv(Host::default(), "kv", None), None);
            let (_, record) = fake::with(sound, || run(config));
            host.cache = record.cache;
            for item in host.cache.values_mut() {
                item.bytes = spoil(std::mem::take(&mut item.bytes), fault);
            }
            host
        }
    }
}
