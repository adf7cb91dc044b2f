//! `speclens schema`: the JSON schema of `speclens.toml`, made from the declaration of its keys.

use serde_json::{Map, Value, json};
use speclens_analysis::{LAUNCHES, LEVELS, RULES, SETTINGS, Setting, Shape};

use super::session::Session;
use super::{Failure, Verdict};

pub fn run(session: &Session) -> Result<Verdict, Failure> {
    session.print(&format!("{:#}\n", schema()))?;
    Ok(Verdict::Clean)
}

/// The whole schema.
fn schema() -> Value {
    let mut schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Speclens",
        "description": "speclens.toml, or [tool.speclens] of pyproject.toml",
    });
    let keys = table(SETTINGS);
    if let (Some(schema), Value::Object(keys)) = (schema.as_object_mut(), keys) {
        schema.extend(keys);
    }
    schema["definitions"] = json!({ "levels": levels() });
    schema
}

fn table(settings: &[Setting]) -> Value {
    let properties: Map<String, Value> = settings
        .iter()
        .map(|setting| {
            let mut value = of_shape(setting.shape);
            value["description"] = setting.summary.into();
            (setting.name.to_owned(), value)
        })
        .collect();
    json!({ "type": "object", "additionalProperties": false, "properties": properties })
}

fn of_shape(shape: Shape) -> Value {
    // In draft 7 nothing may stand beside a `$ref`.
    let levels = json!({ "allOf": [{ "$ref": "#/definitions/levels" }] });
    match shape {
        Shape::Table(settings) => table(settings),
        Shape::Program(_) => json!({ "type": "string" }),
        Shape::Version(_) => json!({ "type": "string", "pattern": r"^3\.\d+(\.\d+)?$" }),
        Shape::Directories(_) | Shape::Globs(_) => json!({ "type": "array", "items": { "type": "string" } }),
        Shape::Flag(_) => json!({ "type": "boolean" }),
        Shape::Levels(_) => levels,
        Shape::LevelsByGlob(_) => json!({ "type": "object", "additionalProperties": levels }),
        Shape::LaunchByGlob(_) => {
            let names: Vec<&str> = LAUNCHES.iter().map(|(name, _)| *name).collect();
            json!({ "type": "object", "additionalProperties": { "enum": names } })
        }
    }
}

fn levels() -> Value {
    let names: Vec<&str> = LEVELS.iter().map(|(name, _)| *name).collect();
    let rules: Map<String, Value> = RULES
        .iter()
        .map(|rule| (rule.name.to_owned(), json!({ "description": rule.summary, "enum": names })))
        .collect();
    json!({ "type": "object", "additionalProperties": false, "properties": rules })
}
