"""The libraries that some ways of searching need, asked for only when they are used."""

from __future__ import annotations

from importlib.util import find_spec

from scheduler.errors import UserError


def need(user: str, *libraries: str) -> None:
    """Raises UserError, naming what to install, unless all the libraries are there. Imports none of them."""
    missing = [library for library in libraries if find_spec(library) is None]
    if missing:
        what = f"{user} needs {' and '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed"
        others = f", then pip install {' '.join(missing)} if it still asks" if missing != ["optuna"] else ""
        raise UserError(what, next_step=f"pip install 'exp-queue[sweeps]'{others}; the methods grid and random need nothing")
