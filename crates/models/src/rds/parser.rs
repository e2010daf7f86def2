//! The walk over serialised R objects, without recursion: a stack of what is still to be read.

use bartizan_core::{Context, Cursor};

/// How the numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Big-endian XDR: `X\n`.
    Xdr,
    /// Text: `A\n`.
    Ascii,
    /// Native (little-endian on every machine of today): `B\n`.
    Native,
}

/// The encoding and the offset after the magic; `None` when it is no R object.
pub(super) fn header(bytes: &[u8]) -> Option<(Encoding, usize)> {
    let skip = match bytes.get(..5) {
        Some(b"RDX2\n" | b"RDX3\n" | b"RDA2\n" | b"RDA3\n" | b"RDB2\n" | b"RDB3\n") => 5,
        _ => 0,
    };
    let encoding = match bytes.get(skip..skip + 2)? {
        b"X\n" => Encoding::Xdr,
        b"A\n" => Encoding::Ascii,
        b"B\n" => Encoding::Native,
        _ => return None,
    };
    let mut reader = Reader { cursor: Cursor::new(bytes), encoding };
    reader.cursor.seek(skip + 2);
    let version = reader.int()?;
    (version == 2 || version == 3).then_some((encoding, skip + 2))
}

/// An expression that waits to be evaluated.
#[derive(Debug, Default)]
pub(super) struct Promise {
    pub(super) offset: usize,
    pub(super) in_environment: bool,
    pub(super) names: Vec<String>,
    pub(super) texts: Vec<String>,
}

/// What the walk found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) version: Option<i32>,
    pub(super) r_version: Option<String>,
    pub(super) symbols: Vec<String>,
    pub(super) promises: Vec<Promise>,
    /// Names in calling position, with offset.
    pub(super) called: Vec<(String, usize)>,
    pub(super) classes: Vec<String>,
    pub(super) expression_at_top: bool,
    pub(super) end: usize,
    pub(super) broken: Option<String>,
}

struct Reader<'a> {
    cursor: Cursor<'a>,
    encoding: Encoding,
}

impl<'a> Reader<'a> {
    fn line(&mut self) -> Option<&'a str> {
        let rest = self.cursor.rest();
        let end = memchr::memchr(b'\n', rest.get(..rest.len().min(1 << 16))?)?;
        let line = self.cursor.take(end + 1).ok()?;
        std::str::from_utf8(line).ok().map(str::trim)
    }

    fn int(&mut self) -> Option<i32> {
        match self.encoding {
            Encoding::Xdr => self.cursor.i32_be().ok(),
            Encoding::Native => self.cursor.i32_le().ok(),
            Encoding::Ascii => match self.line()? {
                "NA" => Some(i32::MIN),
                number => number.parse().ok(),
            },
        }
    }

    fn length(&mut self) -> Option<u64> {
        match self.int()? {
            -1 => {
                let high = u64::try_from(self.int()?).ok()?;
                let low = self.int()? as u32;
                Some((high << 32) | u64::from(low))
            }
            length => u64::try_from(length).ok(),
        }
    }

    fn skip(&mut self, count: u64, width: u64) -> Option<()> {
        if self.encoding == Encoding::Ascii {
            if count > self.cursor.remaining() as u64 {
                return None;
            }
            for _ in 0..count {
                self.line()?;
            }
            return Some(());
        }
        let bytes = usize::try_from(count.checked_mul(width)?).ok()?;
        self.cursor.take(bytes).ok().map(|_| ())
    }

    fn text(&mut self, length: u64) -> Option<String> {
        if self.encoding == Encoding::Ascii {
            return self.line().map(str::to_owned);
        }
        let bytes = self.cursor.take(usize::try_from(length).ok()?).ok()?;
        Some(String::from_utf8_lossy(bytes.get(..bytes.len().min(4096)).unwrap_or_default()).into_owned())
    }
}

/// Where an item stands.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    promise: Option<usize>,
    environment: bool,
    /// The first element of a call: what is called.
    calling: bool,
    /// The value of a `class` attribute.
    class: bool,
    depth: usize,
}

/// What is still to be read, last first.
enum Work {
    Item(Place),
    Items(u64, Place),
    /// A bytecode constant or language item, whose type is written before it.
    Constants(u64, Place),
    Language(i32, Place),
}

const MOST_NAMES: usize = 4096;
/// How deep the walk follows lists in lists; a chain of pairs counts as one.
const DEEPEST: usize = 10_000;

