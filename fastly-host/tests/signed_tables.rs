//! Tables that a publisher has signed, and services that take no others.

mod common;

use statsig_edge::chunks::{Limits, publish};
use statsig_edge::compile::compile;
use statsig_edge::{SIGNATURE_MAGIC, Table, TableError};
use statsig_fastly::platform::fake::{self, Host, KvEntry, Record};
use statsig_fastly::{
    Asked, CacheState, Config, Format, KeyError, Route, SignedError, SigningKey, SigningKeys,
    Source, Specs, SpecsError, Statsig, TableKeys, sign_table, table_key_id, verify_table,
    write_status, write_status_header,
};

const OLD: &[u8] = b"an old secret of at least 32 bytes..";
const NEW: &[u8] = b"a new secret of more than 32 bytes...";

fn keys(id: &'static str, secret: &'static [u8]) -> SigningKeys<'static> {
    SigningKeys::new(SigningKey::new(id, secret).unwrap())
}

/// The smallest table, so that every byte of it can be changed.
fn small() -> Vec<u8> {
    let specs = br#"{"has_updates":true,"time":7,"experiment_to_layer":{},"feature_gates":{},"dynamic_configs":{},
        "layer_configs":{},"condition_map":{}}"#;
    compile(specs).unwrap().table
}

fn demo() -> Vec<u8> {
    compile(common::DEMO_SPECS).unwrap().table
}

#[test]
fn the_signature_is_the_one_that_the_format_defines() {
    use sha2::{Digest, Sha256};
    let table = demo();
    let signed = sign_table(&table, &keys("2026", NEW)).unwrap();
    assert_eq!(&signed[..table.len()], &table);
    let text = std::str::from_utf8(&signed[table.len() + 4..]).unwrap();
    assert_eq!(&signed[table.len()..][..4], &SIGNATURE_MAGIC);
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let base64 = |bytes: &[u8]| -> String {
        let bit = |at: usize| bytes.get(at / 8).map_or(0, |byte| byte >> (7 - at % 8) & 1);
        let digit = |at: usize| (0..6).fold(0, |sum, next| sum << 1 | bit(at * 6 + next));
        (0..43)
            .map(|at| char::from(digits[usize::from(digit(at))]))
            .collect()
    };
    let block = |with: u8| -> Vec<u8> {
        (0..64)
            .map(|at| NEW.get(at).copied().unwrap_or(0) ^ with)
            .collect()
    };
    let lines = format!(
        "statsig-table-1\n\n2026\n{}",
        base64(&Sha256::digest(&table))
    );
    let inner = Sha256::digest([block(0x36), lines.into_bytes()].concat());
    let mac = Sha256::digest([block(0x5c), inner.to_vec()].concat());
    assert_eq!(text, format!("2026.{}", base64(&mac)));

    // Who does not ask for it reads the table, whose own bytes are what they were.
    let opened = Table::open(&signed).unwrap();
    assert_eq!(opened.as_bytes(), table);
    opened.verify().unwrap();
    // Signed again: one signature, the new one.
    let again = sign_table(&signed, &keys("2025", OLD)).unwrap();
    assert_eq!(table_key_id(&again), Some("2025"));
    assert_eq!(again.len(), signed.len());
    assert_eq!(table_key_id(&table), None);
    assert_eq!(
        sign_table(b"{}", &keys("2026", NEW)),
        Err(TableError::NotATable)
    );
}

#[test]
fn whatever_is_changed_is_refused() {
    let table = small();
    let keys = keys("2026", NEW);
    let signed = sign_table(&table, &keys).unwrap();
    assert_eq!(verify_table(&signed, &keys), Ok(()));
    for at in 0..signed.len() {
        for bit in 0..8 {
            let mut changed = signed.clone();
            changed[at] ^= 1 << bit;
            assert!(
                verify_table(&changed, &keys).is_err(),
                "byte {at}, bit {bit}"
            );
        }
        assert!(verify_table(&signed[..at], &keys).is_err(), "{at} bytes");
    }
    assert_eq!(verify_table(&table, &keys), Err(SpecsError::NotSigned));
    let longer = [&signed[..], b"A"].concat();
    let signature = SpecsError::Signature(SignedError::Signature);
    assert_eq!(verify_table(&longer, &keys), Err(signature.clone()));
    // The signature of another table.
    let other = sign_table(&demo(), &keys).unwrap();
    let moved = [&table, &other[demo().len()..]].concat();
    assert_eq!(verify_table(&moved, &keys), Err(signature));
    // A signature that names no key, or is no text.
    for (behind, error) in [
        (&b""[..], SignedError::Malformed),
        (b"2026", SignedError::Malformed),
        (b".", SignedError::UnknownKey),
        (b"2026.", SignedError::Signature),
        (b"2026.\xFF", SignedError::Malformed),
    ] {
        let bad = [&table, &SIGNATURE_MAGIC[..], behind].concat();
        assert_eq!(verify_table(&bad, &keys), Err(SpecsError::Signature(error)));
    }
}

