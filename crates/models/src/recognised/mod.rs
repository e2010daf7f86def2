//! Files that lie beside models and are no models: datasets, texts, pictures, sounds.
//!
//! They are named so that a report lists them as what they are; nothing is read in them. One inspector for each kind, all
//! from one table. They stand last in the registration, and claim by magic only where no model format shares it.

use bartizan_core::{Asset, Claim, Context, Inspection, Inspector, Kind, Probe, Rule};

/// How a kind is told.
struct Mark {
    kind: &'static str,
    /// Bytes at offsets, any of which tells it.
    magics: &'static [(usize, &'static [u8])],
    extensions: &'static [&'static str],
    /// Names without a telling extension.
    names: &'static [&'static str],
    /// Must the bytes be text?
    text: bool,
}

const fn binary(
    kind: &'static str,
    magics: &'static [(usize, &'static [u8])],
    extensions: &'static [&'static str],
) -> Mark {
    Mark { kind, magics, extensions, names: &[], text: false }
}

const fn text(
    kind: &'static str,
    extensions: &'static [&'static str],
    names: &'static [&'static str],
) -> Mark {
    Mark { kind, magics: &[], extensions, names, text: true }
}

static MARKS: &[Mark] = &[
    binary("parquet", &[(0, b"PAR1")], &["parquet"]),
    binary("arrow", &[(0, b"ARROW1\0\0")], &["arrow", "feather"]),
    binary("orc", &[(0, b"ORC")], &["orc"]),
    binary("avro", &[(0, b"Obj\x01")], &["avro"]),
    binary("sqlite", &[(0, b"SQLite format 3\0")], &["sqlite", "sqlite3", "db"]),
    binary("lmdb", &[(16, b"\xde\xc0\xef\xbe")], &["mdb", "lmdb"]),
    binary("png", &[(0, b"\x89PNG\r\n\x1a\n")], &["png"]),
    binary("jpeg", &[(0, b"\xff\xd8\xff")], &["jpg", "jpeg"]),
    binary("gif", &[(0, b"GIF87a"), (0, b"GIF89a")], &["gif"]),
    binary("webp", &[(8, b"WEBPVP8")], &["webp"]),
    binary("tiff", &[(0, b"II*\0"), (0, b"MM\0*")], &["tif", "tiff"]),
    binary("bmp", &[], &["bmp"]),
    binary("icon", &[(0, b"\0\0\x01\0")], &["ico"]),
    binary("wav", &[(8, b"WAVEfmt ")], &["wav"]),
    binary("flac", &[(0, b"fLaC")], &["flac"]),
    binary("ogg", &[(0, b"OggS")], &["ogg", "oga", "opus"]),
    binary("mp3", &[(0, b"ID3")], &["mp3"]),
    binary("mp4", &[(4, b"ftyp")], &["mp4", "m4a", "mov", "m4v"]),
    binary("matroska", &[(0, b"\x1a\x45\xdf\xa3")], &["mkv", "webm"]),
    binary("pdf", &[(0, b"%PDF-")], &["pdf"]),
    binary(
        "font",
        &[(0, b"OTTO"), (0, b"wOF2"), (0, b"wOFF"), (0, b"\0\x01\0\0\0")],
        &["ttf", "otf", "woff", "woff2"],
    ),
    binary("faiss-index", &[(0, b"IxFI"), (0, b"IxF2"), (0, b"IwFl"), (0, b"IHNf")], &["faiss"]),
    binary("rknn", &[(0, b"RKNN\0\0\0\0")], &["rknn"]),
    binary("tfrecord", &[], &["tfrecord", "tfrecords"]),
    binary("tensorboard-log", &[(24, b"brain.Event:")], &[]),
    Mark {
        kind: "tensorflow-fingerprint",
        magics: &[],
        extensions: &[],
        names: &["fingerprint.pb"],
        text: false,
    },
    // A SentencePiece model is a protobuf whose first piece is nearly always `<unk>` or `<pad>`.
    binary("sentencepiece", &[(4, b"<unk>\x15"), (4, b"<pad>\x15"), (4, b"<s>\x15")], &[]),
    text("markdown", &["md", "markdown", "mdx"], &["README", "MODEL_CARD"]),
    text("licence", &[], &["LICENSE", "LICENCE", "COPYING", "NOTICE", "LICENSE.txt", "NOTICE.txt"]),
    text("tensorflow-checkpoint-state", &[], &["checkpoint"]),
    text("csv", &["csv"], &[]),
    text("tsv", &["tsv", "tab"], &[]),
    text("json-lines", &["jsonl", "ndjson"], &[]),
    text("toml", &["toml"], &[]),
    text("ini", &["ini", "cfg", "conf", "properties"], &[]),
    text("xml", &["xml", "html", "htm", "svg", "xhtml"], &[]),
    text("dockerfile", &["dockerfile"], &["Dockerfile", "Containerfile"]),
    text("shell-script", &["sh", "bash", "zsh", "fish", "bat", "cmd", "ps1"], &[]),
    text(
        "source-code",
        &[
            "c", "h", "cc", "cpp", "hpp", "cu", "cuh", "rs", "go", "java", "js", "mjs", "ts", "tsx", "jsx",
            "r", "jl", "lua", "rb", "swift", "kt", "scala", "css", "sql", "proto", "fbs", "cmake", "m",
        ],
        &["Makefile", "CMakeLists.txt"],
    ),
    text(
        "git",
        &["gitattributes", "gitignore", "gitmodules", "dockerignore"],
        &[".gitattributes", ".gitignore", ".gitmodules", ".dockerignore"],
    ),
    text(
        "text",
        &[
            "txt", "text", "log", "rst", "tex", "vocab", "merges", "lst", "list", "j2", "jinja", "template",
            "in", "bpe", "codes", "lock", "sum", "tokens", "srt",
        ],
        &["vocab", "merges", "CODEOWNERS", "VERSION"],
    ),
];

