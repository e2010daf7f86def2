//! Goes through a template tag by tag.

use super::{
    constant::{Constant, Value},
    expression::{Hit, Reader, Unreadable, World, lures},
    lexer::{Lexed, Piece, Token},
    rules,
};

/// What a whole template does.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// One entry for every tag with something to tell: its hits and its source.
    pub(super) tags: Vec<Tag>,
    /// Lines that jinja2 would refuse, and why.
    pub(super) problems: Vec<(u32, &'static str)>,
    /// Templates that it includes, imports or extends.
    pub(super) loads: Vec<(String, u32)>,
}

/// A tag with something to tell.
#[derive(Debug)]
pub(super) struct Tag {
    pub(super) source: String,
    pub(super) hits: Vec<Hit>,
}

/// An open `{% if %}`: does its present branch wait for words of the user?
struct Branch {
    waits: bool,
}

/// Reads the template.
pub(super) fn read(lexed: &Lexed<'_>, interrupted: &dyn Fn() -> bool) -> Reading {
    let mut walk = Walk {
        world: World::default(),
        reading: Reading { problems: lexed.problems.clone(), ..Reading::default() },
        branches: Vec::new(),
        block: None,
    };
    for piece in &lexed.pieces {
        if interrupted() {
            walk.reading.problems.push((0, "the time ran out"));
            break;
        }
        walk.piece(piece);
    }
    walk.reading
}

struct Walk {
    world: World,
    reading: Reading,
    branches: Vec<Branch>,
    /// The variable that `{% set x %}…{% endset %}` fills, and its text so far.
    block: Option<(String, String)>,
}

impl Walk {
    fn piece(&mut self, piece: &Piece<'_>) {
        match piece {
            Piece::Text { text, line } => {
                if let Some((_, block)) = &mut self.block
                    && block.len() + text.len() <= 4096
                {
                    block.push_str(text);
                }
                self.rendered(text, *line);
            }
            Piece::Output { tokens, line, source } => {
                self.tag(tokens, *line, source, |walk, tokens| {
                    let mut reader = Reader::new(tokens, &mut walk.world);
                    let value = reader.expression()?;
                    if !reader.is_at_end() {
                        return Err(Unreadable);
                    }
                    let texts: Vec<String> = value.texts().map(str::to_owned).collect();
                    texts.iter().for_each(|text| walk.rendered(text, *line));
                    if let (Some((_, block)), Some(text)) = (&mut walk.block, texts.first())
                        && block.len() + text.len() <= 4096
                    {
                        block.push_str(text);
                    }
                    Ok(())
                });
            }
            Piece::Statement { tokens, line, source } => {
                self.tag(tokens, *line, source, |walk, tokens| walk.statement(tokens));
            }
        }
    }

    fn tag(
        &mut self,
        tokens: &[Token],
        line: u32,
        source: &str,
        read: impl FnOnce(&mut Self, &[Token]) -> Result<(), Unreadable>,
    ) {
        if read(self, tokens).is_err() {
            self.reading.problems.push((line, "a tag could not be understood"));
            Reader::new(tokens, &mut self.world).glean();
        }
        let hits = std::mem::take(&mut self.world.hits);
        if !hits.is_empty() {
            self.reading.tags.push(Tag { source: source.trim().to_owned(), hits });
        }
    }

    /// Text that reaches the output.
    fn rendered(&mut self, text: &str, line: u32) {
        if self.branches.iter().any(|branch| branch.waits) && lures(text) {
            let hit = Hit { rule: &rules::CONTENT_TRIGGER, what: text.trim().to_owned(), line };
            self.reading.tags.push(Tag { source: text.trim().to_owned(), hits: vec![hit] });
        }
    }

    fn statement(&mut self, tokens: &[Token]) -> Result<(), Unreadable> {
        let mut reader = Reader::new(tokens, &mut self.world);
        let word = reader.name()?;
        match word {
            "if" => {
                let waits = reader.expression()?.trigger;
                finished(&reader)?;
                self.branches.push(Branch { waits });
            }
            "elif" => {
                let waits = reader.expression()?.trigger;
                finished(&reader)?;
                if let Some(branch) = self.branches.last_mut() {
                    branch.waits = waits;
                }
            }
            "else" => {
                if let Some(branch) = self.branches.last_mut() {
                    branch.waits = false;
                }
            }
            "endif" => {
                self.branches.pop();
            }
            "for" => {
                self.branches.push(Branch { waits: false });
                return for_loop(&mut Reader::new(tokens, &mut self.world));
            }
            "endfor" => {
                self.branches.pop();
            }
            "set" => self.block = set(&mut reader)?,
            "endset" => self.end_set(),
            "with" => with(&mut reader)?,
            "macro" => macro_head(&mut reader)?,
            "call" => {
                if reader.eat("(") {
                    reader.arguments()?;
                }
                reader.expression()?;
                finished(&reader)?;
            }
            "filter" => {
                reader.filter(&Value::default())?;
            }
            "include" | "extends" | "import" | "from" => return self.load(tokens),
            "do" | "print" => {
                reader.expression()?;
                finished(&reader)?;
            }
            // Extensions that transformers and others add take no expression, or one.
            _ => {
                if !reader.is_at_end() {
                    reader.expression()?;
                }
            }
        }
        Ok(())
    }

