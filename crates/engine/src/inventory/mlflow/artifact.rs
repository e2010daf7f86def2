//! Files on the server's artifact proxy: they are listed folder by folder and fetched whole.

use std::io::{self, Read};

use reqwest::StatusCode;

use super::{
    super::{found::Opening, rest::RestError},
    Server,
    answer::{Artifacts, plain},
};
use crate::source::{self, remote::http};

/// Folders inside each other, and files of one model.
const DEPTH: usize = 16;
const FILES: usize = 10_000;
/// Largest file that is fetched.
const LARGEST: u64 = 1 << 40;

impl Server<'_> {
    /// Every file below a folder of the artifact proxy, relative to it.
    pub(super) fn files(&self, root: &str) -> Result<Vec<(String, Option<u64>)>, RestError> {
        let mut files = Vec::new();
        let mut waiting = vec![String::new()];
        let mut folders = 0usize;
        while let Some(folder) = waiting.pop() {
            folders = folders.saturating_add(1);
            if files.len() > FILES || folders > FILES {
                return Err(RestError::Answer(format!("lists more than {FILES} files of one model")));
            }
            let path = format!("{root}/{folder}");
            let url = self
                .service
                .address(&["api/2.0/mlflow-artifacts/artifacts"], &[("path", path.trim_end_matches('/'))]);
            let (listed, _) = self.service.json::<Artifacts>(&url, None)?;
            for artifact in listed.files {
                // The proxy gives names; other versions give paths from its root.
                let name = artifact.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
                if matches!(name, "" | "." | "..") || name.contains(['\\', '\0']) {
                    return Err(RestError::Answer("names a file that leads elsewhere".to_owned()));
                }
                let inner = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
                if !artifact.is_dir {
                    let size = artifact.file_size.as_ref().and_then(|size| plain(size).parse().ok());
                    files.push((inner, size));
                } else if inner.split('/').count() > DEPTH {
                    return Err(RestError::Answer(format!(
                        "has more than {DEPTH} folders inside each other"
                    )));
                } else {
                    waiting.push(inner);
                }
            }
        }
        Ok(files)
    }

    /// Fetches a file into memory, or into a temporary file without a name: the proxy sends no ranges.
    pub(super) fn download(&self, path: &str, size: Option<u64>) -> Opening {
        let parts: Vec<&str> =
            ["api", "2.0", "mlflow-artifacts", "artifacts"].into_iter().chain(path.split('/')).collect();
        let url = self.service.address(&parts, &[]);
        let (network, credential) = (self.service.network.clone(), self.service.credential.clone());
        let client = self.service.client().clone();
        let (held, cancel) = (self.reach.held.min(16 << 20), std::sync::Arc::clone(&self.reach.cancel));
        Box::new(move || {
            let response = network.wait(http::send(|| {
                let request = client.get(url.clone()).header("accept-encoding", "identity");
                match &credential {
                    Some(credential) => credential.apply(request),
                    None => request,
                }
            }))?;
            if response.status() != StatusCode::OK {
                return Err(io::Error::other(format!("the server answers {}", response.status())));
            }
            let mut body = Body {
                network: &network,
                response,
                chunk: bytes::Bytes::new(),
                left: size.unwrap_or(LARGEST).saturating_add(1),
            };
            let content = source::spool(&mut body, held, &cancel)?;
            if size.is_some_and(|size| size != content.len()) {
                return Err(io::Error::other("the server sends another number of bytes than it lists"));
            }
            Ok(content.into())
        })
    }
}

/// A response's body as a reader.
struct Body<'a> {
    network: &'a source::remote::Network,
    response: reqwest::Response,
    chunk: bytes::Bytes,
    /// How many bytes may still come.
    left: u64,
}

impl Read for Body<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() {
            let response = &mut self.response;
            let next = self.network.wait(async move {
                response.chunk().await.map_err(|error| io::Error::other(http::explain(&error)))
            })?;
            match next {
                Some(chunk) => self.chunk = chunk,
                None => return Ok(0),
            }
        }
        let count = buffer.len().min(self.chunk.len());
        let part = self.chunk.split_to(count);
        if let Some(to) = buffer.get_mut(..count) {
            to.copy_from_slice(&part);
        }
        self.left = self
            .left
            .checked_sub(count as u64)
            .ok_or_else(|| io::Error::other("the server sends more bytes than it lists"))?;
        Ok(count)
    }
}

/// The path on the server's artifact proxy: `mlflow-artifacts:/0/RUN/artifacts/model`.
pub(super) fn proxied(uri: &str) -> Option<String> {
    let path = uri.strip_prefix("mlflow-artifacts:")?;
    let path = match path.strip_prefix("//") {
        // With a host: this server, by another of its names.
        Some(rest) => rest.split_once('/')?.1,
        None => path,
    };
    let path = path.trim_matches('/');
    let leads_away = path.split('/').any(|part| matches!(part, "" | "." | ".."));
    (!leads_away).then(|| path.to_owned())
}
