//! What differs between two builds of one version: the suffixes of extension modules and the built-in modules. Told by
//! `_sysconfigdata…py` of the standard library, else by the tags of the extension modules that came with the build.

use std::path::Path;

use speclens_files::Listing;
use speclens_source::{Literal, module_literals};

use crate::disk::Disk;
use crate::layout::{Layout, Platform};
use crate::model::{Implementation, PythonVersion};
use crate::tables;

/// Built-in modules that the list of the build leaves out (`_contextvars` since 3.14).
const CORE: &[&str] = &[
    "_ast",
    "_contextvars",
    "_imp",
    "_string",
    "_tokenize",
    "_warnings",
    "builtins",
    "gc",
    "marshal",
    "sys",
];

/// The values of `PYD_PLATFORM_TAG`.
const MACHINES: [&str; 3] = ["win_amd64", "win_arm64", "win32"];

/// Until its headers tell, a program of Windows is taken for this.
const USUAL_MACHINE: &str = "win_amd64";

/// The facts that differ between two builds of one version.
pub(crate) struct Build {
    pub(crate) built_in_modules: Vec<String>,
    pub(crate) extension_suffixes: Vec<String>,
    pub(crate) cache_tag: String,
}

/// What is built, and where it lies.
#[derive(Clone, Copy)]
pub(crate) struct Built<'a> {
    pub(crate) version: PythonVersion,
    pub(crate) implementation: Implementation,
    pub(crate) layout: &'a Layout,
    /// The standard library, where it is known.
    pub(crate) library: Option<&'a Path>,
    /// `sys.base_prefix`.
    pub(crate) prefix: &'a Path,
}

impl Build {
    /// As the tables have it.
    pub(crate) fn of_tables(version: PythonVersion) -> Self {
        Self {
            built_in_modules: tables::tables(version).builtin_modules.clone(),
            extension_suffixes: tables::extension_suffixes(version),
            cache_tag: tables::cache_tag(version),
        }
    }

    /// The tables, corrected by the installation.
    pub(crate) fn read(disk: Disk<'_>, built: &Built<'_>) -> Self {
        let PythonVersion { major, minor, .. } = built.version;
        match (built.implementation, built.layout.platform) {
            (Implementation::PyPy, _) => Self {
                built_in_modules: tables::pypy_builtins(),
                extension_suffixes: vec![pypy_suffix(disk, built)],
                cache_tag: format!("pypy{major}{minor}"),
            },
            (Implementation::CPython, Platform::Windows) => Self {
                built_in_modules: tables::windows_builtins(built.version),
                extension_suffixes: windows_suffixes(disk, built),
                cache_tag: tables::cache_tag(built.version),
            },
            (Implementation::CPython, Platform::Posix | Platform::MacOs) => Self::posix(disk, built),
        }
    }

    fn posix(disk: Disk<'_>, built: &Built<'_>) -> Self {
        let mut build = Self::of_tables(built.version);
        let variables =
            built.library.map(|library| variables(disk, library, built.layout)).unwrap_or_default();
        let get = |name: &str| {
            let found = variables.iter().find(|(known, _)| known.as_str() == Some(name));
            found.and_then(|(_, value)| value.as_str())
        };
        // Before 3.8 the list has another name; since 3.11 it also holds what became a file of its own.
        if let Some(names) = get("MODBUILT_NAMES").or_else(|| get("MODNAMES")) {
            let shared: Vec<&str> = get("MODSHARED_NAMES").unwrap_or_default().split_whitespace().collect();
            let names = names.split_whitespace().filter(|name| !shared.contains(name));
            build.built_in_modules.retain(|name| CORE.contains(&name.as_str()));
            build.built_in_modules.extend(names.map(str::to_owned));
            build.built_in_modules.sort();
            build.built_in_modules.dedup();
        }
        let own = get("EXT_SUFFIX").map(str::to_owned).or_else(|| own_suffix(disk, built));
        build.extension_suffixes = posix_suffixes(&build.extension_suffixes, own, built);
        build
    }
}

