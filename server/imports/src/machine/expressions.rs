//! Expressions.

use std::sync::Arc;

use speclens_source::program::{
    Call, Clause, Comparison, Comprehension, ComprehensionKind, Expression, ExpressionKind,
};
use speclens_source::{Name, Span};

use super::Machine;
use super::exception::Raises;
use super::value::{Payload, Value};

/// A comprehension makes no more elements than this one by one.
const MAX_ELEMENTS: usize = 4_096;

impl Machine<'_> {
    /// The value of an expression.
    pub(super) fn evaluate(&mut self, expression: &Expression) -> Raises<Value> {
        self.step();
        let tested = std::mem::take(&mut self.tested);
        match &expression.kind {
            ExpressionKind::None => Ok(Value::None),
            ExpressionKind::Bool(value) => Ok(Value::Bool(*value)),
            ExpressionKind::Int(value) => Ok(Value::Int(*value)),
            ExpressionKind::String(text) => Ok(Value::Str(Arc::clone(text))),
            ExpressionKind::Ellipsis => Ok(Value::Unknown),
            ExpressionKind::Name(name) => {
                let value = self.lookup(name)?;
                self.observe_name(expression.span, name, &value, tested);
                Ok(value)
            }
            ExpressionKind::Attribute { value, name, .. } => {
                self.attribute_expression(expression.span, value, name, tested)
            }
            ExpressionKind::Call(call) => self.call_expression(expression.span, call, tested),
            ExpressionKind::Subscript { value, index } => {
                let object = self.evaluate(value)?;
                if let ExpressionKind::Slice { lower, upper, step: Some(step) } = &index.kind {
                    let is_whole = lower.is_none() && upper.is_none();
                    let step = self.evaluate(step)?;
                    let is_backwards = is_whole && step == Value::Int(-1);
                    return Ok(if is_backwards { self.backwards(&object) } else { Value::Unknown });
                }
                if let ExpressionKind::Slice { lower, upper, .. } = &index.kind {
                    let lower = lower.as_ref().map(|bound| self.evaluate(bound)).transpose()?;
                    let upper = upper.as_ref().map(|bound| self.evaluate(bound)).transpose()?;
                    return Ok(self.slice(&object, lower.as_ref(), upper.as_ref()));
                }
                let index = self.evaluate(index)?;
                self.subscript(expression.span, value, &object, &index, tested)
            }
            ExpressionKind::Tuple(items) => {
                let (items, complete) = self.items(items)?;
                Ok(if complete { Value::tuple(items) } else { Value::Unknown })
            }
            ExpressionKind::List(items) | ExpressionKind::Set(items) => {
                let (items, complete) = self.items(items)?;
                let region = self.region();
                let list = self.state.heap.list(items, region);
                self.open_unless(&list, complete);
                Ok(list)
            }
            ExpressionKind::Dict(items) => self.dict_expression(items),
            ExpressionKind::Boolean { is_and, values } => self.boolean(*is_and, values, tested),
            ExpressionKind::Not(operand) => {
                self.tested = true;
                let value = self.evaluate(operand)?;
                Ok(self.truth(&value).map_or(Value::Unknown, |truth| Value::Bool(!truth)))
            }
            ExpressionKind::Compare { left, rest } => self.compare_expression(left, rest),
            ExpressionKind::Binary { left, operator, right } => {
                let left_value = self.evaluate(left)?;
                let right_value = self.evaluate(right)?;
                self.refuse_operands(expression.span, (left, &left_value), *operator, (right, &right_value))?;
                Ok(self.binary(&left_value, *operator, &right_value))
            }
            ExpressionKind::Conditional { test, body, orelse } => match self.condition(test)? {
                Some(true) => self.evaluate(body),
                Some(false) => self.evaluate(orelse),
                None => {
                    let first = self.possibly_value(body);
                    let second = self.possibly_value(orelse);
                    Ok(first.join(second))
                }
            },
            ExpressionKind::Lambda(function) => self.function_object(function),
            ExpressionKind::Walrus { target, value: expression } => {
                self.tested = tested;
                let value = self.evaluate(expression)?;
                self.bind(target, value.clone());
                self.keep_in(target, expression);
                Ok(value)
            }
            ExpressionKind::Format(parts) => self.format_expression(parts),
            ExpressionKind::Comprehension(comprehension) => self.comprehension(comprehension),
            ExpressionKind::Starred(value) => self.evaluate(value),
            ExpressionKind::Yield(value) => {
                let value = value.as_ref().map_or(Ok(Value::None), |value| self.evaluate(value))?;
                self.yield_value(value)
            }
            ExpressionKind::YieldFrom(iterable) => self.yield_from(iterable),
            ExpressionKind::Opaque(operands) => {
                for operand in operands {
                    self.evaluate(operand)?;
                }
                Ok(Value::Unknown)
            }
            ExpressionKind::Slice { .. } => Ok(Value::Unknown),
        }
    }

    pub(super) fn possibly_value(&mut self, expression: &Expression) -> Value {
        self.possibly_raising(|machine| machine.evaluate(expression).map(Some)).unwrap_or(Value::Unknown)
    }

    fn open_unless(&mut self, value: &Value, complete: bool) {
        if let (false, Some(id)) = (complete, value.as_object()) {
            self.state.heap.get_mut(id).open = true;
        }
    }

    /// The items of a display, `*x` spread out, and whether these are all.
    fn items(&mut self, items: &[Expression]) -> Raises<(Vec<Value>, bool)> {
        let mut values = Vec::with_capacity(items.len());
        let mut complete = true;
        for item in items {
            if let ExpressionKind::Starred(inner) = &item.kind {
                let spread = self.evaluate(inner)?;
                let spread = self.used_up(&spread)?;
                let (elements, all) = self.elements(&spread);
                values.extend(elements.unwrap_or_default());
                complete &= all;
            } else {
                values.push(self.evaluate(item)?);
            }
        }
        Ok((values, complete))
    }

    fn dict_expression(&mut self, items: &[(Option<Expression>, Expression)]) -> Raises<Value> {
        let region = self.region();
        let dict = self.state.heap.dict(Vec::new(), region);
        for (key, value) in items {
            match key {
                Some(key) => {
                    let key = self.evaluate(key)?;
                    let value = self.evaluate(value)?;
                    self.set_item(&dict, &key, value)?;
                }
                None => {
                    let other = self.evaluate(value)?;
                    self.update_dict(&dict, &other);
                }
            }
        }
        Ok(dict)
    }

    fn boolean(&mut self, is_and: bool, values: &[Expression], tested: bool) -> Raises<Value> {
        let Some((first, rest)) = values.split_first() else { return Ok(Value::Unknown) };
        // `x.__spec__ and x.__spec__.name` tests what it reads.
        self.tested = tested || !rest.is_empty();
        let value = self.evaluate(first)?;
        if rest.is_empty() {
            return Ok(value);
        }
        match self.truth(&value) {
            Some(truth) if truth == is_and => self.boolean(is_and, rest, tested),
            Some(_) => Ok(value),
            None => {
                let other = self
                    .possibly_raising(|machine| machine.boolean(is_and, rest, tested).map(Some))
                    .unwrap_or(Value::Unknown);
                Ok(value.join(other))
            }
        }
    }

    fn compare_expression(&mut self, left: &Expression, rest: &[(Comparison, Expression)]) -> Raises<Value> {
        let against_none = |kind: &ExpressionKind| matches!(kind, ExpressionKind::None);
        self.tested = rest.iter().any(|(_, right)| against_none(&right.kind));
        let mut left_value = self.evaluate(left)?;
        let mut result = Some(true);
        for (comparison, right) in rest {
            self.tested = against_none(&left.kind);
            let right_value = self.evaluate(right)?;
            let holds = self.compare(&left_value, *comparison, &right_value);
            match holds {
                Some(false) => return Ok(Value::Bool(false)),
                Some(true) => {}
                None => result = None,
            }
            left_value = right_value;
        }
        Ok(result.map_or(Value::Unknown, Value::Bool))
    }

    fn format_expression(&mut self, parts: &[Expression]) -> Raises<Value> {
        let mut text = Some(String::new());
        for part in parts {
            let value = self.evaluate(part)?;
            match (&mut text, self.to_text(&value)) {
                (Some(text), Some(part)) => text.push_str(&part),
                _ => text = None,
            }
        }
        Ok(text.map_or(Value::Unknown, Value::str))
    }

    fn comprehension(&mut self, comprehension: &Comprehension) -> Raises<Value> {
        let region = self.region();
        let result = match comprehension.kind {
            ComprehensionKind::Dict => self.state.heap.dict(Vec::new(), region),
            _ => self.state.heap.list(Vec::new(), region),
        };
        let complete = self.comprehend(comprehension, &comprehension.clauses, &result)?;
        self.open_unless(&result, complete);
        Ok(result)
    }

    /// Runs the clauses from the outermost on; whether all elements are known.
    fn comprehend(
        &mut self,
        comprehension: &Comprehension,
        clauses: &[Clause],
        result: &Value,
    ) -> Raises<bool> {
        let Some((clause, rest)) = clauses.split_first() else {
            let element = self.evaluate(&comprehension.element)?;
            match &comprehension.value {
                Some(value) => {
                    let value = self.evaluate(value)?;
                    self.set_item(result, &element, value)?;
                }
                None => self.append(result, element),
            }
            return Ok(true);
        };
        let iterable = self.evaluate(&clause.iterable)?;
        let iterable = self.used_up(&iterable)?;
        let (items, mut complete) = self.elements(&iterable);
        let items = items.unwrap_or_default();
        complete &= items.len() <= MAX_ELEMENTS;
        for item in items.into_iter().take(MAX_ELEMENTS) {
            if !self.may_repeat() {
                complete = false;
                break;
            }
            self.assign(&clause.target, item)?;
            let mut taken = Some(true);
            for condition in &clause.conditions {
                match self.condition(condition)? {
                    Some(true) => {}
                    Some(false) => {
                        taken = Some(false);
                        break;
                    }
                    None => taken = None,
                }
            }
            match taken {
                Some(true) => complete &= self.comprehend(comprehension, rest, result)?,
                Some(false) => {}
                None => {
                    self.possibly_raising(|machine| machine.comprehend(comprehension, rest, result));
                    complete = false;
                }
            }
        }
        if !complete {
            self.assign(&clause.target, Value::Unknown)?;
        }
        Ok(complete)
    }

    fn call_expression(&mut self, span: Span, call: &Call, tested: bool) -> Raises<Value> {
        let function = self.evaluate(&call.function)?;
        // `getattr(m.__spec__, "name", default)` and `hasattr` ask, where a plain read expects.
        self.tested = match function {
            Value::Builtin("builtins.getattr") => call.arguments.len() == 3,
            Value::Builtin("builtins.hasattr" | "builtins.isinstance" | "builtins.bool") => true,
            _ => false,
        };
        let (arguments, complete) = self.items(&call.arguments)?;
        let mut keywords: Vec<(Name, Value)> = Vec::with_capacity(call.keywords.len());
        let mut complete = complete;
        for (name, value) in &call.keywords {
            let value = self.evaluate(value)?;
            match name {
                Some(name) => keywords.push((name.clone(), value)),
                None => complete &= self.spread_keywords(&value, &mut keywords),
            }
        }
        if matches!(function, Value::Builtin("builtins.super")) && arguments.is_empty() {
            return Ok(self.super_value());
        }
        if !complete {
            // Arguments that are not known: what a built-in function makes of them is not known either.
            if matches!(function, Value::Builtin(_)) {
                return Ok(Value::Unknown);
            }
        }
        let first = arguments.first().cloned();
        let asks = matches!(function, Value::Builtin("builtins.getattr"));
        let name = arguments.get(1).and_then(Value::as_str).filter(|_| asks).map(Name::from);
        let result = self.call_with_reads(span, call, &function, arguments, keywords);
        if let (Some(object), Some(name)) = (&first, name) {
            return self.observe_getattr(span, call, object, &name, result, tested);
        }
        self.observe_call(span, &function, call, first.as_ref(), result)
    }

    fn spread_keywords(&mut self, value: &Value, keywords: &mut Vec<(Name, Value)>) -> bool {
        if let Some(owner) = self.owner_of_dict(value) {
            let object = self.state.heap.get(owner);
            let slots = object.attributes.iter();
            keywords.extend(slots.map(|(name, slot)| (name.clone(), slot.value.clone())));
            return !object.open;
        }
        let Some(id) = value.as_object() else { return false };
        let object = self.state.heap.get(id);
        let Payload::Dict(items) = &object.payload else { return false };
        for (key, value) in items {
            if let Some(key) = key.as_str() {
                keywords.push((key.into(), value.clone()));
            }
        }
        !object.open
    }
}
