//! Which release mended a fault that was found. Nothing is found by this table: it only says what to do about what the
//! model read from the installed source, which cannot know its own future.

use std::path::Path;

use speclens_environment::{Environment, owner_of};
use speclens_files::Db;

/// A module that lost its spec up to a release. Each row is run by `tests/tests/founding_question.rs`.
struct Advisory {
    distribution: &'static str,
    /// The module, or with a dot at its end all modules below it.
    modules: &'static str,
    fixed: &'static str,
}

const ADVISORIES: &[Advisory] = &[
    // huggingface/transformers PR 13321
    Advisory { distribution: "transformers", modules: "transformers", fixed: "4.10" },
    // huggingface/transformers PR 15230
    Advisory { distribution: "transformers", modules: "transformers.models.auto", fixed: "4.16" },
];

/// What to do about a module that loses its spec in `file`.
pub(super) fn upgrade(db: &dyn Db, environment: &Environment, module: &str, file: &str) -> Option<String> {
    let owner = owner_of(db, environment, Path::new(file))?;
    let fixed = ADVISORIES.iter().find(|advisory| {
        advisory.distribution.eq_ignore_ascii_case(&owner.name) && advisory.modules == module
    })?;
    let older = numbers(&owner.version) < numbers(fixed.fixed);
    older.then(|| {
        format!(
            "{} >= {} keeps the spec of `{module}` ({} is installed)",
            owner.name, fixed.fixed, owner.version
        )
    })
}

fn numbers(version: &str) -> Vec<u32> {
    version.split('.').map_while(|part| part.parse().ok()).collect()
}
