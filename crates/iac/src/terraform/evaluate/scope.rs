//! One module instance: its inputs, and what was computed in it so far.

use std::{
    collections::{BTreeMap, HashMap},
    rc::Rc,
    sync::Arc,
};

use super::Environment;
use crate::{
    source::FileId,
    syntax::Block,
    terraform::module::{BlockId, Module},
    value::Value,
};

/// What is being computed, or was.
#[derive(Clone, Debug)]
pub(super) enum Slot<T> {
    /// Asked for while it is computed: a circle.
    Busy,
    Done(T),
}

/// The call that made a module instance.
#[derive(Clone, Debug)]
pub(super) struct Caller<'p> {
    pub(super) block: &'p Block,
    /// Where its arguments are evaluated.
    pub(super) env: Environment,
}

/// All instances of a module call.
#[derive(Clone, Debug)]
pub(super) struct Calls {
    pub(super) form: Form,
    pub(super) list: Vec<Called>,
}

/// How instances are addressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// One, without a key.
    Single,
    /// By number.
    Count,
    /// By name.
    Each,
    /// `count` or `for_each` is not known: one stands for all.
    Unknown,
}

/// A module call's instance: its key and its scope; no scope when the module is not here.
#[derive(Clone, Debug)]
pub(super) struct Called {
    pub(super) key: Option<Value>,
    pub(super) scope: Option<usize>,
}

/// One module instance.
#[derive(Debug)]
pub(in crate::terraform) struct Scope<'p> {
    pub(super) module: &'p Module,
    /// `module.a[0].`, or nothing for the root.
    pub(super) address: String,
    pub(super) certain: bool,
    pub(super) depth: u32,
    pub(super) caller: Option<Caller<'p>>,
    /// Values from files of variables, with the file of each.
    pub(super) given: Rc<BTreeMap<Arc<str>, Value>>,
    pub(super) variables: HashMap<Arc<str>, Slot<Value>>,
    pub(super) locals: HashMap<(Arc<str>, FileId), Slot<Value>>,
    pub(super) outputs: HashMap<Arc<str>, Slot<Value>>,
    /// What each resource stands for: one instance, a list or an object of them.
    pub(super) resources: HashMap<BlockId, Slot<Value>>,
    pub(super) calls: HashMap<Arc<str>, Slot<Rc<Calls>>>,
    /// What each module call stands for, once all its outputs are known.
    pub(super) gathered: HashMap<Arc<str>, Value>,
}

impl<'p> Scope<'p> {
    pub(super) fn new(module: &'p Module, given: Rc<BTreeMap<Arc<str>, Value>>) -> Self {
        Self {
            module,
            address: String::new(),
            certain: true,
            depth: 0,
            caller: None,
            given,
            variables: HashMap::new(),
            locals: HashMap::new(),
            outputs: HashMap::new(),
            resources: HashMap::new(),
            calls: HashMap::new(),
            gathered: HashMap::new(),
        }
    }
}
