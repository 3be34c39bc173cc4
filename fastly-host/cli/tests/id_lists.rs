//! `sync-id-lists` against Statsig's and Fastly's servers as they behave, and misbehave.

mod support;

use std::process::Child;

use statsig_edge::id_list::Key;

use support::client::{Run, command, ended, run};
use support::fault::{Fault, any, status};
use support::id_file::{lines, sorted};
use support::stores::KV;
use support::{Head, Server, reader};

const LISTS: &str = "statsig-id-lists";

fn sync(server: &Server, more: &[&str]) -> Run {
    let mut arguments = vec!["sync-id-lists", "--kv-store", KV, "--json"];
    arguments.extend(more);
    run(server, &arguments)
}

fn list(server: &Server, name: &str) -> Option<Vec<Key>> {
    reader::lists(&server.state().stores, LISTS).remove(name)
}

/// The sizes of the issue. 10,000,000 and other numbers by hand: `STATSIG_ID_LIST_IDS=10000000`.
#[test]
fn lists_of_any_size() {
    let mut sizes = vec![1, 1_000, 1_000_001];
    if let Ok(size) = std::env::var("STATSIG_ID_LIST_IDS") {
        sizes.push(size.parse().unwrap());
    }
    for size in sizes {
        let server = Server::start();
        let file = lines('+', 0..size);
        server.state().stores.set_list("list", "file", 1, &file);
        let done = sync(&server, &[]).expect(0).json();
        assert_eq!(done["ids"], size, "{done}");
        assert_eq!(done["downloaded_bytes"], file.len(), "{done}");
        assert_eq!(list(&server, "list"), Some(sorted(0..size)));
        // The sync's own most, which does not grow with the list: a 256th of it, a batch, buffers.
        let peak = done["peak_memory_bytes"].as_u64().unwrap_or(0);
        println!(
            "{size} ids: {peak} bytes at most, {} shards",
            done["shards_written"]
        );
        assert!(peak < 64 << 20, "{size} ids: {done}");
        let writes = server.state().writes;
        let done = sync(&server, &[]).expect(0).json();
        assert_eq!(
            (&done["changed"], server.state().writes),
            (&0.into(), writes),
            "{done}"
        );
        assert_eq!(done["downloaded_bytes"], 0, "{done}");
    }
}

#[test]
fn only_what_is_new_is_downloaded_and_written() {
    let server = Server::start();
    let mut file = lines('+', 0..30_000);
    server.state().stores.set_list("list", "file", 1, &file);
    let first = sync(&server, &[]).expect(0).json();
    let more = [lines('+', 30_000..30_002), lines('-', [5])].concat();
    file.extend(&more);
    server.state().stores.set_list("list", "file", 1, &file);
    let done = sync(&server, &[]).expect(0).json();
    assert_eq!(done["downloaded_bytes"], more.len(), "{done}");
    assert!(done["shards_written"].as_u64().unwrap() <= 3, "{done}");
    assert!(first["shards_written"].as_u64().unwrap() >= 4, "{first}");
    assert_eq!(done["ids"], 30_001);
    assert_eq!(
        list(&server, "list"),
        Some(sorted((0..30_002).filter(|n| *n != 5)))
    );
    // A change of more shards than are read back is a list written anew.
    file.extend(lines('-', [6, 7, 8, 9, 10, 11, 12, 13]));
    server.state().stores.set_list("list", "file", 1, &file);
    let done = sync(&server, &["--read-back", "1"]).expect(0).json();
    assert_eq!(done["downloaded_bytes"], file.len() + 8 * 10, "{done}");
    assert_eq!(done["ids"], 29_993);
    assert_eq!(
        list(&server, "list"),
        Some(sorted((0..30_002).filter(|n| !(5..=13).contains(n))))
    );
}

/// The table of evaluation.md 7.3, seen from the store.
#[test]
fn files_come_and_go() {
    let server = Server::start();
    let set = |file_id: &str, time: i64, numbers: std::ops::Range<u32>| {
        let file = lines('+', numbers);
        server.state().stores.set_list("list", file_id, time, &file);
        sync(&server, &["--id-list-grace", "0"]).expect(0);
        list(&server, "list")
    };
    assert_eq!(set("a", 5, 0..0), Some(Vec::new()));
    assert_eq!(set("a", 5, 0..3), Some(sorted(0..3)));
    // An older file under another id is ignored, a newer one or one of the same age is taken.
    assert_eq!(set("b", 4, 0..9), Some(sorted(0..3)));
    assert_eq!(set("b", 5, 7..9), Some(sorted(7..9)));
    assert_eq!(set("c", 6, 1..2), Some(sorted(1..2)));
    // A shorter one of the same id says nothing.
    assert_eq!(set("c", 6, 0..0), Some(sorted(1..2)));
    server.state().stores.id_lists = serde_json::json!({});
    let done = sync(&server, &["--id-list-grace", "0"]).expect(0).json();
    assert_eq!(done["removed"], 1, "{done}");
    assert_eq!(list(&server, "list"), None);
    // Nothing is left but the manifest and the record.
    assert_eq!(
        server.state().stores.kv.keys().collect::<Vec<_>>(),
        [LISTS, "statsig-id-lists-state"]
    );
}