/// `_PyImport_DynLoadFiletab` in `dynload_shlib.c`: `SOABI`, `ALT_SOABI`, the stable ABI, the bare suffix.
fn posix_suffixes(usual: &[String], own: Option<String>, built: &Built<'_>) -> Vec<String> {
    let Some(usual_own) = usual.first() else { return Vec::new() };
    let own = own.unwrap_or_else(|| match built.layout.platform {
        Platform::MacOs => usual_own.replace(triplet(usual_own), "darwin"),
        Platform::Posix | Platform::Windows => usual_own.clone(),
    });
    let mut found = vec![with_flags(&own, built)];
    if built.layout.debug && built.version.at_least(8) {
        found.push(with_flags(
            &own,
            &Built { layout: &Layout { debug: false, ..built.layout.clone() }, ..*built },
        ));
    }
    // The stable ABI of 3.2 is none of free-threaded builds; `abi3t` of 3.15 is.
    let is_foreign = |suffix: &str| suffix.starts_with(".abi3") && !suffix.starts_with(".abi3t");
    let rest = usual.iter().skip(1).filter(|suffix| !(built.layout.free_threaded && is_foreign(suffix)));
    found.extend(rest.map(|suffix| suffix.replace(triplet(usual_own), triplet(&own))));
    found
}

/// `.cpython-312-x86_64-linux-gnu.so` -> `x86_64-linux-gnu`.
fn triplet(suffix: &str) -> &str {
    let tag = suffix.trim_start_matches('.').split('.').next().unwrap_or_default();
    tag.splitn(3, '-').nth(2).unwrap_or(tag)
}

/// The suffix with `ABIFLAGS` of this build: a debug build may lie beside the files of the usual one.
fn with_flags(suffix: &str, built: &Built<'_>) -> String {
    let start = format!(".cpython-{}{}", built.version.major, built.version.minor);
    let Some(rest) = suffix.strip_prefix(&start) else { return suffix.to_owned() };
    let rest = rest.trim_start_matches(['t', 'd']);
    let debug = if built.layout.debug { "d" } else { "" };
    format!("{start}{}{debug}{rest}", built.layout.abi_thread())
}

/// `SOABI` as the files in `lib-dynload` carry it.
fn own_suffix(disk: Disk<'_>, built: &Built<'_>) -> Option<String> {
    let listing = disk.listing(&built.library?.join("lib-dynload"))?;
    let start = format!(".cpython-{}{}", built.version.major, built.version.minor);
    listing.iter().find_map(|member| member.name.find(&start).map(|at| member.name[at..].to_owned()))
}

/// The one suffix of PyPy: `.pypy39-pp73-x86_64-linux-gnu.so`.
fn pypy_suffix(disk: Disk<'_>, built: &Built<'_>) -> String {
    let PythonVersion { major, minor, .. } = built.version;
    let start = format!(".pypy{major}{minor}-");
    let listing = built.library.and_then(|library| disk.listing(library));
    let mut members = listing.into_iter().flat_map(Listing::iter);
    let found = members.find_map(|member| member.name.find(&start).map(|at| member.name[at..].to_owned()));
    let is_mac = built.layout.platform == Platform::MacOs;
    let machine = if is_mac { "darwin" } else { "x86_64-linux-gnu" };
    found.unwrap_or_else(|| format!("{start}pp73-{machine}.so"))
}

/// `_PyImport_DynLoadFiletab` in `dynload_win.c`: `PYD_TAGGED_SUFFIX` and `PYD_UNTAGGED_SUFFIX`.
fn windows_suffixes(disk: Disk<'_>, built: &Built<'_>) -> Vec<String> {
    let PythonVersion { major, minor, .. } = built.version;
    let (debug, thread) = (if built.layout.debug { "_d" } else { "" }, built.layout.abi_thread());
    let machine = machine(disk, built.prefix);
    vec![format!("{debug}.cp{major}{minor}{thread}-{machine}.pyd"), format!("{debug}.pyd")]
}

