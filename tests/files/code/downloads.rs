//! Download files with retries.

const MAX_TRIES: u32 = 3;

/// Keeps downloads on disk.
#[derive(Debug)]
pub struct Cache {
    size: u32,
}

impl Cache {
    /// Returns a kept download.
    pub fn find(&self, url: &str) -> Option<Vec<u8>> {
        None
    }
}

/// Returns the content of a URL.
pub fn retry_download(url: &str) -> Vec<u8> {
    vec![]
}
