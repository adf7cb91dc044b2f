//! A rule turned off in the configuration file, with all else in it left as it is.

use std::path::Path;

use speclens_files::Db;
use speclens_source::text;
use toml_edit::{DocumentMut, Item, Table, value};

use super::{Layers, OWN_FILE, SHARED_FILE};
use crate::finding::{Edit, Fix, Place};

/// Turns a rule off for the workspace `root`. A file is made where there is none.
pub(crate) fn turn_off(db: &dyn Db, root: &Path, layers: &Layers, rule: &str) -> Option<Fix> {
    let Some(file) = &layers.file else {
        let place = Place { file: root.join(OWN_FILE), start: 0, end: 0 };
        let text = format!("[rules]\n{rule} = \"ignore\"\n");
        let title = format!("Turn `{rule}` off in a new {OWN_FILE}");
        return Some(Fix { title, edits: vec![Edit { place, text }], safe: false });
    };
    let (before, _) = text(db, db.entry(file)).ok()?;
    let name = file.file_name()?.to_str()?;
    let after = with_rule_off(&before, name == SHARED_FILE, rule)?;
    let (start, end, text) = difference(&before, &after);
    let place =
        Place { file: file.clone(), start: u32::try_from(start).ok()?, end: u32::try_from(end).ok()? };
    let title = format!("Turn `{rule}` off in {name}");
    Some(Fix { title, edits: vec![Edit { place, text: text.to_owned() }], safe: false })
}

fn with_rule_off(text: &str, is_shared: bool, rule: &str) -> Option<String> {
    let mut document: DocumentMut = text.parse().ok()?;
    let mut table = document.as_item_mut();
    if is_shared {
        table = table.get_mut("tool")?.get_mut("speclens")?;
    }
    let rules = table.as_table_like_mut()?.entry("rules").or_insert_with(|| Item::Table(Table::new()));
    rules.as_table_like_mut()?.insert(rule, value("ignore"));
    Some(document.to_string())
}

/// The one range in which two texts differ, and what stands there in the second.
fn difference<'t>(before: &str, after: &'t str) -> (usize, usize, &'t str) {
    let start = before.char_indices().zip(after.chars()).find(|((_, one), other)| one != other);
    let start = start.map_or(before.len().min(after.len()), |((at, _), _)| at);
    let tail = before[start..].chars().rev().zip(after[start..].chars().rev());
    let same: usize = tail.take_while(|(one, other)| one == other).map(|(one, _)| one.len_utf8()).sum();
    (start, before.len() - same, &after[start..after.len() - same])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_else_is_there_stays() {
        for (is_shared, before, expected) in [
            (false, "", "[rules]\na = \"ignore\"\n"),
            (false, "exclude = [] # é\n", "exclude = [] # é\n\n[rules]\na = \"ignore\"\n"),
            (
                false,
                "[rules]\nb = \"hint\" # why\n\n[launch]\n",
                "[rules]\nb = \"hint\" # why\na = \"ignore\"\n\n[launch]\n",
            ),
            (false, "rules.a = \"error\"\n", "rules.a = \"ignore\"\n"),
            (false, "rules = { b = \"hint\" }\n", "rules = { b = \"hint\" , a = \"ignore\" }\n"),
            (
                true,
                "[tool.speclens]\n[tool.x]\n",
                "[tool.speclens]\n\n[tool.speclens.rules]\na = \"ignore\"\n[tool.x]\n",
            ),
            (true, "[tool.speclens.rules]\n", "[tool.speclens.rules]\na = \"ignore\"\n"),
        ] {
            let after = with_rule_off(before, is_shared, "a").unwrap();
            assert_eq!(after, expected, "{before}");
            let (start, end, text) = difference(before, &after);
            assert_eq!(format!("{}{text}{}", &before[..start], &before[end..]), after);
        }
        assert_eq!(with_rule_off("rules = 1\n", false, "a"), None);
        assert_eq!(with_rule_off("rules = [\n", false, "a"), None);
    }
}
