//! Signed tables, from `compile` and `publish` to `inspect` and `verify`.

mod support;

use statsig_fastly::{SigningKey, SigningKeys, sign_table};
use support::client::run;
use support::publish::{Files, KEY, to_config, to_kv};
use support::stores::KV;
use support::{Server, payload, reader};

const SECRET: &str = "3f1c0de5a1b2c3d4e5f60718293a4b5c6d7e8f90";

fn signed(secret: &str) -> Vec<u8> {
    let key = SigningKey::new("tables-2026", secret.as_bytes()).unwrap();
    sign_table(&payload::table(&payload::demo()), &SigningKeys::new(key)).unwrap()
}

/// The files of a publisher: specs, a key as a shell writes it, another key.
fn files() -> (Files, String, String, String) {
    let files = Files::new();
    let specs = files.write("specs.json", &payload::demo());
    let key = files.write("key", format!("{SECRET}\n").as_bytes());
    let other = files.write("other", SECRET.replace('3', "4").as_bytes());
    (files, specs, key, other)
}

#[test]
fn a_table_in_a_file() {
    let (server, (files, specs, key, other)) = (Server::start(), files());
    let table = files.write("specs.table", b"");
    let compile = ["compile", "--specs", &specs, "--output", &table];
    let sign = ["--sign-key-id", "tables-2026", "--sign-key-file", &key];
    let done = run(&server, &[&compile[..], &sign].concat()).expect(0);
    assert!(
        done.out.contains("signed with key tables-2026"),
        "{}",
        done.out
    );
    assert_eq!(std::fs::read(&table).unwrap(), signed(SECRET));
    let inspect = |file: &str, more: &[&str]| {
        let arguments = [&["inspect", "--json", "--specs", file][..], more].concat();
        run(&server, &arguments).expect(0).json()["signature"].take()
    };
    let with = |key: &str| -> [String; 4] {
        ["--sign-key-id", "tables-2026", "--sign-key-file", key].map(str::to_owned)
    };
    for (key, good) in [
        (None, serde_json::Value::Null),
        (Some(&key), true.into()),
        (Some(&other), false.into()),
    ] {
        let more = key.map(|key| with(key)).unwrap_or_default();
        let more: Vec<&str> = more.iter().map(String::as_str).collect();
        let more = if key.is_some() { &more[..] } else { &[] };
        let found = inspect(&table, more);
        assert_eq!(found["key_id"], "tables-2026");
        assert_eq!(found["good"], good);
        // JSON is not signed.
        let found = inspect(&specs, more);
        assert_eq!(found["key_id"], serde_json::Value::Null);
        assert_ne!(found["good"], true);
    }
    // A key that is none.
    let short = files.write("short", b"short");
    for (id, file) in [("tables 2026", &key), ("tables-2026", &short)] {
        let sign = ["--sign-key-id", id, "--sign-key-file", file];
        run(&server, &[&compile[..], &sign].concat()).expect(2);
    }
    run(&server, &[&compile[..], &["--sign-key-id", "a"]].concat()).expect(2);
    run(
        &server,
        &[&compile[..], &["--sign-key-file", &key]].concat(),
    )
    .expect(2);
}

#[test]
fn tables_in_stores() {
    let (server, (files, specs, key, other)) = (Server::start(), files());
    let sign = [
        "--json",
        "--sign-key-id",
        "tables-2026",
        "--sign-key-file",
        &key,
    ];
    let resign = [
        "--json",
        "--sign-key-id",
        "tables-2026",
        "--sign-key-file",
        &other,
    ];
    let done = to_kv(&server, &specs, &sign).expect(0).json();
    assert_eq!(
        (&done["written"], &done["payload"]["key_id"]),
        (&true.into(), &"tables-2026".into())
    );
    let kv = || reader::kv_table(&server.state().stores, KEY).unwrap();
    assert_eq!(kv(), signed(SECRET));
    // The same again is nothing new; another signature is.
    let done = to_kv(&server, &specs, &sign).expect(0).json();
    assert_eq!(done["written"], false, "{done}");
    let done = to_kv(&server, &specs, &resign).expect(0).json();
    assert_eq!(done["written"], true, "{done}");
    assert_ne!(kv(), signed(SECRET));

    let verify = ["verify", "--specs", &specs, "--kv-store", KV];
    let done = run(&server, &[&verify[..], &resign].concat())
        .expect(0)
        .json();
    assert_eq!(
        (&done["identical"], &done["signature"]["good"]),
        (&true.into(), &true.into())
    );
    let done = run(&server, &[&verify[..], &sign].concat()).expect(1);
    assert!(
        done.err.contains("not signed with the given key"),
        "{}",
        done.err
    );
    let done = run(&server, &verify).expect(0);
    assert!(
        done.out.contains("signature: names key tables-2026"),
        "{}",
        done.out
    );

    to_config(&server, &specs, &sign).expect(0);
    let found = reader::config_table(&server.state().stores, KEY);
    assert_eq!(found, Some(signed(SECRET)));
    let done = to_config(&server, &specs, &sign).expect(0).json();
    assert_eq!(done["written"], false, "{done}");
    // A signed table is published as it is, or signed anew.
    let table = files.write("specs.table", &signed(SECRET));
    to_kv(&server, &table, &[]).expect(0);
    assert_eq!(kv(), signed(SECRET));
    to_kv(&server, &table, &resign).expect(0);
    assert_eq!(kv(), signed(&SECRET.replace('3', "4")));
    let json = [&sign[..], &["--format", "json"]].concat();
    to_kv(&server, &specs, &json).expect(2);
}
