"""Wrong choices of options, and wrong option files, with the exact message that each earns."""

from __future__ import annotations

import pytest

from scheduler.errors import UserError
from scheduler.experiments import read

FILES = {
    "db/mysql.yaml": "port: 1\n",
    "db/sqlite.yaml": "port: 2\n",
    "db/broken.yaml": "a: [1\n",
    "db/list.yaml": "- 1\n",
    "db/grouped.yaml": "a: 1\nexperiment_group: x\n",
    "db/self.yaml": "defaults: [self]\n",
    "db/nested.yaml": "defaults: [engine: fast]\n",
    "db/lost.yaml": "port: 1\nhost: ${hots}\n",
    "db/not_a_number.yaml": "a: {b: .nan}\n",
    "db/deep.yaml": "a: " + "[" * 2_000,
}
OPTIONS = "broken, deep, grouped, list, lost, mysql, nested, not_a_number, self, sqlite"
BAD = {
    ("defaults: [{db: mysq}]",): 'experiments.yaml:1:12: the group "db" has no option "mysq"; did you mean "mysql"?',
    ("defaults: [{bd: mysql}]",): 'experiments.yaml:1:12: the group "bd" has no option "mysql"; make bd/mysql.yaml',
    ("defaults: [{db: 3}]",): "experiments.yaml:1:12: expected the name of an option, found 3; "
    "write the name of a file without its suffix",
    ("defaults: [{db: '???'}]",): 'experiments.yaml:1:12: an option of the group "db" must be chosen; '
    f"add db=OPTION to the command line: {OPTIONS}",
    (
        "defaults: [{db: ../x}]",
    ): 'experiments.yaml:1:12: "../x" is no name of a file beside this one; leave out dots, blanks and @',
    ("defaults: [{'db@a b': x}]",): 'experiments.yaml:1:12: "db@a b" is no group; '
    "write group, group@package, optional group or override group",
    (
        "defaults: [{db: mysql}, {db: sqlite}]",
    ): 'experiments.yaml:1:25: an option of "db" is chosen already; to change it, override db',
    ("defaults: [{override db: mysql}]",): 'experiments.yaml:1:12: no group "db" is in the defaults; leave out override',
    ("defaults: [{override db: mysql}, {db: sqlite}]",): "experiments.yaml:1:34: this stands behind an override; "
    "put overrides at the end of the list",
    ("defaults: [{db: '${model}'}]",): "experiments.yaml:1:12: ${model} names no chosen group; no group is chosen before it",
    ("defaults: [{db: mysql}]\nbase: {x: 1, db: sqlite}",): 'experiments.yaml:2:14: "db" is a config group; '
    "choose the option in defaults; base holds the values that are set in it",
    ("defaults: [{db: broken}]",): "db/broken.yaml:1:4: the file ends before this is complete; "
    "close the quote or bracket that is open",
    ("defaults: [{db: list}]",): "db/list.yaml:1:1: expected a mapping, found a list; write key: value",
    ("defaults: [{db: grouped}]",): 'db/grouped.yaml:2:1: "experiment_group" belongs to the whole file; '
    "it is said once, in the experiments file",
    ("defaults: [{db: self}]",): "db/self.yaml:1:12: these defaults lead back to themselves; break the circle",
    ("defaults: [{db: nested}]",): 'db/nested.yaml:1:12: the group "db/engine" has no option "fast"; make db/engine/fast.yaml',
    ("defaults: [{db: lost}]",): 'db/lost.yaml:2:7: ${hots}: there is no "hots" here; known are: db.port, db.host',
    ("defaults: [{db: not_a_number}]",): "db/not_a_number.yaml:1:8: nan is not a number that JSON can hold; "
    "write it as text, in quotes",
    ("defaults: [{db: deep}]",): "db/deep.yaml:1:103: nested deeper than 100 levels; flatten the file, or raise --max-depth",
    # choices of entries and axes
    ("defaults: [{db: mysql}]\nexperiments: [{}, {db: sqlit}]",): 'experiments.yaml:2:19: the group "db" has no option "sqlit"; '
    'did you mean "sqlite"?',
    ("defaults: [{db: mysql}]\ngrid: {db: [mysql, sqlit]}",): 'experiments.yaml:2:20: the group "db" has no option "sqlit"; '
    'did you mean "sqlite"?',
    ("defaults: [{db: mysql}]\nzip: {db: [mysql, sqlit], s: [1, 2]}",): 'experiments.yaml:2:19: the group "db" has no option '
    '"sqlit"; did you mean "sqlite"?',
    ("defaults: [{db: mysql}]\ngrid: {db: [mysql, {port: 3}]}",): 'experiments.yaml:2:12: "db" is a config group: its values '
    "are options and mappings at once; write option names alone, or mappings alone",
    ("defaults: [{db: mysql}]\ninclude: [{db: sqlit}]",): 'experiments.yaml:2:11: the group "db" has no option "sqlit"; '
    'did you mean "sqlite"?',
    ("defaults: [_self_]\nexperiments: [{db: mysql}]",): 'experiments.yaml:2:15: no group "db" is in the defaults; '
    "add it there, or on the command line with +db=OPTION",
    # the command line
    (
        "defaults: [{db: mysql}]",
        "db=sqlit",
    ): 'the override "db=sqlit": the group "db" has no option "sqlit"; did you mean "sqlite"?',
    ("defaults: [{db: mysql}]", "db/engine=x"): 'the override "db/engine=x": no group "db/engine" is in the defaults; '
    "add it there, or on the command line with +db/engine=OPTION",
    ("defaults: [_self_]", "db=mysql"): 'the override "db=mysql": no group "db" is in the defaults; '
    "add it there, or on the command line with +db=OPTION",
    ("defaults: [_self_]", "+db=sqlit"): 'the override "+db=sqlit": the group "db" has no option "sqlit"; did you mean "sqlite"?',
    ("defaults: [{db: mysql}]", "+db=sqlite"): 'the override "+db=sqlite": an option of "db" is chosen already; '
    "to change it, override db",
    ("defaults: [{db: mysql}]", "~db=sqlite"): 'the override "~db": the option chosen is "mysql"; write ~db',
    ("defaults: [_self_]", "~db"): 'the override "~db": no such group is in the defaults',
}


@pytest.mark.parametrize(("written", "expected"), BAD.items(), ids=lambda found: str(found)[:60])
def test_a_wrong_choice_is_told_where_and_what(tmp_path, written, expected):
    """With a tree of files, the first question is which of them."""
    for name, text in {**FILES, "experiments.yaml": written[0]}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    with pytest.raises(UserError) as caught:
        read(str(tmp_path / "experiments.yaml"), written[1:])
    assert str(caught.value).replace(f"{tmp_path}/", "") == expected
