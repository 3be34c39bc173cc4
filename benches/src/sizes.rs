//! Bytes of a Wasm module: whole, by section, by function, by part.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use wasmparser::{Parser, Payload};

use crate::count::Shape;

/// A module taken apart.
pub(crate) struct Size {
    /// Bytes without custom sections (names, producers), as it is deployed.
    pub(crate) bytes: usize,
    /// The same after [`optimised`], where that was asked for and can be had.
    pub(crate) optimised: Option<usize>,
    /// The same as gzip.
    pub(crate) gzip: usize,
    /// Sections by name, each with its header.
    pub(crate) sections: Vec<(&'static str, usize)>,
    /// Functions by name, largest first.
    pub(crate) functions: Vec<(String, usize)>,
    /// What the module imports, as `module.name`.
    pub(crate) imports: Vec<String>,
}

impl Size {
    /// Takes a module apart that still has its names.
    pub(crate) fn of(wasm: &[u8]) -> Result<Self, String> {
        let text = |error: wasmparser::BinaryReaderError| error.to_string();
        let mut sections = Vec::new();
        let mut imports = Vec::new();
        let mut stripped = wasm.get(..8).unwrap_or_default().to_vec();
        for payload in Parser::new(0).parse_all(wasm) {
            let payload = payload.map_err(text)?;
            if let Payload::ImportSection(section) = &payload {
                for import in section.clone().into_imports() {
                    let import = import.map_err(text)?;
                    imports.push(format!("{}.{}", import.module, import.name));
                }
            }
            if let Some((id, range)) = payload.as_section() {
                let name = match id {
                    1 => "types",
                    2 => "imports",
                    3 => "function types",
                    4 => "tables",
                    5 => "memory",
                    6 => "globals",
                    7 => "exports",
                    9 => "elements",
                    10 => "code",
                    11 => "data",
                    12 => "data count",
                    _ => continue,
                };
                let range = range.start as usize..range.end as usize;
                let begin = stripped.len();
                stripped.push(id);
                let mut length = range.len();
                while length >= 0x80 {
                    stripped.push(length as u8 | 0x80);
                    length >>= 7;
                }
                stripped.push(length as u8);
                stripped.extend_from_slice(wasm.get(range).unwrap_or_default());
                sections.push((name, stripped.len() - begin));
            }
        }
        let shape = Shape::read(wasm).map_err(text)?;
        let sizes = shape.sizes.iter().map(|&size| size as usize);
        let mut functions: Vec<(String, usize)> = shape.functions.into_iter().zip(sizes).collect();
        functions.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        let packed = gzip.write_all(&stripped).and_then(|()| gzip.finish());
        Ok(Self {
            bytes: stripped.len(),
            optimised: None,
            gzip: packed.map_err(|error| error.to_string())?.len(),
            sections,
            functions,
            imports,
        })
    }

    /// The bytes of code by part (see [`part`]), largest first.
    pub(crate) fn parts(&self) -> Vec<(String, usize)> {
        let mut sums: BTreeMap<String, usize> = BTreeMap::new();
        for (name, bytes) in &self.functions {
            *sums.entry(part(name)).or_default() += bytes;
        }
        let mut parts: Vec<_> = sums.into_iter().collect();
        parts.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
        parts
    }

    /// The bytes of a section.
    pub(crate) fn section(&self, name: &str) -> usize {
        self.sections
            .iter()
            .find(|(known, _)| *known == name)
            .map_or(0, |(_, size)| *size)
    }
}

/// The crate that a function is of, and in our crates the module. What has no path is an entry point, with all that was inlined
/// there, or of the C library.
fn part(mangled: &str) -> String {
    let name = format!("{:#}", rustc_demangle::demangle(mangled));
    let mut path = name.trim_start_matches(['<', '&', '[', '*']);
    // `<T as a::Trait>::method`, `<u8>::method`
    let first = path.split("::").next().unwrap_or_default();
    if let Some((_, implemented)) = first.split_once(" as ") {
        path = path.get(first.len() - implemented.len()..).unwrap_or(path);
    } else if first.ends_with(['>', ']']) {
        return "core".to_owned();
    }
    let mut segments = path.split("::");
    let (Some(name), Some(module)) = (segments.next(), segments.next()) else {
        return "entry points, with what is inlined there; C library".to_owned();
    };
    let module = module
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .next();
    match module {
        Some(module) if OURS.contains(&name) && !module.is_empty() => format!("{name}::{module}"),
        _ => name.to_owned(),
    }
}

/// The crates of which each module is a part of its own.
const OURS: [&str; 2] = ["statsig_edge", "statsig_fastly"];

/// The bytes of a module after Binaryen's optimiser, without custom sections; `None` where that is not installed.
pub(crate) fn optimised(wasm: &Path, scratch: &Path) -> Result<Option<usize>, String> {
    let version = Command::new("wasm-opt")
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    if !version.is_ok_and(|status| status.success()) {
        return Ok(None);
    }
    let file = scratch.join("optimised.wasm");
    let mut command = Command::new("wasm-opt");
    command.args([
        "-Oz",
        "--strip-debug",
        "--strip-producers",
        "--strip-target-features",
    ]);
    let status = command.arg(wasm).arg("-o").arg(&file).status();
    if !status.is_ok_and(|status| status.success()) {
        return Err(format!("`wasm-opt` failed on {}", wasm.display()));
    }
    Ok(Some(crate::read(&file)?.len()))
}

/// Prints what a module is made of.
pub(crate) fn print(file: &Path, count: usize) -> Result<(), String> {
    let size = Size::of(&crate::read(file)?)?;
    println!("{:>8} in all, {} as gzip", size.bytes, size.gzip);
    for (name, bytes) in &size.sections {
        println!("{bytes:>8} {name}");
    }
    for (name, bytes) in size.functions.iter().take(count) {
        println!("{bytes:>8} {name}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::part;

    #[test]
    fn functions_are_of_the_part_that_their_path_names() {
        for (name, expected) in [
            ("statsig_edge::hash::of", "statsig_edge::hash"),
            (
                "statsig_edge::evaluate::spec::<impl statsig_edge::evaluate::run::Run<E,T>>::first_match",
                "statsig_edge::evaluate",
            ),
            (
                "<statsig_fastly::events::Recording as statsig_fastly::events::Recorder>::expose",
                "statsig_fastly::events",
            ),
            ("<T as alloc::slice::Convert>::to_vec", "alloc"),
            ("<u8 as core::fmt::Display>::fmt", "core"),
            ("<char>::to_digit", "core"),
            ("core::str::converts::from_utf8", "core"),
        ] {
            assert_eq!(part(name), expected);
        }
        assert!(part("_start").starts_with("entry points"));
    }
}
