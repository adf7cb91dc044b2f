//! The package `editables`, which Hatch and PDM can use: one finder, and a generated module for each project that tells
//! it what is where.

use std::path::Path;

use speclens_source::literal_calls;

use crate::hooks::module_source;
use crate::model::{MetaPathFinder, Redirection};
use crate::site::Site;

/// `from editables.redirector import RedirectingFinder as F`, `F.install()`, `F.map_module('name', '/path')`, …
pub(super) fn install(site: &mut Site<'_>, file: &Path, text: &str) -> Option<String> {
    let (module, names) = text.lines().find_map(|line| line.strip_prefix("from ")?.split_once(" import "))?;
    let bound = names.rsplit(" as ").next()?.trim();
    let calls = literal_calls(text);
    calls.iter().find(|call| call.function == format!("{bound}.install"))?;
    let (_, source) = module_source(site, module.trim())?;
    let has = |line: &str| source.contains(line);
    if !has("sys.meta_path.append(cls)") || !has("spec_from_file_location(fullname, redir)") {
        return None;
    }
    let mapped = calls.iter().filter(|call| call.function == format!("{bound}.map_module"));
    let added: Vec<Redirection> = mapped
        .map(|call| match call.arguments.as_slice() {
            [name, path] => Some(Redirection {
                name: name.as_str()?.to_owned(),
                path: path.as_str()?.into(),
                file: file.to_path_buf(),
            }),
            _ => None,
        })
        .collect::<Option<_>>()?;
    let names = super::top_level(added.iter().map(|redirection| redirection.name.as_str()));
    let known = site.meta_path.iter_mut().find_map(|finder| match finder {
        MetaPathFinder::Redirecting { redirections } => Some(redirections),
        _ => None,
    });
    if let Some(known) = known {
        known.retain(|old| added.iter().all(|new| new.name != old.name));
        known.extend(added);
        return Some(format!("tells the finder of {} where {names} is", module.trim()));
    }
    site.meta_path.push(MetaPathFinder::Redirecting { redirections: added });
    Some(format!("puts the finder of {} last on sys.meta_path, for {names}", module.trim()))
}
