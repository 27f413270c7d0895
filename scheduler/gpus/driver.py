"""Whether this machine has an NVIDIA driver at all, found out in less than a millisecond and without loading its
library."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from scheduler.linux.inotify import IN_ATTRIB, IN_CREATE, IN_MOVED_TO, FolderWatch

LIBRARY = "libnvidia-ml.so.1"
# The kernel driver (devices, /proc), WSL's stand-in (/dev/dxg), Tegra's devices, NixOS's driver directory.
DRIVER_TRACES = (
    "/dev/nvidiactl",
    "/proc/driver/nvidia/version",
    "/dev/dxg",
    "/usr/lib/wsl/lib",
    "/dev/nvmap",
    "/dev/nvhost-gpu",
)
DEVICES = Path("/dev")
LIBRARY_FOLDERS = ("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/local/lib", "/run/opengl-driver/lib")


def driver_in_kernel() -> bool:
    """Whether the kernel shows an NVIDIA driver, whatever libraries are installed."""
    return any(Path(trace).exists() for trace in DRIVER_TRACES[:2])


def surely_no_driver(environment: Mapping[str, str] = os.environ) -> bool:
    """True only if there is no trace of a driver and no place where the loader could find its library.

    False is no promise of a GPU: then the sampler must ask the library itself.
    """
    if any(Path(trace).exists() for trace in DRIVER_TRACES) or "nvidia" in environment.get("LD_PRELOAD", ""):
        return False
    return not _in_loader_cache() and not any((folder / LIBRARY).exists() for folder in _folders(environment))


def places(environment: Mapping[str, str] = os.environ) -> tuple[Path, ...]:
    """The folders, of those that exist, where a driver shows first that comes later: its devices, the loader's cache, its
    library."""
    found = (DEVICES, Path("/etc"), *_folders(environment))
    return tuple(dict.fromkeys(folder for folder in found if folder.is_dir()))


def watch_for_driver(environment: Mapping[str, str] = os.environ) -> FolderWatch:
    """Readable when something has come to one of the `places`, or may be used there that could not be before. Nothing is told of
    mere writing: every program writes to /dev/null."""
    return FolderWatch(IN_CREATE | IN_MOVED_TO | IN_ATTRIB, *places(environment))


def _in_loader_cache() -> bool:
    """Whether ldconfig's cache names the library (ld.so.cache(8) holds the names as plain text)."""
    try:
        return LIBRARY.encode() in Path("/etc/ld.so.cache").read_bytes()
    except FileNotFoundError:  # musl has no cache: its folders are in LIBRARY_FOLDERS
        return False
    except OSError:
        return True


def _folders(environment: Mapping[str, str]) -> Iterator[Path]:
    for folder in environment.get("LD_LIBRARY_PATH", "").split(":"):
        if folder:
            yield Path(folder)
    yield Path(sys.prefix, "lib")
    yield Path(sys.base_prefix, "lib")
    yield from map(Path, LIBRARY_FOLDERS)
