//! Bytes of a Wasm module: whole, by section, by function.

use std::io::Write;

use wasmparser::{Parser, Payload};

use crate::count::Shape;

/// A module taken apart.
pub(crate) struct Size {
    /// Bytes without custom sections (names, producers), as it is deployed.
    pub(crate) bytes: usize,
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
            gzip: packed.map_err(|error| error.to_string())?.len(),
            sections,
            functions,
            imports,
        })
    }

    /// The bytes of a section.
    pub(crate) fn section(&self, name: &str) -> usize {
        self.sections
            .iter()
            .find(|(known, _)| *known == name)
            .map_or(0, |(_, size)| *size)
    }
}

/// Prints what a module is made of.
pub(crate) fn print(file: &std::path::Path, count: usize) -> Result<(), String> {
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
