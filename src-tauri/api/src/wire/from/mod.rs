//! From the core's types to the wire's, by hand and field by field: what is not named here does not cross.

mod problem;
