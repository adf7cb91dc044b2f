//! Where objects live.
//!
//! The heap has two tiers. What importing libraries made is *shared*: a [checkpoint](super::checkpoint) keeps it, and the
//! run of a user's file starts from it without copying. What the run itself makes is *local*. So a run costs what its own
//! file costs, however much is imported.

use std::sync::Arc;

use super::value::{Attributes, Object, ObjectId, Payload, Site, Slot, Value};

const LOCAL: u32 = 1 << 31;
/// A tier is kept in pieces of so many objects. Checkpoints share the pieces that they have in common, of the shared tier;
/// of the local one, the runs of the file's functions do, of which there are many and each changes little.
const SHARED_PIECE: usize = 512;
const LOCAL_PIECE: usize = 64;

/// All objects of a run.
#[derive(Debug, Clone, Default)]
pub struct Heap {
    shared: Tier<SHARED_PIECE>,
    local: Tier<LOCAL_PIECE>,
    nothing: Nothing,
    /// Whether new objects are made in the shared tier: while a checkpoint is made.
    pub(super) builds_shared: bool,
    /// Whether an object of the shared tier was changed since [`Heap::adopt`].
    pub(super) shared_changed: bool,
}

/// Objects in pieces, which are copied when they are changed.
#[derive(Debug, Clone, Default)]
struct Tier<const PIECE: usize>(Vec<Arc<Vec<Arc<Object>>>>);

impl<const PIECE: usize> Tier<PIECE> {
    /// Adds an object, and gives its index.
    fn add(&mut self, object: Arc<Object>) -> usize {
        let pieces = &mut self.0;
        if pieces.last().is_none_or(|piece| piece.len() == PIECE) {
            pieces.push(Arc::new(Vec::with_capacity(PIECE)));
        }
        let before = (pieces.len() - 1) * PIECE;
        pieces.last_mut().map_or(before, |piece| {
            let piece = Arc::make_mut(piece);
            piece.push(object);
            before + piece.len() - 1
        })
    }

    fn get(&self, index: usize) -> &Object {
        &self.0[index / PIECE][index % PIECE]
    }

    fn place_mut(&mut self, index: usize) -> &mut Arc<Object> {
        &mut Arc::make_mut(&mut self.0[index / PIECE])[index % PIECE]
    }
}

/// What stands in the place of an object that was discarded.
#[derive(Debug, Clone)]
struct Nothing(Arc<Object>);

impl Default for Nothing {
    fn default() -> Self {
        let (attributes, payload) = (Attributes::default(), Payload::Plain);
        Self(Arc::new(Object { class: Value::Unknown, attributes, open: false, region: 0, payload }))
    }
}

impl Heap {
    /// Makes an object.
    pub fn add(&mut self, object: Object) -> ObjectId {
        let object = Arc::new(object);
        if self.builds_shared {
            return ObjectId(number(self.shared.add(object)));
        }
        ObjectId(number(self.local.add(object)) | LOCAL)
    }

    /// The object.
    pub fn get(&self, id: ObjectId) -> &Object {
        let index = (id.0 & !LOCAL) as usize;
        if id.0 & LOCAL == 0 { self.shared.get(index) } else { self.local.get(index) }
    }

    /// The object, to change it.
    pub fn get_mut(&mut self, id: ObjectId) -> &mut Object {
        Arc::make_mut(self.place_mut(id))
    }

    /// Forgets an object that nothing refers to any more.
    pub(super) fn discard(&mut self, id: ObjectId) {
        *self.place_mut(id) = Arc::clone(&self.nothing.0);
    }

    fn place_mut(&mut self, id: ObjectId) -> &mut Arc<Object> {
        let index = (id.0 & !LOCAL) as usize;
        if id.0 & LOCAL == 0 {
            self.shared_changed = true;
            self.shared.place_mut(index)
        } else {
            self.local.place_mut(index)
        }
    }

    /// Takes the shared tier of another heap, which must extend this one's.
    pub(super) fn adopt(&mut self, other: &Self) {
        self.shared.clone_from(&other.shared);
        self.shared_changed = false;
    }

    /// An attribute that the object itself has.
    pub fn slot(&self, id: ObjectId, name: &str) -> Option<&Slot> {
        self.get(id).attributes.get(name)
    }

    /// Puts an attribute as it is, or takes it away.
    pub(super) fn put_slot(&mut self, id: ObjectId, name: &str, slot: Option<Slot>) {
        let attributes = &mut self.get_mut(id).attributes;
        match slot {
            Some(slot) => drop(attributes.insert(name.into(), slot)),
            None => drop(attributes.shift_remove(name)),
        }
    }

    /// A list.
    pub fn list(&mut self, items: Vec<Value>, region: u32) -> Value {
        let open = items.len() > super::MAX_ITEMS;
        let payload = Payload::List(if open { Vec::new() } else { items });
        let attributes = Attributes::default();
        let class = Value::Builtin("builtins.list");
        Value::Object(self.add(Object { class, attributes, open, region, payload }))
    }

    /// A dict.
    pub fn dict(&mut self, items: Vec<(Value, Value)>, region: u32) -> Value {
        self.make(Value::Builtin("builtins.dict"), Payload::Dict(items), region)
    }

    /// An object without attributes.
    pub fn make(&mut self, class: Value, payload: Payload, region: u32) -> Value {
        let attributes = Attributes::default();
        Value::Object(self.add(Object { class, attributes, open: false, region, payload }))
    }

    /// Sets an attribute without looking at what was there.
    pub fn set(&mut self, id: ObjectId, name: &str, value: Value, site: Option<Site>) {
        self.get_mut(id).attributes.insert(name.into(), Slot { value, site, certain: true });
    }
}

/// Object numbers leave the highest bit to the tier; a run ends long before there are so many.
fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(LOCAL - 1).min(LOCAL - 1)
}
