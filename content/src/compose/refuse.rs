//! Makes a component that refuses: it exports the interfaces that a dependency may not have of the host, and each function of it says no.
//!
//! A function whose result can say no does so: an error, by the case that means it best, an empty list, nothing. One whose result can't,
//! because it hands out a handle or a number, traps. A program's start (its arguments, environment variables and opened folders) so finds
//! nothing, and goes on.

use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ExportKind, ExportSection, Function as Body,
    FunctionSection, MemorySection, MemoryType, Module, TypeSection, ValType,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::decoding::{DecodedWasm, decode};
use wit_parser::{
    Function, Int, InterfaceId, LiftLowerAbi, ManglingAndAbi, Resolve, SizeAlign, Type,
    TypeDefKind, WasmExport, WasmExportKind, World, WorldItem, WorldKey,
};

const ABI: ManglingAndAbi = ManglingAndAbi::Legacy(LiftLowerAbi::Sync);

/// Bytes of a page of memory.
const PAGE: u32 = 64 << 10;

/// A component that refuses.
pub(super) struct Refusing {
    pub(super) component: Vec<u8>,
    /// What it exports, with versions.
    pub(super) interfaces: Vec<String>,
}

/// The component that refuses the imports of `component` that `is_refused` names; `None` if there are none.
///
/// # Errors
/// When the component can't be read, or an import is no interface with a name.
pub(super) fn refusing(
    component: &[u8],
    is_refused: impl Fn(&str) -> bool,
) -> Result<Option<Refusing>, String> {
    let (mut resolve, world) = match decode(component) {
        Ok(DecodedWasm::Component(resolve, world)) => (resolve, world),
        Ok(DecodedWasm::WitPackage(..)) => return Err("it holds interfaces, no code".to_owned()),
        Err(error) => return Err(format!("{error:#}")),
    };
    let imports = resolve.worlds[world].imports.clone();
    let mut refused = Vec::new();
    let mut names = Vec::new();
    for (key, item) in &imports {
        let name = resolve.name_world_key(key);
        if !is_refused(&name) {
            continue;
        }
        match item {
            WorldItem::Interface { id, .. } => {
                refused.push(*id);
                names.push(name);
            }
            WorldItem::Type { .. } => {}
            WorldItem::Function(_) => {
                return Err(format!("it imports the function `{name}` from its host"));
            }
        }
    }
    if refused.is_empty() {
        return Ok(None);
    }
    let needed = needed(&resolve, &refused);
    let pick = |wanted: &[InterfaceId]| {
        imports
            .iter()
            .filter(
                |(_, item)| matches!(item, WorldItem::Interface { id, .. } if wanted.contains(id)),
            )
            .map(|(key, item)| (key.clone(), item.clone()))
            .collect()
    };
    let refusing = World {
        name: "refusing".to_owned(),
        imports: pick(&needed),
        exports: pick(&refused),
        ..resolve.worlds[world].clone()
    };
    let package = refusing.package;
    let refusing_world = resolve.worlds.alloc(refusing);
    if let Some(package) = package {
        resolve.packages[package]
            .worlds
            .insert("refusing".to_owned(), refusing_world);
    }
    let exports: Vec<(WorldKey, InterfaceId)> = resolve.worlds[refusing_world]
        .exports
        .iter()
        .filter_map(|(key, item)| match item {
            WorldItem::Interface { id, .. } => Some((key.clone(), *id)),
            _ => None,
        })
        .collect();
    let mut core = module(&resolve, &exports);
    let made = embed_component_metadata(&mut core, &resolve, refusing_world, StringEncoding::UTF8)
        .and_then(|()| {
            ComponentEncoder::default()
                .validate(true)
                .module(&core)?
                .encode()
        });
    match made {
        Ok(component) => Ok(Some(Refusing {
            component,
            interfaces: names,
        })),
        Err(error) => Err(format!("{error:#}")),
    }
}

/// Interfaces whose types the refused ones use, and that are not refused themselves.
fn needed(resolve: &Resolve, refused: &[InterfaceId]) -> Vec<InterfaceId> {
    let mut open = refused.to_vec();
    let mut found = Vec::new();
    while let Some(interface) = open.pop() {
        for used in resolve.interface_direct_deps(interface) {
            if !refused.contains(&used) && !found.contains(&used) {
                found.push(used);
                open.push(used);
            }
        }
    }
    found
}

/// What a function does.
enum Answer {
    /// Returns this number.
    Flat(i32),
    /// Returns where this value lies in memory.
    Memory(Vec<u8>),
    Trap,
}