#[test]
fn a_file_that_is_none_leaves_the_list() {
    let server = Server::start();
    server
        .state()
        .stores
        .set_list("good", "g", 1, &lines('+', 0..3));
    server
        .state()
        .stores
        .set_list("bad", "b", 1, &lines('+', 0..3));
    sync(&server, &[]).expect(0);
    server
        .state()
        .stores
        .set_list("good", "g2", 2, &lines('+', 0..5));
    server
        .state()
        .stores
        .set_list("bad", "b2", 2, b"<html>not a list</html>");
    let failed = sync(&server, &[]).expect(1);
    assert!(
        failed.err.contains("bad") && failed.err.contains("+ or -"),
        "{failed:?}"
    );
    assert_eq!(list(&server, "good"), Some(sorted(0..5)));
    assert_eq!(list(&server, "bad"), Some(sorted(0..3)));
}

#[test]
fn one_failure_anywhere_is_survived() {
    let server = Server::start();
    server
        .state()
        .stores
        .set_list("one", "1", 1, &lines('+', 0..20_000));
    server
        .state()
        .stores
        .set_list("two", "2", 1, &lines('+', 5..9));
    sync(&server, &[]).expect(0);
    server.forget();
    let mut grown = lines('+', 0..20_000);
    grown.extend(lines('-', [1, 2]));
    server.state().stores.set_list("one", "1", 1, &grown);
    server
        .state()
        .stores
        .set_list("two", "3", 2, &lines('+', 50..9_000));
    let before = server.state().stores.clone();
    sync(&server, &[]).expect(0);
    let requests = server.state().requests.len();
    for fault in [
        status(500),
        status(429),
        Fault::DropBefore,
        Fault::DropAfter,
        Fault::Truncate,
        Fault::Slow,
    ] {
        for number in 0..requests {
            server.forget();
            server.state().stores = before.clone();
            server.fault(any, number, 1, fault.clone());
            let done = sync(&server, &[]);
            assert_eq!(done.code, Some(0), "{fault:?} at {number}: {done:?}");
            let one = sorted((0..20_000).filter(|n| !(1..=2).contains(n)));
            assert_eq!(list(&server, "one"), Some(one), "{fault:?} at {number}");
            assert_eq!(
                list(&server, "two"),
                Some(sorted(50..9_000)),
                "{fault:?} at {number}"
            );
        }
    }
}

#[test]
fn parts_of_a_batch_that_fail_are_sent_again() {
    for status in [200, 207, 400] {
        let server = Server::start();
        server
            .state()
            .stores
            .set_list("list", "file", 1, &lines('+', 0..30_000));
        let is_batch = |head: &_| batch(head);
        server.fault(is_batch, 0, 1, Fault::PartialBatch(status, vec![0, 2]));
        server.fault(is_batch, 0, 1, Fault::PartialBatch(status, vec![1]));
        sync(&server, &[]).expect(0);
        assert_eq!(server.count("PUT", "/batch"), 3);
        assert_eq!(list(&server, "list"), Some(sorted(0..30_000)));
        // For ever: an error that names the item, and no manifest that names a list without its shards.
        let server = Server::start();
        server
            .state()
            .stores
            .set_list("list", "file", 1, &lines('+', 0..30_000));
        server.fault(batch, 0, usize::MAX, Fault::PartialBatch(status, vec![0]));
        let failed = sync(&server, &[]).expect(1);
        assert!(failed.err.contains("not today"), "{failed:?}");
        assert_eq!(list(&server, "list"), None);
    }
}

fn batch(head: &Head) -> bool {
    head.path.ends_with("/batch")
}

fn is_record(head: &Head) -> bool {
    head.method == "PUT" && head.path.ends_with("-state")
}

fn is_shard(head: &Head) -> bool {
    head.method == "PUT" && !is_record(head) && !head.path.ends_with(LISTS)
}

