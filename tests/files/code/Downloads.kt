package example

const val MAX_TRIES = 3

/** Keeps downloads on disk. */
class Cache(private val size: Int) {
    /** Returns a kept download, or null. */
    fun find(url: String): ByteArray? {
        return null
    }
}

// Returns the content of a URL.
fun retryDownload(url: String): ByteArray = ByteArray(0)
