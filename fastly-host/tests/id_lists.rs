//! ID lists in a KV Store: Statsig's recorded memberships, what they cost, and what happens when they are not there.

mod common;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use statsig_edge::id_list::{IdList, Key, bits_for, key_of, write_manifest, write_shard};
use statsig_edge::{User, compile::compile};
use statsig_fastly::platform::fake::{self, Host, KvEntry, Record};
use statsig_fastly::platform::{Error, KvCode};
use statsig_fastly::{Config, IdListFault, Specs, Statsig};

const PREFIX: &str = "ids";

/// The list of a file of Statsig's (§7.3), where later lines win.
fn list_file(text: &str) -> BTreeSet<Key> {
    let mut keys = BTreeSet::new();
    for line in text.lines().filter(|line| line.trim().len() > 1) {
        match (line.split_at(1), key_of(&line.as_bytes()[1..])) {
            (("+", _), Some(key)) => _ = keys.insert(key),
            (("-", _), Some(key)) => _ = keys.remove(&key),
            _ => {}
        }
    }
    keys
}

fn id_key(id: &str) -> Key {
    Sha256::digest(id.as_bytes())[..6].try_into().unwrap()
}

/// A host that holds these lists.
fn host<'l>(lists: impl IntoIterator<Item = (&'l str, BTreeSet<Key>)>) -> Host {
    let mut host = Host::default();
    let mut listed = Vec::new();
    for (epoch, (name, keys)) in lists.into_iter().enumerate() {
        let list = IdList {
            epoch: epoch as u64,
            bits: bits_for(keys.len()),
            ids: keys.len() as u32,
        };
        let keys: Vec<Key> = keys.into_iter().collect();
        for part in keys.chunk_by(|left, right| list.shard_of(left) == list.shard_of(right)) {
            let number = list.shard_of(&part[0]);
            let mut stored = String::new();
            list.write_shard_name(PREFIX, number, &mut stored).unwrap();
            let shard = write_shard(&list, number, part).unwrap();
            host = host.kv("lists", &stored, KvEntry::new(&shard));
        }
        listed.push((name, list));
    }
    let manifest = write_manifest(1, listed).unwrap();
    host.kv("lists", PREFIX, KvEntry::new(&manifest))
}

fn ask<T>(host: Host, specs: &[u8], checks: impl FnOnce(&Statsig<'_>) -> T) -> (T, Record) {
    let config = Config::new()
        .with_bootstrap(specs)
        .with_id_lists("lists", PREFIX);
    let (answer, record) = fake::with(host, || {
        let specs = Specs::load(&config);
        checks(&Statsig::new(&config, &specs))
    });
    assert_eq!(record.open_handles, 0);
    (answer, record)
}

/// A payload whose gates `g0`, `g1`… ask for these lists.
fn payload<'l>(lists: impl IntoIterator<Item = &'l str>, operator: &str) -> Vec<u8> {
    let mut gates = serde_json::Map::new();
    let mut conditions = serde_json::Map::new();
    for (at, list) in lists.into_iter().enumerate() {
        let rule = json!({"id": "r", "name": "r", "salt": "s", "idType": "userID", "passPercentage": 100,
            "conditions": [at.to_string()], "returnValue": true});
        gates.insert(
            format!("g{at}"),
            json!({"type": "feature_gate", "entity": "feature_gate", "salt": "s", "enabled": true,
                "idType": "userID", "defaultValue": false, "rules": [rule], "version": 1}),
        );
        conditions.insert(
            at.to_string(),
            json!({"type": "unit_id", "operator": operator, "idType": "userID", "targetValue": list}),
        );
    }
    json!({"has_updates": true, "time": 1, "feature_gates": gates, "dynamic_configs": {},
        "layer_configs": {}, "experiment_to_layer": {}, "condition_map": conditions})
    .to_string()
    .into_bytes()
}

