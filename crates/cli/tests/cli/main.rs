//! The program as its users see it: arguments in, output and exit code out.

mod formats;
mod hostile;
mod inspect;
mod manifest;
mod sandbox;
mod scan;
mod verbs;
