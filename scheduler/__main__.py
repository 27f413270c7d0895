"""`python -m scheduler` is `exp-queue`, where its folder of commands is not on the PATH."""

from __future__ import annotations

from scheduler.cli.main import main

if __name__ == "__main__":
    main()