/// `PYD_PLATFORM_TAG`: by the header of the program, else by the names of the DLLs that came with it.
fn machine(disk: Disk<'_>, prefix: &Path) -> &'static str {
    let by_header = disk.read_large(&prefix.join("python.exe")).and_then(|bytes| machine_in_header(&bytes));
    by_header.or_else(|| machine_by_names(disk, prefix)).unwrap_or(USUAL_MACHINE)
}

/// The field `Machine` of the COFF header.
fn machine_in_header(bytes: &[u8]) -> Option<&'static str> {
    let offset = u32::from_le_bytes(bytes.get(0x3c..0x40)?.try_into().ok()?);
    let header = bytes.get(usize::try_from(offset).ok()?..)?.strip_prefix(b"PE\0\0")?;
    match u16::from_le_bytes(header.get(..2)?.try_into().ok()?) {
        0x8664 => Some("win_amd64"),
        0x014c => Some("win32"),
        0xaa64 => Some("win_arm64"),
        _ => None,
    }
}

fn machine_by_names(disk: Disk<'_>, prefix: &Path) -> Option<&'static str> {
    let directories = [prefix.join("DLLs"), prefix.to_path_buf()];
    let names = directories.iter().filter_map(|directory| disk.listing(directory));
    names.flat_map(Listing::iter).find_map(|member| {
        let name = member.name.to_lowercase();
        let by_tag = || MACHINES.iter().find(|tag| name.ends_with(&format!("-{tag}.pyd")));
        // OpenSSL and the C runtime have names of their own on these.
        let by_library = || match name.as_str() {
            "vcruntime140_1.dll" => Some(&"win_amd64"),
            _ if name.starts_with("libcrypto-") && name.ends_with("-x64.dll") => Some(&"win_amd64"),
            _ if name.starts_with("libcrypto-") && name.ends_with("-arm64.dll") => Some(&"win_arm64"),
            _ => None,
        };
        by_tag().or_else(by_library).copied()
    })
}

/// `build_time_vars`.
fn variables(disk: Disk<'_>, library: &Path, layout: &Layout) -> Vec<(Literal, Literal)> {
    let file = data_file(disk, library, layout).map(|name| library.join(name));
    let text = file.and_then(|file| disk.text(&file));
    let literals = text.map(|text| module_literals(&text)).unwrap_or_default();
    literals
        .into_iter()
        .find_map(|(name, value)| match value {
            Literal::Dict(pairs) if name == "build_time_vars" => Some(pairs),
            _ => None,
        })
        .unwrap_or_default()
}

/// `sysconfig._get_sysconfigdata_name`: `_sysconfigdata_{abiflags}_{platform}_{multiarch}.py`; conda adds others.
fn data_file<'a>(disk: Disk<'a>, library: &Path, layout: &Layout) -> Option<&'a str> {
    let is_data = |name: &&str| {
        name.starts_with("_sysconfigdata") && Path::new(name).extension().is_some_and(|e| e == "py")
    };
    let names =
        || disk.listing(library).into_iter().flat_map(Listing::iter).map(|member| member.name.as_str());
    let is_own = |name: &&str| {
        let flags = name.strip_prefix("_sysconfigdata_").and_then(|rest| rest.split('_').next());
        flags.is_some_and(|flags| {
            flags.chars().all(|flag| "dmt".contains(flag)) && flags.contains('d') == layout.debug
        })
    };
    names().filter(is_data).find(is_own).or_else(|| names().find(is_data))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_of_a_program() {
        let program = |machine: u16| {
            let mut bytes = vec![0; 0x80];
            bytes[0x3c] = 0x40;
            bytes[0x40..0x44].copy_from_slice(b"PE\0\0");
            bytes[0x44..0x46].copy_from_slice(&machine.to_le_bytes());
            bytes
        };
        let found = [0x8664, 0x014c, 0xaa64, 1].map(|machine| machine_in_header(&program(machine)));
        assert_eq!(found, [Some("win_amd64"), Some("win32"), Some("win_arm64"), None]);
        assert_eq!(machine_in_header(b"MZ"), None);
    }
}
