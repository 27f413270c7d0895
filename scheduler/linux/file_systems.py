"""Which file system a path lies on: on some, locks are not dependable."""

from __future__ import annotations

from pathlib import Path


def file_system(path: Path) -> str:
    """The type of the file system that holds `path`, as /proc/self/mounts names it; empty if that cannot be read."""
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    best, kind = 0, ""
    real = str(path.resolve())
    for line in mounts:
        fields = line.split()
        point = fields[1].replace("\\040", " ")
        inside = real == point or real.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= best:
            best, kind = len(point), fields[2]
    return kind
