//! Where objects live.
//!
//! The heap has two tiers. What importing libraries made is *shared*: a [checkpoint](super::checkpoint) keeps it, and the
//! run of a user's file starts from it without copying. What the run itself makes is *local*. So a run costs what its own
//! file costs, however much is imported.

use std::sync::Arc;

use super::value::{Attributes, Object, ObjectId, Payload, Site, Slot, Value};

const LOCAL: u32 = 1 << 31;

/// All objects of a run.
#[derive(Debug, Clone, Default)]
pub struct Heap {
    shared: Arc<Vec<Arc<Object>>>,
    local: Vec<Arc<Object>>,
    /// Whether new objects are made in the shared tier: while a checkpoint is made.
    pub(super) builds_shared: bool,
    /// Whether an object of the shared tier was changed since [`Heap::adopt`].
    pub(super) shared_changed: bool,
}

impl Heap {
    /// Makes an object.
    pub fn add(&mut self, object: Object) -> ObjectId {
        let (tier, mark) =
            if self.builds_shared { (Arc::make_mut(&mut self.shared), 0) } else { (&mut self.local, LOCAL) };
        let index = u32::try_from(tier.len()).unwrap_or(LOCAL - 1).min(LOCAL - 1);
        tier.push(Arc::new(object));
        ObjectId(index | mark)
    }

    /// The object.
    pub fn get(&self, id: ObjectId) -> &Object {
        if id.0 & LOCAL == 0 { &self.shared[id.0 as usize] } else { &self.local[(id.0 & !LOCAL) as usize] }
    }

    /// The object, to change it.
    pub fn get_mut(&mut self, id: ObjectId) -> &mut Object {
        if id.0 & LOCAL == 0 {
            self.shared_changed = true;
            Arc::make_mut(&mut Arc::make_mut(&mut self.shared)[id.0 as usize])
        } else {
            Arc::make_mut(&mut self.local[(id.0 & !LOCAL) as usize])
        }
    }

    /// Takes the shared tier of another heap, which must extend this one's.
    pub(super) fn adopt(&mut self, other: &Self) {
        self.shared = Arc::clone(&other.shared);
        self.shared_changed = false;
    }

    /// An attribute that the object itself has.
    pub fn slot(&self, id: ObjectId, name: &str) -> Option<&Slot> {
        self.get(id).attributes.get(name)
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
