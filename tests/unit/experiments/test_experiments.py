"""From a file to its experiments: order, groups, ids, resources, policy and overrides."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scheduler.errors import UserError
from scheduler.experiments import Policy, Resources, read, shell_line

SAMPLE = Path(__file__).resolve().parents[3] / "experiments" / "sample.json"

GROUP = '"experiment_group": "Sample Experiments 2"'
COMMON = '"dataset": "EmnistDataset", "model": "CharacterModel"'
GOLDEN = [
    f"""python training/run_experiment.py --gpu=-1 '{{{COMMON}, "network": "mlp", "network_args": {{"num_layers": 2}}, """
    f""""train_args": {{"batch_size": 256}}, {GROUP}}}'""",
    f"""python training/run_experiment.py --gpu=-1 '{{{COMMON}, "network": "mlp", "network_args": {{"num_layers": 4}}, """
    f""""train_args": {{"batch_size": 256}}, {GROUP}}}'""",
    f"""python training/run_experiment.py --gpu=-1 '{{{COMMON}, "network": "lenet", """
    f""""train_args": {{"batch_size": 256}}, {GROUP}}}'""",
]
CHARACTERS = {"dataset": "EmnistDataset", "model": "CharacterModel"}
LAB = {
    "experiment_group": "Sample Experiments 2",
    "experiments": [
        {**CHARACTERS, "network": "mlp", "network_args": {"num_layers": 2}, "train_args": {"batch_size": 256}},
        {**CHARACTERS, "network": "mlp", "network_args": {"num_layers": 4}, "train_args": {"batch_size": 256}},
        {**CHARACTERS, "network": "lenet", "train_args": {"batch_size": 256}},
    ],
}


@pytest.fixture
def plan(tmp_path):
    """Read a YAML text (or JSON, with the suffix) as a file."""

    def reader(text, *overrides, suffix=".yaml", program=None):
        path = tmp_path / f"experiments{suffix}"
        path.write_text(text if isinstance(text, str) else json.dumps(text))
        return read(str(path), overrides, program=program)

    return reader


def arguments(plan) -> list[str]:
    return [experiment.arguments for experiment in plan.experiments()]


def configs(plan) -> list[dict]:
    return [experiment.config for experiment in plan.experiments()]


@pytest.mark.parametrize("suffix", [".json", ".yaml"])
def test_the_labs_file_gives_the_labs_lines(plan, suffix):
    """Years of scripts and notes hold exactly these lines."""
    found = plan(LAB, suffix=suffix, program="python training/run_experiment.py").experiments()
    assert [shell_line(experiment.argv) for experiment in found] == GOLDEN


def test_the_shipped_sample_gives_the_labs_lines():
    """The file that newcomers try first."""
    if not SAMPLE.exists():
        pytest.skip(f"{SAMPLE} is not in this checkout")
    found = read(str(SAMPLE), program="python training/run_experiment.py").experiments()
    assert [shell_line(experiment.argv) for experiment in found] == GOLDEN


def test_a_file_without_a_group_gives_no_group_key(plan):
    """A key with nothing in it would be a lie."""
    (experiment,) = plan("base: {a: 1}").experiments()
    assert experiment.group is None
    assert experiment.argv[-1] == '{"a": 1}'


def test_an_empty_configuration_still_carries_its_group(plan):
    """The comma before the group is the kind of detail that breaks."""
    (experiment,) = plan("experiment_group: g\nbase: {}").experiments()
    assert json.loads(experiment.argv[-1]) == {"experiment_group": "g"}


def test_entries_merge_over_the_base_and_keep_the_order_of_keys(plan):
    """First position wins: base, then entry, then grid."""
    text = "base: {a: 1, t: {x: 1, y: 2}}\ngrid: {n: [1], t.z: [5]}\nexperiments: [{b: 2, t: {y: 3}}]"
    assert arguments(plan(text)) == ['{"a": 1, "t": {"x": 1, "y": 3, "z": 5}, "b": 2, "n": 1}']


def test_an_entry_may_hold_its_own_grid(plan):
    """One file can compare a plain baseline with a grid over something new."""
    found = plan("experiments:\n- {n: a}\n- {n: b, grid: {k: [1, 2], t.lr: [0.1, 0.2]}}")
    assert found.count() == 5
    assert configs(found) == [{"n": "a"}] + [{"n": "b", "k": k, "t": {"lr": lr}} for k in (1, 2) for lr in (0.1, 0.2)]


