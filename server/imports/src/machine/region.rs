//! Regions of a run: what stands in an undecided branch only possibly happens.
//!
//! Within a region a write is seen as it is written. When the region ends, each attribute that was written has the old
//! value or the new one; where both branches of an `if` wrote it, one of the two new ones. A list or dict that has other
//! items then has its old ones, and maybe more.

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use speclens_source::Name;

use super::Machine;
use super::exception::{Raised, Raises};
use super::value::{Object, ObjectId, Payload, Slot, Value};

/// A region that the run is in.
#[derive(Default)]
pub(super) struct Region {
    /// 0 for the one in which everything is certain.
    number: u32,
    /// What the attributes were that it has written.
    writes: Writes<Option<Slot>>,
    /// What the lists and dicts had that it has changed, and whether they had more.
    items: ItemsBefore,
}

/// Lists and dicts that were changed, with the items that they had, and whether they may have had more.
type ItemsBefore = IndexMap<ObjectId, (Payload, bool), FxBuildHasher>;

/// Attributes that were written, in order.
type Writes<T> = IndexMap<(ObjectId, Name), T, FxBuildHasher>;

/// An attribute with what it was before a region, and what it was at its end.
type Write = ((ObjectId, Name), Option<Slot>, Option<Slot>);

impl Machine<'_> {
    /// The region that the run is in.
    pub(super) fn region(&self) -> u32 {
        self.regions.last().map_or(0, |region| region.number)
    }

    /// Whether nothing undecided lies between the start and here.
    pub(super) fn is_certain(&self) -> bool {
        self.regions.len() == 1 && self.suppositions == 0
    }

    /// Leaves all regions for what happened before everything else; gives them back for the return.
    pub(super) fn leave_regions(&mut self) -> Vec<Region> {
        std::mem::replace(&mut self.regions, vec![Region::default()])
    }

    fn enter_region(&mut self) {
        self.regions.push(Region { number: self.next_region, ..Region::default() });
        self.next_region += 1;
    }

    /// Runs `body` in a region of its own, in which every change is only possible.
    pub(super) fn possibly<T>(&mut self, body: impl FnOnce(&mut Self) -> T) -> T {
        self.enter_region();
        let result = body(self);
        let Region { writes, items, .. } = self.regions.pop().unwrap_or_default();
        let changed = self.take_back_items(items);
        self.join_items(&changed);
        for ((id, name), old) in writes {
            let new = self.state.heap.slot(id, &name).cloned();
            self.write_slot(id, &name, old.clone(), one_of(old, new));
        }
        result
    }

    /// Runs `body` and takes back all that it did, also what the region around would remember of it.
    pub(super) fn tentatively<T>(&mut self, body: impl FnOnce(&mut Self) -> T) -> T {
        let state = self.state.clone();
        let chain = self.chain.take();
        self.enter_region();
        let result = body(self);
        self.regions.pop();
        self.chain = chain;
        self.state = state;
        result
    }

    /// Runs `body` and lets it end where it possibly raises: the `try` statement around hears of it.
    pub(super) fn possibly_raising<T: Default>(&mut self, body: impl FnOnce(&mut Self) -> Raises<T>) -> T {
        let result = self.possibly(body);
        self.without_exception(result)
    }

    pub(super) fn without_exception<T: Default>(&mut self, result: Raises<T>) -> T {
        result.unwrap_or_else(|mut raised| {
            raised.certain = false;
            self.note_possible(*raised);
            // What the branch would have bound behind the line that raises is not known.
            if let Some(frame) = self.frame().filter(|frame| frame.names == frame.module) {
                let module = frame.module;
                self.state.heap.get_mut(module).open = true;
            }
            T::default()
        })
    }

    /// Tells the `try` statement around of an exception that is possibly raised.
    pub(super) fn note_possible(&mut self, raised: Raised) {
        if let Some(context) = self.tries.last_mut() {
            context.possible.push(raised);
        }
    }

    /// Runs two branches of which one is taken, each from the state before. Where both raise, so does the whole.
    pub(super) fn either_branch<T: Default>(
        &mut self,
        first: impl FnOnce(&mut Self) -> Raises<T>,
        second: impl FnOnce(&mut Self) -> Raises<T>,
    ) -> Raises<(T, T)> {
        let (first, first_writes, first_items) = self.in_branch(first);
        let (second, second_writes, second_items) = self.in_branch(second);
        self.join_items(&first_items);
        self.join_items(&second_items);
        let mut merged: Writes<(Option<Slot>, [Option<Slot>; 2])> = IndexMap::default();
        for (branch, writes) in [first_writes, second_writes].into_iter().enumerate() {
            for (key, old, new) in writes {
                let entry = merged.entry(key).or_insert_with(|| (old.clone(), [old.clone(), old]));
                entry.1[branch] = new;
            }
        }
        for ((id, name), (old, [first, second])) in merged {
            self.write_slot(id, &name, old, one_of(first, second));
        }
        match (first, second) {
            (Err(mut first), Err(mut second)) => {
                first.certain = false;
                second.certain = false;
                self.note_possible(*second);
                Err(first)
            }
            (first, second) => Ok((self.without_exception(first), self.without_exception(second))),
        }
    }

    /// Runs one branch and takes back what it wrote.
    fn in_branch<T>(
        &mut self,
        body: impl FnOnce(&mut Self) -> Raises<T>,
    ) -> (Raises<T>, Vec<Write>, Vec<(ObjectId, Payload)>) {
        self.enter_region();
        let result = body(self);
        let Region { writes, items, .. } = self.regions.pop().unwrap_or_default();
        let changed = self.take_back_items(items);
        let mut done: Vec<Write> = Vec::with_capacity(writes.len());
        for (key, old) in writes.into_iter().rev() {
            let new = self.state.heap.slot(key.0, &key.1).cloned();
            self.state.heap.put_slot(key.0, &key.1, old.clone());
            done.push((key, old, new));
        }
        done.reverse();
        (result, done, changed)
    }

    /// Writes an attribute; a region around remembers what it was.
    pub(super) fn write_slot(&mut self, id: ObjectId, name: &str, old: Option<Slot>, new: Option<Slot>) {
        let is_outside = self.state.heap.get(id).region != self.region();
        if let Some(region) = self.regions.last_mut().filter(|region| is_outside && region.number != 0) {
            region.writes.entry((id, name.into())).or_insert(old);
        }
        self.state.heap.put_slot(id, name, new);
    }

    /// A list or dict, to change its items; a region around remembers what they were.
    pub(super) fn change_items(&mut self, id: ObjectId) -> &mut Object {
        let object = self.state.heap.get(id);
        let is_outside = object.region != self.region();
        if let Some(region) = self.regions.last_mut().filter(|region| is_outside && region.number != 0) {
            region.items.entry(id).or_insert_with(|| (object.payload.clone(), object.open));
        }
        self.state.heap.get_mut(id)
    }

    /// Gives lists and dicts what they had before a region; those that it has changed, with what they had in it.
    fn take_back_items(&mut self, items: ItemsBefore) -> Vec<(ObjectId, Payload)> {
        let mut changed = Vec::new();
        for (id, (before, was_open)) in items {
            let object = self.state.heap.get_mut(id);
            let is_same = match (&object.payload, &before) {
                (Payload::List(after), Payload::List(before)) => after == before,
                (Payload::Dict(after), Payload::Dict(before)) => after == before,
                _ => false,
            };
            let after = std::mem::replace(&mut object.payload, before);
            let open = std::mem::replace(&mut object.open, was_open);
            if !is_same || open != was_open {
                changed.push((id, after));
            }
        }
        changed
    }

    /// Lists and dicts have what they had before a region, or what they had in it.
    fn join_items(&mut self, changed: &[(ObjectId, Payload)]) {
        for (id, after) in changed {
            let object = self.change_items(*id);
            object.open = true;
            if let (Payload::Dict(items), Payload::Dict(after)) = (&mut object.payload, after) {
                join_values(items, after);
            }
        }
    }
}

/// Each key that is in both dicts has the one value or the other.
fn join_values(items: &mut [(Value, Value)], others: &[(Value, Value)]) {
    for (index, (key, value)) in items.iter_mut().enumerate() {
        let at_same_place = others.get(index).filter(|(other, _)| other == key);
        let other = at_same_place.or_else(|| others.iter().find(|(other, _)| other == key));
        if let Some((_, other)) = other.filter(|(_, other)| other != value) {
            *value = std::mem::take(value).join(other.clone());
        }
    }
}

/// What an attribute is that has the one value or the other.
fn one_of(one: Option<Slot>, other: Option<Slot>) -> Option<Slot> {
    match (one, other) {
        (Some(one), Some(other)) => Some(Slot {
            value: one.value.join(other.value),
            site: other.site,
            certain: one.certain && other.certain,
        }),
        (Some(slot), None) | (None, Some(slot)) => Some(Slot { certain: false, ..slot }),
        (None, None) => None,
    }
}
