//! Walks through a component's sections: what it imports and exports, who made it, and how much of everything there is. Nothing is
//! compiled or validated, no function's code is looked at, and what is too much is found before it costs anything.

use wasmparser::{
    ComponentAlias, ComponentExternalKind, ComponentInstance, ComponentOuterAliasKind,
    ComponentTypeRef, CompositeInnerType, Encoding, FunctionBody, Instance, KnownCustom, Parser,
    Payload, TypeSectionReader,
};

use super::ArtifactError;
use super::inspection::{CustomSection, Producer, Shape};
use super::nesting;
use crate::limits::{LimitExceeded, Limits};
use crate::text;

/// What the sections of a component say.
#[derive(Debug, Default)]
pub(super) struct Outline {
    pub(super) imports: Vec<String>,
    pub(super) exports: Vec<String>,
    pub(super) producers: Vec<Producer>,
    pub(super) sections: Vec<CustomSection>,
    pub(super) shape: Shape,
}

/// Imports, and exports, beyond which a component is taken for a bomb. Python targets have some 30.
const MAX_NAMES: u32 = 1_000;

/// Tools, and custom sections, that are remembered. Python targets have some ten of each.
const MAX_NOTES: usize = 50;

/// Characters that are kept of the name of a tool or section.
const NOTE: usize = 80;

pub(super) fn outline(bytes: &[u8], limits: &Limits) -> Result<Outline, ArtifactError> {
    if !bytes.starts_with(b"\0asm") {
        return Err(ArtifactError::NotWasm);
    }
    let mut walk = Walk {
        bytes,
        limits,
        outline: Outline::default(),
        open: vec![Open::default()],
        modules: Vec::new(),
    };
    // Modules and components within are parsed, too, and are told apart by how deep they lie.
    for payload in Parser::new(0).parse_all(bytes) {
        walk.take(payload.map_err(malformed)?)?;
    }
    if walk.open.is_empty() {
        Ok(walk.outline)
    } else {
        Err(ArtifactError::Malformed("it ends too early".to_owned()))
    }
}

struct Walk<'a> {
    bytes: &'a [u8],
    limits: &'a Limits,
    outline: Outline,
    /// The component that is being read, after those around it.
    open: Vec<Open>,
    /// Modules that are being read. One can't lie in another, which only validation knows.
    modules: Vec<Module>,
}

/// A component that is being read.
#[derive(Default)]
struct Open {
    /// What instantiating each of the components in its index space makes; unknown for those that come from elsewhere.
    components: Vec<Made>,
    made: Made,
}

/// Instances that instantiating something makes.
#[derive(Debug, Clone, Copy, Default)]
struct Made {
    core: u64,
    components: u64,
}

/// A module that is being read.
#[derive(Default)]
struct Module {
    /// Parameters of each type.
    parameters: Vec<u64>,
    /// Parameters and results of the type that has most: a block may have each of them.
    widest: u64,
    /// Type of each function.
    functions: Vec<u32>,
    bodies: usize,
}