def test_an_entrys_axis_replaces_the_files_axis_of_that_name(plan):
    """The nearer statement wins, and nothing runs twice."""
    found = plan("grid: {s: [1, 2], k: [0]}\nexperiments: [{grid: {s: [7]}}, {}]")
    assert configs(found) == [{"k": 0, "s": 7}, {"s": 1, "k": 0}, {"s": 2, "k": 0}]


def test_a_mapping_in_a_grid_merges_into_the_base(plan):
    """Related settings are varied together by writing them as mappings."""
    found = plan("base: {net: {drop: 0.1}}\ngrid: {net: [{layers: 2}, {layers: 4, drop: 0}]}")
    assert configs(found) == [{"net": {"drop": 0.1, "layers": 2}}, {"net": {"drop": 0, "layers": 4}}]


def test_json_files_are_taken_literally(plan):
    """Interpolation is YAML's; the lab's JSON may hold any text."""
    found = plan({"base": {"a": "${b}", "c": "???", "d": "\\${e}"}}, suffix=".json")
    assert configs(found) == [{"a": "${b}", "c": "???", "d": "\\${e}"}]


def test_an_escaped_dollar_in_yaml_is_a_dollar(plan):
    """There must be a way to write the text itself."""
    assert configs(plan("base: {a: 'x\\${b}', l: ['\\${c}']}")) == [{"a": "x${b}", "l": ["${c}"]}]


def test_unsaid_resources_and_policy_are_the_defaults(plan):
    """None means not said: the runner decides by what the machine has."""
    found = plan("base: {}")
    assert (found.resources, found.policy) == (Resources(None, None, None, False), Policy(0, None, False))


@pytest.mark.parametrize(
    ("written", "mib"),
    [("6G", 6144), ("6GB", 6144), ("6GiB", 6144), ("6 gib", 6144), ("1.5G", 1536), ("6144MiB", 6144), ("1T", 2**20)],
)
def test_memory_is_binary_whatever_the_unit_is_called(plan, written, mib):
    """6G, 6GB and 6GiB are the same wish; GPUs are sold in GiB."""
    assert plan(f"base: {{}}\nresources: {{gpu_memory: {written}}}").resources.gpu_memory == mib


@pytest.mark.parametrize(
    ("written", "seconds"), [("2h", 7200), ("90m", 5400), ("30s", 30), ("1h30m", 5400), ("45", 45), ("0.5", 0.5)]
)
def test_a_timeout_is_written_as_people_say_it(plan, written, seconds):
    """Nobody should count 7,200 seconds."""
    assert plan(f"base: {{}}\npolicy: {{timeout: {written}}}").policy.timeout == seconds


def test_everything_that_is_said_is_kept(plan):
    """Each field reaches the experiment."""
    text = "base: {}\nresources: {gpus: 2, gpu_memory: 1G, cpus: 3, exclusive: true}\n"
    (experiment,) = plan(text + "policy: {retries: 1, timeout: 2h, resumable: true}").experiments()
    assert experiment.resources == Resources(2, 1024, 3, True)
    assert experiment.policy == Policy(1, 7200.0, True)


# ids


def one_id(found) -> str:
    (experiment,) = found.experiments()
    return experiment.id


def test_an_id_depends_on_content_alone(plan):
    """The same experiment, written by another hand, must be recognised as done."""
    first = one_id(plan("experiment_group: g\nbase: {a: 1e-3, b: {c: [1], d: x}}"))
    second = one_id(plan('{"base": {"b": {"d": "x",\n"c": [1]}, "a": 0.001}, "experiment_group": "g"}', suffix=".json"))
    assert first == second
    assert len(first) == 64


def test_an_id_ignores_resources_and_policy(plan):
    """Asking for more memory after a failure does not make it another experiment."""
    assert one_id(plan("base: {a: 1}")) == one_id(plan("base: {a: 1}\nresources: {gpus: 2}\npolicy: {retries: 3}"))


@pytest.mark.parametrize(
    "other",
    [
        "base: {a: 2}\nprogram: a.py",
        "base: {a: '1'}\nprogram: a.py",
        "base: {a: 1}\nprogram: b.py",
        "base: {a: 1}\ncommand: [a.py]",
        "base: {a: 1}\nprogram: a.py\nexperiment_group: g",
    ],
)
def test_an_id_tells_different_content_apart(plan, other):
    """An experiment that is wrongly taken for done never runs."""
    assert one_id(plan("base: {a: 1}\nprogram: a.py")) != one_id(plan(other))


