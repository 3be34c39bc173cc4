//! Counts executed Wasm instructions, by function and exactly, in any runtime.
//!
//! The module is rewritten before it runs: at the end of each straight run of instructions, and before each place that
//! can be jumped to, the function's own counter (an `i64` global) grows by the length of the run. What is counted is what
//! Wasmtime's fuel counts: every instruction except `nop`, `drop`, `block`, `loop`, `else`, `end`, `return` and
//! `unreachable`, which make no machine code of their own. `memory.copy` and `memory.fill` count one, whatever they move.

use std::collections::HashMap;

use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{
    CodeSection, ConstExpr, ExportKind, ExportSection, GlobalSection, GlobalType, Instruction,
    Module, ValType,
};
use wasmparser::{FunctionBody, GlobalSectionReader, Operator, Parser, Payload, TypeRef};

/// The prefix of the names under which the counters are exported.
pub(crate) const COUNTER: &str = "executed:";

/// A module that counts.
pub(crate) struct Counted {
    /// The rewritten module.
    pub(crate) module: Vec<u8>,
    /// The name of each of its own functions, in the order of the counters.
    pub(crate) functions: Vec<String>,
}

/// Rewrites a module.
pub(crate) fn instrument(wasm: &[u8]) -> Result<Counted, String> {
    let shape = Shape::read(wasm).map_err(|error| error.to_string())?;
    let mut rewriter = Rewriter {
        first_counter: shape.globals,
        functions: shape.functions.len() as u32,
        done: 0,
    };
    let mut module = Module::new();
    rewriter
        .parse_core_module(&mut module, Parser::new(0), wasm)
        .map_err(|error| error.to_string())?;
    Ok(Counted {
        module: module.finish(),
        functions: shape.functions,
    })
}

/// What the rewriter has to know before it begins.
pub(crate) struct Shape {
    globals: u32,
    /// Names of the module's own functions, and with them the sizes of their bodies in bytes.
    pub(crate) functions: Vec<String>,
    /// See `functions`.
    pub(crate) sizes: Vec<u32>,
}