/// The core module, with the functions of these interfaces.
fn module(resolve: &Resolve, interfaces: &[(WorldKey, InterfaceId)]) -> Vec<u8> {
    let mut sizes = SizeAlign::default();
    sizes.fill(resolve);
    let (mut types, mut functions) = (TypeSection::new(), FunctionSection::new());
    let (mut exports, mut code) = (ExportSection::new(), CodeSection::new());
    let mut values = Vec::new();
    let mut count = 0;
    for (key, interface) in interfaces {
        for function in resolve.interfaces[*interface].functions.values() {
            let signature = resolve.wasm_signature(AbiVariant::GuestExport, function);
            let flat =
                |types: &[WasmType]| types.iter().copied().map(value_type).collect::<Vec<_>>();
            types
                .ty()
                .function(flat(&signature.params), flat(&signature.results));
            functions.function(count);
            let name = resolve.wasm_export_name(
                ABI,
                WasmExport::Func {
                    interface: Some(key),
                    func: function,
                    kind: WasmExportKind::Normal,
                },
            );
            exports.export(&name, ExportKind::Func, count);
            let mut body = Body::new([]);
            match answer(resolve, &sizes, function, signature.retptr) {
                Answer::Flat(number) => {
                    body.instructions().i32_const(number).end();
                }
                Answer::Memory(value) => {
                    // Each lies at a multiple of eight, which is enough for every type.
                    while values.len() % 8 != 0 {
                        values.push(0);
                    }
                    let at = i32::try_from(values.len()).unwrap_or(0);
                    values.extend_from_slice(&value);
                    body.instructions().i32_const(at).end();
                }
                Answer::Trap => {
                    body.instructions().unreachable().end();
                }
            }
            code.function(&body);
            count += 1;
        }
    }
    let arguments = u32::try_from(values.len())
        .unwrap_or(0)
        .next_multiple_of(16);
    let i32s = |many| std::iter::repeat_n(ValType::I32, many);
    types.ty().function(i32s(4), i32s(1));
    functions.function(count);
    code.function(&realloc(arguments));
    exports.export("cabi_realloc", ExportKind::Func, count);
    exports.export("memory", ExportKind::Memory, 0);

    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: u64::from(arguments / PAGE + 1),
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut data = DataSection::new();
    data.active(0, &ConstExpr::i32_const(0), values);
    let mut module = Module::new();
    module
        .section(&types)
        .section(&functions)
        .section(&memories)
        .section(&exports)
        .section(&code)
        .section(&data);
    module.finish()
}

/// Nobody reads the arguments, so all of them may lie in the same place. There only has to be enough memory for the longest.
fn realloc(arguments: u32) -> Body {
    let start = i32::try_from(arguments).unwrap_or(0);
    let mut body = Body::new([(1, ValType::I32)]);
    body.instructions()
        // Pages that are missing, where `start + size` may need the 33rd bit.
        .local_get(3)
        .i64_extend_i32_u()
        .i64_const(i64::from(start) + i64::from(PAGE) - 1)
        .i64_add()
        .i64_const(16)
        .i64_shr_u()
        .i32_wrap_i64()
        .memory_size(0)
        .i32_sub()
        .local_tee(4)
        .i32_const(0)
        .i32_gt_s()
        .if_(wasm_encoder::BlockType::Empty)
        .local_get(4)
        .memory_grow(0)
        .i32_const(-1)
        .i32_eq()
        .if_(wasm_encoder::BlockType::Empty)
        .unreachable()
        .end()
        .end()
        .i32_const(start)
        .end();
    body
}

fn value_type(flat: WasmType) -> ValType {
    match flat {
        WasmType::I64 | WasmType::PointerOrI64 => ValType::I64,
        WasmType::F32 => ValType::F32,
        WasmType::F64 => ValType::F64,
        WasmType::I32 | WasmType::Pointer | WasmType::Length => ValType::I32,
    }
}

fn answer(resolve: &Resolve, sizes: &SizeAlign, function: &Function, in_memory: bool) -> Answer {
    let Some(result) = &function.result else {
        return Answer::Trap;
    };
    let values = Values { resolve, sizes };
    match values.no(result) {
        None => Answer::Trap,
        Some(value) if in_memory => Answer::Memory(value),
        // Only the number of a case has its own place among the results.
        Some(value) => Answer::Flat(value.first().copied().unwrap_or(0).into()),
    }
}

/// Values as they lie in memory.
struct Values<'a> {
    resolve: &'a Resolve,
    sizes: &'a SizeAlign,
}

