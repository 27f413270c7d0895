"""Lets a script that calls `swanlab.login()` go on where there is no account: what it logs is kept offline.

Python imports a `sitecustomize` when it starts, the first that it finds; the one that it would have found without us is run
too. It belongs to the job's interpreter, whichever that is: nothing of ours is imported here, and nothing may fail.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 (at the start of every Python: pathlib is slow)
SENTENCE = "exp-queue: there is no SwanLab account here, so swanlab.login() does nothing and the run is logged offline"


class _Finder:
    """Finds `swanlab` as Python would, and changes its `login` once it is imported."""

    def find_spec(self, name, path=None, target=None):
        if name != "swanlab":
            return None
        sys.meta_path.remove(self)
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec and spec.loader:
            _after(spec.loader)
        return spec


def _after(loader) -> None:
    run = loader.exec_module

    def exec_module(module) -> None:
        run(module)
        login = getattr(module, "login", None)
        if login:
            module.login = _forgiving(login)

    loader.exec_module = exec_module


def _forgiving(login):
    def forgiving(*arguments, **options):
        try:
            return login(*arguments, **options)
        except Exception as error:
            if arguments or options.get("api_key") or type(error).__name__ != "AuthenticationError":
                raise
            sys.stderr.write(SENTENCE + "\n")
            return False

    return forgiving


def _run_the_other() -> None:
    """The `sitecustomize` that stands behind ours."""
    others = [path for path in sys.path if os.path.abspath(path or ".") != HERE]  # noqa: PTH100
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", others)
    if spec and spec.loader:
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)


if os.environ.get("SWANLAB_MODE") in ("offline", "local"):
    sys.meta_path.insert(0, _Finder())
_run_the_other()
