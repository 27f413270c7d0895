"""The Python face on a real queue, with real jobs."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from scheduler import api
from scheduler.actions.opening import opened_queue
from scheduler.actions.results import Sort
from scheduler.actions.status import status
from scheduler.api import CannotEverRun, UserError
from tests.conftest import CommandLine

SCRIPT = (
    'echo "out: $*"; echo "{\\"_step\\": 0, \\"loss\\": $1}" | tr -d x= >> $EXP_QUEUE_METRICS; case "$*" in *y=1*) exit 3;; esac'
)
HEAD = '{"_objective": {"name": "loss", "goal": "minimize"}}'


@pytest.fixture(autouse=True)
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working directory and a queue of the test's own, on a machine without GPUs."""
    home = tmp_path / "home"
    monkeypatch.setenv("EXP_QUEUE_HOME", str(home))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    monkeypatch.chdir(tmp_path)
    yield home
    api.cancel("queued", "starting", "running", "stopping", grace=0)


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., str]:
    """An experiments file of a shell script and a grid; returns its name."""

    def written(script: str, grid: str = "{x: [2, 1]}", more: str = "") -> str:
        command = json.dumps(["sh", "-c", script, "sh", "${args_no_hyphens}"])
        (tmp_path / "grid.yaml").write_text(f"command: {command}\ngrid: {grid}\n{more}", encoding="utf-8")
        return "grid.yaml"

    return written


@pytest.fixture
def beside(until) -> Iterator[Callable[..., None]]:
    """Calls something in a thread, and waits for it in the end."""
    threads: list[threading.Thread] = []

    def started(call: Callable[[], object]) -> None:
        threads.append(threading.Thread(target=call))
        threads[-1].start()

    yield started
    api.cancel("queued", "starting", "running", "stopping", grace=0)
    for thread in threads:
        thread.join()


def test_a_call_tells_whom_it_is_asked_to_tell(file, tmp_path: Path, until) -> None:
    """One word or several, as on the command line; a word that names nobody starts nothing."""
    tell = tmp_path / "tell"
    tell.write_text(f"#!/bin/sh\nnew=$(mktemp {tmp_path}/new.XXXXXX) && cat > $new && mv $new {tmp_path}/$$.told\n")
    tell.chmod(0o700)
    with pytest.raises(UserError, match='"fone" is nobody to notify'):
        api.run(file("exit 3"), notify=["./tell", "fone"])
    assert not api.jobs()
    api.run(file("exit 3"), notify="./tell", quiet=True)
    until(lambda: len(list(tmp_path.glob("*.told"))) == 2)
    told = {found["event"]: found for found in map(json.loads, (path.read_text() for path in tmp_path.glob("*.told")))}
    assert told["failure"]["job"]["exit_status"] == 3
    assert (told["end"]["title"], told["end"]["run"]) == ("grid.yaml: 2 jobs: 2 failed", "grid.yaml")


def test_a_run_returns_its_jobs_the_best_first_with_all_that_came_out(file) -> None:
    """What a notebook is for: run, look, go on."""
    jobs = api.run(file(f"echo '{HEAD}' >> $EXP_QUEUE_METRICS; {SCRIPT}"), jobs=2)
    assert [(job.config, job.last["loss"], job.objective) for job in jobs] == [({"x": 1}, 1, "loss"), ({"x": 2}, 2, "loss")]
    best = jobs[0]
    assert (best.state, best.exit_status, best.attempt, best.name, best.gpus) == ("done", 0, 1, "x=1", ())
    assert best.log() == "out: x=1\n"
    assert best.metrics() == [{"_step": 0, "loss": 1}]
    assert best.directory is not None
    assert (best.directory / "log.txt").read_text() == "out: x=1\n"
    assert jobs.all_succeeded
    assert best.seconds is not None
    assert best.started is not None
    assert best.submitted <= best.started