impl Shape {
    /// Reads names from the name section, where there is one.
    pub(crate) fn read(wasm: &[u8]) -> wasmparser::Result<Self> {
        let (mut globals, mut imported) = (0, 0);
        let mut sizes = Vec::new();
        let mut names: HashMap<u32, String> = HashMap::new();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        match import?.ty {
                            TypeRef::Func(_) => imported += 1,
                            TypeRef::Global(_) => globals += 1,
                            _ => {}
                        }
                    }
                }
                Payload::GlobalSection(section) => globals += section.count(),
                Payload::CodeSectionEntry(body) => {
                    sizes.push((body.range().end - body.range().start) as u32)
                }
                Payload::CustomSection(section) => {
                    if let wasmparser::KnownCustom::Name(section) = section.as_known() {
                        for name in section {
                            if let wasmparser::Name::Function(map) = name? {
                                for naming in map {
                                    let naming = naming?;
                                    names.insert(naming.index, naming.name.to_owned());
                                }
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        let functions = (imported..imported + sizes.len() as u32)
            .map(|index| {
                names
                    .remove(&index)
                    .unwrap_or_else(|| format!("function {index}"))
            })
            .collect();
        Ok(Self {
            globals,
            functions,
            sizes,
        })
    }
}

struct Rewriter {
    first_counter: u32,
    functions: u32,
    done: u32,
}

impl Reencode for Rewriter {
    type Error = std::convert::Infallible;

    fn parse_global_section(
        &mut self,
        globals: &mut GlobalSection,
        section: GlobalSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        reencode::utils::parse_global_section(self, globals, section)?;
        for _ in 0..self.functions {
            let counter = GlobalType {
                val_type: ValType::I64,
                mutable: true,
                shared: false,
            };
            globals.global(counter, &ConstExpr::i64_const(0));
        }
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: wasmparser::ExportSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        reencode::utils::parse_export_section(self, exports, section)?;
        for function in 0..self.functions {
            exports.export(
                &format!("{COUNTER}{function}"),
                ExportKind::Global,
                self.first_counter + function,
            );
        }
        Ok(())
    }

    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        body: FunctionBody<'_>,
    ) -> Result<(), reencode::Error> {
        let counter = self.first_counter + self.done;
        self.done += 1;
        let mut function = self.new_function_with_parsed_locals(&body)?;
        let mut run = 0;
        let mut reader = body.get_operators_reader()?;
        while !reader.eof() {
            let operator = reader.read()?;
            run += weight(&operator);
            if run > 0 && ends_a_run(&operator) {
                for instruction in [
                    Instruction::GlobalGet(counter),
                    Instruction::I64Const(run),
                    Instruction::I64Add,
                    Instruction::GlobalSet(counter),
                ] {
                    function.instruction(&instruction);
                }
                run = 0;
            }
            function.instruction(&self.instruction(operator)?);
        }
        code.function(&function);
        Ok(())
    }
}

fn weight(operator: &Operator<'_>) -> i64 {
    match operator {
        Operator::Nop
        | Operator::Drop
        | Operator::Block { .. }
        | Operator::Loop { .. }
        | Operator::Else
        | Operator::End
        | Operator::Return
        | Operator::Unreachable => 0,
        _ => 1,
    }
}

/// Whether what follows may run another number of times than what went before. A call counts before it is made, so that
/// what the callee marks is exact.
fn ends_a_run(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::Else
            | Operator::End
            | Operator::Br { .. }
            | Operator::BrIf { .. }
            | Operator::BrTable { .. }
            | Operator::Return
            | Operator::Unreachable
            | Operator::Call { .. }
            | Operator::CallIndirect { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guest::Guest;
    use wasm_encoder::{
        BlockType, Function, FunctionSection, MemorySection, MemoryType, TypeSection,
    };

    /// A loop of five instructions, run seven times, after one more, and a call of an empty function.
    #[test]
    fn loops_branches_and_calls_are_counted_exactly() {
        let mut module = Module::new();
        let mut types = TypeSection::new();
        types.ty().function([], [ValType::I32]);
        types.ty().function([], []);
        module.section(&types);
        let mut functions = FunctionSection::new();
        functions.function(0).function(1);
        module.section(&functions);
        let mut memories = MemorySection::new();
        memories.memory(MemoryType {
            minimum: 1,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        module.section(&memories);
        let mut globals = GlobalSection::new();
        globals.global(
            GlobalType {
                val_type: ValType::I32,
                mutable: true,
                shared: false,
            },
            &ConstExpr::i32_const(7),
        );
        module.section(&globals);
        let mut exports = ExportSection::new();
        exports
            .export("run", ExportKind::Func, 0)
            .export("memory", ExportKind::Memory, 0);
        module.section(&exports);
        let mut code = CodeSection::new();
        let mut looping = Function::new([]);
        looping
            .instruction(&Instruction::Nop)
            .instruction(&Instruction::Loop(BlockType::Empty));
        for instruction in [
            Instruction::GlobalGet(0),
            Instruction::I32Const(-1),
            Instruction::I32Add,
            Instruction::GlobalSet(0),
            Instruction::GlobalGet(0),
            Instruction::BrIf(0),
            Instruction::End,
            Instruction::Call(1),
            Instruction::I32Const(1),
            Instruction::End,
        ] {
            looping.instruction(&instruction);
        }
        code.function(&looping);
        let mut empty = Function::new([]);
        empty.instruction(&Instruction::End);
        code.function(&empty);
        module.section(&code);
        let mut guest = Guest::new(&module.finish()).expect("valid");
        let run = guest.call_all("run").expect("runs");
        assert_eq!(run.total, 7 * 6 + 2);
    }
}
