"""What tells jobs apart, in as many columns as there are: values first, then as much of their keys as fits. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice

from scheduler.experiments import differences, shell_line
from scheduler.experiments.configurations.configurations import flat
from scheduler.queue.job import Job
from scheduler.report.apart import apart
from scheduler.report.text import cells, safe

WIDTH = 60  # columns of a label where nobody says how many there are
COMPARED = 10_000  # jobs among which differences are looked for
MISSING = object()
NOTHING = "-"  # where a job has no such key, and there is no room for the others'
LINE = "command"  # the one key of a job of a list of command lines: the line speaks for itself
_ENCODED = json.JSONEncoder(default=repr, sort_keys=True, ensure_ascii=False).encode
_ABSENT = _ENCODED(MISSING)
_LONGEST = 4096  # characters of one value that are looked at for a label
# How much of each key and of each value is shown, the most first; None: all, 0: no keys at all.
_FORMS: tuple[tuple[int | None, int | None], ...] = (
    *((None, None), (16, None), (16, 24), (8, 24), (8, 16), (4, 16)),
    *((0, 24), (0, 16), (0, 10), (0, 6)),
)

Values = Sequence[str | None]


class Labels(Mapping[str, str]):
    """Labels by the ids of jobs: `network=mlp lr=0.001`, in at most WIDTH columns or, with `at`, in any other number.

    No label is empty: a job that no key tells from the others, or that has none, is called by its whole configuration or by its
    command. Labels do not depend on the order of the jobs, and different jobs of one group have different labels. Of more than
    COMPARED jobs, they say what tells the first ones apart.
    """

    def __init__(self, jobs: Iterable[Job]) -> None:
        rest = iter(jobs)
        first = list(islice(rest, COMPARED))
        configs = [job.config for job in first]
        flats = [flat(config) for config in configs]
        paths = _ordered(flats)
        differing = set(differences(configs))
        keys = telling(flats, [key for key in paths if key in differing]) or paths
        rows = [[each.get(key, MISSING) for key in keys] for each in flats]
        self._ids, self._more = [job.id for job in first], [_name(job, row) for job, row in zip(first, rows, strict=True)]
        for job in rest:  # looked at once and not kept: there may be hundreds of thousands
            config = flat(job.config)
            rows.append([config.get(key, MISSING) for key in keys])
            self._ids.append(job.id)
            self._more.append(_name(job, rows[-1]))
        self._short = _short(keys, paths)
        self._columns = [_texts(column) for column in zip(*rows, strict=True)]
        self._more[: len(first)] = _more(first, self._form(None, None, self._more), self._more)

    def at(self, width: int) -> dict[str, str]:
        """The labels in at most `width` columns of a terminal."""
        return dict(zip(self._ids, self._at(width), strict=True))

    @cached_property
    def _usual(self) -> dict[str, str]:
        return self.at(WIDTH)

    def __getitem__(self, job: str) -> str:
        return self._usual[job]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(self._ids))

    def __len__(self) -> int:
        return len(set(self._ids))

    def _at(self, width: int) -> list[str]:
        whole = self._form(None, None, self._more)
        if all(cells(label) <= width for label in whole):
            return whole
        different = len(set(whole))
        more = apart(self._more, width if not self._columns else width // 2)
        for keys, values in _FORMS if different > 1 else ():
            found = self._form(keys, values, more)
            if all(cells(label) <= width for label in found) and len(set(found)) == different:
                return found
        return apart(whole, width)

    def _form(self, keys: int | None, values: int | None, more: Sequence[str]) -> list[str]:
        names = self._short if not keys else apart(self._short, keys)
        columns = [_shortened(column, values) for column in self._columns]
        rows: Iterable[Values] = zip(*columns, strict=True) if columns else [()] * len(self._ids)
        if keys == 0 or self._short == [LINE]:
            return [_bare(row, rest) for row, rest in zip(rows, more, strict=True)]
        return [_label(names, row, rest) for row, rest in zip(rows, more, strict=True)]


def _label(names: Sequence[str], values: Values, more: str) -> str:
    named = [f"{name}={value}" for name, value in zip(names, values, strict=True) if value is not None]
    return " ".join([*named, more] if more else named)


def _bare(values: Values, more: str) -> str:
    """Values without their keys, each in its place."""
    known = any(value is not None for value in values)
    return " ".join([*(value or NOTHING for value in values if known), *([more] if more else [])])


def telling(flats: Sequence[Mapping[str, object]], keys: Sequence[str]) -> list[str]:
    """The few of `keys`, in their order, that are enough to tell apart configurations, which are given flat.

    Where the network decides the model and the data set as well, the network alone is shown. Keys that every configuration
    has come first, so that no label is empty.
    """
    columns = {key: [_json(each.get(key, MISSING)) for each in flats] for key in keys}
    everywhere = {key for key, column in columns.items() if _ABSENT not in column}
    chosen: list[str] = []
    seen = [""] * len(flats)
    wanted = len(set(zip(*columns.values(), strict=True)))
    while len(set(seen)) < wanted:
        best = max(columns, key=lambda key: (key in everywhere, len(set(zip(seen, columns[key], strict=True)))))
        before = set(seen)
        told = [f"{label}\n{value}" for label, value in zip(seen, columns.pop(best), strict=True)]
        everywhere.discard(best)
        if len(set(told)) > len(before):
            chosen.append(best)
            seen = told
    return [key for key in keys if key in chosen]


def _ordered(flats: Sequence[Mapping[str, object]]) -> list[str]:
    """All dotted keys, by the first place of each in any configuration: the order of the configurations does not count."""
    places: dict[str, int] = {}
    for each in flats:
        for place, name in enumerate(each):
            places[name] = min(place, places.get(name, place))
    return sorted(places, key=lambda name: (places[name], name))


def _short(keys: Sequence[str], known: Sequence[str]) -> list[str]:
    """Each key without the parts before its last that no other key needs."""
    ends = Counter(end for key in known for end in _ends(key))
    return [safe(next((end for end in _ends(key) if ends[end] == 1), key)) for key in keys]


def _ends(key: str) -> list[str]:
    """`c`, `b.c`, `a.b.c`."""
    parts = key.split(".")
    return [".".join(parts[start:]) for start in range(len(parts) - 1, -1, -1)]


def _texts(values: Sequence[object]) -> list[str | None]:
    """Values for people; where the text "1" would look like the number, texts stand in quotes."""
    shown = {_json(value): _text(value) for value in values if value is not MISSING}
    if len(set(shown.values())) < len(shown):
        shown = {each: safe(each) for each in shown}
    return [None if value is MISSING else shown[_json(value)] for value in values]


def _text(value: object) -> str:
    return safe(value[:_LONGEST]) if isinstance(value, str) and value else safe(_json(value))


def _json(value: object) -> str:
    return _ENCODED(value)


def _shortened(column: Values, width: int | None) -> Values:
    if width is None:
        return column
    texts = [text for text in column if text is not None]
    shown = dict(zip(texts, apart(texts, width), strict=True))
    return [None if text is None else shown[text] for text in column]


def _more(jobs: Sequence[Job], named: Sequence[str], before: Sequence[str]) -> list[str]:
    """What is said of each job beside its values: what is in `before`, and what tells it from another of its group whose label in
    `named` is the same."""
    labels, more = list(named[: len(jobs)]), list(before[: len(jobs)])
    for what in (_words, _directories, _contents):
        alike: dict[object, list[int]] = {}
        for place, (label, job) in enumerate(zip(labels, jobs, strict=True)):
            alike.setdefault((label, job.group), []).append(place)
        for places in alike.values():
            said = what([jobs[place] for place in places]) if len(places) > 1 else []
            for place, each in zip(places, said, strict=False) if len(set(said)) > 1 else ():
                labels[place], more[place] = f"{labels[place]} {each}".strip(), f"{more[place]} {each}".strip()
    return more


def _name(job: Job, values: Sequence[object]) -> str:
    """The command of a job that has no value to be called by; otherwise nothing."""
    return "" if any(value is not MISSING for value in values) else _command(job)


def _command(job: Job) -> str:
    return safe(shell_line(_typed(job))[:_LONGEST])


def _typed(job: Job) -> Sequence[str]:
    """Of a seat the names of its run: its own command is ours."""
    return job.argv[5:] if job.is_seat else job.argv


def _words(jobs: Sequence[Job]) -> list[str]:
    """Of their commands the few words that tell them apart, short ones before long ones; where no words do, the whole."""
    whole = list(map(_command, jobs))
    words: dict[str, set[str | None]] = {}
    commands = [_by_name(_typed(job)) for job in jobs]
    for name in dict.fromkeys(name for each in commands for name in each):
        words[name] = {each.get(name) for each in commands}
    differing = [name for name, several in words.items() if len(several) > 1]
    longest = {name: max(len(word or "") for word in words[name]) for name in differing}
    chosen = set(telling(commands, sorted(differing, key=lambda name: (longest[name], name))))
    told = [safe(shell_line([word for name, word in each.items() if name in chosen])[:_LONGEST]) for each in commands]
    return told if len(set(told)) == len(set(whole)) else whole


def _by_name(words: Sequence[str]) -> dict[str, str]:
    """Each word of a command by what stands before its `=`, or by its place."""
    found: dict[str, str] = {}
    for place, word in enumerate(words):
        name, is_named, _ = word.partition("=")
        found.setdefault(name if is_named else str(place), word)
    return found


def _directories(jobs: Sequence[Job]) -> list[str]:
    return [safe(job.cwd) for job in jobs]


def _contents(jobs: Sequence[Job]) -> list[str]:
    from hashlib import sha256  # with OpenSSL, for jobs that nothing else tells apart

    return ["#" + sha256(job.arguments.encode("utf-8", "surrogatepass")).hexdigest()[:8] for job in jobs]
