//! Where results go.

use std::{
    io::{self, IsTerminal as _, Write},
    path::Path,
};

use anstyle::{AnsiColor, Color, Style};
use anyhow::{Context as _, Result};

/// How errors are marked.
pub(crate) const ERROR: Style = Style::new().bold().fg_color(Some(Color::Ansi(AnsiColor::Red)));

/// Writes to a file, whole or not at all, or to standard output. Styles are kept on a terminal only.
pub(crate) fn write(
    file: Option<&Path>,
    render: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    let Some(file) = file else {
        let mut out = io::BufWriter::new(anstream::AutoStream::auto(io::stdout().lock()));
        render(&mut out)?;
        out.flush()?;
        return Ok(());
    };
    if is_device(file) {
        let mut out = anstream::StripStream::new(std::fs::OpenOptions::new().write(true).open(file)?);
        return render(&mut out).with_context(|| format!("cannot write {}", file.display()));
    }
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let context = || format!("cannot write {}", file.display());
    let mut temporary =
        tempfile::Builder::new().prefix(".bartizan-").tempfile_in(folder).with_context(context)?;
    {
        let mut out = io::BufWriter::new(anstream::StripStream::new(temporary.as_file_mut()));
        render(&mut out).with_context(context)?;
        out.flush().with_context(context)?;
    }
    permit(temporary.path());
    temporary.persist(file).with_context(context)?;
    Ok(())
}

/// `/dev/null`, `/dev/stdout` and pipes are written to, not replaced.
fn is_device(file: &Path) -> bool {
    std::fs::metadata(file).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

/// Temporary files are private; a report is an ordinary file.
#[cfg(unix)]
fn permit(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let _ = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644));
}

#[cfg(not(unix))]
fn permit(_: &Path) {}

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
