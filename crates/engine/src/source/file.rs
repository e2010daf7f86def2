//! Reading local files: small ones whole, large ones in ranges. Nothing is mapped into memory, because a file that
//! shrinks while it is mapped kills the process (SIGBUS).

use std::{
    fs::{File, Metadata, OpenOptions},
    io::{self, Read},
    path::Path,
    sync::{Arc, Mutex},
    time::SystemTime,
};

use bartizan_core::{Content, ReadAt};

/// Files up to this size are read whole, once.
const WHOLE: u64 = 1 << 20;

/// An open regular file.
#[derive(Debug)]
pub(crate) struct LocalFile {
    file: File,
    size: u64,
    modified: Option<SystemTime>,
    /// What was read last for a short reading: headers lie close together, and a system call costs more than a page.
    page: Mutex<(u64, Vec<u8>)>,
}

/// Readings shorter than this go through the page.
const SHORT: usize = 1 << 10;
/// How much is read for a short reading, from an address that is aligned to [`SHORT`].
const PAGE: usize = 8 << 10;

impl LocalFile {
    /// Opens a regular file for reading. Never waits, and follows no link in the last place: a FIFO or a link that took
    /// the file's place since the folder was listed is refused.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY | libc::O_CLOEXEC | libc::O_NOFOLLOW);
        }
        let file = options.open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
        }
        let page = Mutex::new((0, Vec::new()));
        Ok(Self { file, size: metadata.len(), modified: metadata.modified().ok(), page })
    }

    #[cfg(unix)]
    fn read_directly(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(&self.file, buffer, offset)
    }

    #[cfg(windows)]
    fn read_directly(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(&self.file, buffer, offset)
    }

    /// Its bytes, and what tells later whether they stayed the same.
    pub(crate) fn content(self) -> io::Result<(Content, Witness)> {
        let (size, modified) = (self.size, self.modified);
        if size > WHOLE {
            let file = Arc::new(self);
            let witness = Witness { file: Some(Arc::clone(&file)), size, modified, read: size };
            return Ok((Content::from_source(file), witness));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0).saturating_add(1));
        // One byte more than it should have shows that it grew.
        (&self.file).take(size.saturating_add(1)).read_to_end(&mut bytes)?;
        let read = bytes.len() as u64;
        bytes.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        Ok((Content::from_bytes(bytes), Witness { file: None, size, modified, read }))
    }
}

impl ReadAt for LocalFile {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.len() >= SHORT {
            return self.read_directly(offset, buffer);
        }
        // Whoever finds the page in use reads by itself.
        let Ok(mut page) = self.page.try_lock() else { return self.read_directly(offset, buffer) };
        if let Some(count) = copy(&page, offset, buffer) {
            return Ok(count);
        }
        let start = offset - offset % SHORT as u64;
        page.1.resize(PAGE, 0);
        page.0 = start;
        let filled = self.read_directly(start, &mut page.1).inspect_err(|_| page.1.clear())?;
        page.1.truncate(filled);
        match copy(&page, offset, buffer) {
            Some(count) => Ok(count),
            None => self.read_directly(offset, buffer),
        }
    }
}

/// Copies a reading out of the page; `None` when not all of it is there.
fn copy((start, page): &(u64, Vec<u8>), offset: u64, buffer: &mut [u8]) -> Option<usize> {
    let from = usize::try_from(offset.checked_sub(*start)?).ok()?;
    let bytes = page.get(from..from.checked_add(buffer.len())?)?;
    buffer.copy_from_slice(bytes);
    Some(buffer.len())
}

/// Remembers what a file was like when it was opened.
#[derive(Debug)]
pub(crate) struct Witness {
    file: Option<Arc<LocalFile>>,
    size: u64,
    modified: Option<SystemTime>,
    read: u64,
}

impl Witness {
    /// What changed since, in words; `None` when nothing did.
    pub(crate) fn change(&self) -> Option<String> {
        let now = self.file.as_ref().and_then(|file| file.file.metadata().ok());
        let size = now.as_ref().map_or(self.read, Metadata::len);
        if size != self.size {
            let (before, now) = (self.size, size);
            return Some(if now > before {
                format!("it grew beyond {before} bytes while it was read")
            } else {
                format!("it shrank from {before} to {now} bytes while it was read")
            });
        }
        let modified = now.and_then(|now| now.modified().ok());
        (modified.is_some() && modified != self.modified)
            .then(|| "it was written to while it was read".to_owned())
    }
}
