"""Restrict this process, before it parses files of others: no network, no writing, bounded memory.

Linux only enforces all of it. The audit hook, and the limits of memory and file size, hold on every
POSIX system.
"""

import ctypes
import os
import sys
from pathlib import Path
from typing import Any

MEMORY_BYTES = 1 << 30
"""What a parser may allocate beyond what the process has when it is restricted."""

_FORBIDDEN = ("socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn")
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_ALL_FILE_ACCESS = {1: 13, 2: 14, 3: 15, 4: 15}
"""The number of kinds of file access by the version of Landlock; 16 since version 5."""
_ALL_TCP = 0b11
_NO_NEW_PRIVILEGES = 38
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000


def restrict() -> None:
    """Restrict this process for good."""
    sys.addaudithook(_refuse)
    _limit_resources()
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        _leave_network(libc)
        _forbid_files(libc)


def limit_cpu(seconds: int) -> None:
    """End this process when it has used this much more CPU time."""
    try:
        import resource
    except ImportError:  # Windows
        return
    used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used) + seconds, most))


def _refuse(event: str, _: tuple[Any, ...]) -> None:
    if event.startswith(_FORBIDDEN):
        raise PermissionError(f"a loader of files may not use {event}")


def _limit_resources() -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    _lower(resource.RLIMIT_FSIZE, 0)
    _lower(resource.RLIMIT_CORE, 0)
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        _lower(resource.RLIMIT_AS, pages * resource.getpagesize() + MEMORY_BYTES)


def _lower(kind: int, limit: int) -> None:
    import resource

    _, most = resource.getrlimit(kind)
    if most == resource.RLIM_INFINITY or limit <= most:
        resource.setrlimit(kind, (limit, limit))


def _leave_network(libc: ctypes.CDLL) -> None:
    """Enter a network namespace without interfaces, if this user may."""
    if libc.unshare(_NEW_NETWORK) != 0:
        libc.unshare(_NEW_USER | _NEW_NETWORK)


def _forbid_files(libc: ctypes.CDLL) -> None:
    """By Landlock, if the kernel has it: read only programs and libraries; connect to nothing."""
    version = libc.syscall(_CREATE_RULESET, None, 0, 1)
    if version < 1:
        return
    n_kinds = _ALL_FILE_ACCESS.get(version, 16)
    handled = (ctypes.c_uint64 * 2)((1 << n_kinds) - 1, _ALL_TCP)
    rules = libc.syscall(_CREATE_RULESET, ctypes.byref(handled), 8 if version < 4 else 16, 0)
    if rules < 0:
        return
    try:
        for folder in _readable():
            _allow_reading(libc, rules, folder)
        libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        libc.syscall(_RESTRICT_SELF, rules, 0)
    finally:
        os.close(rules)


def _readable() -> set[str]:
    """Return the folders and files of Python, its packages, and shared libraries."""
    system = ("/usr/lib", "/usr/lib64", "/usr/share/zoneinfo", "/lib", "/lib64", "/etc/ld.so.cache")
    paths = [*system, "/dev/urandom", sys.prefix, sys.base_prefix, *filter(None, sys.path)]
    return {str(Path(path).resolve()) for path in paths if Path(path).exists()}


def _allow_reading(libc: ctypes.CDLL, rules: int, path: str) -> None:
    class PathBeneath(ctypes.Structure):
        _pack_ = 1
        _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))

    allowed = _READ_FILE | (_READ_DIR if Path(path).is_dir() else 0)
    parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        libc.syscall(_ADD_RULE, rules, 1, ctypes.byref(PathBeneath(allowed, parent)), 0)
    finally:
        os.close(parent)
