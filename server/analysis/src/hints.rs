//! The values of reads, to be shown in the text.

use speclens_environment::Project;
use speclens_files::{Db, Entry};
use speclens_imports::machine::{ObservationKind, Seen};

use crate::observe::observe;

/// The value of a read, to be shown behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// Byte offset of the end of the read.
    pub at: u32,
    /// The value as Python shows it.
    pub value: String,
}

/// The values of a file's reads, where each look at one gives the same, for certain.
pub fn hints(db: &dyn Db, project: Project, file: Entry) -> Vec<Hint> {
    let Some(observed) = observe(db, project, file) else { return Vec::new() };
    // Of `m.__spec__.name` only the whole.
    let inner: Vec<u32> = observed
        .observations
        .iter()
        .filter_map(|observation| match &observation.kind {
            ObservationKind::SpecAttribute { spec_span, .. } => Some(spec_span.end),
            _ => None,
        })
        .collect();
    let mut reads: Vec<(Hint, bool)> = Vec::new();
    for observation in &observed.observations {
        let (ObservationKind::ModuleAttribute { seen, .. } | ObservationKind::SpecAttribute { seen, .. }) =
            &observation.kind
        else {
            continue;
        };
        let value = match seen {
            Seen::None => "None".to_owned(),
            Seen::Known(value) => value.clone(),
            Seen::Raises(_) | Seen::Unknown => String::new(),
        };
        let (hint, holds) = (Hint { at: observation.span.end, value }, observation.certain);
        match reads.iter_mut().find(|(known, _)| known.at == hint.at) {
            Some((known, known_holds)) => *known_holds &= holds && *known == hint,
            None => reads.push((hint, holds)),
        }
    }
    let known = reads
        .into_iter()
        .filter(|(hint, holds)| *holds && !hint.value.is_empty() && !inner.contains(&hint.at));
    known.map(|(hint, _)| hint).collect()
}
