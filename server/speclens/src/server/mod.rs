//! The language server: one loop that owns the state, a pool that works on snapshots, and the protocol at the edge.