/// What a service with these keys makes of an item of its KV Store; the bootstrap bytes are its last resort.
fn asked(keys: TableKeys<'_>, item: &[u8]) -> (Option<SpecsError>, Record) {
    let host = Host::default()
        .kv("statsig", "specs", KvEntry::new(item))
        .secret("keys", "2025", &[OLD, b"\n"].concat())
        .secret("keys", "2026", NEW)
        .secret("keys", "short", b"short");
    fake::with(host, || {
        let config = Config::new()
            .with_kv_store("statsig", "specs")
            .with_signed_tables(keys)
            .with_bootstrap(common::DEMO_SPECS);
        let specs = Specs::load(&config);
        let error = specs
            .failures()
            .first()
            .map(|failure| failure.error.clone());
        let source = match error {
            None => Source::KvStore,
            Some(_) => Source::Bootstrap,
        };
        // What the service was built with is not asked for a signature.
        assert_eq!(specs.source(), Some(source));
        let (mut status, mut header) = (String::new(), String::new());
        write_status(&Statsig::new(&config, &specs), &mut status);
        write_status_header(&specs, &mut header);
        if let Some(error) = &error {
            assert!(status.contains(&error.to_string()), "{status}");
            assert!(header.contains(&error.to_string()), "{header}");
        }
        error
    })
}

#[test]
fn a_service_takes_what_its_keys_have_signed() {
    let table = demo();
    let by = |id, secret| sign_table(&table, &keys(id, secret)).unwrap();
    let both = keys("2026", NEW).with_former(SigningKey::new("2025", OLD).unwrap());
    let unknown = SpecsError::Signature(SignedError::UnknownKey);
    let signature = SpecsError::Signature(SignedError::Signature);
    for (item, given, stored) in [
        (by("2026", NEW), None, None),
        (by("2025", OLD), None, None),
        (
            by("2024", OLD),
            Some(unknown.clone()),
            Some(unknown.clone()),
        ),
        (
            by("2026", OLD),
            Some(signature.clone()),
            Some(signature.clone()),
        ),
        (
            table.clone(),
            Some(SpecsError::NotSigned),
            Some(SpecsError::NotSigned),
        ),
        (
            common::DEMO_SPECS.to_vec(),
            Some(SpecsError::NotSigned),
            Some(SpecsError::NotSigned),
        ),
        (
            b"".to_vec(),
            Some(SpecsError::NotSigned),
            Some(SpecsError::NotSigned),
        ),
    ] {
        assert_eq!(asked(TableKeys::Given(&both), &item).0, given);
        let names = TableKeys::Stored {
            store: "keys",
            names: "2026  2025",
        };
        let (error, record) = asked(names, &item);
        assert_eq!(error, stored);
        // Only the key that the table names, if it is one of ours.
        let read = usize::from(table_key_id(&item).is_some_and(|id| id != "2024"));
        assert_eq!(record.count("fastly_secret_store.get"), read);
        assert_eq!(record.count("fastly_secret_store.plaintext"), read);
    }
    // A key that cannot be had.
    for (store, names, id, error) in [
        ("none", "2026", "2026", None),
        ("keys", "2023", "2023", Some(KeyError::Missing)),
        ("keys", "short", "short", Some(KeyError::Short)),
    ] {
        let (found, _) = asked(TableKeys::Stored { store, names }, &by(id, NEW));
        match error {
            Some(error) => assert_eq!(found, Some(SpecsError::Key(error))),
            None => assert!(matches!(found, Some(SpecsError::Key(KeyError::Store(_))))),
        }
    }
}

#[test]
fn json_is_refused_before_it_is_read() {
    let both = keys("2026", NEW);
    let (error, record) = asked(TableKeys::Given(&both), common::EVAL_SPECS);
    assert_eq!(error, Some(SpecsError::NotSigned));
    assert_eq!(record.count("fastly_http_body.read"), 1);
    assert_eq!(record.count("fastly_cache.lookup"), 0);
}