def test_what_a_job_has_used_of_the_machine_is_a_value_and_rows(file, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same that `show` tells programs; nothing, and not zeros, of one that has not run."""
    monkeypatch.setenv("EXP_QUEUE_SYSTEM_METRICS", "0")  # the only row is the job's own
    row = {"_time": 9e9, "cpu.use": 2.0}
    job = api.run(file(f"echo '{json.dumps(row)}' >> $EXP_QUEUE_RUN_DIR/system.jsonl", grid="{x: [1]}"), quiet=True)[0]
    used = job.used()
    assert used is not None
    assert (job.system(), used["cpu_use"], used["energy_wh"]) == ([row], 2.0, None)
    queued = api.submit(file("true", grid="{x: [7]}"), quiet=True)[0]
    assert (queued.system(), queued.used()) == ([], None)


def test_changes_are_set_in_every_experiment(file) -> None:
    """The same mapping that a training script takes; words of the command line do as well."""
    jobs = api.run(file("true"), {"lr": 1e-3, "net.widths": [8, 16], "name": "é: 😀"}, quiet=True)
    assert {job.config["x"] for job in jobs} == {1, 2}
    assert {json.dumps([job.config["lr"], job.config["net"], job.config["name"]]) for job in jobs} == {
        json.dumps([0.001, {"widths": [8, 16]}, "é: 😀"])
    }
    assert len(api.run("grid.yaml", ["~x", "lr=2"], quiet=True)) == 1


def test_what_has_succeeded_is_not_repeated_and_what_failed_is_no_error(file) -> None:
    """A cell that is run again costs nothing; one failure among many jobs must not hide the others' results."""
    first = api.run(file(SCRIPT, "{x: [1], y: [0, 1]}"), quiet=True)
    assert [(job.state, job.exit_status) for job in first] == [("done", 0), ("failed", 3)]
    assert not first.all_succeeded
    assert first[1].reason == "exit status 3"
    assert [job.attempt for job in api.run("grid.yaml", quiet=True)] == [1, 2]
    assert [job.attempt for job in api.retry("failed", quiet=True)] == [3]


def test_quiet_says_nothing_and_otherwise_progress_is_that_of_the_command(file, capsys) -> None:
    """Standard output is the notebook's own; who wants silence gets it."""
    api.run(file("true"))
    told = capsys.readouterr()
    assert told.out == ""
    assert "grid.yaml: 2 experiments (2 new)" in told.err
    assert "[2/2]" in told.err
    api.run("grid.yaml", again=True, quiet=True)
    assert capsys.readouterr() == ("", "")


def test_jobs_are_found_as_on_the_command_line(file) -> None:
    """The words are one language."""
    assert list(api.jobs()) == []
    submitted = api.submit(file("true"), quiet=True)
    assert [job.state for job in submitted] == ["queued", "queued"]
    assert api.jobs("queued") == api.jobs() == submitted
    assert api.jobs(submitted) == submitted
    assert list(api.jobs(submitted[:0])) == []
    assert list(api.jobs("failed")) == []
    assert api.jobs(limit=1)[0] == api.job("last") == submitted[1]
    assert api.job(submitted[0].id[:10]).config == {"x": 2}
    with pytest.raises(UserError, match=r'"faild" is neither a job id nor a state; did you mean "failed"\?'):
        api.jobs("faild")


def test_a_wait_ends_with_the_job_whoever_runs_it(file, beside, tmp_path: Path) -> None:
    """Here another thread does. What was a snapshot stays as it was."""
    submitted = api.submit(file("while [ ! -e go ]; do sleep 0.01; done"), quiet=True)
    beside(lambda: api.work(jobs=2, quiet=True))
    with pytest.raises(
        TimeoutError, match=f"after 0.05 s job {submitted[0].id[:8]} is still (queued|starting|running), and 1 more"
    ):
        submitted.wait(timeout=0.05)
    (tmp_path / "go").touch()
    assert [job.state for job in submitted.wait()] == ["done", "done"]
    assert [job.state for job in submitted] == ["queued", "queued"]
    assert submitted[0].refresh().is_over
    assert submitted[0].wait(0).succeeded


def test_a_wait_ends_although_no_runner_lives_to_write_the_end_down(
    file, queue, tmp_path, command_line: CommandLine, until
) -> None:
    """A job outlives its runner, and so does the wait for it."""
    command_line.environment["EXP_QUEUE_HOME"] = str(queue)
    command_line.directory = tmp_path
    runner = command_line.start("run", file("while [ ! -e go ]; do sleep 0.01; done", "{x: [1]}"))
    (job,) = until(lambda: api.jobs("running"))
    runner.kill()
    runner.wait()
    (tmp_path / "go").touch()
    assert job.wait(100).state == "done"


def test_a_cancel_takes_jobs_out_of_the_queue_and_stops_those_that_run(file, beside, until) -> None:
    """It returns when they are over, so that the next line can count on it."""
    api.submit(file("exec sleep 1000"), quiet=True)
    beside(lambda: api.work(jobs=1, quiet=True))
    until(lambda: api.jobs("running"))
    assert {job.state for job in api.cancel("running", "queued")} == {"cancelled"}
    assert [job.state for job in api.jobs().cancel()] == ["cancelled", "cancelled"]  # over already: as they are


def test_a_program_its_style_and_its_leftovers_may_be_said_in_the_call(tmp_path: Path) -> None:
    """As `--program`, `--style` and `--leftovers` do."""
    (tmp_path / "grid.yaml").write_text("program: train.py\nbase: {x: 1}\n", encoding="utf-8")
    (job,) = api.run("grid.yaml", program="echo", style="flags", leftovers="kill", quiet=True)
    with opened_queue(print) as store:
        assert store.by_ids([job.id])[0].policy.leftovers == "kill"
    assert job.log() == "--x=1\n"


def test_a_job_that_the_queue_has_no_more_says_so(file, queue: Path, tmp_path: Path) -> None:
    """A snapshot can outlive a restored queue."""
    job = api.submit(file("true"), quiet=True)[0]
    queue.rename(tmp_path / "elsewhere")
    with pytest.raises(UserError, match=f"has no job {job.id[:8]} any more"):
        job.refresh()


def test_a_job_knows_its_queue(file, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A notebook that looks into two queues must not ask one for the other's jobs."""
    job = api.submit(file("true"), quiet=True)[0]
    monkeypatch.setenv("EXP_QUEUE_HOME", str(tmp_path / "another"))
    assert job.refresh() == job


def test_a_job_that_has_not_run_has_no_log_and_no_metrics(file) -> None:
    """No log is told; no rows are no rows."""
    job = api.submit(file("true"), quiet=True)[0]
    assert job.metrics() == []
    assert job.shown() == []
    with pytest.raises(UserError, match="is queued and has not run yet"):
        job.log()


def test_what_a_job_has_shown_is_listed_with_its_paths(file) -> None:
    """A notebook draws the pictures itself; histograms stand in the index."""
    rows = [
        {"_step": 3, "kind": "image", "name": "a", "file": "media/a-0.png"},
        {"kind": "histogram", "name": "h", "counts": [1]},
    ]
    lines = "".join(f"echo '{json.dumps(row)}' >> media.jsonl; " for row in rows)
    job = api.run(file(f"cd $EXP_QUEUE_RUN_DIR; {lines}", "{x: [1]}"), quiet=True)[0]
    assert job.shown() == [
        {"kind": "image", "name": "a", "step": 3, "path": f"{job.directory}/media/a-0.png"},
        {"kind": "histogram", "name": "h", "step": None, "path": f"{job.directory}/media.jsonl"},
    ]


def test_what_can_never_run_here_is_refused_before_it_is_queued(file) -> None:
    """As by the command."""
    with pytest.raises(CannotEverRun, match=r"experiment 1 of grid\.yaml can never run here"):
        api.run(file("true", more="resources: {gpus: 1}\n"), quiet=True)
    assert list(api.jobs()) == []
    queued = api.submit("grid.yaml", quiet=True)
    assert queued[0].reason.startswith("can never run here: ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"jobs": 0}, "jobs is 0; give a whole number of 1 or more, or None"),
        ({"jobs": True}, "jobs is True"),
        ({"max_failures": 1.5}, "max_failures is 1.5"),
        ({"priority": "high"}, "priority: expected a whole number"),
        ({"begin": "tonight"}, "begin: expected a time"),
        ({"after_failure": "stop"}, "after_failure: expected one of skip, run"),
        ({"grace": "soon"}, "grace: expected a duration"),
        ({"style": "flag"}, 'style: .*"flag"; did you mean "flags"'),
        ({"leftovers": "end"}, "leftovers: .*work, wait, kill"),
        ({"changes": "lr=1"}, 'the changes are a text, "lr=1"'),
        ({"on": "cluster"}, 'on is \'cluster\'; give "slurm", "ssh:" and hosts'),
        ({"on": "ssh:"}, "on is 'ssh:'"),
        ({"on": 3}, "on is 3"),
        ({"on": "ssh:a b"}, '^on: "a b" is no name of a host'),
        ({"slurm": {"partition": "gpu"}}, 'slurm says something of a cluster; write on="slurm" as well'),
        ({"slurm": {}, "on": "ssh:ada"}, "slurm says something of a cluster"),
        ({"slurm": "partition=gpu", "on": "slurm"}, "slurm is 'partition=gpu'"),
        ({"slurm": {"partitoin": "gpu"}, "on": "slurm"}, 'slurm: "partitoin" is not known; did you mean "partition"'),
        ({"sync": True}, 'sync brings the code to hosts; write on="ssh:HOST,HOST" as well'),
        ({"sync": True, "on": "slurm"}, "sync brings the code to hosts"),
        ({"sync": "yes", "on": "ssh:ada"}, "sync: expected true or false"),
        ({"jobs": "auto", "on": "slurm"}, 'jobs="auto" is for jobs of this machine'),
    ],
)
def test_a_wrong_argument_is_named(file, arguments, message: str) -> None:
    """Before anything is queued."""
    with pytest.raises(UserError, match=message):
        api.run(file("true", "{x: [1]}"), **arguments)
    assert list(api.jobs()) == []


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: api.run({"grid": {"x": [1]}}),
            "expected the path of a file, found a mapping; write it to a file, and give its path",
        ),
        (lambda: api.submit(["grid.yaml"]), "expected the path of a file, found a list"),
        (lambda: api.trials({"method": "grid"}), "expected the path of a file, found a mapping"),
        (lambda: api.sweep(3), "expected the path of a file, found 3"),
        (lambda: api.run(commands=["true", ["echo", "hi"]]), r"commands\[1\] is a list; write each as one text"),
    ],
)
def test_what_is_no_file_and_no_command_is_named(call, message: str) -> None:
    """People try what other programs take: the content of a file as a mapping, a command as a list of words."""
    with pytest.raises(UserError, match=message):
        call()
    assert list(api.jobs()) == []


