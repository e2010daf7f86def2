//! Where results go.

use std::{
    io::{self, IsTerminal as _, Write},
    path::Path,
};

use anstyle::{AnsiColor, Color, Style};
use anyhow::{Context as _, Result};

/// How errors are marked.
pub(crate) const ERROR: Style = Style::new().bold().fg_color(Some(Color::Ansi(AnsiColor::Red)));

/// Writes to a file, whole or not at all, or to standard output, every byte as it is.
pub(crate) fn write(
    file: Option<&Path>,
    render: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    let Some(file) = file else {
        let mut out = io::BufWriter::new(io::stdout().lock());
        render(&mut out)?;
        out.flush()?;
        return Ok(());
    };
    let context = || format!("cannot write {}", file.display());
    if is_device(file) {
        let mut out =
            io::BufWriter::new(std::fs::OpenOptions::new().write(true).open(file).with_context(context)?);
        render(&mut out).with_context(context)?;
        return out.flush().with_context(context);
    }
    let mut draft = bartizan_engine::draft(file).with_context(context)?;
    {
        let mut out = io::BufWriter::new(draft.as_file_mut());
        render(&mut out).with_context(context)?;
        out.flush().with_context(context)?;
    }
    draft.persist(file).with_context(context)?;
    Ok(())
}

/// Like [`write()`], for a text with styles. They are kept on a terminal only.
pub(crate) fn write_styled(
    file: Option<&Path>,
    render: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    if file.is_none() {
        let mut out = io::BufWriter::new(anstream::AutoStream::auto(io::stdout().lock()));
        render(&mut out)?;
        out.flush()?;
        return Ok(());
    }
    write(file, &mut |out| {
        let mut text = Vec::new();
        render(&mut text)?;
        out.write_all(&anstream::adapter::strip_bytes(&text).into_vec())
    })
}

/// `/dev/null`, `/dev/stdout` and pipes are written to, not replaced.
fn is_device(file: &Path) -> bool {
    std::fs::metadata(file).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

/// A message of several lines without control characters: it may quote file names and lines of a stranger's manifest.
pub(crate) fn harmless(message: &str) -> String {
    message.split_inclusive(['\n', '\t']).fold(String::new(), |mut text, part| {
        let end = part.trim_end_matches(['\n', '\t']).len();
        let (body, separator) = part.split_at(end);
        text.push_str(&bartizan_core::printable(body));
        text.push_str(separator);
        text
    })
}

/// Did the reader of our output go away, as `head` does?
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}

/// Columns of the terminal; 100 elsewhere.
pub(crate) fn width() -> usize {
    terminal_size::terminal_size().map_or(100, |(width, _)| usize::from(width.0)).clamp(60, 140)
}

/// Can the terminal show more than ASCII? Files and pipes can.
pub(crate) fn is_unicode() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
    !io::stdout().is_terminal()
        || cfg!(windows)
        || locale.is_some_and(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        })
}
