//! Items without documentation.

use wit_parser::{
    Docs, Function, Interface, PackageId, Resolve, Span, Type, TypeDef, TypeDefKind, TypeOwner,
};

/// Where each item without documentation is, and what it is.
pub fn missing(resolve: &Resolve, package: PackageId) -> Vec<String> {
    let mut search = Search {
        resolve,
        found: Vec::new(),
    };
    let package = &resolve.packages[package];
    if package.docs.contents.is_none() {
        search
            .found
            .push(format!("package {} has no documentation", package.name));
    }
    for (name, id) in &package.interfaces {
        let interface = &resolve.interfaces[*id];
        search.item(
            &interface.docs,
            interface.span,
            &format!("interface {name}"),
        );
        search.interface(name, interface);
    }
    for (name, id) in &package.worlds {
        let world = &resolve.worlds[*id];
        search.item(&world.docs, world.span, &format!("world {name}"));
    }
    search.found
}

struct Search<'a> {
    resolve: &'a Resolve,
    found: Vec<String>,
}

impl Search<'_> {
    fn item(&mut self, docs: &Docs, span: Span, what: &str) {
        let empty = docs
            .contents
            .as_deref()
            .is_none_or(|text| text.trim().is_empty());
        if empty {
            self.found.push(format!(
                "{}: {what} has no documentation",
                self.resolve.render_location(span)
            ));
        }
    }

    fn interface(&mut self, interface: &str, of: &Interface) {
        for (name, id) in &of.types {
            let definition = &self.resolve.types[*id];
            if !self.is_used_from_elsewhere(definition) {
                self.definition(&format!("{interface}.{name}"), definition);
            }
        }
        for function in of.functions.values() {
            self.function(interface, function);
        }
    }

    fn definition(&mut self, name: &str, definition: &TypeDef) {
        let kind = definition.kind.as_str();
        self.item(&definition.docs, definition.span, &format!("{kind} {name}"));
        match &definition.kind {
            TypeDefKind::Record(record) => {
                for field in &record.fields {
                    self.item(
                        &field.docs,
                        field.span,
                        &format!("field {name}.{}", field.name),
                    );
                }
            }
            TypeDefKind::Variant(variant) => {
                for case in &variant.cases {
                    self.item(&case.docs, case.span, &format!("case {name}.{}", case.name));
                }
            }
            TypeDefKind::Enum(of) => {
                for case in &of.cases {
                    self.item(&case.docs, case.span, &format!("case {name}.{}", case.name));
                }
            }
            TypeDefKind::Flags(flags) => {
                for flag in &flags.flags {
                    self.item(&flag.docs, flag.span, &format!("flag {name}.{}", flag.name));
                }
            }
            _ => {}
        }
    }

    fn function(&mut self, interface: &str, function: &Function) {
        let name = function.item_name();
        let name = match function.kind.resource() {
            Some(id) => format!(
                "{}.{name}",
                self.resolve.types[id].name.as_deref().unwrap_or_default()
            ),
            None => name.to_owned(),
        };
        self.item(
            &function.docs,
            function.span,
            &format!("function {interface}.{name}"),
        );
    }

    /// `use failure.{error}` makes a type of its own, which is documented where it comes from.
    fn is_used_from_elsewhere(&self, definition: &TypeDef) -> bool {
        let TypeDefKind::Type(Type::Id(from)) = definition.kind else {
            return false;
        };
        let from = &self.resolve.types[from];
        matches!(from.owner, TypeOwner::Interface(_)) && from.owner != definition.owner
    }
}

#[cfg(test)]
mod tests {
    use crate::tests::findings;

    #[test]
    fn every_kind_of_item_needs_documentation() {
        let found = findings(
            "package a:b@0.1.0;
             interface i {
                 record r { field: u32 }
                 variant v { one, two(u32) }
                 enum e { one }
                 flags f { flag }
                 type t = u32;
                 resource s { constructor(); method: func(); make: static func() -> s; }
                 call: func();
             }
             world w { import i; }",
        );
        for expected in [
            "package a:b@0.1.0",
            "interface i",
            "record i.r",
            "field i.r.field",
            "variant i.v",
            "case i.v.one",
            "case i.v.two",
            "enum i.e",
            "case i.e.one",
            "flags i.f",
            "flag i.f.flag",
            "type i.t",
            "resource i.s",
            "function i.s.method",
            "function i.s.make",
            "function i.call",
            "world w",
        ] {
            assert!(
                found
                    .iter()
                    .any(|it| it.contains(&format!("{expected} has no"))),
                "{expected} not in {found:#?}"
            );
        }
        assert_eq!(found.len(), 18, "{found:#?}");
    }

    #[test]
    fn a_finding_says_where() {
        let found =
            findings("/// P.\npackage a:b@0.1.0;\n/// I.\ninterface i {\n  call: func();\n}");
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("a.wit:5:3: function i.call"), "{found:?}");
    }

    #[test]
    fn a_used_type_is_documented_at_home() {
        let text = "/// P.\npackage a:b@0.1.0;\n/// I.\ninterface i {\n /// E.\n type e = u32; }\n/// J.\ninterface j { use i.{e}; }";
        assert!(findings(text).is_empty());
    }
}
