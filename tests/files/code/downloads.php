<?php
namespace Example;

/**
 * Keeps downloads on disk.
 */
class Cache
{
    /** Returns a kept download, or null. */
    public function find(string $url): ?string
    {
        return null;
    }
}

// Returns the content of a URL.
function retry_download(string $url): string
{
    return $url;
}
