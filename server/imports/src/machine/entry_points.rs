//! Entry points: what `importlib.metadata.entry_points` gives, read from the distributions' own files.

use speclens_source::Name;

use super::exception::Raises;
use super::value::{Payload, Value};
use super::{EntryPoint, Machine};

/// The class of an entry point.
const ENTRY_POINT: &str = "importlib.metadata.EntryPoint";
/// Its method that imports what it names.
pub(super) const LOAD: &str = "importlib.metadata.EntryPoint.load";

/// `load` of an entry point.
pub(super) fn entry_point_method(class: &Value, name: &str) -> Option<Value> {
    (*class == Value::Builtin(ENTRY_POINT) && name == "load").then_some(Value::Builtin(LOAD))
}

impl Machine<'_> {
    /// `entry_points(group=…, name=…)`; without arguments, the dict of the groups that it gives before 3.12.
    pub(super) fn call_entry_points(&mut self, arguments: &[Value], keywords: &[(Name, Value)]) -> Value {
        let region = self.region();
        if !arguments.is_empty() || keywords.is_empty() && self.version().at_least(12) {
            return Value::Unknown;
        }
        let mut wanted: Vec<(&str, &str)> = Vec::new();
        for (key, value) in keywords {
            match (key.as_str(), value.as_str()) {
                (key @ ("group" | "name"), Some(value)) => wanted.push((key, value)),
                _ => return Value::Unknown,
            }
        }
        let is_wanted = |point: &EntryPoint| {
            wanted.iter().all(
                |(key, value)| if *key == "group" { point.group == *value } else { point.name == *value },
            )
        };
        let points: Vec<EntryPoint> = self.world.entry_points().into_iter().filter(is_wanted).collect();
        if !keywords.is_empty() {
            let points = points.iter().map(|point| self.entry_point(point)).collect();
            return self.state.heap.list(points, region);
        }
        let mut groups: Vec<(Value, Value)> = Vec::new();
        for point in &points {
            let group = Value::str(&point.group);
            let made = self.entry_point(point);
            match groups.iter().find(|(known, _)| *known == group) {
                Some((_, list)) => self.append(&list.clone(), made),
                None => {
                    let list = self.state.heap.list(vec![made], region);
                    groups.push((group, list));
                }
            }
        }
        self.state.heap.dict(groups, region)
    }

    fn entry_point(&mut self, point: &EntryPoint) -> Value {
        let region = self.region();
        let made = self.state.heap.make(Value::Builtin(ENTRY_POINT), Payload::Plain, region);
        if let Some(id) = made.as_object() {
            for (name, text) in [("name", &point.name), ("value", &point.value), ("group", &point.group)] {
                self.state.heap.set(id, name, Value::str(text), None);
            }
            self.state.heap.get_mut(id).open = true;
        }
        made
    }

    /// `EntryPoint.load()`: imports the module and takes the attributes one by one.
    pub(super) fn load_entry_point(&mut self, point: Option<&Value>) -> Raises<Value> {
        let value = point.and_then(Value::as_object).and_then(|id| self.text_attribute(id, "value"));
        let Some(value) = value else { return Ok(Value::Unknown) };
        let value = value.split('[').next().unwrap_or_default();
        let (module, attributes) = value.split_once(':').unwrap_or((value, ""));
        let mut loaded = self.import_module(module.trim())?;
        for attribute in attributes.trim().split('.').filter(|attribute| !attribute.is_empty()) {
            loaded = self.attribute(&loaded, attribute)?;
        }
        Ok(loaded)
    }
}
