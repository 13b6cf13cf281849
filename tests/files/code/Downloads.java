package example;

/** Downloads files with retries. */
public class Downloads {
    private static final int MAX_TRIES = 3;

    /**
     * Returns the content of a URL.
     */
    @Override
    public byte[] retryDownload(String url) {
        return null;
    }

    interface Store {
        // Returns a kept download.
        byte[] find(String url);
    }
}
