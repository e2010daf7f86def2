//! Walks graphs in protocol buffer text form, `.pbtxt`.
//! <https://protobuf.dev/reference/protobuf/textformat-spec/>
//!
//! The tokens drive a stack of field names; what lies at `node`, wherever the graph stands in the file, becomes a node.

use bartizan_core::{Content, Context};

use super::graph::{Graphs, LONGEST_TEXT, MOST_TEXTS, Node, Place};
use crate::protobuf::{Message, Window};

/// One token, with its line.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// A field name, number or enum value.
    Word(String),
    Text(Vec<u8>),
    Open,
    Close,
    Colon,
    OpenList,
    CloseList,
    /// `,` and `;`.
    Separator,
}

#[derive(Debug)]
struct Tokens<'a> {
    bytes: &'a [u8],
    position: usize,
    line: u32,
}

impl Tokens<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.position).copied()
    }

    fn step(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.position += 1;
        if byte == b'\n' {
            self.line = self.line.saturating_add(1);
        }
        Some(byte)
    }

    fn next(&mut self) -> Option<Token> {
        loop {
            let byte = self.step()?;
            match byte {
                b'#' => {
                    while self.peek().is_some_and(|byte| byte != b'\n') {
                        self.step();
                    }
                }
                b'{' | b'<' => return Some(Token::Open),
                b'}' | b'>' => return Some(Token::Close),
                b':' => return Some(Token::Colon),
                b'[' => return Some(Token::OpenList),
                b']' => return Some(Token::CloseList),
                b',' | b';' => return Some(Token::Separator),
                b'"' | b'\'' => return Some(Token::Text(self.text(byte))),
                _ if is_word(byte) => {
                    let mut word = String::from(char::from(byte));
                    while let Some(byte) = self.peek().filter(|byte| is_word(*byte)) {
                        if word.len() < LONGEST_TEXT {
                            word.push(char::from(byte));
                        }
                        self.step();
                    }
                    return Some(Token::Word(word));
                }
                _ => {}
            }
        }
    }

    /// The text up to the closing quote, escapes resolved; a line's end closes it too.
    fn text(&mut self, quote: u8) -> Vec<u8> {
        let mut text = Vec::new();
        while let Some(byte) = self.step() {
            let byte = match byte {
                b'\\' => self.escape(),
                b'\n' => break,
                _ if byte == quote => break,
                _ => byte,
            };
            if text.len() < LONGEST_TEXT {
                text.push(byte);
            }
        }
        text
    }

    fn escape(&mut self) -> u8 {
        match self.step().unwrap_or(b'\\') {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'x' | b'X' => self.digits(16, 2, 0),
            digit @ b'0'..=b'7' => self.digits(8, 2, digit - b'0'),
            other => other,
        }
    }

    fn digits(&mut self, radix: u32, most: usize, first: u8) -> u8 {
        let mut value = u32::from(first);
        for _ in 0..most {
            let Some(digit) = self.peek().and_then(|byte| char::from(byte).to_digit(radix)) else { break };
            value = value.wrapping_mul(radix).wrapping_add(digit);
            self.step();
        }
        value.to_le_bytes()[0]
    }
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'+' | b'/')
}

/// Does the text begin like a graph, or like a message that holds one?
pub(super) fn looks_like(head: &str) -> bool {
    let first = head.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    let word: String = first.unwrap_or_default().chars().take_while(|c| is_word(*c as u8)).collect();
    let holders =
        ["saved_model_schema_version", "meta_graphs", "meta_info_def", "graph_def", "node", "library"];
    let holds = head.contains("op:") || head.contains("stripped_op_list") || head.contains("meta_graphs");
    holders.contains(&word.as_str()) && holds
}

/// How many tokens are read between two looks at the clock.
const PACE: u64 = 65_536;

/// Reads the text as a graph.
pub(super) fn read(bytes: &[u8], context: &Context<'_>) -> Graphs {
    let mut tokens = Tokens { bytes, position: 0, line: 1 };
    let mut reader = Reader {
        found: Graphs::default(),
        stack: Vec::new(),
        graph: None,
        scope: None,
        node: None,
        named: String::new(),
    };
    let mut name = String::new();
    let mut seen = 0u64;
    let mut texts: Option<Vec<u8>> = None;
    // Is the next word a value, because a colon or a list stands before it?
    let (mut after_colon, mut in_list) = (false, false);
    loop {
        let line = tokens.line;
        let token = tokens.next();
        // Texts side by side are one text.
        if let (Some(whole), Some(Token::Text(more))) = (&mut texts, &token) {
            if whole.len() < LONGEST_TEXT {
                whole.extend_from_slice(more);
            }
            continue;
        }
        if let Some(whole) = texts.take() {
            reader.value(&name, String::from_utf8_lossy(&whole).into_owned());
        }
        seen += 1;
        if seen.is_multiple_of(PACE) && context.interrupted() {
            reader.found.coverage.miss("the time ran out inside the graph");
            break;
        }
        let colon = token == Some(Token::Colon);
        match token {
            None => break,
            Some(Token::Word(word)) if after_colon || in_list => reader.value(&name, word),
            Some(Token::Word(word)) => name = word,
            Some(Token::Text(text)) => texts = Some(text),
            Some(Token::OpenList) => in_list = true,
            Some(Token::CloseList) => in_list = false,
            Some(Token::Open) if reader.stack.len() >= context.limits.depth => {
                reader.found.coverage.miss(format!("line {line}: messages are nested too deeply"));
                break;
            }
            Some(Token::Open) => {
                in_list = false;
                reader.open(&name, line);
            }
            // Of a list of messages, the next one has the same name.
            Some(Token::Close) => {
                in_list = false;
                name = reader.close();
            }
            Some(Token::Colon | Token::Separator) => {}
        }
        after_colon = colon;
    }
    if !reader.stack.is_empty() {
        reader.found.coverage.miss("the text ends inside a message");
        while !reader.stack.is_empty() {
            reader.close();
        }
    }
    reader.found
}