def test_an_id_stays_what_it_was(plan):
    """Ids are stored in people's databases: a change of the rule must be noticed."""
    found = one_id(plan("experiment_group: g\nbase: {a: 1}\ncommand: [x, '${args_json}']"))
    assert found == "243f0375d3d820328177c6e8d111bbc140490a0157a72fec357b8cc62b1f4471"


def test_equal_experiments_are_equal_values(plan):
    """They are used as keys and in sets."""
    found = list(plan("experiments: [{a: 1}, {a: 1}, {a: 2}]").experiments())
    assert found[0] == found[1]
    assert len(set(found)) == 2


# overrides


def test_an_override_is_set_last_in_every_experiment(plan):
    """`epochs=1` for a quick look must win over everything in the file."""
    found = plan("base: {t: {e: 8}}\nexperiments: [{}, {t: {e: 9}}]", "t.e=1", "new=x")
    assert arguments(found) == ['{"t": {"e": 1}, "new": "x"}'] * 2


def test_an_override_of_a_grid_key_replaces_its_axis(plan):
    """Otherwise the same experiment would be there once for each value of the axis."""
    found = plan("grid: {lr: [1, 2, 3], n: [a, b]}", "lr=9")
    assert configs(found) == [{"lr": 9, "n": "a"}, {"lr": 9, "n": "b"}]


def test_an_override_above_a_grid_key_ends_its_axis(plan):
    """Setting the whole of `t` leaves nothing of `t.lr` to vary."""
    assert configs(plan("grid: {t.lr: [1, 2], n: [a, b]}", "t=off")) == [{"n": "a", "t": "off"}, {"n": "b", "t": "off"}]


def test_an_override_inside_the_values_of_an_axis_reaches_each_of_them(plan):
    """An axis of mappings keeps varying what the override does not name."""
    found = plan("grid: {net: [{k: 1, d: 0}, {k: 2}]}", "net.d=5")
    assert configs(found) == [{"net": {"k": 1, "d": 5}}, {"net": {"k": 2, "d": 5}}]