@pytest.mark.parametrize("arguments", [{"program": "python a.py"}, {"style": "flags"}, {"changes": {"x": 1}}])
def test_commands_take_neither_changes_nor_another_program(arguments: dict) -> None:
    """They would be asked for in vain, and nobody would see it."""
    with pytest.raises(UserError, match=r"a list of commands is all that is run, and .* says nothing to it"):
        api.submit(commands=["true"], **arguments)
    assert list(api.jobs()) == []


def test_leftovers_are_for_every_command_of_a_list() -> None:
    """Each has a policy of its own, by what stands before it."""
    queued = api.submit(commands=["[retries=1] true", "echo"], leftovers="kill", quiet=True)
    with opened_queue(lambda _: None) as store:
        found = [store.job(job.id).policy for job in queued]
    assert [(each.leftovers, each.retries) for each in found] == [("kill", 1), ("kill", 0)]


def test_the_last_words_of_work_name_a_way_that_finds_its_jobs_again(tmp_path: Path, until) -> None:
    """`work` again looks for what is queued, and a job that failed is not."""
    tell = tmp_path / "tell"
    tell.write_text(f"#!/bin/sh\nnew=$(mktemp {tmp_path}/new.XXXXXX) && cat > $new && mv $new {tmp_path}/$$.told\n")
    tell.chmod(0o700)
    api.submit(commands=["exit 3"], quiet=True)
    api.work(notify="./tell", quiet=True)
    until(lambda: len(list(tmp_path.glob("*.told"))) == 2)
    (told,) = [text for text in (path.read_text() for path in tmp_path.glob("*.told")) if json.loads(text)["event"] == "end"]
    assert "exp-queue retry" in told
    assert "the same command" not in told