struct Reader {
    found: Graphs,
    stack: Vec<String>,
    graph: Option<usize>,
    scope: Option<usize>,
    node: Option<(usize, Node)>,
    /// The key of the present collection, or the constant of the present asset.
    named: String,
}

impl Reader {
    /// Do the innermost messages have these names?
    fn within(&self, names: &[&str]) -> bool {
        self.stack.len() >= names.len()
            && self.stack.iter().rev().zip(names.iter().rev()).all(|(name, wanted)| name == wanted)
    }

    /// The scope of nodes outside functions.
    fn graph(&mut self) -> usize {
        match self.graph {
            Some(graph) => graph,
            None => {
                let graph = self.found.open_graph(None);
                self.graph = Some(graph);
                graph
            }
        }
    }

    fn open(&mut self, name: &str, line: u32) {
        self.stack.push(name.to_owned());
        match name {
            "graph_def" | "meta_graphs" => self.graph = None,
            "function" if self.within(&["library", "function"]) => {
                let graph = self.graph();
                self.scope = Some(self.found.open_function(graph, String::new(), Vec::new()));
            }
            "node" | "node_def" if self.node.is_none() => {
                let scope = if name == "node_def" { self.scope } else { None };
                let scope = scope.unwrap_or_else(|| self.graph());
                let node = Node { place: Place::Line(line), ..Node::default() };
                self.node = Some((self.stack.len(), node));
                self.scope = (name == "node_def").then_some(scope);
            }
            _ => {}
        }
    }

    /// Ends the innermost message and tells its name.
    fn close(&mut self) -> String {
        if self.node.as_ref().is_some_and(|(depth, _)| *depth == self.stack.len()) {
            let scope = self.scope.unwrap_or_else(|| self.graph());
            if let Some((_, node)) = self.node.take().filter(|(_, node)| !node.operator.is_empty()) {
                self.found.add(scope, node);
            }
        }
        if self.within(&["library", "function"]) {
            self.scope = None;
        }
        self.stack.pop().unwrap_or_default()
    }

    fn value(&mut self, key: &str, value: String) {
        if self.within(&["function", "signature"]) && key == "name" {
            if let Some(scope) = self.scope {
                self.found.name_function(scope, value);
            }
            return;
        }
        if self.within(&["signature", "input_arg"]) && key == "name" {
            if let Some(scope) = self.scope {
                self.found.name_argument(scope, value);
            }
            return;
        }
        if key == "tensorflow_version" {
            self.found.version = value;
            return;
        }
        let parents: Vec<&str> = self.stack.iter().rev().take(4).rev().map(String::as_str).collect();
        match (parents.as_slice(), key) {
            ([.., "asset_file_def", "tensor_info"], "name") | ([.., "collection_def"], "key") => {
                self.named = value;
                return;
            }
            ([.., "asset_file_def"], "filename") => {
                self.found.assets.push((std::mem::take(&mut self.named), value));
                return;
            }
            (["collection_def", "value", "any_list", "value"], "value")
                if self.named == "saved_model_assets" =>
            {
                // A message inside the text, in binary form.
                let window = Window::new(&Content::from_bytes(value.into_bytes()));
                let asset = Message::whole(&window);
                let tensor = asset.get(1).map(|info| info.message().text(1)).unwrap_or_default();
                self.found.assets.push((tensor, asset.text(2)));
                return;
            }
            ([.., "collection_def", "value", "node_list"], "value") if self.named == "asset_filepaths" => {
                self.found.declared.insert(value);
                return;
            }
            _ => {}
        }
        let Some((depth, node)) = &mut self.node else { return };
        let inside = self.stack.get(*depth..).unwrap_or_default();
        let parents: Vec<&str> = inside.iter().map(String::as_str).collect();
        match (parents.as_slice(), key) {
            ([], "name") => node.name = value,
            ([], "op") => node.operator = value,
            ([], "input") => node.inputs.push(value),
            (["attr"], "key") => node.texts.push((value, Vec::new())),
            (["attr", "value"] | ["attr", "value", "list"], "s")
            | (["attr", "value", "tensor"] | ["attr", "value", "list", "tensor"], "string_val") => {
                if let Some((_, texts)) = node.texts.last_mut().filter(|(_, texts)| texts.len() < MOST_TEXTS)
                {
                    texts.push(value);
                }
            }
            (["attr", "value", "func"] | ["attr", "value", "list", "func"], "name") => {
                node.functions.push(value);
            }
            _ => {}
        }
    }
}