    fn end_set(&mut self) {
        if let Some((name, text)) = self.block.take() {
            bind(&mut self.world, &name, Value::text(text));
        }
    }

    fn load(&mut self, tokens: &[Token]) -> Result<(), Unreadable> {
        let mut reader = Reader::new(tokens, &mut self.world);
        let line = reader.line();
        reader.name()?;
        let value = reader.expression()?;
        let mut targets: Vec<String> = value.texts().map(str::to_owned).collect();
        for list in &value.constants {
            if matches!(list, Constant::List(_)) {
                targets.extend(list.items().iter().filter_map(Constant::printed));
            }
        }
        if targets.is_empty() {
            targets.push(String::new());
        }
        self.reading.loads.extend(targets.into_iter().map(|target| (target, line)));
        // `import "x" as y`, `from "x" import a as b, c with context`
        while !reader.is_at_end() {
            match reader.peek_name() {
                Some(name) => {
                    let name = name.to_owned();
                    reader.name()?;
                    reader.world.defined.insert(name);
                }
                None if reader.eat(",") => {}
                None => return Err(Unreadable),
            }
        }
        Ok(())
    }
}

fn finished(reader: &Reader<'_>) -> Result<(), Unreadable> {
    if reader.is_at_end() { Ok(()) } else { Err(Unreadable) }
}

fn bind(world: &mut World, name: &str, value: Value) {
    let before = world.bound.remove(name).unwrap_or_default();
    // Either branch of a condition may have set it: what it was stays possible.
    world.bound.insert(name.to_owned(), Value { path: String::new(), ..value.or(before) });
}

/// `a`, `a.b`, `a, b`, `(a, b)`
fn targets(reader: &mut Reader<'_>) -> Result<Vec<String>, Unreadable> {
    let mut names = Vec::new();
    loop {
        while reader.eat("(") {}
        let mut name = reader.name()?.to_owned();
        while reader.eat(".") {
            name = format!("{name}.{}", reader.name()?);
        }
        names.push(name);
        while reader.eat(")") {}
        if !reader.eat(",") {
            return Ok(names);
        }
        if reader.is_operator("=") || reader.peek_name() == Some("in") {
            return Ok(names);
        }
    }
}

fn set(reader: &mut Reader<'_>) -> Result<Option<(String, String)>, Unreadable> {
    let names = targets(reader)?;
    if !reader.eat("=") {
        while reader.eat("|") {
            reader.filter(&Value::default())?;
        }
        finished(reader)?;
        return Ok(names.into_iter().next().map(|name| (name, String::new())));
    }
    let mut value = reader.expression()?;
    while reader.eat(",") {
        if reader.is_at_end() {
            break;
        }
        let more = reader.expression()?;
        value = value.derived().or(more.derived());
    }
    finished(reader)?;
    if let [name] = names.as_slice() {
        if let Some(Constant::Map(pairs)) = value.constants.first() {
            for (key, item) in pairs.clone() {
                if let Constant::Text(key) = key {
                    bind(reader.world, &format!("{name}.{key}"), Value::of(item));
                }
            }
        }
        bind(reader.world, name, value);
    } else {
        for name in names {
            bind(reader.world, &name, value.derived());
        }
    }
    Ok(None)
}

fn for_loop(reader: &mut Reader<'_>) -> Result<(), Unreadable> {
    reader.name()?;
    let names = targets(reader)?;
    if !reader.eat_name("in") {
        return Err(Unreadable);
    }
    let items = reader.without_condition()?;
    let single = names.len() == 1;
    for name in names {
        let mut item = items.derived();
        if single {
            item.constants = items.constants.iter().flat_map(Constant::items).take(16).collect();
        }
        // A loop variable holds what its list holds: messages hold what users wrote only below `content`.
        item.content = items.content;
        bind(reader.world, &name, item);
        reader.world.defined.insert(name);
    }
    if reader.eat_name("if") {
        reader.expression()?;
    }
    reader.eat_name("recursive");
    finished(reader)
}

fn with(reader: &mut Reader<'_>) -> Result<(), Unreadable> {
    while !reader.is_at_end() {
        let names = targets(reader)?;
        if !reader.eat("=") {
            return Err(Unreadable);
        }
        let value = reader.expression()?;
        for name in names {
            bind(reader.world, &name, value.clone());
        }
        reader.eat(",");
    }
    Ok(())
}

fn macro_head(reader: &mut Reader<'_>) -> Result<(), Unreadable> {
    let name = reader.name()?.to_owned();
    reader.world.defined.insert(name);
    if !reader.eat("(") {
        return Err(Unreadable);
    }
    while !reader.eat(")") {
        let parameter = reader.name()?.to_owned();
        if reader.eat("=") {
            let value = reader.expression()?;
            bind(reader.world, &parameter, value);
        }
        reader.world.defined.insert(parameter);
        if !reader.eat(",") && !reader.is_operator(")") {
            return Err(Unreadable);
        }
    }
    finished(reader)
}
