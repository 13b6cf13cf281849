/* Counts the system calls that change what lies below a folder, and fails one of them.

   Loaded with LD_PRELOAD. It does nothing until fault_arm is called, or until the process starts
   with FAULT_FOLDER, FAULT_AT and FAULT_ERROR set. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define HALF_WRITTEN (-1)

static char folder[PATH_MAX];
static long fail_at;
static int fail_with;
static atomic_long n_calls;
static char failed_call[64];

/* Begin counting calls on paths that have `below` in them; fail the `at`-th (0: none) with
   `error`: an errno, or HALF_WRITTEN for a write that writes half and says so. */
void fault_arm(const char *below, long at, int error) {
    atomic_store(&n_calls, 0);
    failed_call[0] = 0;
    fail_at = at;
    fail_with = error;
    snprintf(folder, sizeof folder, "%s", below);
}

long fault_count(void) { return atomic_load(&n_calls); }
const char *fault_call(void) { return failed_call; }

__attribute__((constructor)) static void arm_from_environment(void) {
    const char *below = getenv("FAULT_FOLDER"), *at = getenv("FAULT_AT"),
               *error = getenv("FAULT_ERROR");
    if (below && at && error) fault_arm(below, atol(at), atoi(error));
}

static int struck(const char *name, const char *path) {
    if (!folder[0] || !path || !strstr(path, folder)) return 0;
    if (atomic_fetch_add(&n_calls, 1) + 1 != fail_at) return 0;
    snprintf(failed_call, sizeof failed_call, "%s", name);
    return 1;
}

static int struck_fd(const char *name, int fd) {
    char link[64], path[PATH_MAX];
    if (!folder[0]) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0) return 0;
    path[n] = 0;
    return struck(name, path);
}

/* A relative path counts if it, or the folder it is relative to, lies below. */
static int struck_at(const char *name, int fd, const char *path) {
    if (path && path[0] != '/' && fd != AT_FDCWD) return struck_fd(name, fd);
    return struck(name, path);
}

static int failure(void) {
    errno = fail_with == HALF_WRITTEN ? EIO : fail_with;
    return -1;
}

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void *bytes, size_t n) {
    REAL(ssize_t, write, int, const void *, size_t);
    if (!struck_fd("write", fd)) return real(fd, bytes, n);
    return fail_with == HALF_WRITTEN ? real(fd, bytes, (n + 1) / 2) : failure();
}

#define PWRITE(name, offset_type) \
    ssize_t name(int fd, const void *bytes, size_t n, offset_type offset) { \
        REAL(ssize_t, name, int, const void *, size_t, offset_type); \
        if (!struck_fd("pwrite", fd)) return real(fd, bytes, n, offset); \
        return fail_with == HALF_WRITTEN ? real(fd, bytes, (n + 1) / 2, offset) : failure(); \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define ON_DESCRIPTOR(name) \
    int name(int fd) { \
        REAL(int, name, int); \
        return struck_fd(#name, fd) ? failure() : real(fd); \
    }
ON_DESCRIPTOR(fsync)
ON_DESCRIPTOR(fdatasync)

#define TRUNCATE(name, length_type) \
    int name(int fd, length_type length) { \
        REAL(int, name, int, length_type); \
        return struck_fd("ftruncate", fd) ? failure() : real(fd, length); \
    }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

#define ON_PATH(name) \
    int name(const char *path) { \
        REAL(int, name, const char *); \
        return struck(#name, path) ? failure() : real(path); \
    }
ON_PATH(unlink)
ON_PATH(rmdir)

#define ON_TWO_PATHS(name) \
    int name(const char *from, const char *to) { \
        REAL(int, name, const char *, const char *); \
        return struck(#name, to) ? failure() : real(from, to); \
    }
ON_TWO_PATHS(rename)
ON_TWO_PATHS(link)

int mkdir(const char *path, mode_t mode) {
    REAL(int, mkdir, const char *, mode_t);
    return struck("mkdir", path) ? failure() : real(path, mode);
}

int mkdirat(int fd, const char *path, mode_t mode) {
    REAL(int, mkdirat, int, const char *, mode_t);
    return struck_at("mkdir", fd, path) ? failure() : real(fd, path, mode);
}

int unlinkat(int fd, const char *path, int flags) {
    REAL(int, unlinkat, int, const char *, int);
    return struck_at("unlink", fd, path) ? failure() : real(fd, path, flags);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to) {
    REAL(int, renameat, int, const char *, int, const char *);
    return struck_at("rename", to_fd, to) ? failure() : real(from_fd, from, to_fd, to);
}

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags) {
    REAL(int, linkat, int, const char *, int, const char *, int);
    return struck_at("link", to_fd, to) ? failure() : real(from_fd, from, to_fd, to, flags);
}

ssize_t sendfile64(int to, int from, off64_t *offset, size_t n) {
    REAL(ssize_t, sendfile64, int, int, off64_t *, size_t);
    return struck_fd("sendfile", to) ? failure() : real(to, from, offset, n);
}

ssize_t sendfile(int to, int from, off_t *offset, size_t n) {
    REAL(ssize_t, sendfile, int, int, off_t *, size_t);
    return struck_fd("sendfile", to) ? failure() : real(to, from, offset, n);
}
