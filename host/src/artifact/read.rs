//! Finds the names that a component imports and exports, without compiling or even validating the rest.

use wasmparser::{Encoding, Parser, Payload};

use super::ArtifactError;

/// Imports and exports of the outermost component.
#[derive(Debug)]
pub(super) struct Outline {
    pub(super) imports: Vec<String>,
    pub(super) exports: Vec<String>,
}

/// Imports, and exports, beyond which a component is taken for a bomb. Python targets have some 30.
const MAX_NAMES: u32 = 1_000;

pub(super) fn outline(bytes: &[u8]) -> Result<Outline, ArtifactError> {
    if !bytes.starts_with(b"\0asm") {
        return Err(ArtifactError::NotWasm);
    }
    let mut outline = Outline {
        imports: Vec::new(),
        exports: Vec::new(),
    };
    // Modules and components within are parsed, too, and are told apart by how deep they lie.
    let mut depth = 0_u32;
    let mut ended = false;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(malformed)? {
            Payload::Version {
                encoding: Encoding::Module,
                ..
            } if depth == 0 => {
                return Err(ArtifactError::CoreModule);
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) if depth == 0 => ended = true,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 0 => {
                few(section.count())?;
                for import in section {
                    outline.imports.push(name(import.map_err(malformed)?.name));
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                few(section.count())?;
                for export in section {
                    outline.exports.push(name(export.map_err(malformed)?.name));
                }
            }
            _ => {}
        }
        few(u32::try_from(outline.imports.len() + outline.exports.len()).unwrap_or(u32::MAX))?;
    }
    if ended {
        Ok(outline)
    } else {
        Err(ArtifactError::Malformed("it ends too early".to_owned()))
    }
}

fn name(name: wasmparser::ComponentExternName<'_>) -> String {
    format!("{}{}", name.name, name.version_suffix.unwrap_or_default())
}

fn few(count: u32) -> Result<(), ArtifactError> {
    if count > MAX_NAMES {
        return Err(ArtifactError::Malformed(format!(
            "it has more than {MAX_NAMES} imports or exports"
        )));
    }
    Ok(())
}

fn malformed(error: wasmparser::BinaryReaderError) -> ArtifactError {
    ArtifactError::Malformed(crate::text::line(&error.to_string(), 200))
}
