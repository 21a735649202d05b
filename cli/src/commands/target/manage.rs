//! `bowline target list`, `remove` and `default`.

use std::collections::BTreeSet;

use clap::ArgMatches;

use super::{Context, name};
use crate::error::Error;
use crate::exit::Exit;
use crate::output::target::{Default, Listed, Listing, Removed};
use crate::target::{BUILT_IN, Chosen};
use crate::targets::{hex, unknown};

/// What is installed.
///
/// # Errors
/// When the index or the approvals can't be read.
pub(crate) fn list(context: &Context<'_>) -> Result<Listing, Error> {
    let index = context.store.index()?;
    let built_in = Chosen::built_in()?;
    let description = built_in.describe(&context.paths)?;
    let mut targets = vec![Listed {
        name: BUILT_IN.to_owned(),
        version: description.version,
        digest: hex::text(&built_in.digest()),
        size: built_in.artifact().size(),
        source: None,
        manifest: None,
        approved_in: Vec::new(),
        is_default: index.default.is_none(),
    }];
    for entry in &index.targets {
        let approvals = context.approvals.of(&entry.digest)?;
        targets.push(Listed {
            name: entry.name.to_string(),
            version: entry.version.clone(),
            digest: hex::text(&entry.digest),
            size: entry.size,
            source: Some(entry.source.to_string()),
            manifest: entry.manifest.as_ref().map(hex::text),
            approved_in: approvals
                .into_iter()
                .map(|record| record.environment)
                .collect(),
            is_default: index.default.as_ref() == Some(&entry.name),
        });
    }
    Ok(Listing { targets })
}

/// Removes a target, and takes back what was approved of it, of earlier versions, too. What was approved stays where the same
/// content is installed under another name.
///
/// # Errors
/// When there is none of that name, or something can't be written.
pub(crate) fn remove(matches: &ArgMatches, context: &Context<'_>) -> Result<Removed, Error> {
    if matches
        .get_one::<String>("NAME")
        .is_some_and(|name| name == BUILT_IN)
    {
        return Err(Error::new(
            Exit::Usage,
            format!("'{BUILT_IN}' is the built-in target, and can't be removed"),
        ));
    }
    let Some(name) = name(matches, "NAME")? else {
        return Err(Error::new(Exit::Usage, "there is no name of a target"));
    };
    let (removed, left) = context.store.change(|index, _| {
        let removed = index.remove(&name);
        let removed =
            removed.ok_or_else(|| unknown(&name, index.targets.iter().map(|entry| &entry.name)))?;
        Ok((removed, index.digests()))
    })?;
    // An upgrade leaves approvals of the old version where the new one was not approved. They have nothing but the name in common.
    let revoked = context.approvals.revoke(|record| {
        let names = [name.as_str(), &removed.own_name];
        (record.target == removed.digest || names.contains(&record.name.as_str()))
            && !left.contains(&record.target)
    })?;
    let environments: BTreeSet<String> = revoked
        .into_iter()
        .map(|record| record.environment)
        .collect();
    Ok(Removed {
        name: name.to_string(),
        digest: hex::text(&removed.digest),
        revoked_in: environments.into_iter().collect(),
    })
}

/// Shows or sets the target that is used where nothing names one.
///
/// # Errors
/// When there is none of that name, or the index can't be written.
pub(crate) fn default(matches: &ArgMatches, context: &Context<'_>) -> Result<Default, Error> {
    let Some(text) = matches.get_one::<String>("NAME") else {
        let name = context.store.index()?.default;
        return Ok(Default {
            name: name.map_or_else(|| BUILT_IN.to_owned(), |name| name.to_string()),
        });
    };
    let chosen = if text == BUILT_IN {
        None
    } else {
        name(matches, "NAME")?
    };
    context.store.change(|index, _| {
        if let Some(name) = &chosen
            && index.find(name).is_none()
        {
            return Err(unknown(name, index.targets.iter().map(|entry| &entry.name)));
        }
        index.default = chosen;
        Ok(())
    })?;
    Ok(Default { name: text.clone() })
}
