#include <string>

namespace net {

/// Keeps downloads on disk.
template <typename T>
class Cache {
public:
    /// Returns a kept download.
    T find(const std::string &url) const;
};

// Returns the content of a URL.
std::string retry_download(const std::string &url) {
    return url;
}

}  // namespace net

int net::Cache<int>::find(const std::string &url) const {
    return 1;
}
