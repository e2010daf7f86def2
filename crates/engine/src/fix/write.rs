//! A changed file on disk: whole or not at all, and never anything but the file that was read.

use std::{
    fs, io,
    io::Write as _,
    path::{Component, Path},
};

use bartizan_iac::patch::ChangedFile;

use crate::{draft, source::names};

/// Writes a changed file below a canonical folder. Its rights stay.
pub(super) fn write(root: &Path, file: &ChangedFile) -> io::Result<()> {
    let name = names::unescaped(&file.path);
    let relative = Path::new(&name);
    let refuse = |reason: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, reason.to_owned()));
    if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
        return refuse("its path leaves the folder");
    }
    let path = root.join(relative);
    let metadata = fs::symlink_metadata(&path)?;
    if !metadata.is_file() {
        return refuse("it is no regular file");
    }
    // A folder on the way may have become a link.
    if path.canonicalize()? != path {
        return refuse("a symbolic link leads to it, which is never written through");
    }
    if metadata.permissions().readonly() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it may not be written to"));
    }
    if fs::read(&path)? != file.before.as_bytes() {
        return refuse("it was changed meanwhile; run the command again");
    }
    let mut draft = draft(&path)?;
    draft.as_file_mut().write_all(file.after.as_bytes())?;
    draft.as_file_mut().set_permissions(metadata.permissions())?;
    draft.as_file_mut().sync_all()?;
    draft.persist(&path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(path: &str) -> ChangedFile {
        ChangedFile { path: path.to_owned(), before: "a".into(), after: "b".into() }
    }

    #[test]
    fn only_the_file_that_was_read_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        fs::write(root.join("x.tf"), "a").unwrap();
        write(&root, &changed("x.tf")).unwrap();
        assert_eq!(fs::read(root.join("x.tf")).unwrap(), b"b");
        let told = write(&root, &changed("x.tf")).unwrap_err().to_string();
        assert!(told.contains("changed meanwhile"), "{told}");
        assert!(write(&root, &changed("../x.tf")).is_err());
        assert!(write(&root, &changed("missing.tf")).is_err());
        assert_eq!(fs::read_dir(&root).unwrap().count(), 1, "no draft is left");
    }

    #[cfg(unix)]
    #[test]
    fn rights_stay_and_links_are_not_written_through() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        fs::create_dir(root.join("in")).unwrap();
        fs::write(root.join("in/x.tf"), "a").unwrap();
        fs::set_permissions(root.join("in/x.tf"), fs::Permissions::from_mode(0o640)).unwrap();
        symlink(root.join("in/x.tf"), root.join("link.tf")).unwrap();
        symlink(root.join("in"), root.join("way")).unwrap();
        assert!(write(&root, &changed("link.tf")).is_err());
        assert!(write(&root, &changed("way/x.tf")).is_err());
        assert_eq!(fs::read(root.join("in/x.tf")).unwrap(), b"a");
        write(&root, &changed("in/x.tf")).unwrap();
        assert_eq!(fs::metadata(root.join("in/x.tf")).unwrap().permissions().mode() & 0o777, 0o640);
    }
}