SWEEP = """
method: grid
command: [sh, -c, 'echo "{\\"loss\\": $1}" | tr -d x= >> $EXP_QUEUE_METRICS', sh, "${args_no_hyphens}"]
metric: {name: loss}
parameters: {x: {values: [3, 1, 2]}}
"""


def test_a_sweep_returns_its_trials_and_they_are_found_again(tmp_path: Path) -> None:
    """With the best of them, its point, and the job that ran it."""
    (tmp_path / "sweep.yaml").write_text(SWEEP, encoding="utf-8")
    with pytest.raises(UserError, match="there is no sweep yet"):
        api.trials()
    found = api.sweep(jobs=2, quiet=True)
    assert [(trial.number, trial.point, trial.value, trial.history) for trial in found] == [
        (0, {"x": 3}, 3, (3,)),
        (1, {"x": 1}, 1, (1,)),
        (2, {"x": 2}, 2, (2,)),
    ]
    assert (found.metric, found.goal, found.file) == ("loss", "minimize", "sweep.yaml")
    assert found.best == found[1]
    assert found[1].job.log() == ""
    assert api.trials() == api.trials("sweep.yaml") == api.sweep("sweep.yaml", quiet=True) == found
    for one in ("nobody", ["nobody"]):
        with pytest.raises(UserError, match='no sweep is called "nobody"'):
            api.sweep(method="bayes", count=1, learn_from=one, again=True, quiet=True)
    assert "trial" in repr(found)
    (tmp_path / "other.yaml").write_text(SWEEP, encoding="utf-8")
    with pytest.raises(UserError, match=r"no sweep of other\.yaml was begun in this directory"):
        api.trials("other.yaml")