impl Values<'_> {
    /// The value of this type that says no.
    fn no(&self, ty: &Type) -> Option<Vec<u8>> {
        if let Type::String = ty {
            return Some(self.zeros(ty));
        }
        match self.kind(ty)? {
            TypeDefKind::Type(inner) => self.no(inner),
            TypeDefKind::List(_) | TypeDefKind::Option(_) => Some(self.zeros(ty)),
            TypeDefKind::Result(_) => self.error(ty),
            _ => None,
        }
    }

    fn error(&self, ty: &Type) -> Option<Vec<u8>> {
        let TypeDefKind::Result(result) = self.kind(ty)? else {
            return None;
        };
        let payload = match &result.err {
            Some(error) => self.any(error)?,
            None => Vec::new(),
        };
        let cases = [result.ok.as_ref(), result.err.as_ref()];
        let offset = self.sizes.payload_offset(Int::U8, cases).size_wasm32();
        let mut value = self.zeros(ty);
        *value.first_mut()? = 1;
        value
            .get_mut(offset..offset + payload.len())?
            .copy_from_slice(&payload);
        Some(value)
    }

    /// Some value of this type: of its cases the one that means a refusal, of the rest nothing. Handles have none.
    fn any(&self, ty: &Type) -> Option<Vec<u8>> {
        let Type::Id(_) = ty else {
            return match ty {
                Type::ErrorContext => None,
                _ => Some(self.zeros(ty)),
            };
        };
        match self.kind(ty)? {
            TypeDefKind::Type(inner) => self.any(inner),
            TypeDefKind::List(_) | TypeDefKind::Option(_) | TypeDefKind::Flags(_) => {
                Some(self.zeros(ty))
            }
            TypeDefKind::Result(_) => self.error(ty),
            TypeDefKind::Record(record) => {
                let fields: Vec<&Type> = record.fields.iter().map(|field| &field.ty).collect();
                self.together(ty, &fields)
            }
            TypeDefKind::Tuple(tuple) => {
                let fields: Vec<&Type> = tuple.types.iter().collect();
                self.together(ty, &fields)
            }
            TypeDefKind::Enum(cases) => {
                let names = cases.cases.iter().map(|case| case.name.as_str());
                let chosen = refusal(names.enumerate())?;
                let mut value = self.zeros(ty);
                number(&mut value, cases.tag(), chosen)?;
                Some(value)
            }
            TypeDefKind::Variant(variant) => {
                let possible = variant.cases.iter().enumerate().filter_map(|(at, case)| {
                    let payload = match &case.ty {
                        Some(payload) => self.any(payload)?,
                        None => Vec::new(),
                    };
                    Some((at, case.name.as_str(), payload))
                });
                let possible: Vec<_> = possible.collect();
                let chosen = refusal(possible.iter().map(|(at, name, _)| (*at, *name)))?;
                let (_, _, payload) = possible.into_iter().find(|(at, ..)| *at == chosen)?;
                let cases = variant.cases.iter().map(|case| case.ty.as_ref());
                let offset = self
                    .sizes
                    .payload_offset(variant.tag(), cases)
                    .size_wasm32();
                let mut value = self.zeros(ty);
                number(&mut value, variant.tag(), chosen)?;
                value
                    .get_mut(offset..offset + payload.len())?
                    .copy_from_slice(&payload);
                Some(value)
            }
            _ => None,
        }
    }

    fn together(&self, ty: &Type, fields: &[&Type]) -> Option<Vec<u8>> {
        let mut value = self.zeros(ty);
        for (offset, field) in self.sizes.field_offsets(fields.iter().copied()) {
            let part = self.any(field)?;
            let offset = offset.size_wasm32();
            value
                .get_mut(offset..offset + part.len())?
                .copy_from_slice(&part);
        }
        Some(value)
    }

    fn kind(&self, ty: &Type) -> Option<&TypeDefKind> {
        match ty {
            Type::Id(id) => Some(&self.resolve.types[*id].kind),
            _ => None,
        }
    }

    fn zeros(&self, ty: &Type) -> Vec<u8> {
        vec![0; self.sizes.size(ty).size_wasm32()]
    }
}

fn number(value: &mut [u8], tag: Int, number: usize) -> Option<()> {
    let width = match tag {
        Int::U8 => 1,
        Int::U16 => 2,
        Int::U32 => 4,
        Int::U64 => 8,
    };
    let bytes = (number as u64).to_le_bytes();
    value.get_mut(..width)?.copy_from_slice(bytes.get(..width)?);
    Some(())
}

/// Of these cases the one that says best that something is not allowed; the last one if none does, because the first often means success.
fn refusal<'n>(cases: impl Iterator<Item = (usize, &'n str)> + Clone) -> Option<usize> {
    const WORDS: [&str; 10] = [
        "denied",
        "not-allowed",
        "not-permitted",
        "forbidden",
        "access",
        "unsupported",
        "not-supported",
        "no-such",
        "other",
        "error",
    ];
    WORDS
        .iter()
        .find_map(|word| cases.clone().find(|(_, name)| name.contains(word)))
        .or_else(|| cases.last())
        .map(|(at, _)| at)
}
