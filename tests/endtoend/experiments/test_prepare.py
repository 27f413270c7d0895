"""`exp-queue prepare`, as a user types it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.conftest import gnu_parallel

COMMAND = [sys.executable, "-c", "from scheduler.cli.main import main; main()", "prepare"]
PARALLEL = gnu_parallel()

LAB = {
    "experiment_group": "Sample Experiments 2",
    "experiments": [
        {
            "dataset": "EmnistDataset",
            "model": "CharacterModel",
            "network": "mlp",
            "network_args": {"num_layers": 2},
            "train_args": {"batch_size": 256},
        },
        {"dataset": "EmnistDataset", "model": "CharacterModel", "network": "lenet", "train_args": {"batch_size": 256}},
    ],
}
GOLDEN = """\
python training/run_experiment.py --gpu=-1 '{"dataset": "EmnistDataset", "model": "CharacterModel", \
"network": "mlp", "network_args": {"num_layers": 2}, "train_args": {"batch_size": 256}, \
"experiment_group": "Sample Experiments 2"}'
python training/run_experiment.py --gpu=-1 '{"dataset": "EmnistDataset", "model": "CharacterModel", \
"network": "lenet", "train_args": {"batch_size": 256}, "experiment_group": "Sample Experiments 2"}'
"""


@pytest.fixture
def prepare(tmp_path):
    """Run `exp-queue prepare` on a file with this text; the finished process."""

    def runner(text, *arguments, name="experiments.yaml"):
        (tmp_path / name).write_text(text if isinstance(text, str) else json.dumps(text))
        done = subprocess.run([*COMMAND, name, *arguments], cwd=tmp_path, capture_output=True, check=False)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    return runner


def test_the_labs_file_prints_the_labs_lines_and_nothing_else(prepare):
    """This output is piped into other programs; one stray word would be run as a command."""
    found = prepare(LAB, "--program", "python training/run_experiment.py", name="sample.json")
    assert found == (0, GOLDEN, "")


def test_a_wrong_file_prints_nothing_and_says_where(prepare):
    """`prepare | parallel` must start nothing from a file that is wrong."""
    status, out, err = prepare("base: {}\nresources: {gpu: 1}")
    assert (status, out) == (2, "")
    assert err.startswith('exp-queue: experiments.yaml:2:13: unknown key "gpu"; did you mean "gpus"?\n')


def test_repeated_experiments_are_printed_with_a_warning(prepare):
    """As the lab did; the warning goes where it cannot be run."""
    status, out, err = prepare("experiments: [{a: 1, b: 2}, {a: 2}, {b: 2, a: 1}]", "--program", "x")
    assert (status, out.count("\n")) == (0, 3)
    assert err == (
        "exp-queue: warning: 1 of 3 experiments repeat an earlier one (line 3 is the same as line 1); "
        "`exp-queue run` runs each once\n"
    )


def test_a_long_line_is_warned_of_once(prepare):
    """GNU parallel refuses it with a message that nobody understands."""
    text = json.dumps({"grid": {"a": ["x" * 60_000, "y" * 60_000]}})
    status, out, err = prepare(text, "--program", "x", name="long.json")
    assert (status, out.count("\n")) == (0, 2)
    assert err == "exp-queue: warning: line 1 has 60,022 bytes; GNU parallel refuses lines of 63,664\n"


def test_a_raw_newline_is_refused_unless_lines_end_with_nul(prepare):
    """A line that breaks in two would run its second half as a command."""
    text = "base: {a: \"x\\nrm -rf y\"}\ncommand: [echo, '${args}']"
    status, out, err = prepare(text)
    assert (status, out) == (2, "")
    assert "an argument of experiment 1 holds a newline; use --null" in err
    assert prepare(text, "--null") == (0, "echo '--a=x\nrm -rf y'\0", "")


def test_json_output_holds_what_a_program_wants_to_know(prepare):
    """For notebooks and other schedulers."""
    text = "experiment_group: g\nbase: {a: 1}\ngrid: {b: [x, y]}\nresources: {gpu_memory: 1G}\ncommand: [p, '${args}']"
    status, out, _ = prepare(text, "--format", "json")
    first, second = json.loads(out)
    assert status == 0
    assert first["id"] != second["id"]
    assert (first["group"], first["config"], first["argv"]) == ("g", {"a": 1, "b": "x"}, ["p", "--a=1", "--b=x"])
    assert first["resources"] == {"gpus": None, "gpu_memory": 1024, "cpus": None, "exclusive": False, "share": None}
    said = {"retries": 0, "timeout": None, "resumable": False, "environment": [], "max_failures": 5, "ports": 0}
    said["warm"] = None
    order = {"priority": 0, "after_any": False, "after_failure": "skip"}
    assert first["policy"] == {**said, "leftovers": "work", "grace": 10.0, "objective": None, **order}


def test_overrides_follow_the_file(prepare):
    """`k=v` at the end of the line is what everybody tries."""
    text = "base: {t: {lr: 1}}\ngrid: {n: [a, b]}\ncommand: [p, '${args_json}']"
    assert prepare(text, "t.lr=1e-3", "n=c")[1] == """p '{"t": {"lr": 0.001}, "n": "c"}'\n"""


GRID = "grid:\n" + "".join(f"  k{n}: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]\n" for n in range(5))


def test_a_reader_that_leaves_early_is_no_error(tmp_path):
    """`prepare ... | head -1` is how people look at a file; 10^5 lines do not fit into the pipe."""
    (tmp_path / "grid.yaml").write_text(GRID)
    script = '"$@" 2>err | head -1; echo "${PIPESTATUS[0]}"'
    done = subprocess.run(["bash", "-c", script, "bash", *COMMAND, "grid.yaml"], cwd=tmp_path, capture_output=True, check=True)
    first, status = done.stdout.decode().splitlines()
    assert first.endswith("""'{"k0": 0, "k1": 0, "k2": 0, "k3": 0, "k4": 0}'""")
    assert (status, (tmp_path / "err").read_text()) == ("0", "")


MEASURED = """
import atexit, pathlib, sys
from scheduler.cli.main import main
status = pathlib.Path("/proc/self/status")
atexit.register(lambda: print(status.read_text().split("VmHWM:")[1].split()[0], file=sys.stderr))
main()
"""


def peak_memory(folder, *arguments) -> int:
    """The most memory in KiB that `prepare grid.yaml` held; the kernel's ru_maxrss would count the parent's as well."""
    command = [sys.executable, "-c", MEASURED, "prepare", "grid.yaml", *arguments]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)
    return int(done.stderr)


@pytest.mark.slow
def test_a_hundred_thousand_lines_take_no_more_memory_than_ten(tmp_path):
    """Grids grow by accident; expanding one must never be what fills the machine."""
    (tmp_path / "grid.yaml").write_text(GRID)
    few = peak_memory(tmp_path, "k0=0", "k1=0", "k2=0", "k3=0")
    assert peak_memory(tmp_path) < few + 4 * 1024


def test_many_combinations_with_exclusions_take_no_more_memory_either(tmp_path):
    """What is left out must not be remembered."""
    (tmp_path / "grid.yaml").write_text(GRID + "exclude: [{k0: 1}, {k4: 2}]\ninclude: [{k1: 1, x: 1}]")
    few = peak_memory(tmp_path, "k0=0", "k1=0", "k2=0", "k3=0")
    assert peak_memory(tmp_path) < few + 4 * 1024


def test_neither_yaml_nor_omegaconf_is_loaded_for_a_json_file(tmp_path):
    """A JSON file of the lab is printed as fast as Python starts."""
    (tmp_path / "sample.json").write_text(json.dumps(LAB))
    code = "import sys\nfrom scheduler.experiments import read\nlist(read('sample.json').experiments())\n"
    code += "print([m for m in ('yaml', 'omegaconf', 'torch', 'optuna') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, check=True)
    assert done.stdout == b"[]\n"


@pytest.mark.skipif(not PARALLEL, reason="GNU parallel is not installed")
def test_the_printed_lines_run_under_gnu_parallel(tmp_path, prepare):
    """The lab's own way: `exp-queue prepare FILE | parallel -j2`."""
    child = "import json, sys; print(json.loads(sys.argv[1])['name'])"
    names = ["it's", 'a "quote"', "$HOME", "two\nlines", "grün 🙂", "{} {#} {.}", "back\\slash"]
    text = {"command": [sys.executable, "-c", child, "${args_json}"], "grid": {"name": names}}
    status, lines, _ = prepare(text, name="names.json")
    done = subprocess.run([str(PARALLEL), "-k", "-j2"], input=lines.encode(), capture_output=True, check=False)
    assert (status, done.returncode) == (0, 0)
    assert done.stdout.decode() == "".join(name + "\n" for name in names)
