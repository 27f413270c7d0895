"""The jobs that a filter leaves: in SQL what the queue has a column for, in Python what only configurations and logs say."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence

from scheduler.errors import UserError, closest, nearest
from scheduler.experiments.configurations.configurations import flat
from scheduler.queue.chosen import Chosen, joined, of_numbers
from scheduler.queue.filter_rows import PREFIXES, UNLOGGED, Row, logged_name, parameter_of, rows_of
from scheduler.queue.filters import (
    ORDER,
    Both,
    Comparison,
    Not,
    Tree,
    Word,
    leaves,
    number_of,
    parse,
    seconds_of,
    verdict,
    wrong,
)
from scheduler.queue.job import Job
from scheduler.queue.names import STATES
from scheduler.queue.store import Store
from scheduler.tracking.logged import Logged
from scheduler.values import dataclass

SAMPLE = 200  # newest jobs whose logs are read to know which names there are
NAMED = 12  # names that an error lists
_LATEST = "(SELECT {} FROM attempt WHERE attempt.job = job.id AND attempt.number = job.attempts)"
_NOW = "((julianday('now') - 2440587.5) * 86400)"
_AGE = f"({_NOW} - submitted)"
NUMBERS = {
    "number": "number",
    "attempts": "attempts",
    "failures": "failures",
    "priority": "priority",
    "gpus": "coalesce(json_extract(resources, '$.gpus'), 0)",
    "exit_status": _LATEST.format("exit_status"),
    "duration": _LATEST.format(f"coalesce(duration, {_NOW} - started)"),
    "age": _AGE,
    "submitted": _AGE,
}
SECONDS = ("duration", "age", "submitted")
TEXTS = {
    "group": "group_name",
    "id": "id",
    "file": "file",
    "note": "nullif(note, '')",
    "tag": "nullif(tags, '')",
    "state": "state",
}
ALIKE = {"tags": "tag", "experiment_group": "group", "attempt": "attempts", "status": "state", "jobs": "number", "job": "number"}
WORDS = {"state": "", "tag": "tag:", "group": "group:"}  # what `=` says as a word of its own does, by an index
FIELDS = (*NUMBERS, *TEXTS, "name")

EVERY = Chosen("1")

Choose = Callable[[str], Chosen]


def filtered(store: Store, text: str, choose: Choose) -> Chosen:
    """The jobs for which the filter `text` holds; `choose`: which a word names. UserError, with its place, for what is wrong in
    the filter, and for a name that no job has."""
    return _Filter(store, text, choose).chosen(parse(text))


def fields_of(store: Store, limit: int) -> list[str]:
    """The names by which the newest so many jobs can be filtered: fields, and their parameters."""
    rows = store.read("SELECT arguments FROM job ORDER BY number DESC LIMIT ?", (limit,))
    return list(dict.fromkeys([*(name for row in rows for name in flat(json.loads(row[0]))), *FIELDS]))


@dataclass(frozen=True)
class _Filter:
    """One filter on its way to the jobs."""

    store: Store
    text: str
    choose: Choose

    def chosen(self, tree: Tree) -> Chosen:
        """In SQL, if it can be; else in Python those that SQL leaves."""
        if (whole := self._sql(tree)) is not None:
            return whole
        parts = [(part, self._sql(part)) for part in (tree.of if isinstance(tree, Both) else (tree,))]
        known = [found for _, found in parts if found is not None]
        rest = tuple(part for part, found in parts if found is None)
        return of_numbers(self._by_values(Both(rest), joined(known, "AND") if known else EVERY))

    def _sql(self, tree: Tree) -> Chosen | None:
        """The tree as a condition; None where it asks for what only Python reads."""
        if isinstance(tree, Word):
            return self._word(tree)
        if isinstance(tree, Comparison):
            return self._column(tree)
        if isinstance(tree, Not):
            inner = self._sql(tree.of)
            return inner and Chosen(f"NOT ({inner.where})", inner.parameters)
        parts = [self._sql(part) for part in tree.of]
        found = [part for part in parts if part is not None]
        return joined(found, "AND" if isinstance(tree, Both) else "OR") if len(found) == len(parts) else None

    def _word(self, word: Word) -> Chosen:
        try:
            return self.choose(word.text)
        except UserError as error:
            raise wrong(self.text, word.at, error.what, error.next_step) from None

    def _column(self, asked: Comparison) -> Chosen | None:
        name = ALIKE.get(asked.name, asked.name)
        if name in NUMBERS:
            return self._number(asked, name)
        return self._text(asked, name) if name in TEXTS else None

    def _number(self, asked: Comparison, name: str) -> Chosen:
        bound = seconds_of(asked.value) if name in SECONDS else number_of(asked.value)
        if bound is None or asked.operator not in (*ORDER, "=", "!="):
            what = "a number or a duration such as 1h30" if name in SECONDS else "a number"
            raise wrong(
                self.text, asked.value_at, f'{name} is {what}, and is compared by < <= > >= = !=, not with "{asked.value}"'
            )
        return Chosen(f"coalesce({NUMBERS[name]} {asked.operator} ?, 0)", (bound,))

    def _text(self, asked: Comparison, name: str) -> Chosen:
        if asked.operator in ORDER:
            raise wrong(self.text, asked.at, f"{name} is a text, which has no order", "compare it by = != ~ !~")
        negated = asked.operator.startswith("!")
        if name in WORDS and asked.operator in ("=", "!="):
            found = self._word(Word(f"{WORDS[name]}{self._state(asked) if name == 'state' else asked.value}", asked.value_at))
            return Chosen(f"NOT coalesce(({found.where}), 0)", found.parameters) if negated else found
        how = f"instr(lower({TEXTS[name]}), lower(?)) > 0" if "~" in asked.operator else f"{TEXTS[name]} = ?"
        return Chosen(f"coalesce({'NOT ' * negated}({how}), 0)", (asked.value,))

    def _state(self, asked: Comparison) -> str:
        if asked.value.lower() not in STATES:
            raise wrong(self.text, asked.value_at, f'no job can be "{asked.value}"', nearest(asked.value, STATES))
        return asked.value.lower()

    def _by_values(self, tree: Tree, among: Chosen) -> list[int]:
        """The numbers of the jobs for which the tree holds, by what they say of themselves."""
        said = {leaf: self._sql(leaf) for leaf in leaves(tree)}
        known = {leaf: set(self.store.numbers(found.where, found.parameters)) for leaf, found in said.items() if found}
        asked = [leaf for leaf, found in said.items() if isinstance(leaf, Comparison) and found is None]
        parameters = {name for name in map(parameter_of, asked) if name}
        rows = list(rows_of(self.store, among, parameters))
        mine = {name for row in rows for name in row.config} | self._elsewhere(parameters, rows)
        self._refuse_parameters(asked, mine)
        found: list[int] = []
        unsure: list[Row] = []
        for row in rows:
            answer = verdict(tree, row.judge(known, mine))
            if answer is None:
                unsure.append(row)
            elif answer:
                found.append(row.number)
        return sorted([*found, *self._by_logs(tree, unsure, known, mine, asked)])

    def _elsewhere(self, names: set[str], rows: Sequence[Row]) -> set[str]:
        """Those of the names that are parameters of jobs which other parts of the filter have left out."""
        found = set()
        for name in names - {name for row in rows for name in row.config}:
            like = Chosen("instr(arguments, ?) > 0", (f'{name.rpartition(".")[2]}"' if name.isascii() else "",))
            if any(name in row.config for row in rows_of(self.store, like, {name})):
                found.add(name)
        return found

    def _refuse_parameters(self, asked: Iterable[Comparison], mine: set[str]) -> None:
        for each in asked:
            if each.name.startswith("config.") and each.name.removeprefix("config.") not in mine:
                raise self._unknown(each, ())

    def _by_logs(
        self,
        tree: Tree,
        rows: Sequence[Row],
        known: Mapping[Word | Comparison, set[int]],
        mine: set[str],
        asked: Iterable[Comparison],
    ) -> list[int]:
        """The same for those where it hangs on what they have logged."""
        logged = [each for each in asked if logged_name(each.name) and each.name not in mine and each.name != "name"]
        summaries = self.store.summaries(self.store.by_numbers(row.number for row in rows)) if rows else {}
        self._refuse_unknown(logged, summaries)
        for row in rows:
            row.logged = summaries.get(row.job, UNLOGGED)
        return [row.number for row in rows if verdict(tree, row.judge(known, mine))]

    def _refuse_unknown(self, asked: Sequence[Comparison], summaries: Mapping[str, Logged]) -> None:
        seen = {name for each in summaries.values() for name in each.last}
        missing = [each for each in asked if logged_name(each.name) not in seen]
        if not missing:
            return
        sample: Sequence[Job] = self.store.jobs("attempts > 0", limit=SAMPLE, newest=True)
        seen |= {name for each in self.store.summaries(sample).values() for name in each.last}
        for each in missing:
            if logged_name(each.name) not in seen:
                raise self._unknown(each, sorted(seen))

    def _unknown(self, asked: Comparison, logged: Sequence[str]) -> UserError:
        names = list(dict.fromkeys([*logged, *fields_of(self.store, SAMPLE)]))
        prefix, _, plain = asked.name.partition(".")
        near = closest(asked.name, names) or (closest(plain, names) if prefix in PREFIXES else None)
        listed = f"known are: {', '.join(names[:NAMED])}{', ...' * (len(names) > NAMED)}"
        return wrong(self.text, asked.at, f'no job has "{asked.name}"', f'did you mean "{near}"?' if near else listed)
