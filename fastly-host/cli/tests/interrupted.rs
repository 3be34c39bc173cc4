//! The publisher killed at every one of its writes: before it is done, in the middle of sending it, and after. A reader
//! sees the old payload or the new one, and the next run repairs what is left.

mod support;

use std::collections::BTreeMap;

use statsig_edge::id_list::Key;
use support::client::{Run, path, run};
use support::fault::{Fault, writes};
use support::id_file::{lines, sorted};
use support::stores::{CONFIG, KV, Stores};
use support::{Server, payload, reader};

const KEY: &str = "statsig-specs";
const LISTS: &str = "statsig-id-lists";

/// Runs to the end once, to learn how many writes there are; then, each time from the beginning, kills it at each of
/// them. `check` looks at the stores after every write and at the end of every killed run, `repaired` after the next run.
fn at_every_write(
    server: &Server,
    publish: impl Fn() -> Run,
    check: impl Fn(&Stores),
    repaired: impl Fn(&Stores),
) {
    let before = server.state().stores.clone();
    publish().expect(0);
    let count = server.state().writes;
    repaired(&server.state().stores);
    assert!(count > 0);
    for number in 0..count {
        for fault in [Fault::KillBefore, Fault::KillDuring, Fault::KillAfter] {
            server.forget();
            server.state().stores = before.clone();
            server.fault(writes, number, 1, fault.clone());
            let killed = publish();
            assert_eq!(
                killed.code, None,
                "{fault:?} at write {number} of {count}: {killed:?}"
            );
            {
                let state = server.state();
                state.history.iter().for_each(&check);
                check(&state.stores);
            }
            publish().expect(0);
            {
                let state = server.state();
                state.history.iter().for_each(&check);
                repaired(&state.stores);
            }
            // And then there is nothing left to do.
            let writes = server.state().writes;
            publish().expect(0);
            assert_eq!(server.state().writes, writes, "{fault:?} at write {number}");
        }
    }
}

fn publish_twice(store: &str, id: &str, read: fn(&Stores, &str) -> Option<Vec<u8>>) {
    let server = Server::start();
    let folder = tempfile::TempDir::new().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let file = folder.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        path(&file).to_owned()
    };
    let newer = payload::later(&payload::demo(), |_| {});
    let newest = payload::later(&newer, |_| {});
    let tables: Vec<Vec<u8>> = [&payload::demo(), &newer, &newest]
        .map(|specs| payload::table(specs))
        .into();
    let files = [
        file("demo.json", &payload::demo()),
        file("newer.json", &newer),
        file("newest.json", &newest),
    ];
    // Into an empty store, over one payload, and over two, of which the older one's chunks are collected.
    for (round, file) in files.iter().enumerate() {
        server.forget();
        let old = round.checked_sub(1).map(|at| tables[at].clone());
        assert_eq!(read(&server.state().stores, KEY), old);
        at_every_write(
            &server,
            || {
                run(
                    &server,
                    &["publish", "--specs", file, store, id, "--grace", "0"],
                )
            },
            |stores| {
                let seen = read(stores, KEY);
                assert!(seen == old || seen.as_ref() == Some(&tables[round]));
            },
            |stores| assert_eq!(read(stores, KEY).as_ref(), Some(&tables[round])),
        );
    }
}

#[test]
fn publishing_to_a_kv_store() {
    publish_twice("--kv-store", KV, reader::kv_table);
}

#[test]
fn publishing_to_a_config_store() {
    publish_twice("--config-store", CONFIG, reader::config_table);
}

#[test]
fn syncing_id_lists() {
    let server = Server::start();
    let sync = || {
        run(
            &server,
            &["sync-id-lists", "--kv-store", KV, "--id-list-grace", "0"],
        )
    };
    let lists = |stores: &Stores| reader::lists(stores, LISTS);
    let expected = |lists: &[(&str, Vec<Key>)]| -> BTreeMap<String, Vec<Key>> {
        lists
            .iter()
            .map(|(name, keys)| ((*name).to_owned(), keys.clone()))
            .collect()
    };
    // New lists: what a reader sees of each is nothing or all.
    {
        let mut state = server.state();
        state
            .stores
            .set_list("small", "file-1", 1, &lines('+', 0..10));
        state
            .stores
            .set_list("large", "file-2", 1, &lines('+', 0..6_000));
        state.stores.set_list("empty", "file-3", 1, b"");
    }
    let first = expected(&[
        ("small", sorted(0..10)),
        ("large", sorted(0..6_000)),
        ("empty", Vec::new()),
    ]);
    at_every_write(
        &server,
        sync,
        |stores| {
            let seen = lists(stores);
            assert!(seen.is_empty() || seen == first);
        },
        |stores| assert_eq!(lists(stores), first),
    );
    // One grows in place, one is a new file, one is gone: what a reader sees of each id is the old or the new answer, and
    // of a list that is written anew all of it.
    {
        let mut state = server.state();
        let mut grown = lines('+', 0..6_000);
        grown.extend(lines('+', 9_000..9_050));
        grown.extend(lines('-', 0..50));
        state.stores.set_list("large", "file-2", 1, &grown);
        state
            .stores
            .set_list("small", "file-4", 2, &lines('+', 100..120));
        state
            .stores
            .id_lists
            .as_object_mut()
            .unwrap()
            .remove("empty");
    }
    server.forget();
    let grown = sorted((50..6_000).chain(9_000..9_050));
    let second = expected(&[("small", sorted(100..120)), ("large", grown.clone())]);
    let stay = sorted(50..6_000);
    let may = sorted((0..6_000).chain(9_000..9_050));
    at_every_write(
        &server,
        sync,
        |stores| {
            let seen = lists(stores);
            assert!(seen["small"] == first["small"] || seen["small"] == second["small"]);
            let large = &seen["large"];
            assert!(stay.iter().all(|key| large.binary_search(key).is_ok()));
            assert!(large.iter().all(|key| may.binary_search(key).is_ok()));
        },
        |stores| assert_eq!(lists(stores), second),
    );
}