def test_jobs_show_themselves_as_a_table(file) -> None:
    """In a notebook the last line of a cell is its output."""
    jobs = api.submit(file("true", "{x: [2, 1, 3]}"), quiet=True)
    lines = repr(jobs).splitlines()
    assert lines[0].split() == ["id", "state", "experiment", "#"]
    assert [line.split()[1:] for line in lines[1:]] == [["queued", "x=2", "1"], ["queued", "x=1", "2"], ["queued", "x=3", "3"]]
    assert repr(jobs[1:2]).splitlines()[1:] == lines[2:3]
    assert repr(api.jobs("failed")) == "no jobs"


def test_a_long_table_is_cut_and_says_by_how_much(file) -> None:
    """A hundred thousand rows would hang a browser."""
    jobs = api.submit(file("true", f"{{x: {list(range(60))}}}"), quiet=True)
    assert repr(jobs).splitlines()[-1] == "... and 10 more"
    assert len(repr(jobs).splitlines()) == 52


def test_without_pandas_a_data_frame_says_what_is_missing(file, monkeypatch) -> None:
    """It is no requirement of ours."""
    monkeypatch.setitem(sys.modules, "pandas", None)  # as Python has a module that is not there
    with pytest.raises(ImportError, match="needs pandas, which is not installed here"):
        api.submit(file("true"), quiet=True).to_pandas()


def test_a_data_frame_has_a_row_for_each_job_and_columns_for_what_differs(file) -> None:
    """Nested configurations by dotted names."""
    pytest.importorskip("pandas", reason="pandas is not installed here")
    frame = api.run(file(SCRIPT), {"net.width": 8}, quiet=True).to_pandas()
    assert list(frame["config.net.width"]) == [8, 8]
    assert sorted(frame["metrics.loss"]) == [1, 2]
    assert list(frame["state"]) == ["done", "done"]


def test_what_a_limit_leaves_out_may_have_the_metric_all_the_same(tmp_path: Path) -> None:
    """A failed job alone had it, and stood below what was shown: `no job here has a number for "acc"`."""
    log = "echo '{{\"{}\": 1}}' >> $EXP_QUEUE_METRICS"
    api.run(commands=[log.format("x"), f"{log.format('acc')}; exit 1"], quiet=True)
    with opened_queue(print) as store:
        found = status(store, (), 1, Sort.read("acc:max"))
        assert ([list(line.outcome.last) for line in found.lines], found.unlogged) == ([["x"]], "")
        assert "they log x, acc" in status(store, (), 1, Sort.read("y")).unlogged


def test_command_lines_run_without_a_file(tmp_path: Path) -> None:
    """A loop in a notebook makes lines more easily than a grid; and it is one of the two, not both."""
    found = api.run(commands=["[retries=1] echo one", "exit 3"], quiet=True)
    assert sorted((job.config["command"], str(job.state)) for job in found) == [("echo one", "done"), ("exit 3", "failed")]
    (tmp_path / "jobs.txt").write_text("echo one\n", encoding="utf-8")
    assert [job.id for job in api.submit(commands=tmp_path / "jobs.txt", quiet=True)] == [found[0].id]
    for wrong in ({}, {"file": "grid.yaml", "commands": ["x"]}, {"commands": ["x"], "changes": {"lr": 1}}):
        with pytest.raises(UserError, match="commands"):
            api.run(**wrong)


