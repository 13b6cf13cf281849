// Package downloads gets files with retries.
package downloads

const maxTries = 3

// Cache keeps downloads on disk.
type Cache struct {
	size int
}

// Find returns a kept download.
func (c *Cache) Find(url string) []byte {
	return nil
}

// RetryDownload returns the content of a URL.
func RetryDownload(url string) ([]byte, error) {
	return nil, nil
}
