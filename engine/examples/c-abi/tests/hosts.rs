//! The module in two hosts that are not Fastly's, against what Statsig's core answered: `wasmi`, and Node where it is
//! installed. Run by `cargo dev test --only embedding`, which builds the module.

#[path = "../../../../fastly-host/tests/common/mod.rs"]
mod common;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use statsig_edge::compile::compile;
use wasmi::{Caller, Engine, Extern, Global, Instance, Linker, Memory, Module, Store};

/// Names the built module.
const MODULE_VAR: &str = "STATSIG_C_ABI_WASM";

fn module() -> PathBuf {
    match std::env::var_os(MODULE_VAR) {
        Some(path) => path.into(),
        None => panic!("{MODULE_VAR} is not set: run `cargo dev test --only embedding`"),
    }
}

/// A question, and what the module has to answer.
struct Case {
    question: Value,
    answer: Value,
}

/// Every gate and every parameter of every config, experiment and layer, for every recorded user.
fn cases() -> Vec<Case> {
    let mut golden = common::demo_golden();
    common::expand_large(&mut golden);
    let mut cases = Vec::new();
    for user in golden["users"].as_array().unwrap() {
        let results = &golden["results"][user["id"].as_str().unwrap()];
        let mut ask = |mut question: Value, answer: &Value| {
            question["user"] = user["user"].clone();
            cases.push(Case {
                question,
                answer: answer.clone(),
            });
        };
        for (name, gate) in results["gates"].as_object().unwrap() {
            let value = i32::from(gate["value"].as_bool().unwrap());
            ask(json!({"name": name}), &value.into());
        }
        for (kind, part) in [(1, "dynamic_configs"), (2, "experiments"), (3, "layers")] {
            for (name, answer) in results[part].as_object().unwrap() {
                for (parameter, value) in answer["value"].as_object().unwrap() {
                    let question = json!({"name": name, "kind": kind, "parameter": parameter});
                    ask(question, value);
                }
                ask(
                    json!({"name": name, "kind": kind, "parameter": "no such"}),
                    &json!(-4),
                );
            }
        }
        ask(json!({"name": "no such"}), &json!(-4));
    }
    assert!(cases.len() > 600, "{}", cases.len());
    cases
}

fn assert_answer(case: &Case, answer: &str) {
    let read: Value = serde_json::from_str(answer).unwrap();
    let difference = common::difference(&read, &case.answer, "answer");
    assert_eq!(difference, None, "{}", case.question);
}

/// A host that knows nothing of Rust: a memory, and pointers into it.
struct Host {
    store: Store<()>,
    instance: Instance,
    memory: Memory,
    free: u32,
}

/// The country that the recording's machine found for the address in the caller's memory.
fn country(caller: Caller<'_, ()>, ip: u32, length: u32) -> u32 {
    let memory = caller.get_export("memory").and_then(Extern::into_memory);
    let mut address = vec![0; length as usize];
    memory
        .unwrap()
        .read(&caller, ip as usize, &mut address)
        .unwrap();
    let address = String::from_utf8(address).unwrap();
    match common::countries()[address.as_str()].as_str() {
        Some(code) => code
            .bytes()
            .fold(0, |word, letter| word << 8 | u32::from(letter)),
        None => 0,
    }
}

impl Host {
    fn new() -> Self {
        let engine = Engine::default();
        let wasm = std::fs::read(module()).unwrap();
        let module = Module::new(&engine, &wasm).unwrap();
        let mut linker = Linker::new(&engine);
        let now_ms = || 1_795_000_000_000_i64;
        linker.func_wrap("host", "now_ms", now_ms).unwrap();
        linker.func_wrap("host", "country", country).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = linker.instantiate_and_start(&mut store, &module).unwrap();
        let memory = instance.get_memory(&store, "memory").unwrap();
        let base: Global = instance.get_global(&store, "__heap_base").unwrap();
        let free = base.get(&store).i32().unwrap() as u32;
        Host {
            store,
            instance,
            memory,
            free,
        }
    }

    fn take(&mut self, length: usize) -> u32 {
        let start = self.free.next_multiple_of(8);
        self.free = start + length as u32;
        let have = self.memory.data_size(&self.store);
        let missing = (self.free as usize).saturating_sub(have);
        let pages = missing.div_ceil(65_536) as u64;
        self.memory.grow(&mut self.store, pages).unwrap();
        start
    }