#[test]
fn memberships_are_those_of_statsigs_core() {
    let vectors = common::vectors();
    let lists = &vectors["segment_list"];
    let keys = list_file(lists["list_file"].as_str().unwrap());
    let name = lists["list_name"].as_str().unwrap();
    let cases = lists["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 18);
    for case in cases {
        let list = case["list"].as_str().unwrap();
        let specs = payload([list], case["operator"].as_str().unwrap());
        let json = case["user_json"].as_str().unwrap();
        ask(host([(name, keys.clone())]), &specs, |statsig| {
            let mut room = [0; 1024];
            let user = User::from_json(json.as_bytes(), &mut room).unwrap();
            let gate = statsig.gate(&user, "g0");
            assert_eq!(gate.value(), case["core"].as_bool().unwrap(), "{case}");
            let mut reason = String::new();
            let evaluation = gate.evaluation();
            evaluation.write_reason("Bootstrap", &mut reason).unwrap();
            // The core does not say that a list is missing.
            let expected = match list == name {
                true => case["reason"].as_str().unwrap(),
                false => "Bootstrap:Recognized:IdListMissing",
            };
            assert_eq!(reason, expected, "{case}");
        });
    }
}

#[test]
fn a_real_projects_list_is_answered() {
    let table = compile(common::EVAL_SPECS).unwrap().table;
    let delta = common::id_list_delta();
    let keys = list_file(&common::company_id_list());
    let users = delta["users"].as_array().unwrap();
    assert!(!users.is_empty());
    for user in users {
        let (expected, json) = (
            &delta["results"][user["id"].as_str().unwrap()]["gates"],
            user["user"].to_string(),
        );
        ask(
            host([("company_id_list", keys.clone())]),
            &table,
            |statsig| {
                let mut room = vec![0; json.len() * 6];
                let user = User::from_json(json.as_bytes(), &mut room).unwrap();
                for (name, gate) in expected.as_object().unwrap() {
                    assert_eq!(
                        Value::from(statsig.check_gate(&user, name)),
                        gate["value"],
                        "{name}"
                    );
                }
            },
        );
    }
}

#[test]
fn a_membership_costs_one_read_and_is_remembered() {
    let specs = payload(["big", "small", "big"], "in_segment_list");
    let big = (0..40_000).map(|id| id_key(&id.to_string())).collect();
    let small = BTreeSet::from([id_key("7")]);
    let (members, record) = ask(host([("big", big), ("small", small)]), &specs, |statsig| {
        let mut members = Vec::new();
        for id in ["7", "8", "7", "40000"] {
            let user = User::new().with_user_id(id);
            members.push(["g0", "g1", "g2"].map(|gate| statsig.check_gate(&user, gate)));
        }
        assert_eq!(statsig.id_list_failures(), []);
        members
    });
    assert_eq!(
        members,
        [
            [true, true, true],
            [true, false, true],
            [true, true, true],
            [false, false, false]
        ]
    );
    // The manifest, and three ids in two lists; the second gate of the big list and the repeated user cost nothing.
    assert_eq!(record.count("fastly_kv_store.lookup"), 1 + 3 * 2);
}

#[test]
fn nothing_is_read_unless_a_condition_asks() {
    let ((), record) = ask(Host::default(), common::DEMO_SPECS, |statsig| {
        statsig.check_gate(&User::new().with_user_id("u"), "test_public");
    });
    assert_eq!(record.count("fastly_kv_store.lookup"), 0);
}

#[test]
fn what_is_missing_is_named_and_nobody_is_in_it() {
    let specs = payload(["a", "b"], "in_segment_list");
    let keys = BTreeSet::from([id_key("u")]);
    let whole = || host([("a", keys.clone())]);
    let shard = "ids-0000000000000000-0000";
    let change = |key: &str, change: &dyn Fn(&mut KvEntry)| {
        let mut host = whole();
        change(host.kv.get_mut("lists").unwrap().get_mut(key).unwrap());
        host
    };
    let truncated = |entry: &mut KvEntry| _ = entry.value.pop();
    let flipped = |entry: &mut KvEntry| *entry.value.last_mut().unwrap() ^= 1;
    let refused = |entry: &mut KvEntry| *entry = KvEntry::failing(KvCode::TooManyRequests);
    let absent = |key: &str| {
        let mut host = whole();
        host.kv.get_mut("lists").unwrap().remove(key);
        host
    };
    use statsig_edge::id_list::IdListError as Bad;
    let manifest = |error| [IdListFault::Manifest(error), IdListFault::Manifest(error)];
    let bad = |error| {
        [
            IdListFault::BadManifest(error),
            IdListFault::BadManifest(error),
        ]
    };
    let second = IdListFault::NotListed;
    for (host, expected) in [
        (Host::default(), manifest(Error::UnknownName)),
        (absent(PREFIX), manifest(Error::NotFound)),
        (change(PREFIX, &refused), manifest(Error::TooManyRequests)),
        (change(PREFIX, &truncated), bad(Bad::Checksum)),
        (change(PREFIX, &flipped), bad(Bad::Checksum)),
        (
            change(PREFIX, &|entry| entry.value.clear()),
            bad(Bad::NotThis),
        ),
        (
            change(PREFIX, &|entry| entry.value[4] = 9),
            bad(Bad::Version(9)),
        ),
        (absent(shard), [IdListFault::Shard(Error::NotFound), second]),
        (
            change(shard, &refused),
            [IdListFault::Shard(Error::TooManyRequests), second],
        ),
        (
            change(shard, &truncated),
            [IdListFault::BadShard(Bad::Checksum), second],
        ),
        (
            change(shard, &flipped),
            [IdListFault::BadShard(Bad::Checksum), second],
        ),
        (
            change(shard, &|entry| entry.value.resize(70_000, 0)),
            [IdListFault::Shard(Error::TooLarge), second],
        ),
    ] {
        let (failures, record) = ask(host, &specs, |statsig| {
            let user = User::new().with_user_id("u");
            for _ in 0..2 {
                assert!(!statsig.check_gate(&user, "g0") && !statsig.check_gate(&user, "g1"));
            }
            statsig.id_list_failures()
        });
        let reasons: Vec<_> = failures.iter().map(|failure| failure.reason).collect();
        assert_eq!(reasons, expected);
        // The manifest and one shard at most: what failed is not tried again.
        assert!(record.count("fastly_kv_store.lookup") <= 2, "{expected:?}");
    }
}

#[test]
fn an_id_keeps_its_answer_when_another_one_cannot_be_had() {
    let specs = payload(["big"], "in_segment_list");
    let keys: BTreeSet<Key> = (0..40_000).map(|id| id_key(&id.to_string())).collect();
    let list = IdList {
        epoch: 0,
        bits: bits_for(keys.len()),
        ids: keys.len() as u32,
    };
    let shard_of = |id: &str| list.shard_of(&id_key(id));
    let of_another_shard = (0..).map(|id: u32| id.to_string());
    let other = { of_another_shard }
        .find(|id| shard_of(id) != shard_of("7"))
        .unwrap();
    let mut host = host([("big", keys)]);
    let mut shard = String::new();
    list.write_shard_name(PREFIX, shard_of(&other), &mut shard)
        .unwrap();
    assert!(host.kv.get_mut("lists").unwrap().remove(&shard).is_some());
    let ((members, failures), record) = ask(host, &specs, |statsig| {
        let members = ["7", &other, "7", &other, "8"].map(|id| {
            let user = User::new().with_user_id(id);
            statsig.check_gate(&user, "g0")
        });
        (members, statsig.id_list_failures())
    });
    assert_eq!(members, [true, false, true, false, false]);
    assert_eq!(failures.len(), 1);
    assert_eq!(failures[0].reason, IdListFault::Shard(Error::NotFound));
    // The manifest, a shard for each of two; a list that failed is not asked again.
    assert_eq!(record.count("fastly_kv_store.lookup"), 3);
}
