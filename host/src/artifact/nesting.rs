//! Looks how deep the types of a component are nested, before they are read by what reads them recursively: three bytes for
//! each level are enough to use up any stack.

use std::ops::Range;

use wasmparser::{
    BinaryReader, ComponentAlias, ComponentExternName, ComponentImport, ComponentType,
    ComponentTypeRef, CoreType,
};

use super::ArtifactError;
use super::outline::{exceeded, malformed};
use crate::limits::{LimitExceeded, Limits};

/// The first byte of the type of a component, and of an instance; both hold declarations, and types among them.
const COMPONENT: u8 = 0x41;
const INSTANCE: u8 = 0x42;

/// What there is in a section of types.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Declarations in all types.
    pub(super) declarations: u32,
    /// Levels of types within types.
    pub(super) depth: u32,
}

/// Looks at the section of types that lies there.
pub(super) fn types(
    bytes: &[u8],
    range: Range<usize>,
    limits: &Limits,
) -> Result<Found, ArtifactError> {
    let start = range.start;
    let section = bytes.get(range).unwrap_or_default();
    let mut scan = Scan {
        reader: BinaryReader::new(section, start),
        limits,
        found: Found::default(),
    };
    let count = scan.reader.read_var_u32().map_err(malformed)?;
    for _ in 0..count {
        scan.one(0)?;
    }
    Ok(scan.found)
}

struct Scan<'a> {
    reader: BinaryReader<'a>,
    limits: &'a Limits,
    found: Found,
}

impl Scan<'_> {
    /// One type, with `depth` others around it. This is recursive, too, but no deeper than the limit.
    fn one(&mut self, depth: u32) -> Result<(), ArtifactError> {
        let first = self.reader.clone().read_u8().map_err(malformed)?;
        if first != COMPONENT && first != INSTANCE {
            self.reader.read::<ComponentType>().map_err(malformed)?;
            return Ok(());
        }
        let depth = depth + 1;
        if depth > self.limits.nesting {
            return exceeded(LimitExceeded::Nesting(self.limits.nesting));
        }
        self.found.depth = self.found.depth.max(depth);
        self.reader.read_u8().map_err(malformed)?;
        let count = self.reader.read_var_u32().map_err(malformed)?;
        for _ in 0..count {
            self.found.declarations = self.found.declarations.saturating_add(1);
            if u64::from(self.found.declarations) > self.limits.definitions {
                return exceeded(LimitExceeded::Definitions(self.limits.definitions));
            }
            self.declaration(depth)?;
        }
        Ok(())
    }

    fn declaration(&mut self, depth: u32) -> Result<(), ArtifactError> {
        let reader = &mut self.reader;
        match reader.read_u8().map_err(malformed)? {
            0x00 => reader.read::<CoreType>().map(|_| ()),
            0x01 => return self.one(depth),
            0x02 => reader.read::<ComponentAlias>().map(|_| ()),
            0x03 => reader.read::<ComponentImport>().map(|_| ()),
            0x04 => reader
                .read::<ComponentExternName>()
                .and_then(|_| reader.read::<ComponentTypeRef>())
                .map(|_| ()),
            other => {
                let text = format!("a type holds a declaration of unknown kind {other:#04x}");
                return Err(ArtifactError::Malformed(text));
            }
        }
        .map_err(malformed)
    }
}
