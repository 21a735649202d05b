//! What a binary asks of its host and offers to it, read from its bytes without compiling or running any of it.

use bowline_host::{ArtifactError, Inspection, Limits};

use crate::MAX_SIZE;

/// What can be told of a binary of an application.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Interfaces {
    /// A core module, as Spin 1.x runs them. What its imports mean is a matter between it and Spin.
    Module,
    /// A component.
    #[non_exhaustive]
    Component {
        /// What it imports: `wasi:http/types@0.2.0`; clean.
        imports: Vec<String>,
        /// What it exports: `wasi:http/incoming-handler@0.2.0`; clean.
        exports: Vec<String>,
    },
}

impl Interfaces {
    /// Looks at these bytes. It takes about as long as hashing them.
    ///
    /// # Errors
    /// What is wrong with them, as the end of a sentence: they are broken, or of a size or shape that no component has.
    pub fn of(bytes: &[u8]) -> Result<Self, String> {
        match inspect(bytes, &limits()) {
            Ok(inspection) => {
                let imports = inspection.imports;
                let mut all = [imports.contract, imports.wasi, imports.refused].concat();
                all.sort();
                Ok(Self::Component {
                    imports: all,
                    exports: inspection.exports,
                })
            }
            Err(ArtifactError::CoreModule) => Ok(Self::Module),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// What an application's binary may have. Its code is for those to bound who compile it; how nested its types are is bounded as that of
/// targets, because reading them is recursive.
pub(crate) fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.component_size = MAX_SIZE;
    limits.instances = usize::MAX;
    limits.functions = u64::MAX;
    limits.function_size = u64::MAX;
    limits.function_width = u64::MAX;
    limits.function_weight = u64::MAX;
    limits
}

pub(crate) fn inspect(bytes: &[u8], limits: &Limits) -> Result<Inspection, ArtifactError> {
    Inspection::of(bytes, limits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_and_components_are_told_apart() {
        assert_eq!(Interfaces::of(b"\0asm\x01\0\0\0"), Ok(Interfaces::Module));
        assert_eq!(
            Interfaces::of(b"\0asm\x0d\0\x01\0"),
            Ok(Interfaces::Component {
                imports: Vec::new(),
                exports: Vec::new()
            })
        );
        for broken in [b"".as_slice(), b"<html>", b"\0asm\x0d\0\x01\0\x0b\xff"] {
            assert!(Interfaces::of(broken).is_err(), "{broken:?}");
        }
    }
}
