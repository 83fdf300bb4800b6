//! The dissector: the only module that knows every protocol, and the owner of all state.
