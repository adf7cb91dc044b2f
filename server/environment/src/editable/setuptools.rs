//! setuptools: a generated module with tables, and a path hook for namespace packages.

use std::path::{Path, PathBuf};

use speclens_source::{Literal, module_literals};

use crate::model::{MetaPathFinder, PathOrigin};
use crate::site::Site;

/// The module that setuptools generates for an editable install: its tables are literals.
pub(super) fn install(site: &mut Site<'_>, pth: &Path, line: u32, file: &Path, text: &str) -> Option<String> {
    if !text.contains("class _EditableFinder") || !text.contains("sys.meta_path.append(_EditableFinder)") {
        return None;
    }
    let literals = module_literals(text);
    let get = |name: &str| literals.iter().find(|(known, _)| known == name).map(|(_, value)| value);
    let mapping: Vec<_> = get("MAPPING")?
        .as_dict()?
        .iter()
        .filter_map(|(name, path)| Some((name.as_str()?.to_owned(), PathBuf::from(path.as_str()?))))
        .collect();
    let placeholder = get("PATH_PLACEHOLDER").and_then(Literal::as_str).unwrap_or_default().to_owned();
    let namespaces = namespaces_of(get("NAMESPACES"), &mapping, &placeholder, text);
    let any_depth = text.contains("fullname.startswith(f\"{pkg}.\")");
    let names = mapping.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
    if !namespaces.is_empty() && !placeholder.is_empty() {
        // The path hook answers for this entry only; it is no directory.
        site.add(PathBuf::from(&placeholder), PathOrigin::PthFile { file: pth.to_path_buf(), line });
    }
    let file = file.to_path_buf();
    let finder = MetaPathFinder::SetuptoolsEditable { file, mapping, namespaces, placeholder, any_depth };
    site.meta_path.push(finder);
    Some(format!("puts setuptools' editable finder last on sys.meta_path, for {names}"))
}

/// `_EditableNamespaceFinder._paths` for each namespace package. Newer finders always add the placeholder.
fn namespaces_of(
    literal: Option<&Literal>,
    mapping: &[(String, PathBuf)],
    placeholder: &str,
    text: &str,
) -> Vec<(String, Vec<PathBuf>)> {
    let adds_placeholder = text.contains("[*paths, PATH_PLACEHOLDER]");
    let pairs = literal.and_then(Literal::as_dict).unwrap_or_default().iter();
    pairs
        .filter_map(|(name, paths)| {
            let name = name.as_str()?.to_owned();
            let mut paths: Vec<PathBuf> =
                paths.as_list()?.iter().filter_map(Literal::as_str).map(PathBuf::from).collect();
            let mapped = mapping.iter().find(|(known, _)| *known == name).filter(|_| paths.is_empty());
            paths.extend(mapped.map(|(_, path)| path.clone()));
            if adds_placeholder || paths.is_empty() {
                paths.push(PathBuf::from(placeholder));
            }
            Some((name, paths))
        })
        .collect()
}