def test_jobs_come_after_others_begin_later_and_are_moved(file) -> None:
    """As on the command line, with jobs in the place of their names."""
    first = api.submit(file(SCRIPT, "{x: [1]}"), quiet=True)
    (after,) = api.submit(file(SCRIPT, "{x: [2]}"), after=first, begin="2h", priority=3, quiet=True)
    assert after.reason == f"after {first[0].id[:8]}, which is queued"
    (free,) = api.submit(file(SCRIPT, "{x: [2]}"), after=[], begin=datetime.now() + timedelta(hours=1), quiet=True)
    assert (free.id, free.reason[:11]) == (after.id, "not before ")
    api.submit(file(SCRIPT, "{x: [2]}"), after=first[0], after_failure="run", begin="now", quiet=True)
    assert api.move(after, to="first")[0].id == after.id
    with pytest.raises(UserError, match="to is 'frist'"):
        api.move(after, to="frist")
    over = api.work(quiet=True)
    assert [job.config["x"] for job in sorted(over, key=lambda job: job.started or 0)] == [1, 2]


def test_what_comes_after_a_failure_is_skipped_and_says_why(file) -> None:
    """It is over, it has not succeeded, and it has never run."""
    bad = api.run(file("exit 3"), quiet=True)
    jobs = api.run(file(SCRIPT), after=bad, quiet=True)
    assert {job.state for job in jobs} == {"skipped"}
    assert all(job.is_over and not job.succeeded and job.reason.startswith("it comes after ") for job in jobs)


def test_so_many_jobs_share_a_gpu_as_python_says(file, tmp_path: Path) -> None:
    """As `--share` and the files have it; and refused alike."""
    api.submit(file("true"), share=4, quiet=True)
    with opened_queue(print) as store:
        assert [job.resources.share for job in store.jobs()] == [4, 4]
    with pytest.raises(UserError, match="share: "):
        api.submit("grid.yaml", share=0, quiet=True)
    with pytest.raises(UserError, match="two ways to share"):
        api.run(file("true", more="resources: {gpu_memory: 1G}"), share=2, quiet=True)


def test_what_is_said_of_a_job_is_found_in_the_next_program(file: Callable[..., str]) -> None:
    """A notebook sorts out what ran at night; the command line finds it by the same words."""
    first, second = api.submit(file("true"), tags=["paper"], note="a first look", quiet=True)
    assert (first.tags, first.notes, api.job(first.nickname).id) == (("paper",), "a first look", first.id)
    changed = second.tag("bad").rename("too-hot").note("never again", append=True)
    assert (changed.tags, changed.nickname, changed.notes) == (("bad", "paper"), "too-hot", "a first look\nnever again")
    assert [job.id for job in api.jobs("tag:bad")] == [second.id]
    assert api.job("too-hot").tag("bad", remove=True).tags == ("paper",)


def test_who_watches_sees_the_jobs_of_another_and_gets_them_when_they_are_over(
    file, beside, until, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A notebook looks at what a terminal runs; it takes nothing over, and no handler of a signal is another afterwards."""
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)]
    api.submit(file(f"{SCRIPT}; until [ -e enough ]; do sleep 0.02; done"))
    beside(lambda: api.work(jobs=2, quiet=True))
    until(lambda: len(api.jobs("running")) == 2)
    with (tmp_path / "said").open("w", buffering=1) as said, redirect_stderr(said):
        beside(lambda: (until(lambda: "2 running" in (tmp_path / "said").read_text()), (tmp_path / "enough").touch()))
        assert len(api.watch([])) == 0
        seen = api.watch()
    assert [job.state for job in seen] == ["done", "done"]
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)] == handlers
    assert capsys.readouterr().out == ""


def test_of_nothing_there_is_nothing_to_watch(file, capsys: pytest.CaptureFixture[str]) -> None:
    """It returns at once, also of jobs that are over; a word that names nothing is a mistake."""
    assert len(api.watch()) == 0
    api.run(file("exit 0"), quiet=True)
    capsys.readouterr()
    assert [job.state for job in api.watch("all", quiet=True)] == ["done", "done"]
    assert capsys.readouterr() == ("", "")
    assert len(api.watch("failed")) == len(api.watch([])) == len(api.watch()) == 0
    with pytest.raises(UserError):
        api.watch("no-such-job")


def test_the_number_of_jobs_is_a_number_or_the_one_word(file) -> None:
    """A word that is none would be taken for no wish at all."""
    assert api.run(file("true"), jobs="auto", quiet=True).all_succeeded
    with pytest.raises(UserError, match="jobs is 'automatic'"):
        api.run(file("true"), jobs="automatic", quiet=True)
