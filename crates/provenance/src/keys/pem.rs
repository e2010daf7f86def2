//! PEM (RFC 7468): labelled base64 blocks, with any text around them.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::KeyError;

/// No key and no chain of certificates needs more.
const LARGEST: usize = 4 << 20;
const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// One block.
#[derive(Clone, PartialEq, Eq)]
pub struct Block {
    /// What it says it is, such as `PUBLIC KEY`.
    pub label: String,
    /// The bytes in it.
    pub bytes: Vec<u8>,
    /// Does it carry headers, as keys did that were encrypted before PKCS#8 (RFC 1421)?
    pub has_headers: bool,
}

/// Every block of a text, in order.
///
/// # Errors
/// When there is none, when one does not end or is not base64, or when the text is larger than any PEM file.
pub fn blocks(text: &[u8]) -> Result<Vec<Block>, KeyError> {
    if text.len() > LARGEST {
        return Err(KeyError::Pem("it is larger than 4 MB"));
    }
    let text = std::str::from_utf8(text).map_err(|_| KeyError::Pem("it is not text"))?;
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(label) = line.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(DASHES)) else {
            continue;
        };
        blocks.push(block(label, &mut lines)?);
    }
    if blocks.is_empty() { Err(KeyError::Pem("there is no `-----BEGIN` line")) } else { Ok(blocks) }
}

fn block(label: &str, lines: &mut std::str::Lines<'_>) -> Result<Block, KeyError> {
    let mut body = String::new();
    let mut has_headers = false;
    for line in lines {
        let line = line.trim();
        if let Some(rest) = line.strip_prefix(END) {
            if rest.strip_suffix(DASHES) != Some(label) {
                return Err(KeyError::Pem("a block ends with another name than it began with"));
            }
            if has_headers {
                return Ok(Block { label: label.to_owned(), bytes: Vec::new(), has_headers });
            }
            let bytes = STANDARD.decode(&body).map_err(|_| KeyError::Pem("a block is not base64"))?;
            return Ok(Block { label: label.to_owned(), bytes, has_headers });
        }
        has_headers |= line.contains(':');
        body.push_str(line);
    }
    Err(KeyError::Pem("a block has no `-----END` line"))
}

/// A block in 64 columns, with line feeds.
pub(crate) fn encode(label: &str, bytes: &[u8]) -> String {
    let body = STANDARD.encode(bytes);
    let mut text = format!("{BEGIN}{label}{DASHES}\n");
    for (index, character) in body.chars().enumerate() {
        if index > 0 && index.is_multiple_of(64) {
            text.push('\n');
        }
        text.push(character);
    }
    text.push_str(&format!("\n{END}{label}{DASHES}\n"));
    text
}
