//! The names that a pickle imports or derives, and how each is used.

use std::collections::HashMap;

use bartizan_core::UseKind;

use super::{
    knowledge::{self, Role},
    value::NameId,
};

/// Where a name came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// `GLOBAL`, `STACK_GLOBAL`, `INST`: an import by literal module and name.
    Import,
    /// An attribute that the pickle looks up on another name, by a literal.
    Attribute,
    /// A whole module, imported by a call.
    Module,
    /// A method that calls on an instance or on what a call returned.
    Instance,
    /// What `functools.partial` made; what it keeps is judged by itself.
    Partial,
    /// The result of a call, itself called or written to.
    Returned(NameId),
    /// Module or name were computed, and not by anything that could be followed.
    Computed,
    /// A code of the extension registry that the pickle itself does not define.
    Extension(u32),
}

/// One name and what the pickle does with it.
#[derive(Clone, Debug)]
pub(super) struct Name {
    pub(super) module: String,
    pub(super) name: String,
    pub(super) origin: Origin,
    /// What the machine does when it is called.
    pub(super) role: Role,
    /// Offset of the opcode that brought it in.
    pub(super) offset: u64,
    /// How often it was used, whatever way.
    pub(super) count: u64,
    /// By [`UseKind`]: where it was first used so, and with which arguments.
    pub(super) uses: Vec<Use>,
}

/// A way in which a name is used.
#[derive(Clone, Debug)]
pub(super) struct Use {
    pub(super) how: UseKind,
    pub(super) offset: u64,
    pub(super) count: u64,
    /// The literal arguments of the first such use, for people.
    pub(super) arguments: Vec<String>,
}

impl Name {
    /// `module.name`, or just one of them when the other is empty.
    pub(super) fn qualified(&self) -> String {
        match (self.module.is_empty(), self.name.is_empty()) {
            (false, false) => format!("{}.{}", self.module, self.name),
            (false, true) => self.module.clone(),
            (true, _) => self.name.clone(),
        }
    }

    /// Is it used in this way?
    pub(super) fn is_used_as(&self, how: UseKind) -> bool {
        self.uses.iter().any(|used| used.how == how)
    }

    /// Is it called or instantiated in any way?
    pub(super) fn is_called(&self) -> bool {
        self.is_used_as(UseKind::Call) || self.is_used_as(UseKind::Instance)
    }
}

/// All names of one pickle.
#[derive(Default)]
pub(super) struct Names {
    table: Vec<Name>,
    index: HashMap<(String, String), NameId>,
    /// Names that did not fit any more.
    pub(super) omitted: u64,
    /// Ids in the order of their first call, for `inspect` and the differential oracle.
    pub(super) calls: Vec<(NameId, UseKind)>,
}

/// How many different names one pickle may hold: far above any real one.
const MOST: usize = 200_000;

impl Names {
    /// Finds or adds a name; beyond the limit all further ones are one.
    pub(super) fn intern(&mut self, module: &str, name: &str, origin: Origin, offset: u64) -> NameId {
        let key = (module.to_owned(), name.to_owned());
        if let Some(id) = self.index.get(&key) {
            return *id;
        }
        if self.table.len() >= MOST {
            self.omitted += 1;
            return NameId(MOST as u32 - 1);
        }
        let id = NameId(self.table.len() as u32);
        let role = if origin == Origin::Import || origin == Origin::Attribute {
            knowledge::role(module, name)
        } else {
            Role::Plain
        };
        self.table.push(Name {
            module: module.to_owned(),
            name: name.to_owned(),
            origin,
            role,
            offset,
            count: 0,
            uses: Vec::new(),
        });
        self.index.insert(key, id);
        id
    }

    pub(super) fn get(&self, id: NameId) -> Option<&Name> {
        self.table.get(id.0 as usize)
    }

    pub(super) fn role(&self, id: NameId) -> Role {
        self.get(id).map_or(Role::Plain, |name| name.role)
    }

    /// Counts a use; true when it is the first of its way, whose arguments should be recorded.
    pub(super) fn note(&mut self, id: NameId, how: UseKind, offset: u64) -> bool {
        let Some(name) = self.table.get_mut(id.0 as usize) else { return false };
        name.count += 1;
        if let Some(used) = name.uses.iter_mut().find(|used| used.how == how) {
            used.count += 1;
            return false;
        }
        name.uses.push(Use { how, offset, count: 1, arguments: Vec::new() });
        if how != UseKind::Reference {
            self.calls.push((id, how));
        }
        true
    }

    /// Records the arguments of the first use of its way.
    pub(super) fn argue(&mut self, id: NameId, how: UseKind, arguments: Vec<String>) {
        let name = self.table.get_mut(id.0 as usize);
        if let Some(used) = name.and_then(|name| name.uses.iter_mut().find(|used| used.how == how)) {
            used.arguments = arguments;
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Name> {
        self.table.iter()
    }
}
