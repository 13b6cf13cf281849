using System;

namespace Example
{
    /// <summary>Downloads files with retries.</summary>
    public class Downloads
    {
        public int Tries { get; set; }

        /// <summary>Returns the content of a URL.</summary>
        [Obsolete]
        public byte[] RetryDownload(string url)
        {
            return null;
        }
    }
}
