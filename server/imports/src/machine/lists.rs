//! Places and slices of lists, `sys.path` and `sys.meta_path` among them, that code puts items into or takes them from.

use std::ops::Range;

use speclens_source::program::{Expression, ExpressionKind};

use super::Machine;
use super::exception::Raises;
use super::value::{Payload, Value};

/// `[lower:upper]` of a list of this length; `None` where a bound is not known.
pub(super) fn range(length: usize, lower: Option<&Value>, upper: Option<&Value>) -> Option<Range<usize>> {
    let lower = bound(length, lower, 0)?;
    Some(lower..bound(length, upper, length)?.max(lower))
}

/// One bound of a slice, counted from the end where it is negative.
fn bound(length: usize, value: Option<&Value>, default: usize) -> Option<usize> {
    match value {
        None | Some(Value::None) => Some(default),
        Some(Value::Int(at)) => {
            let distance = usize::try_from(at.unsigned_abs()).unwrap_or(usize::MAX);
            Some(if *at < 0 { length.saturating_sub(distance) } else { distance.min(length) })
        }
        Some(_) => None,
    }
}

/// The one item at an index; `None` where there is none or the index is not known.
fn place(length: usize, index: &Value) -> Option<Range<usize>> {
    let Value::Int(at) = index else { return None };
    let distance = usize::try_from(at.unsigned_abs()).ok()?;
    let at = if *at < 0 { length.checked_sub(distance)? } else { distance };
    (at < length).then_some(at..at + 1)
}

impl Machine<'_> {
    /// `list[lower:upper] = items`, and `del list[lower:upper]` where there are no items.
    pub(super) fn set_slice(&mut self, list: &Value, slice: &Expression, items: &Value) -> Raises<()> {
        let ExpressionKind::Slice { lower, upper, step } = &slice.kind else { return Ok(()) };
        let lower = lower.as_ref().map(|bound| self.evaluate(bound)).transpose()?;
        let upper = upper.as_ref().map(|bound| self.evaluate(bound)).transpose()?;
        let (items, complete) = self.elements(items);
        let known = items.filter(|_| complete && step.is_none());
        self.splice(list, |length| range(length, lower.as_ref(), upper.as_ref()), known);
        Ok(())
    }

    /// `sys.path[index] = value`, or `del sys.path[index]` without a value.
    pub(super) fn set_place(&mut self, list: &Value, index: &Value, value: Option<Value>) {
        self.splice(list, |length| place(length, index), Some(value.into_iter().collect()));
    }

    /// Puts items into the place of others. Where either is not known, neither are those of the list.
    fn splice(
        &mut self,
        list: &Value,
        range: impl FnOnce(usize) -> Option<Range<usize>>,
        items: Option<Vec<Value>>,
    ) {
        let (Value::Object(_) | Value::Builtin("sys.path" | "sys.meta_path")) = list else { return };
        let (Some(mut all), complete) = self.elements(list) else { return };
        let changed = match (range(all.len()), items) {
            (Some(range), Some(items)) if complete => {
                all.splice(range, items);
                Value::tuple(all)
            }
            _ => Value::Unknown,
        };
        match list {
            Value::Builtin("sys.path") => self.set_path(&changed),
            Value::Builtin(_) => self.set_meta_path(&changed),
            other => {
                let Some(id) = other.as_object().filter(|_| self.is_list(other)) else { return };
                let object = self.change_items(id);
                match (&mut object.payload, changed) {
                    (Payload::List(items), Value::Tuple(changed)) => *items = changed.to_vec(),
                    _ => object.open = true,
                }
                object.limit();
            }
        }
    }
}