#[test]
fn chunks_carry_signatures() {
    let signed = sign_table(&demo(), &keys("2026", NEW)).unwrap();
    let publication = publish(&signed, "specs", None, &Limits::CONFIG_STORE).unwrap();
    let unsigned = publish(&demo(), "specs", None, &Limits::CONFIG_STORE).unwrap();
    for (publication, error) in [(publication, None), (unsigned, Some(SpecsError::NotSigned))] {
        assert!(publication.chunks.len() > 1);
        let mut host = Host::default();
        for (key, value) in publication.chunks.iter().chain([&publication.manifest]) {
            host = host.config("flags", key, value);
        }
        let ours = keys("2026", NEW);
        let config = Config::new()
            .with_config_store("flags", "specs")
            .with_signed_tables(TableKeys::Given(&ours));
        let (specs, _) = fake::with(host, || Specs::load(&config));
        assert_eq!(specs.failures().first().map(|f| &f.error), error.as_ref());
        assert_eq!(specs.table().is_some(), error.is_none());
    }
}

#[test]
fn a_bad_table_does_not_take_the_place_of_a_good_one() {
    let ours = keys("2026", NEW);
    let config = Config::new()
        .with_kv_store("statsig", "specs")
        .with_signed_tables(TableKeys::Given(&ours));
    let item = |bytes: &[u8], generation| KvEntry {
        generation,
        ..KvEntry::new(bytes)
    };
    let good = sign_table(&small(), &ours).unwrap();
    let host = Host::default().kv("statsig", "specs", item(&good, 1));
    fake::with(host, || {
        let mut specs = Specs::load(&config);
        assert_eq!(specs.table().unwrap().time(), 7);
        let put = |bytes: Vec<u8>, generation| {
            fake::change(|host| {
                *host = core::mem::take(host).kv("statsig", "specs", item(&bytes, generation));
            });
        };
        put(demo(), 2);
        assert_eq!(specs.sync_config_specs(&config), Asked::Failed);
        assert_eq!(specs.failures()[0].error, SpecsError::NotSigned);
        assert_eq!(specs.table().unwrap().time(), 7);
        put(sign_table(&demo(), &ours).unwrap(), 3);
        assert_eq!(specs.sync_config_specs(&config), Asked::New);
        assert_ne!(specs.table().unwrap().time(), 7);
    });
}

#[test]
fn what_the_cache_holds_was_checked_under_the_same_keys() {
    let (new, old) = (keys("2026", NEW), keys("2025", OLD));
    let signed = sign_table(&small(), &new).unwrap();
    let lax = Config::new()
        .with_kv_store("statsig", "specs")
        .with_core_cache();
    let strict = lax.with_signed_tables(TableKeys::Given(&new));
    let host = |bytes: &[u8], cache| {
        Host {
            cache,
            ..Host::default()
        }
        .kv("statsig", "specs", KvEntry::new(bytes))
    };
    let run = |config: &Config<'_>, bytes: &[u8], cache| {
        let (specs, record) = fake::with(host(bytes, cache), || {
            let specs = Specs::load(config);
            let error = specs
                .failures()
                .first()
                .map(|failure| failure.error.clone());
            (specs.route(), specs.cached().state, specs.format(), error)
        });
        (specs, record.cache)
    };
    // What a service without the demand has put there is not found by one with it.
    let (_, cache) = run(&lax, &small(), Default::default());
    assert_eq!(cache.len(), 1);
    let ((.., error), cache) = run(&strict, &small(), cache);
    assert_eq!(error, Some(SpecsError::NotSigned));
    assert_eq!(cache.len(), 1);
    // What was checked is found, with its signature, and the source is not asked.
    let ((route, state, ..), cache) = run(&strict, &signed, cache);
    assert_eq!((route, state), (Route::Direct, CacheState::Kept));
    assert_eq!(cache.len(), 2);
    assert!(cache.values().any(|item| item.bytes == signed));
    let ((route, state, format, error), cache) = run(&strict, b"{}", cache);
    assert_eq!((route, state), (Route::CoreCache, CacheState::Found));
    assert_eq!((format, error), (Format::Table, None));
    // A key that is not known any more ends it at once.
    let later = lax.with_signed_tables(TableKeys::Given(&old));
    let ((.., error), _) = run(&later, &signed, cache.clone());
    let unknown = SpecsError::Signature(SignedError::UnknownKey);
    assert_eq!(error, Some(unknown));
    let stored = lax.with_signed_tables(TableKeys::Stored {
        store: "none",
        names: "2026",
    });
    let ((.., error), _) = run(&stored, &signed, cache);
    assert!(matches!(error, Some(SpecsError::Key(_))));
}