/// A run that is held at its first request of this kind.
fn begin_held(server: &Server, when: fn(&Head) -> bool) -> Child {
    server.forget();
    server.fault(when, 0, 1, Fault::Hold);
    let arguments = ["sync-id-lists", "--kv-store", KV];
    let run = command(server, &arguments).spawn().unwrap();
    server.wait_for_held();
    run
}

#[test]
fn a_batch_that_is_too_large_is_halved() {
    let server = Server::start();
    server
        .state()
        .stores
        .set_list("list", "file", 1, &lines('+', 0..60_000));
    server.state().stores.max_batch = 200_000;
    sync(&server, &[]).expect(0);
    assert_eq!(list(&server, "list"), Some(sorted(0..60_000)));
    assert!(server.count("PUT", "/batch") > 4);
}

#[test]
fn what_interrupted_runs_leave_is_collected() {
    let server = Server::start();
    server
        .state()
        .stores
        .set_list("list", "file", 1, &lines('+', 0..3));
    sync(&server, &[]).expect(0);
    server
        .state()
        .stores
        .put("statsig-id-lists-00000000000000ab-0000", b"left", "");
    server
        .state()
        .stores
        .put("statsig-id-lists-other", b"not ours", "");
    server.state().stores.max_page = 1;
    let gc = |more: &[&str]| {
        let mut arguments = vec!["gc", "--kv-store", KV, "--json"];
        arguments.extend(more);
        run(&server, &arguments).expect(0).json()["deleted"].clone()
    };
    assert_eq!(gc(&[]), serde_json::json!([]));
    let left = serde_json::json!(["statsig-id-lists-00000000000000ab-0000"]);
    assert_eq!(gc(&["--id-list-grace", "0", "--dry-run"]), left);
    assert_eq!(gc(&["--id-list-grace", "0"]), left);
    assert_eq!(gc(&["--id-list-grace", "0"]), serde_json::json!([]));
    assert_eq!(list(&server, "list"), Some(sorted(0..3)));
    assert!(
        server
            .state()
            .stores
            .kv
            .contains_key("statsig-id-lists-other")
    );
}

#[test]
fn two_syncs_at_once_are_refused() {
    let server = Server::start();
    server
        .state()
        .stores
        .set_list("list", "file", 1, &lines('+', 0..3));
    sync(&server, &[]).expect(0);
    server
        .state()
        .stores
        .set_list("list", "file", 1, &lines('+', 0..4));
    server.fault(is_record, 0, usize::MAX, status(412));
    let refused = sync(&server, &[]).expect(3);
    assert!(refused.err.contains("somebody else"), "{refused:?}");
}

/// A run that is held up amid changing shards in place, while another has begun and ended: what the first one still writes
/// is not what readers see.
#[test]
fn whoever_is_late_harms_nothing() {
    let server = Server::start();
    let set = |file: &[u8]| server.state().stores.set_list("list", "file", 1, file);
    set(&lines('+', 0..100));
    sync(&server, &[]).expect(0);
    // The first run wants to add one, which the second takes away again.
    let mut file = lines('+', 0..101);
    set(&file);
    let late = begin_held(&server, is_shard);
    file.extend(lines('-', [100]));
    file.extend(lines('+', 101..120));
    set(&file);
    let after = Some(sorted((0..120).filter(|id| *id != 100)));
    let done = sync(&server, &[]).expect(0).json();
    // In an epoch of its own, from the first byte on.
    assert_eq!(done["downloaded_bytes"], file.len(), "{done}");
    assert_eq!(list(&server, "list"), after);
    server.let_go();
    let refused = ended(late).expect(3);
    assert!(refused.err.contains("somebody else"), "{refused:?}");
    assert_eq!(list(&server, "list"), after);
    let done = sync(&server, &[]).expect(0).json();
    assert_eq!(done["changed"], 0, "{done}");
}

/// Two runs that have read the same record: the later one is refused before it writes a shard.
#[test]
fn of_two_that_begin_together_one_writes() {
    let server = Server::start();
    let set = |file: &[u8]| server.state().stores.set_list("list", "file", 1, file);
    set(&lines('+', 0..100));
    sync(&server, &[]).expect(0);
    set(&lines('+', 0..101));
    let late = begin_held(&server, is_record);
    sync(&server, &[]).expect(0);
    // Not one request that writes is done.
    server.fault(is_shard, 0, usize::MAX, Fault::DropBefore);
    let writes = server.state().writes;
    server.let_go();
    let refused = ended(late).expect(3);
    assert!(refused.err.contains("somebody else"), "{refused:?}");
    assert_eq!(server.state().writes, writes + 1, "its refused note");
    assert_eq!(list(&server, "list"), Some(sorted(0..101)));
}
