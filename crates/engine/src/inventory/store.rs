//! The file that an inventory is kept in.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions, TryLockError},
    io::{BufWriter, Read as _, Write as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use super::{InventoryError, Source, record::Record};

/// Version of the file's layout.
const VERSION: u32 = 1;
/// Identifies the file.
const SCHEMA: &str = "https://bartizan.dev/schemas/inventory-store-1.json";
/// Largest file that is read: some millions of assets.
const LARGEST: u64 = 2 << 30;
/// How long one process waits for another that writes. Nobody holds the lock while reading sources.
const PATIENCE: Duration = Duration::from_secs(30);

/// Everything that an inventory knows.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    schema: String,
    version: u32,
    #[serde(default)]
    pub(crate) sources: Vec<Source>,
    #[serde(default)]
    pub(crate) records: Vec<Record>,
    /// The knowledge with which files were found to be no AI assets.
    #[serde(default)]
    pub(crate) rules_version: String,
    /// Files that are no AI assets, by source and uri, with the token that shows that they did not change: they need
    /// not be looked at again.
    #[serde(default)]
    pub(crate) others: BTreeMap<String, BTreeMap<String, String>>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            version: VERSION,
            sources: Vec::new(),
            records: Vec::new(),
            rules_version: String::new(),
            others: BTreeMap::new(),
        }
    }
}

/// What has to be known before the rest of the file can be understood.
#[derive(Deserialize)]
struct Head {
    schema: String,
    version: u32,
}

/// The file.
#[derive(Clone, Debug)]
pub struct Store {
    path: PathBuf,
}

impl Store {
    /// An inventory in this file, which need not exist yet.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The user's own inventory: `$XDG_DATA_HOME/bartizan/inventory.json`, or the same below `~/.local/share`.
    ///
    /// # Errors
    /// When the environment names no home.
    pub fn of_user() -> Result<Self, InventoryError> {
        let absolute =
            |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        // The XDG specification says that relative paths are to be ignored.
        let data = absolute("XDG_DATA_HOME")
            .or_else(|| absolute("HOME").map(|home| home.join(".local/share")))
            .or_else(|| absolute("LOCALAPPDATA"))
            .ok_or_else(|| {
                InventoryError::Usage(
                    "neither XDG_DATA_HOME nor HOME is set: name the inventory's file with --store"
                        .to_owned(),
                )
            })?;
        Ok(Self::at(data.join("bartizan/inventory.json")))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads it; an inventory without a file is empty.
    pub(crate) fn load(&self) -> Result<State, InventoryError> {
        let failed = |reason: String| InventoryError::Store { path: self.path.clone(), reason };
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(State::default()),
            Err(error) => return Err(failed(format!("it cannot be opened: {error}"))),
        };
        let metadata = file.metadata().map_err(|error| failed(error.to_string()))?;
        if !metadata.is_file() {
            return Err(failed("it is not a regular file".to_owned()));
        }
        let mut text = String::new();
        file.take(LARGEST.saturating_add(1))
            .read_to_string(&mut text)
            .map_err(|error| failed(format!("it cannot be read: {error}")))?;
        if text.len() as u64 > LARGEST {
            return Err(failed(format!("it is larger than {LARGEST} bytes")));
        }
        let head: Head = serde_json::from_str(&text)
            .map_err(|error| failed(format!("it is not an inventory, or it is damaged: {error}")))?;
        if head.schema != SCHEMA || head.version != VERSION {
            let reason = format!(
                "it has version {} of the layout ({}), this program reads version {VERSION}",
                head.version,
                bartizan_core::redacted(&head.schema)
            );
            return Err(failed(reason));
        }
        serde_json::from_str(&text).map_err(|error| failed(format!("it is damaged: {error}")))
    }

    /// Reads it, lets `change` change it, and writes it, while no other process does. What cannot be read is never
    /// written over.
    pub(crate) fn update<T>(
        &self,
        change: impl FnOnce(&mut State) -> Result<T, InventoryError>,
    ) -> Result<T, InventoryError> {
        let failed = |reason: String| InventoryError::Store { path: self.path.clone(), reason };
        if let Some(folder) = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder)
                .map_err(|error| failed(format!("its folder cannot be made: {error}")))?;
        }
        let _lock = self.lock()?;
        let mut state = self.load()?;
        let result = change(&mut state)?;
        state.records.sort_by(|one, other| (&one.source, &one.uri).cmp(&(&other.source, &other.uri)));
        let write = || -> std::io::Result<()> {
            let mut draft = crate::draft(&self.path)?;
            {
                let mut out = BufWriter::new(draft.as_file_mut());
                serde_json::to_writer_pretty(&mut out, &state)?;
                out.write_all(b"\n")?;
                out.flush()?;
            }
            draft.as_file().sync_all()?;
            draft.persist(&self.path)?;
            Ok(())
        };
        write().map_err(|error| failed(format!("it cannot be written: {error}")))?;
        Ok(result)
    }

    /// A lock beside the file, which is replaced as a whole and so cannot carry one itself. It ends with the process,
    /// however that ends.
    fn lock(&self) -> Result<File, InventoryError> {
        let mut path = self.path.clone().into_os_string();
        path.push(".lock");
        let failed = |reason: String| InventoryError::Store { path: PathBuf::from(&path), reason };
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| failed(format!("it cannot be opened: {error}")))?;
        let started = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if started.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(TryLockError::WouldBlock) => {
                    let seconds = PATIENCE.as_secs();
                    return Err(failed(format!("another bartizan has held it for {seconds} seconds")));
                }
                Err(TryLockError::Error(error)) => {
                    return Err(failed(format!("it cannot be locked: {error}")));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_or_foreign_file_is_an_error_and_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("inventory.json");
        let store = Store::at(&path);
        store.update(|_| Ok(())).unwrap();
        let whole = fs::read_to_string(&path).unwrap();
        let cases = [
            String::new(),
            "{}".to_owned(),
            "[1]".to_owned(),
            whole.get(..whole.len() / 2).unwrap().to_owned(),
            whole.replace("\"version\": 1", "\"version\": 2"),
            whole.replace("\"sources\": []", "\"sources\": [{\"name\": 5}]"),
            "[".repeat(100_000),
        ];
        for text in cases {
            fs::write(&path, &text).unwrap();
            let error = store.update(|_| Ok(())).unwrap_err();
            assert!(error.to_string().contains("inventory.json"), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn writers_at_the_same_time_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path().join("deep/inventory.json"));
        std::thread::scope(|scope| {
            for index in 0..8 {
                let store = store.clone();
                scope.spawn(move || {
                    store
                        .update(|state| {
                            state.others.insert(format!("s{index}"), BTreeMap::new());
                            Ok(())
                        })
                        .unwrap();
                });
            }
        });
        assert_eq!(store.load().unwrap().others.len(), 8);
    }
}
