//! Takes the README's example of a service out of the README.

use std::path::Path;
use std::{env, fs};

const README: &str = "../../README.md";
/// Only examples of whole services are marked so.
const BEGIN: &str = "```rust,no_run\n";

fn main() {
    println!("cargo::rerun-if-changed={README}");
    let text = fs::read_to_string(README).expect("the README lies at the top of the repository");
    let (_, after) = text
        .split_once(BEGIN)
        .expect("the README has an example of a service, marked `no_run`");
    let (example, _) = after
        .split_once("```\n")
        .expect("the example ends with three backticks");
    let folder = env::var("OUT_DIR").expect("cargo sets it");
    fs::write(Path::new(&folder).join("readme.rs"), example).expect("cargo's folder is writable");
}
