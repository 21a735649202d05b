//! Components of a shape that would cost the host much, or everything, if it began to compile them.

use std::iter;

use bowline_host::{Artifact, ArtifactError, Inspection, LimitExceeded, Limits};
use wasm_encoder::{
    Alias, CodeSection, Component, ComponentAliasSection, ComponentExportKind,
    ComponentInstanceSection, ComponentOuterAliasKind, ComponentTypeSection, Function,
    FunctionSection, InstanceSection, Instruction, Module, ModuleArg, ModuleSection,
    NestedComponentSection, PrimitiveValType, RawSection, TypeSection, ValType,
};

fn inspect(bytes: &[u8]) -> Result<Inspection, ArtifactError> {
    Inspection::of(bytes, &Limits::default())
}

#[track_caller]
fn assert_beyond(component: Component, expected: LimitExceeded) {
    match inspect(&component.finish()) {
        Err(ArtifactError::Limit(limit)) => assert_eq!(limit, expected),
        other => panic!("{other:?} instead of {expected:?}"),
    }
}

/// Types of components within types of components, which three bytes for each level make.
fn nested_types(depth: usize) -> Component {
    let mut data = vec![1];
    data.extend([0x41, 1, 1].repeat(depth - 1));
    data.extend([0x41, 0]);
    let mut component = Component::new();
    component.section(&RawSection { id: 7, data: &data });
    component
}

#[test]
fn nested_types_are_counted_without_recursion() {
    // Reading these recursively, as wasmtime does, would overflow any stack and end the process.
    assert_beyond(nested_types(5_000_000), LimitExceeded::Nesting(20));
    assert_beyond(nested_types(21), LimitExceeded::Nesting(20));
    assert_eq!(
        inspect(&nested_types(20).finish()).unwrap().shape.nesting,
        20
    );
}

#[test]
fn nested_components_are_bounded() {
    let mut component = Component::new();
    for _ in 0..20 {
        let mut outer = Component::new();
        outer.section(&NestedComponentSection(&component));
        component = outer;
    }
    let found = inspect(component.as_slice()).unwrap();
    assert_eq!((found.shape.nesting, found.shape.components), (20, 20));
    let mut outer = Component::new();
    outer.section(&NestedComponentSection(&component));
    assert_beyond(outer, LimitExceeded::Nesting(20));
}

/// The first component has one module instance; each further one instantiates the one before ten times.
fn multiplied(levels: u32, first: &Component) -> Component {
    let mut component = Component::new();
    component.section(&NestedComponentSection(first));
    for level in 0..levels {
        let mut aliases = ComponentAliasSection::new();
        aliases.alias(Alias::Outer {
            kind: ComponentOuterAliasKind::Component,
            count: 1,
            index: level,
        });
        let mut instances = ComponentInstanceSection::new();
        for _ in 0..10 {
            instances.instantiate(0, iter::empty::<(&str, ComponentExportKind, u32)>());
        }
        let mut inner = Component::new();
        inner.section(&aliases).section(&instances);
        component.section(&NestedComponentSection(&inner));
    }
    let mut instances = ComponentInstanceSection::new();
    instances.instantiate(levels, iter::empty::<(&str, ComponentExportKind, u32)>());
    component.section(&instances);
    component
}

#[test]
fn instances_are_counted_through_components() {
    let mut instances = InstanceSection::new();
    instances.instantiate(0, iter::empty::<(&str, ModuleArg)>());
    let mut first = Component::new();
    first
        .section(&ModuleSection(&Module::new()))
        .section(&instances);
    let found = inspect(multiplied(2, &first).as_slice()).unwrap();
    assert_eq!(found.shape.instances, 100);
    assert_beyond(multiplied(3, &first), LimitExceeded::Instances(100));
    assert_beyond(multiplied(18, &first), LimitExceeded::Instances(100));
    // Instances of components that hold no module cost the compiler as much.
    let empty = Component::new();
    assert_beyond(multiplied(18, &empty), LimitExceeded::Definitions(100_000));
}

/// A module with functions of this type, and of this body.
fn functions(count: usize, parameters: usize, locals: u32, body: &[u8]) -> Component {
    let mut types = TypeSection::new();
    types
        .ty()
        .function(vec![ValType::I32; parameters], iter::empty());
    let (mut functions, mut code) = (FunctionSection::new(), CodeSection::new());
    let mut function = Function::new([(locals, ValType::I32)]);
    function.raw(body.iter().copied());
    function.instruction(&Instruction::End);
    for _ in 0..count {
        functions.function(0);
        code.function(&function);
    }
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&code);
    let mut component = Component::new();
    component.section(&ModuleSection(&module));
    component
}

#[test]
fn functions_are_counted_and_weighed() {
    let found = inspect(functions(3, 2, 5, &[0x01; 93]).as_slice()).unwrap();
    let shape = found.shape;
    assert_eq!((shape.modules, shape.functions), (1, 3));
    // Two bytes say how many locals of which type there are, one their number, one that it ends.
    assert_eq!((shape.largest_function, shape.code), (97, 291));
    // Five locals, two parameters, and two of the widest type.
    assert_eq!(shape.heaviest_function, 97 * (5 + 2 + 2));

    assert_beyond(
        functions(100_001, 0, 0, &[]),
        LimitExceeded::Functions(100_000),
    );
    assert_beyond(
        functions(1, 0, 0, &vec![0x01; 2 << 20]),
        LimitExceeded::FunctionSize(2 << 20),
    );
    let weight = LimitExceeded::FunctionWeight(100_000_000);
    assert_beyond(functions(1, 0, 50_000, &[0x01; 3_000]), weight.clone());
    assert_beyond(functions(1, 51, 0, &[]), LimitExceeded::FunctionWidth(50));
    // That more locals than there may be are declared is found later, but they are not added up beyond what numbers can hold.
    assert_beyond(functions(1, 0, u32::MAX, &[0x01; 100]), weight);
}

#[test]
fn definitions_are_counted() {
    let mut types = ComponentTypeSection::new();
    for _ in 0..100_001 {
        types.defined_type().primitive(PrimitiveValType::U8);
    }
    let mut component = Component::new();
    component.section(&types);
    assert_beyond(component, LimitExceeded::Definitions(100_000));
    // As many within one type.
    let mut data = vec![1, 0x42, 0xa1, 0x8d, 6];
    data.extend([1, 0x7d].repeat(100_001));
    let mut component = Component::new();
    component.section(&RawSection { id: 7, data: &data });
    assert_beyond(component, LimitExceeded::Definitions(100_000));
}

#[test]
fn a_larger_limit_lets_through_what_the_default_does_not() {
    let mut limits = Limits::default();
    limits.set("nesting", "30").unwrap();
    limits.set("function-size", "3MiB").unwrap();
    let component = nested_types(25).finish();
    assert_eq!(
        Inspection::of(&component, &limits).unwrap().shape.nesting,
        25
    );
    let component = functions(1, 0, 0, &vec![0x01; 2 << 20]).finish();
    assert!(Inspection::of(&component, &limits).is_ok());
    assert!(matches!(
        Artifact::from_bytes_within(component, &limits),
        Err(ArtifactError::NotATarget { .. })
    ));
}