def test_an_override_with_a_mapping_merges(plan):
    """As everywhere: mappings merge."""
    assert configs(plan("base: {t: {a: 1, b: 2}}", "t={b: 3, c: {d: 4}}")) == [{"t": {"a": 1, "b": 3, "c": {"d": 4}}}]


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("k=1e-3", 0.001),
        ("k=no", "no"),
        ("k=true", True),
        ("k=null", None),
        ("k=", ""),
        ("k='1'", "1"),
        ("k=[1, a]", [1, "a"]),
        ("k=a: b # c", "a: b # c"),
        ("k=*x", "*x"),
        ("k=a=b", "a=b"),
        ("k=\\${x}", "${x}"),
        ("k={a:1,b:{c:x:y}}", {"a": 1, "b": {"c": "x:y"}}),
        ("k={u:http://x/y}", {"u": "http://x/y"}),
        ("k=[http://x, 'a,b:1']", ["http://x", "a,b:1"]),
        ("k={'a:b':1}", {"a:b": 1}),
    ],
)
def test_the_value_of_an_override_is_yaml_1_2(plan, argument, value):
    """What is typed means what it would mean in the file; bare text needs no second quoting."""
    assert configs(plan("base: {}", argument)) == [{"k": value}]


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("k", 'the override "k" has no "="; write k=VALUE'),
        ("=1", 'the override "=1" has no proper key; write key=value or outer.inner=value'),
        ("a..b=1", 'the override "a..b=1" has no proper key; write key=value or outer.inner=value'),
        ("~abd", 'the override "~abd" removes what no experiment has; did you mean "abc"?'),
        ("~abc=2", 'the override "~abc=2" removes what no experiment has; did you mean "abc"?'),
        (
            "~lr=1",
            'the override "~lr=1" names one of several values that the key takes; '
            "write ~lr to take the key away, or lr=VALUE to keep one value",
        ),
        ("k={a:1,a:2}", 'the value in "k={a:1,a:2}": "a" is given twice; it was first given in line 1; keep one'),
        ("k=???", 'the value in "k=???": "k" must be given; add k=VALUE to the command line, or write the value here'),
        (
            "experiment_group=x",
            'the override "experiment_group=x" cannot set the group; it is no part of a configuration: change it in the file',
        ),
        ("k={a: 1, a: 2}", 'the value in "k={a: 1, a: 2}": "a" is given twice; it was first given in line 1; keep one'),
        (
            "k=" + "[" * 2_000,
            f'the value in "k={"[" * 2_000}": nested deeper than 100 levels; flatten the file, or raise --max-depth',
        ),
        ("k=.nan", 'the value in "k=.nan": nan is not a number that JSON can hold; write it as text, in quotes'),
        (
            "k=${x}",
            'the value in "k=${x}": ${x}: there is no "x" here; known are: abc, lr, k',
        ),
    ],
    ids=lambda text: text[:40],
)
def test_a_wrong_override_is_named_in_its_message(plan, argument, expected):
    """On a long command line people must see which argument is meant."""
    with pytest.raises(UserError) as caught:
        plan("base: {abc: 1}\ngrid: {lr: [1, 2]}", argument)
    assert str(caught.value) == expected


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("base: {a: 1}", "1:8"),
        ("grid: {x: [1]}\nbase:\n  b: {a: 1}\n  a: 1", "4:3"),
        ("base: {b: 1}\ngrid: {x: [1], a: [1, 2]}", "2:16"),
        ("base: {a: 1}\nexperiments: [{a: 2}, {b: 3}]", "2:16"),
        ("base: {b: 1}\nexperiments: [{grid: {a: [2]}}]", "2:23"),
        ("base: {b: 1}\nzip: {a: [2], c: [3]}", "2:7"),
    ],
)
def test_adding_what_is_there_already_is_refused_at_its_place(plan, text, place):
    """`+` says that the key is new; if it is not, a name was mistyped or forgotten. It pointed at the base or at line 1, whatever
    stood there."""
    with pytest.raises(
        UserError, match=rf'experiments\.yaml:{place}: "\+a=1" adds what is there already; write a=1 to change it'
    ):
        plan(text, "+a=1")


def test_two_plus_signs_set_a_key_whether_or_not_it_is_there(plan):
    """Hydra's `++`; scripts that call both programs need it."""
    assert configs(plan("base: {a: 1}", "++a=2", "++b=3")) == [{"a": 2, "b": 3}]


def test_a_removed_key_is_gone_from_every_experiment(plan):
    """From the base, from entries, and from inside the values of an axis."""
    text = "base: {o: {name: adam, beta: 1}}\ngrid: {net: [{k: 1, d: 0}, {k: 2}]}\nexperiments: [{x: 1}, {}]"
    wanted = [{"o": {"name": "adam"}, **x, "net": net} for x in ({"x": 1}, {}) for net in ({"k": 1}, {"k": 2})]
    assert configs(plan(text, "~o.beta", "~net.d")) == wanted
    assert configs(plan("grid: {a: [1, 2], b: [3, 4]}", "~a")) == [{"b": 3}, {"b": 4}]


def test_a_key_is_removed_only_with_the_value_that_is_named(plan):
    """`~key=value` is for a file that has several kinds of entries."""
    assert configs(plan("experiments: [{a: 1}, {a: 2}]", "~a=1")) == [{}, {"a": 2}]


def test_a_mapping_can_be_replaced_by_removing_it_first(plan):
    """Mappings merge; this is the way not to."""
    assert configs(plan("base: {o: {name: adam, beta: 1}}", "~o", "+o={name:sgd}")) == [{"o": {"name": "sgd"}}]


def test_overrides_that_contradict_each_other_are_refused(plan):
    """There is no configuration in which both hold."""
    with pytest.raises(UserError, match=r'the override "a\.b=2" contradicts one before it'):
        plan("base: {}", "a=1", "a.b=2")


def test_an_override_that_does_not_fit_names_the_experiment(plan):
    """It may fit into all others."""
    with pytest.raises(UserError) as caught:
        plan("experiments:\n- {t: {lr: 1}}\n- {t: none}", "t.lr=2")
    assert str(caught.value).endswith(
        'experiments.yaml:3:3: the override of "t.lr" does not fit here: '
        '"lr" cannot be set inside "t", which is the text "none"; override the outer key'
    )
