//! Gives the HDF5 reader ranges of an asset's content, so that nothing reads a whole file.

use bartizan_core::Content;
use hdf5_reader::{Storage, StorageBuffer, error::Error};

/// An asset's content as the reader's storage.
pub(super) struct Ranges {
    pub(super) content: Content,
    /// Longest range that is read at once.
    pub(super) limit: u64,
}

impl Storage for Ranges {
    fn len(&self) -> u64 {
        self.content.len()
    }

    fn read_range(&self, offset: u64, len: usize) -> Result<StorageBuffer, Error> {
        let bytes = self
            .content
            .read(offset, len as u64, self.limit)
            .map_err(|error| Error::Io(std::io::Error::from(error)))?;
        Ok(StorageBuffer::from_vec(bytes.to_vec()))
    }
}
