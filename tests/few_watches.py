"""A Python that gets fewer inotify watches of the kernel than it asks for: other programs of the user may have taken all."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from tests.conftest import user_environment


def limited(script: str, limit: str, most: int) -> subprocess.CompletedProcess[str]:
    """What becomes of a script that may have at most so many of `limit`, `inotify_instances` or `inotify_watches`: those are
    counted in a user namespace of its own. The test is skipped where there are none."""
    if not shutil.which("unshare"):
        pytest.skip("the program unshare is not installed")
    shell = 'echo "$2" > "/proc/sys/user/max_$1" || exit 77; exec "$3" -c "$0"'
    command = ["unshare", "-Ur", "sh", "-c", shell, script, limit, str(most), sys.executable]
    result = subprocess.run(command, env=user_environment(), capture_output=True, text=True, timeout=60)
    if result.returncode == 77 or result.stderr.startswith("unshare:"):  # in many containers /proc/sys is read-only
        pytest.skip(f"no user namespaces here, or no limits for them: {result.stderr.strip()}")
    return result