impl<'a> Walk<'a> {
    fn take(&mut self, payload: Payload<'a>) -> Result<(), ArtifactError> {
        let outermost = self.open.len() == 1 && self.modules.is_empty();
        match payload {
            Payload::Version {
                encoding: Encoding::Module,
                ..
            } if outermost => return Err(ArtifactError::CoreModule),
            Payload::ModuleSection { .. } => {
                self.outline.shape.modules += 1;
                self.define(1)?;
                self.modules.push(Module::default());
                self.nest()?;
            }
            Payload::ComponentSection { .. } => {
                self.outline.shape.components += 1;
                self.define(1)?;
                self.open.push(Open::default());
                self.nest()?;
            }
            Payload::End(_) => self.end(),
            Payload::CustomSection(section) => self.note(&section, outermost),
            Payload::ComponentImportSection(section) => {
                self.define(section.count())?;
                for import in section {
                    let import = import.map_err(malformed)?;
                    if let ComponentTypeRef::Component(_) = import.ty {
                        self.add(Made::default());
                    }
                    if outermost {
                        self.outline.imports.push(name(&import.name));
                        few(self.outline.imports.len())?;
                    }
                }
            }
            Payload::ComponentExportSection(section) => {
                self.define(section.count())?;
                for export in section {
                    let export = export.map_err(malformed)?;
                    if export.kind == ComponentExternalKind::Component {
                        self.add(self.component(0, export.index));
                    }
                    if outermost {
                        self.outline.exports.push(name(&export.name));
                        few(self.outline.exports.len())?;
                    }
                }
            }
            Payload::ComponentAliasSection(section) => {
                self.define(section.count())?;
                for alias in section {
                    match alias.map_err(malformed)? {
                        ComponentAlias::Outer {
                            kind: ComponentOuterAliasKind::Component,
                            count,
                            index,
                        } => self.add(self.component(count, index)),
                        ComponentAlias::InstanceExport {
                            kind: ComponentExternalKind::Component,
                            ..
                        } => self.add(Made::default()),
                        _ => {}
                    }
                }
            }
            Payload::ComponentInstanceSection(section) => {
                self.define(section.count())?;
                for instance in section {
                    if let ComponentInstance::Instantiate {
                        component_index, ..
                    } = instance.map_err(malformed)?
                    {
                        let made = self.component(0, component_index);
                        self.make(Made {
                            components: made.components.saturating_add(1),
                            ..made
                        })?;
                    }
                }
            }
            Payload::InstanceSection(section) => {
                self.define(section.count())?;
                for instance in section {
                    if let Instance::Instantiate { .. } = instance.map_err(malformed)? {
                        self.make(Made {
                            core: 1,
                            components: 0,
                        })?;
                    }
                }
            }
            Payload::ComponentTypeSection(section) => {
                let range = section.range();
                let found = nesting::types(self.bytes, range, self.limits)?;
                self.define(section.count())?;
                self.define(found.declarations)?;
                self.deep(found.depth)?;
            }
            Payload::CoreTypeSection(section) => self.define(section.count())?,
            Payload::ComponentCanonicalSection(section) => self.define(section.count())?,
            Payload::TypeSection(section) => self.core_types(section)?,
            Payload::FunctionSection(section) => {
                let functions = &mut self.outline.shape.functions;
                *functions += u64::from(section.count());
                if *functions > self.limits.functions {
                    return exceeded(LimitExceeded::Functions(self.limits.functions));
                }
                if let Some(module) = self.modules.last_mut() {
                    module.functions = section
                        .into_iter()
                        .collect::<Result<_, _>>()
                        .map_err(malformed)?;
                }
            }
            Payload::CodeSectionEntry(body) => self.body(&body)?,
            Payload::DataSection(section) => {
                let range = section.range();
                self.outline.shape.data += (range.end - range.start) as u64;
            }
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self) {
        if self.modules.pop().is_some() {
            return;
        }
        let Some(inner) = self.open.pop() else { return };
        match self.open.last_mut() {
            Some(outer) => outer.components.push(inner.made),
            None => {
                self.outline.shape.instances = inner.made.core;
            }
        }
    }

    /// How deep the innermost lies.
    fn nest(&mut self) -> Result<(), ArtifactError> {
        let depth = self.open.len() + self.modules.len() - 1;
        self.deep(u32::try_from(depth).unwrap_or(u32::MAX))
    }

    fn deep(&mut self, depth: u32) -> Result<(), ArtifactError> {
        let shape = &mut self.outline.shape;
        shape.nesting = shape.nesting.max(depth);
        if depth > self.limits.nesting {
            return exceeded(LimitExceeded::Nesting(self.limits.nesting));
        }
        Ok(())
    }

    fn define(&mut self, count: u32) -> Result<(), ArtifactError> {
        let definitions = &mut self.outline.shape.definitions;
        *definitions += u64::from(count);
        if *definitions > self.limits.definitions {
            return exceeded(LimitExceeded::Definitions(self.limits.definitions));
        }
        Ok(())
    }

    /// A component enters the index space of the one around it.
    fn add(&mut self, made: Made) {
        if let Some(open) = self.open.last_mut() {
            open.components.push(made);
        }
    }

    /// What instantiating a component makes: the one with this index, so many components further out.
    fn component(&self, out: u32, index: u32) -> Made {
        let open = self.open.iter().rev().nth(out as usize);
        let found = open.and_then(|open| open.components.get(index as usize));
        found.copied().unwrap_or_default()
    }

    /// Something is instantiated in the component that is being read. A dozen components, each of which instantiates the one before a
    /// hundred times, would make more instances than any machine can hold, out of a kilobyte.
    fn make(&mut self, made: Made) -> Result<(), ArtifactError> {
        let Some(open) = self.open.last_mut() else {
            return Ok(());
        };
        open.made.core = open.made.core.saturating_add(made.core);
        open.made.components = open.made.components.saturating_add(made.components);
        if open.made.core > self.limits.instances as u64 {
            return exceeded(LimitExceeded::Instances(self.limits.instances));
        }
        if open.made.components > self.limits.definitions {
            return exceeded(LimitExceeded::Definitions(self.limits.definitions));
        }
        Ok(())
    }

    fn core_types(&mut self, section: TypeSectionReader<'a>) -> Result<(), ArtifactError> {
        self.define(section.count())?;
        for group in section {
            let group = group.map_err(malformed)?;
            // A group of many types counts as one in its section.
            let more = group.types().len().saturating_sub(1);
            self.define(u32::try_from(more).unwrap_or(u32::MAX))?;
            for one in group.types() {
                let (parameters, results) = match &one.composite_type.inner {
                    CompositeInnerType::Func(function) => {
                        (function.params().len(), function.results().len())
                    }
                    _ => (0, 0),
                };
                let width = (parameters + results) as u64;
                let shape = &mut self.outline.shape;
                shape.widest_function = shape.widest_function.max(width);
                if width > self.limits.function_width {
                    return exceeded(LimitExceeded::FunctionWidth(self.limits.function_width));
                }
                if let Some(module) = self.modules.last_mut() {
                    module.parameters.push(parameters as u64);
                    module.widest = module.widest.max(width);
                }
            }
        }
        Ok(())
    }

    fn body(&mut self, body: &FunctionBody<'a>) -> Result<(), ArtifactError> {
        let range = body.range();
        let size = (range.end - range.start) as u64;
        let shape = &mut self.outline.shape;
        shape.code += size;
        shape.largest_function = shape.largest_function.max(size);
        if size > self.limits.function_size {
            return exceeded(LimitExceeded::FunctionSize(self.limits.function_size));
        }
        let mut values = 0_u64;
        for locals in body.get_locals_reader().map_err(malformed)? {
            values += u64::from(locals.map_err(malformed)?.0);
        }
        if let Some(module) = self.modules.last_mut() {
            let own = module.functions.get(module.bodies);
            module.bodies += 1;
            let parameters = own.and_then(|own| module.parameters.get(*own as usize));
            values += parameters.copied().unwrap_or_default() + module.widest;
        }
        let weight = size.saturating_mul(values);
        shape.heaviest_function = shape.heaviest_function.max(weight);
        if weight > self.limits.function_weight {
            return exceeded(LimitExceeded::FunctionWeight(self.limits.function_weight));
        }
        Ok(())
    }

    /// Remembers what a custom section is, and the tools that it names. What it says can't be relied on, so what can't be read of it
    /// is no error.
    fn note(&mut self, section: &wasmparser::CustomSectionReader<'a>, outermost: bool) {
        let outline = &mut self.outline;
        if outermost && outline.sections.len() < MAX_NOTES {
            outline.sections.push(CustomSection {
                name: text::line(section.name(), NOTE),
                size: section.data().len() as u64,
            });
        }
        let KnownCustom::Producers(fields) = section.as_known() else {
            return;
        };
        for field in fields.into_iter().map_while(Result::ok) {
            for value in field.values.into_iter().map_while(Result::ok) {
                let producer = Producer {
                    role: text::line(field.name, NOTE),
                    name: text::line(value.name, NOTE),
                    version: text::line(value.version, NOTE),
                };
                if outline.producers.len() >= MAX_NOTES {
                    return;
                }
                if !outline.producers.contains(&producer) {
                    outline.producers.push(producer);
                }
            }
        }
    }
}

fn name(name: &wasmparser::ComponentExternName<'_>) -> String {
    format!("{}{}", name.name, name.version_suffix.unwrap_or_default())
}

fn few(count: usize) -> Result<(), ArtifactError> {
    if count > MAX_NAMES as usize {
        return Err(ArtifactError::Malformed(format!(
            "it has more than {MAX_NAMES} imports or exports"
        )));
    }
    Ok(())
}

pub(super) fn exceeded<T>(limit: LimitExceeded) -> Result<T, ArtifactError> {
    Err(ArtifactError::Limit(limit))
}

pub(super) fn malformed(error: wasmparser::BinaryReaderError) -> ArtifactError {
    ArtifactError::Malformed(text::line(&error.to_string(), 200))
}
