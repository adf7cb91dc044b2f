//! The client's settings, from JSON to the form of `speclens.toml`, which the analysis reads.

use std::sync::Arc;

use serde_json::{Map, Value};
use speclens_analysis::problems_of_editor;

/// What is no matter of the analysis, and older names that stay.
const OF_CLIENT: [&str; 4] = ["path", "trace", HINTS, WORKSPACE];
const HINTS: &str = "inlayHints";
const WORKSPACE: &str = "workspaceDiagnostics";
const OLD_NAMES: [(&str, &str); 2] = [("interpreter", "python"), ("extraPaths", "extra-paths")];

/// Settings, bare or in a section `speclens`. What is wrong in them is told in the log, and left out.
pub(super) fn of_json(mut value: Value) -> Arc<str> {
    if let Some(section) = value.get_mut("speclens") {
        value = section.take();
    }
    let Value::Object(mut settings) = without_null(value) else { return Arc::default() };
    settings.retain(|name, _| !OF_CLIENT.contains(&name.as_str()));
    for (old, new) in OLD_NAMES {
        if let Some(value) = settings.shift_remove(old) {
            let environment = settings.entry("environment").or_insert_with(|| Map::new().into());
            if let Some(environment) = environment.as_object_mut() {
                environment.entry(new).or_insert(value);
            }
        }
    }
    let text = toml::to_string(&settings).unwrap_or_else(|error| {
        tracing::warn!(%error, "the settings are not understood");
        String::new()
    });
    for problem in problems_of_editor(&text) {
        tracing::warn!("the settings of the editor: {problem}");
    }
    text.into()
}

/// Whether the settings ask for inlay hints.
pub(super) fn hints(settings: &Value) -> bool {
    is_on(settings, HINTS)
}

/// Whether they ask for the findings of all files.
pub(super) fn whole_workspace(settings: &Value) -> bool {
    is_on(settings, WORKSPACE)
}

fn is_on(settings: &Value, name: &str) -> bool {
    settings.get("speclens").unwrap_or(settings).get(name) == Some(&Value::Bool(true))
}

/// TOML has no null, which is as good as nothing.
fn without_null(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().filter(|(_, value)| !value.is_null());
            members.map(|(name, value)| (name, without_null(value))).collect::<Map<_, _>>().into()
        }
        Value::Array(values) => {
            values.into_iter().filter(|value| !value.is_null()).map(without_null).collect()
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_becomes_toml() {
        let text = of_json(json!({ "speclens": {
            "path": "speclens", "exclude": null, "interpreter": ".venv", "extraPaths": ["src"],
            "rules": { "import-raises": "hint" }, "launch": { "z.py": "script", "a.py": "module" },
        }}));
        let expected = "[rules]\nimport-raises = \"hint\"\n\n[launch]\n\"z.py\" = \"script\"\n\"a.py\" = \"module\"\n\n\
                        [environment]\npython = \".venv\"\nextra-paths = [\"src\"]\n";
        assert_eq!(&*text, expected);
        for nothing in
            [json!(null), json!({}), json!({ "speclens": null }), json!([1]), json!({ "path": "x" })]
        {
            assert_eq!(&*of_json(nothing), "");
        }
    }
}
