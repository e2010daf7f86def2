//! Files that are written whole or not at all.

use std::{io, path::Path};

/// A temporary file beside `path`, to be persisted there when it is whole; it vanishes otherwise. It has the rights of
/// any new file, where temporary files are private.
///
/// # Errors
/// When nothing can be written into the folder.
pub fn draft(path: &Path) -> io::Result<tempfile::NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".bartizan-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // The umask of the process applies.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}