/// Walks the object in these bytes.
pub(super) fn parse(bytes: &[u8], context: &Context<'_>) -> Found {
    let mut found = Found::default();
    let Some((encoding, start)) = header(bytes) else {
        found.broken = Some("it is not an R object".to_owned());
        return found;
    };
    let mut reader = Reader { cursor: Cursor::new(bytes), encoding };
    reader.cursor.seek(start);
    let mut walk = Walk { reader, found, references: Vec::new(), work: Vec::new(), items: 0 };
    if walk.run(context).is_none() && walk.found.broken.is_none() {
        walk.found.broken = Some("the object ends early or contradicts itself".to_owned());
    }
    walk.found.end = walk.reader.cursor.position();
    walk.found
}

struct Walk<'a> {
    reader: Reader<'a>,
    found: Found,
    /// The reference table: symbols by name, environments and the like as `None`.
    references: Vec<Option<String>>,
    work: Vec<Work>,
    items: u64,
}

impl Walk<'_> {
    fn run(&mut self, context: &Context<'_>) -> Option<()> {
        let version = self.reader.int()?;
        self.found.version = Some(version);
        let writer = self.reader.int()?;
        self.reader.int()?;
        self.found.r_version =
            Some(format!("{}.{}.{}", (writer >> 16) & 0xff, (writer >> 8) & 0xff, writer & 0xff));
        if version == 3 {
            let length = self.reader.int()?;
            self.reader.text(u64::try_from(length).ok()?)?;
        }
        self.work.push(Work::Item(Place::default()));
        while let Some(work) = self.work.pop() {
            self.items += 1;
            if self.items.is_multiple_of(4096) && context.interrupted() {
                self.found.broken = Some("the time allowed ran out".to_owned());
                return None;
            }
            match work {
                Work::Item(place) => self.item(place)?,
                Work::Items(0, _) | Work::Constants(0, _) => {}
                Work::Items(count, place) => {
                    self.work.push(Work::Items(count - 1, place));
                    self.item(place)?;
                }
                Work::Constants(count, place) => {
                    self.work.push(Work::Constants(count - 1, place));
                    self.constant(place)?;
                }
                Work::Language(kind, place) => self.language(kind, place)?,
            }
        }
        Some(())
    }

    fn push(&mut self, place: Place) -> Option<()> {
        if place.depth > DEEPEST {
            self.found.broken = Some(format!("objects nest deeper than {DEEPEST}"));
            return None;
        }
        self.work.push(Work::Item(place));
        Some(())
    }

    fn item(&mut self, place: Place) -> Option<()> {
        let offset = self.reader.cursor.position();
        let flags = self.reader.int()? as u32;
        let (kind, has_attributes, has_tag) = (flags & 0xff, flags & 0x200 != 0, flags & 0x400 != 0);
        let deeper = Place { calling: false, class: false, depth: place.depth + 1, ..place };
        match kind {
            // NilValue, the well-known environments, the missing argument, the unbound value
            254 | 253 | 252 | 251 | 250 | 242 | 241 | 249 | 247 => {}
            // REFSXP
            255 => {
                let index = match (flags >> 8) as usize {
                    0 => usize::try_from(self.reader.int()?).ok()?,
                    index => index,
                };
                let name = self.references.get(index.checked_sub(1)?)?.clone();
                self.symbol(name.as_deref(), place, offset);
            }
            // PERSISTSXP, PACKAGESXP, NAMESPACESXP: a vector of texts
            248 | 245 | 246 => {
                self.reader.int()?;
                let count = self.reader.int()?;
                self.references.push(None);
                self.work.push(Work::Items(u64::try_from(count).ok()?, deeper));
            }
            // SYMSXP: its name follows as a CHARSXP
            1 => {
                let inner = self.reader.int()? as u32;
                let name = if inner & 0xff == 9 { self.chars()? } else { None };
                self.symbol(name.as_deref(), place, offset);
                self.references.push(name);
            }
            // ENVSXP: locked, enclosure, frame, hash table, attributes
            4 => {
                self.reader.int()?;
                self.references.push(None);
                let inside = Place { environment: true, ..deeper };
                for _ in 0..4 {
                    self.push(inside)?;
                }
            }
            // LISTSXP, CLOSXP, PROMSXP, LANGSXP, DOTSXP: [attributes] [tag] head tail
            2 | 3 | 5 | 6 | 17 => self.pair(kind, has_attributes, has_tag, offset, place)?,
            // The same with attributes, as bytecode writes them: ATTRLANGSXP, ATTRLISTSXP
            240 | 239 => self.pair(if kind == 240 { 6 } else { 2 }, true, has_tag, offset, place)?,
            // EXTPTRSXP: protected value, tag
            22 => {
                self.references.push(None);
                self.attributes(has_attributes, deeper)?;
                self.push(deeper)?;
                self.push(deeper)?;
            }
            // WEAKREFSXP
            23 => {
                self.references.push(None);
                self.attributes(has_attributes, deeper)?;
            }
            // SPECIALSXP, BUILTINSXP: the name of a primitive
            7 | 8 => {
                let length = self.reader.int()?;
                let name = self.reader.text(u64::try_from(length).ok()?)?;
                self.symbol(Some(&name), place, offset);
            }
            // CHARSXP
            9 => {
                if let Some(text) = self.chars()? {
                    if place.class && self.found.classes.len() < 64 {
                        self.found.classes.push(text.clone());
                    }
                    self.note_text(text, place);
                }
            }
            // LGLSXP, INTSXP
            10 | 13 => {
                let length = self.reader.length()?;
                self.reader.skip(length, 4)?;
                self.attributes(has_attributes, deeper)?;
            }
            14 => {
                let length = self.reader.length()?;
                self.reader.skip(length, 8)?;
                self.attributes(has_attributes, deeper)?;
            }
            15 => {
                let length = self.reader.length()?;
                self.reader.skip(length.checked_mul(2)?, 8)?;
                self.attributes(has_attributes, deeper)?;
            }
            // RAWSXP
            24 => {
                let length = self.reader.length()?;
                self.reader.skip(length, 1)?;
                self.attributes(has_attributes, deeper)?;
            }
            // STRSXP, VECSXP, EXPRSXP
            16 | 19 | 20 => {
                let length = self.reader.length()?;
                if length > self.reader.cursor.remaining() as u64 {
                    return None;
                }
                if kind == 20 && place.depth <= 2 {
                    self.found.expression_at_top = true;
                }
                self.attributes(has_attributes, deeper)?;
                let inside = Place { class: place.class && kind == 16, ..deeper };
                self.work.push(Work::Items(length, inside));
            }
            // BCODESXP: number of shared parts, then code and constants
            21 => {
                self.attributes(has_attributes, deeper)?;
                self.reader.int()?;
                self.bytecode(deeper)?;
            }
            // S4SXP
            25 => self.attributes(has_attributes, deeper)?,
            // ALTREP: information, state, attributes
            238 => {
                for _ in 0..3 {
                    self.push(deeper)?;
                }
            }
            other => {
                self.found.broken = Some(format!("an object of unknown type {other}"));
                return None;
            }
        }
        Some(())
    }

    fn attributes(&mut self, present: bool, place: Place) -> Option<()> {
        if present { self.push(place) } else { Some(()) }
    }

    fn pair(
        &mut self,
        kind: u32,
        has_attributes: bool,
        has_tag: bool,
        offset: usize,
        place: Place,
    ) -> Option<()> {
        let mut inner = Place { calling: false, depth: place.depth + 1, class: false, ..place };
        if kind == 5 && self.found.promises.len() < MOST_NAMES {
            inner.promise = Some(self.found.promises.len());
            // What the promise is evaluated in is not part of it.
            self.found.promises.push(Promise {
                offset,
                in_environment: place.environment,
                ..Promise::default()
            });
        }
        if kind == 6 && place.depth <= 1 {
            self.found.expression_at_top = true;
        }
        // The tail of a list is at the same depth: lists are long, not deep.
        let tail = Place { depth: if kind == 2 || kind == 6 { place.depth } else { inner.depth }, ..inner };
        // Read in file order: attributes, tag, head, tail. A list's tag is a symbol that names the head.
        let mut class = false;
        if has_attributes {
            // The order on the stack is reversed, so the attributes go last.
            self.push(tail)?;
            self.push(Place { calling: kind == 6, ..inner })?;
            if has_tag {
                self.push(inner)?;
            }
            return self.push(inner);
        }
        if has_tag && matches!(kind, 2) {
            class = self.tag(inner)?;
        } else if has_tag {
            self.push(tail)?;
            self.push(Place { calling: kind == 6, ..inner })?;
            return self.push(inner);
        }
        self.push(tail)?;
        self.push(Place { calling: kind == 6, class, ..inner })
    }

    /// Reads the tag of a pair at once; says whether it is `class`.
    fn tag(&mut self, place: Place) -> Option<bool> {
        let before = self.work.len();
        let position = self.reader.cursor.position();
        let flags = self.reader.int()? as u32;
        let name = match flags & 0xff {
            1 => {
                let inner = self.reader.int()? as u32;
                let name = if inner & 0xff == 9 { self.chars()? } else { None };
                self.references.push(name.clone());
                name
            }
            255 => {
                let index = match (flags >> 8) as usize {
                    0 => usize::try_from(self.reader.int()?).ok()?,
                    index => index,
                };
                self.references.get(index.checked_sub(1)?)?.clone()
            }
            _ => {
                self.reader.cursor.seek(position);
                self.item(place)?;
                debug_assert!(self.work.len() >= before);
                return Some(false);
            }
        };
        Some(name.as_deref() == Some("class"))
    }

    fn chars(&mut self) -> Option<Option<String>> {
        match self.reader.int()? {
            -1 => Some(None),
            length => self.reader.text(u64::try_from(length).ok()?).map(Some),
        }
    }

    fn symbol(&mut self, name: Option<&str>, place: Place, offset: usize) {
        let Some(name) = name else { return };
        if self.found.symbols.len() < MOST_NAMES && !self.found.symbols.iter().any(|known| known == name) {
            self.found.symbols.push(name.to_owned());
        }
        if place.calling && self.found.called.len() < MOST_NAMES {
            self.found.called.push((name.to_owned(), offset));
        }
        if let Some(promise) = place.promise.and_then(|index| self.found.promises.get_mut(index))
            && promise.names.len() < 64
        {
            promise.names.push(name.to_owned());
        }
    }

    fn note_text(&mut self, text: String, place: Place) {
        if let Some(promise) = place.promise.and_then(|index| self.found.promises.get_mut(index))
            && promise.texts.len() < 16
        {
            promise.texts.push(text);
        }
    }

    /// Code (an integer vector), then constants, each after its type.
    fn bytecode(&mut self, place: Place) -> Option<()> {
        if place.depth > DEEPEST {
            return None;
        }
        let flags = self.reader.int()? as u32;
        if flags & 0xff != 13 {
            return None;
        }
        let length = self.reader.length()?;
        self.reader.skip(length, 4)?;
        let constants = u64::try_from(self.reader.int()?).ok()?;
        if constants > self.reader.cursor.remaining() as u64 {
            return None;
        }
        self.work.push(Work::Constants(constants, Place { depth: place.depth + 1, ..place }));
        Some(())
    }

    fn constant(&mut self, place: Place) -> Option<()> {
        let kind = self.reader.int()?;
        match kind {
            21 => self.bytecode(place),
            6 | 2 | 243 | 244 | 240 | 239 => {
                self.work.push(Work::Language(kind, place));
                Some(())
            }
            _ => self.item(place),
        }
    }

    /// A pair inside bytecode constants: BCREPREF, BCREPDEF, or a list with its parts typed one by one.
    fn language(&mut self, kind: i32, place: Place) -> Option<()> {
        let mut kind = kind;
        match kind {
            243 => {
                self.reader.int()?;
                return Some(());
            }
            244 => {
                self.reader.int()?;
                kind = self.reader.int()?;
            }
            _ => {}
        }
        if !matches!(kind, 6 | 2 | 240 | 239) {
            return self.item(place);
        }
        if place.depth > DEEPEST {
            return None;
        }
        let inner = Place { calling: false, depth: place.depth + 1, ..place };
        if kind == 240 || kind == 239 {
            self.item_now(inner)?;
        }
        // The tag, then head and tail, each after its type.
        self.item_now(inner)?;
        self.work.push(Work::Constants(1, inner));
        self.work.push(Work::Constants(1, Place { calling: kind == 6 || kind == 240, ..inner }));
        Some(())
    }

    /// Reads one whole item before anything that already waits.
    fn item_now(&mut self, place: Place) -> Option<()> {
        let waiting = std::mem::take(&mut self.work);
        self.work.push(Work::Item(place));
        while let Some(work) = self.work.pop() {
            self.items += 1;
            match work {
                Work::Item(place) => self.item(place)?,
                Work::Items(0, _) | Work::Constants(0, _) => {}
                Work::Items(count, place) => {
                    self.work.push(Work::Items(count - 1, place));
                    self.item(place)?;
                }
                Work::Constants(count, place) => {
                    self.work.push(Work::Constants(count - 1, place));
                    // Bytecode inside attributes does not occur; its parts would recurse.
                    self.item(place)?;
                }
                Work::Language(..) => return None,
            }
        }
        self.work = waiting;
        Some(())
    }
}