/// Names files of one kind.
#[derive(Clone, Copy)]
pub(crate) struct Recognised(&'static Mark);

impl std::fmt::Debug for Recognised {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Recognised({})", self.0.kind)
    }
}

/// One inspector for each kind of the table. They must be registered after every other inspector.
pub(crate) fn inspectors() -> Vec<Box<dyn Inspector>> {
    MARKS.iter().map(|mark| Box::new(Recognised(mark)) as Box<dyn Inspector>).collect()
}

impl Inspector for Recognised {
    fn kind(&self) -> Kind {
        Kind::new(self.0.kind)
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[]
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        let mark = self.0;
        if let Some((_, magic)) = mark.magics.iter().find(|(offset, magic)| probe.has_at(*offset, magic)) {
            // Short ones, and small numbers in another format's header, may be a coincidence.
            let is_telling = magic.len() >= 4 && magic.first() != Some(&0);
            return if is_telling { Claim::Certain } else { Claim::Name };
        }
        let named = probe.extension_is(mark.extensions) || mark.names.contains(&probe.name());
        match named && !probe.is_empty() {
            // A name on bytes of another make is a disguise, not a name.
            true if mark.text && probe.is_text() => Claim::Name,
            true if !mark.text && mark.magics.is_empty() => Claim::Name,
            _ => Claim::No,
        }
    }

    fn inspect(&self, _asset: &Asset, _context: &Context<'_>) -> Inspection {
        Inspection::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn kinds(name: &str, bytes: &'static [u8]) -> Vec<(&'static str, Claim)> {
        inspectors()
            .iter()
            .map(|inspector| (inspector.kind().name(), testing::inspect(&**inspector, name, bytes).claim))
            .filter(|(_, claim)| *claim != Claim::No)
            .collect()
    }

    #[test]
    fn magic_tells_a_kind_for_certain_and_a_name_only_text() {
        assert_eq!(kinds("x.bin", b"PAR1\x15\x04"), [("parquet", Claim::Certain)]);
        assert_eq!(kinds("x", b"\x89PNG\r\n\x1a\n\0\0"), [("png", Claim::Certain)]);
        assert_eq!(kinds("data.csv", b"a,b\n1,2\n"), [("csv", Claim::Name)]);
        assert_eq!(kinds("README.md", b"# hello"), [("markdown", Claim::Name)]);
        assert_eq!(
            kinds("tokenizer.model", b"\x0a\x0e\x0a\x05<unk>\x15\0\0\0\0"),
            [("sentencepiece", Claim::Certain)]
        );
    }

    #[test]
    fn a_text_name_on_other_bytes_is_not_believed() {
        assert_eq!(kinds("data.csv", b"\x80\x04\x95\0\0"), []);
        assert_eq!(kinds("x.png", b"\x80\x04\x95\0\0"), []);
        assert_eq!(kinds("x.txt", b""), []);
    }

    #[test]
    fn kinds_are_named_once() {
        let mut names: Vec<_> = MARKS.iter().map(|mark| mark.kind).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), MARKS.len());
    }
}
