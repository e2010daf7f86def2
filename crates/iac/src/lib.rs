//! Understands infrastructure as code and finds what is insecure in it.

pub mod suspicion;