    fn put(&mut self, bytes: &[u8]) -> [u32; 2] {
        let start = self.take(bytes.len());
        self.memory
            .write(&mut self.store, start as usize, bytes)
            .unwrap();
        [start, bytes.len() as u32]
    }

    fn words(&mut self, words: &[u32]) -> i32 {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.put(&bytes)[0] as i32
    }

    fn ask(&mut self, table: [u32; 2], question: &Value) -> String {
        let begin = self.free;
        let user = question["user"].to_string();
        let user = self.put(user.as_bytes());
        let name = self.put(question["name"].as_str().unwrap().as_bytes());
        let room = [self.take(6 * user[1] as usize), 6 * user[1]];
        let asked = self.words(&[table, user, name, room].concat());
        let answer = match question["parameter"].as_str() {
            None => {
                let gate = self
                    .instance
                    .get_typed_func::<i32, i32>(&self.store, "statsig_gate");
                gate.unwrap()
                    .call(&mut self.store, asked)
                    .unwrap()
                    .to_string()
            }
            Some(parameter) => {
                let parameter = self.put(parameter.as_bytes());
                let parameter = self.words(&parameter);
                let out = [self.take(65_536), 65_536];
                let place = self.words(&out);
                let kind = question["kind"].as_i64().unwrap() as i32;
                let read = self
                    .instance
                    .get_typed_func::<(i32, i32, i32, i32), i32>(&self.store, "statsig_parameter");
                let length = read
                    .unwrap()
                    .call(&mut self.store, (asked, kind, parameter, place))
                    .unwrap();
                match usize::try_from(length) {
                    Ok(length) => {
                        let memory = self.memory.data(&self.store);
                        let json = &memory[out[0] as usize..][..length];
                        String::from_utf8(json.to_vec()).unwrap()
                    }
                    Err(_) => length.to_string(),
                }
            }
        };
        self.free = begin;
        answer
    }
}

#[test]
fn answers_in_wasmi_are_those_of_statsigs_core() {
    let mut host = Host::new();
    let table = compile(common::DEMO_SPECS).unwrap().table;
    let place = host.put(&table);
    for case in cases() {
        let answer = host.ask(place, &case.question);
        assert_answer(&case, &answer);
    }
}

#[test]
fn what_is_wrong_has_a_number() {
    let mut host = Host::new();
    let table = compile(common::DEMO_SPECS).unwrap().table;
    let whole = host.put(&table);
    let cut = [whole[0], whole[1] - 1];
    let gate = |user: Value| json!({"user": user, "name": "test_public"});
    let user = json!({"userID": "u"});
    assert_eq!(host.ask(whole, &gate(user.clone())), "1");
    assert_eq!(host.ask(cut, &gate(user.clone())), "-1");
    assert_eq!(host.ask([0, 0], &gate(user.clone())), "-1");
    assert_eq!(host.ask(whole, &gate(json!([]))), "-2");
    let kind = json!({"user": user, "name": "x", "kind": 9, "parameter": "p"});
    assert_eq!(host.ask(whole, &kind), "-7");
}

#[test]
fn answers_in_node_are_those_of_statsigs_core() {
    let node = Command::new("node").arg("--version").output();
    if !node.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: there is no `node` here");
        return;
    }
    let folder = module().parent().unwrap().to_owned();
    let table = folder.join("demo.table");
    std::fs::write(&table, compile(common::DEMO_SPECS).unwrap().table).unwrap();
    let countries = folder.join("countries.json");
    std::fs::write(&countries, common::countries().to_string()).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("check.mjs");
    let mut running = Command::new("node")
        .arg(script)
        .arg(module())
        .arg(&table)
        .arg(countries)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let cases = cases();
    let questions: Vec<String> = cases.iter().map(|case| case.question.to_string()).collect();
    let mut stdin = running.stdin.take().unwrap();
    let writing =
        std::thread::spawn(move || stdin.write_all((questions.join("\n") + "\n").as_bytes()));
    let output = running.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    assert!(output.status.success());
    let answers = String::from_utf8(output.stdout).unwrap();
    assert_eq!(answers.lines().count(), cases.len());
    for (case, answer) in cases.iter().zip(answers.lines()) {
        assert_answer(case, answer);
    }
}
