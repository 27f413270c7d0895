"""Whether the code here is that of over there."""

from __future__ import annotations

import hashlib
from pathlib import Path

from scheduler.queue.checkout import checkout_of, look


def code_at(directory: str) -> tuple[str, str]:
    """The commit around a directory, and a digest of what git tracks there and nobody has committed; "" where there is none."""
    found = checkout_of(directory)
    if found is None:
        return "", ""
    checkout = look(*found)
    return checkout.commit, hashlib.sha256(checkout.patch).hexdigest() if checkout.patch else ""


def differs(directory: str, commit: str, changes: str) -> str:
    """Why jobs of that code cannot run here; "" where they can."""
    if not Path(directory).is_dir():
        return f"it has no {directory}: the working directory must be there under the same path, on a shared folder or as a copy"
    commit_here, changes_here = code_at(directory)
    if commit_here != commit:
        names = [each[:12] or "no commit" for each in (commit_here, commit)]
        return f"its {directory} is at {names[0]}, and that of here at {names[1]}: `git pull` there, or check the same commit out"
    if changes_here != changes:
        return f"its {directory} has other uncommitted changes than that of here: commit them, and pull there"
    return ""
