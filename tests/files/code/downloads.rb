# Downloads files with retries.
module Downloads
  MAX_TRIES = 3

  # Keeps downloads on disk.
  class Cache
    # Returns a kept download, or nil.
    def find(url)
      nil
    end
  end

  # Returns the content of a URL.
  def self.retry_download(url)
    url
  end
end
