"""The files of a working tree that go to hosts: those that git tracks, and those that it neither tracks nor ignores."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from scheduler.errors import StateError, UserError
from scheduler.queue.checkout import checkout_of, names_kept
from scheduler.ssh.same_code import code_at, what_is_at
from scheduler.values import dataclass

LARGEST = 2 << 30  # bytes of all files: more is data, which git should ignore


@dataclass(frozen=True)
class Tree:
    """`directory`: where jobs start, in `root`; `files`: what is in each, by its name from the root."""

    root: str
    directory: str
    commit: str
    changes: str
    files: dict[str, str]


def tree_around(directory: str, home: Path) -> Tree:
    """UserError where there is no checkout with a commit, or too much in it; StateError where git does not tell. `home`: the
    state directory, which is no code wherever it lies."""
    found = checkout_of(directory)
    if found is None:
        raise UserError(
            f"--sync: {directory} is in no git checkout with a commit, which says what is code",
            next_step="`git init`, have .gitignore name what is data, `git add .` and `git commit`",
        )
    try:
        paths = {name: path for name, path in _paths(Path(found[0])) if not path.is_relative_to(home)}
        _refuse_too_much(paths)
        files = {name: what for name, path in paths.items() if (what := what_is_at(path))}
    except OSError as error:
        raise StateError(f"--sync: {error}", next_step="see what `git status` says there") from error
    return Tree(found[0], directory, *code_at(directory), files)


def _paths(root: Path, before: str = "") -> Iterator[tuple[str, Path]]:
    """With those of checkouts within: submodules, and others that git does not ignore. One that is deleted may be among them."""
    for name in names_kept(str(root)):
        path = root / name
        if path.is_symlink() or not path.is_dir():
            yield before + name, path
        elif (path / ".git").exists():
            yield from _paths(path, f"{before}{name.rstrip('/')}/")


def _refuse_too_much(paths: dict[str, Path]) -> None:
    sizes = {name: path.lstat().st_size for name, path in paths.items() if path.is_symlink() or path.exists()}
    if sum(sizes.values()) > LARGEST:
        largest = ", ".join(sorted(sizes, key=lambda name: -sizes[name])[:3])
        raise UserError(
            f"--sync: {sum(sizes.values()) / 2**30:.1f} GiB would go to each host, above all {largest}",
            next_step="have .gitignore name what is data, and copy that yourself",
        )
