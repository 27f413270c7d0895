"""`compare`, `best`, `curves`, `export`, `sweeps`, `trials` as a user types them."""

from __future__ import annotations

import csv
import io
import json

import pytest

TRAIN = """
import json, os, sys
config = json.loads(sys.argv[1])
with open(os.environ["EXP_QUEUE_METRICS"], "a") as log:
    log.write('{"_objective": {"name": "loss", "goal": "minimize"}}\\n')
    for step in range(20):
        log.write(json.dumps({"_step": step, "loss": config["lr"] * config["seed"] + 1 / (step + 1)}) + "\\n")
open(os.environ["EXP_QUEUE_RUN_DIR"] + "/best.pt", "w").close()
"""
GRID = "experiment_group: Rates\ncommand: [python, train.py, '${args_json}']\ngrid: {lr: [0.1, 0.2], seed: [1, 2]}\n"
SWEEP = """
method: grid
command: [python, train.py, "${args_json}"]
metric: {name: loss, goal: minimize}
early_terminate: {type: hyperband, min_iter: 10}
parameters: {lr: {values: [0.3, 0.4]}, seed: {value: 1}}
"""


GOES_ON = """
import json, os
if os.environ["EXP_QUEUE_ATTEMPT"] == "2":
    raise SystemExit(1)
begin = int(open("at").read()) if os.path.exists("at") else 0
with open(os.environ["EXP_QUEUE_METRICS"], "a") as log:
    for step in range(begin, 20):
        log.write(json.dumps({"_step": step, "acc": 0.9 if step == 5 else step / 100}) + "\\n")
        if begin == 0 and step == 9:
            open("at", "w").write("8")
            raise SystemExit(1)
"""


@pytest.fixture
def trained(command_line):
    command_line.write("train.py", TRAIN)
    command_line.write("grid.yaml", GRID)
    ran = command_line("run", "grid.yaml", "-j2")
    assert ran.returncode == 0, ran.stderr
    return command_line


def test_a_grid_is_compared_by_what_differs_and_by_means_over_seeds(trained) -> None:
    """The best first; data on standard output, and what is wrong with a word on the other."""
    compared = trained("compare", "Rates")
    assert compared.returncode == 0, compared.stderr
    head, first, *_ = compared.stdout.splitlines()
    assert head.split() == ["id", "name", "state", "lr", "seed", "best.loss", "last.loss", "duration"]
    assert first.split()[2:5] == ["done", "0.1", "1"]
    rows = json.loads(trained("compare", "--group-by", "seed", "--format", "json").stdout)
    assert [(row["lr"], row["jobs"], round(row["last.loss.mean"], 2)) for row in rows] == [(0.1, 2, 0.2), (0.2, 2, 0.35)]
    best = trained("compare", "--group-by", "seed", "--limit", "1")
    assert (len(best.stdout.splitlines()), best.stderr.splitlines()[0]) == (2, "the best 1 of 2 groups; --limit 0 shows all")
    wrong = trained("compare", "--columns", "los")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert 'did you mean "loss"?' in wrong.stderr


def test_a_mean_over_two_versions_of_a_program_says_so(command_line) -> None:
    """Two seeds were run before an edit and two after it: one mean of both says nothing of either, and looked like any other."""
    command_line.write("train.py", "print('loss: 1.0')\n")
    grid = "command: [python, train.py, '${args}']\ngrid: {lr: [1, 2], seed: SEEDS}\n"
    command_line.write("grid.yaml", grid.replace("SEEDS", "[1, 2]"))
    command_line("run", "grid.yaml")
    plain = command_line("compare", "--group-by", "seed")
    assert "versions" not in plain.stdout + plain.stderr
    command_line.write("train.py", "print('loss: 9.0')\n")
    command_line.write("grid.yaml", grid.replace("SEEDS", "[3]"))
    command_line("run", "grid.yaml", "lr=1")
    mixed = command_line("compare", "--group-by", "seed")
    assert [line.split()[-2:] for line in mixed.stdout.splitlines()[1:] if line.startswith("1 ")] == [["2", "versions"]]
    assert mixed.stdout.count("versions") == 1
    assert "1 of these is a mean over jobs of several versions of their program" in mixed.stderr
    rows = json.loads(command_line("compare", "--group-by", "seed", "--format", "json").stdout)
    assert sorted((row["lr"], row["versions"], row["last.loss.mean"]) for row in rows) == [(1, 2, 11 / 3), (2, 1, 1.0)]


def test_what_a_script_logs_as_time_or_id_stands_beside_what_is_known_of_its_job(command_line) -> None:
    """Its seconds per epoch stood as the job's duration, and its number as the id that one types."""
    row = json.dumps({"time": 123.5, "id": 7, "state": 3, "loss": 0.5})
    command_line.write("jobs.txt", f"echo '{row}' > $EXP_QUEUE_METRICS\n")
    ran = command_line("run", "--commands", "jobs.txt")
    (job,) = command_line.jobs()
    for shown in (ran.stdout, command_line("status").stdout):
        head, row, *_ = shown.splitlines()
        assert {"last.time", "last.id", "last.state", "loss"} <= set(head.split())
        assert row.split()[:2] == [job["id"][:8], "done"]
        assert "123.5" in row


def test_lines_of_a_metric_log_that_are_not_read_are_told(command_line) -> None:
    """Three rows of four were missing, and nothing said so."""
    rows = "echo '{\"loss\": 0.5}'; echo loss=0.25; echo '{\"loss\": nan}'; echo [1]"
    command_line.write("jobs.txt", f"({rows}) > $EXP_QUEUE_METRICS\n")
    assert command_line("run", "--commands", "jobs.txt").returncode == 0
    assert "2 lines of metrics.jsonl are no JSON objects (the first: line 2)" in command_line("show", "last").stdout
    (found,) = json.loads(command_line("show", "last", "--format", "json").stdout)
    assert (found["unread_lines"], found["first_unread_line"], found["metrics"]["loss"]) == (2, 2, "NaN")


def test_a_metric_and_parameters_of_a_sweep_may_be_called_as_its_columns(command_line) -> None:
    """A sweep for the least `time` had a column of how long its trials took, and no value in it."""
    command_line.write("train.py", "import sys\nprint('time:', float(sys.argv[1].split('=')[1]) + 100.5)\n")
    head = "program: train.py\ncommand: [python, '${program}', '${args}']\nmethod: grid\n"
    space = "metric: {name: time, goal: minimize}\nparameters: {id: {values: [1, 2]}}\n"
    command_line.write("sweep.yaml", head + space)
    shown = command_line("sweep").stdout.splitlines()
    jobs = {job["config"]["id"]: job["id"][:8] for job in command_line.jobs()}
    assert shown[0].split()[:6] == ["trial", "id", "state", "point.id", "best.time", "rows"]
    assert [row.split()[1:5] for row in shown[1:3]] == [[jobs[n], "done", str(n), f"{100.5 + n:g}"] for n in (1, 2)]


def test_the_results_of_a_job_that_went_on_are_those_of_all_its_attempts(command_line) -> None:
    """Its best epoch was in the attempt that was interrupted, and every table named one of the rest instead. An attempt that ends
    before it logs anything is in nobody's way."""
    command_line.write("train.py", GOES_ON)
    asked = "objective: {metric: acc, goal: maximize}"
    command_line.write("one.yaml", f"command: [python, train.py]\nbase: {{x: 1}}\npolicy: {{retries: 2, {asked}}}\n")
    ran = command_line("run", "one.yaml")
    assert ran.returncode == 0, ran.stderr
    (best,) = json.loads(command_line("best", "one.yaml", "--format", "json").stdout)
    assert (best["best"], best["best_at"]) == (0.9, 5)
    columns = "attempt,first.acc,last.acc,count.acc,rows,step"
    (row,) = json.loads(command_line("compare", "--columns", columns, "--format", "json").stdout)
    assert [row[name] for name in columns.split(",")] == [3, 0.0, 0.19, 20, 20, 19]
    points = csv.DictReader(io.StringIO(command_line("export", "--curves").stdout))
    assert [int(point["step"]) for point in points] == list(range(20))
    assert "max 0.9 at step 5" in command_line("show", "last").stdout


def test_where_no_steps_are_logged_the_best_is_at_a_row(command_line) -> None:
    """A script that counts in a column of its own had its best loss `at step 1`, which was its step 100."""
    command_line.write("jobs.txt", "printf 'loss=3 epoch=0\\nloss=1 epoch=100\\nloss=2 epoch=200\\n'\n")
    command_line("run", "--commands", "jobs.txt")
    assert "loss 1 at row 1 (last 2)" in command_line("best", "-m", "loss:min").stdout


def test_the_best_job_is_named_with_its_checkpoint_and_none_is_exit_status_1(trained) -> None:
    """For `if exp-queue best ...` in a script."""
    found = trained("best", "grid.yaml", "--format", "json")
    (best,) = json.loads(found.stdout)
    assert (found.returncode, best["config"], best["state"]) == (0, {"lr": 0.1, "seed": 1}, "done")
    assert best["checkpoints"][0].endswith("/best.pt")
    none = trained("best", "failed")
    assert (none.returncode, none.stdout) == (1, "")


def test_curves_are_drawn_in_a_pipe_without_an_escape(trained) -> None:
    """Colours in a file are rubbish."""
    drawn = trained("curves", "Rates", "-m", "loss", "--height", "10")
    assert drawn.returncode == 0, drawn.stderr
    assert "\033" not in drawn.stdout
    assert len(drawn.stdout.splitlines()) == 1 + 10 + 4
    points = list(csv.DictReader(io.StringIO(trained("curves", "last", "--format", "csv").stdout)))
    assert [point["step"] for point in points] == [str(step) for step in range(20)]


def test_an_export_goes_to_standard_output_or_to_a_file_that_is_not_replaced(trained) -> None:
    """`> results.csv` and `-o results.csv` give the same."""
    printed = trained("export", "Rates")
    assert trained("export", "Rates", "-o", "results.csv").returncode == 0
    assert (trained.directory / "results.csv").read_text() == printed.stdout
    again = trained("export", "failed", "-o", "results.csv")
    assert (again.returncode, "--force" in again.stderr) == (2, True)
    assert trained("export", "--format", "parquet").returncode == 2


def test_a_finished_sweep_is_seen_again_without_its_file(command_line) -> None:
    """And nothing is started by looking."""
    command_line.write("train.py", TRAIN)
    command_line.write("sweep.yaml", SWEEP)
    swept = command_line("sweep", "sweep.yaml", "-j1")
    assert swept.returncode == 0, swept.stderr
    (command_line.directory / "sweep.yaml").unlink()
    seen = command_line("trials")
    assert seen.returncode == 0, seen.stderr
    assert seen.stdout.startswith(swept.stdout), "the table is the one that the sweep ended with; its bands follow"
    assert "best: trial 0, loss 0.35" in seen.stderr
    (listed,) = json.loads(command_line("sweeps", "--format", "json").stdout)
    # The second is worse at the band: it is over before it is stopped, or it is stopped.
    assert (listed["method"], listed["trials"]) == ("grid", 2)
    assert listed["states"] in ({"done": 2}, {"done": 1, "stopped_early": 1})
    assert json.loads(command_line("trials", listed["id"][:4], "--format", "json").stdout)["bands"][0]["rows"] == 10
    assert len(command_line.jobs()) == 2


def test_a_report_is_one_file_and_says_where_it_is(trained) -> None:
    """To look at and to send: nothing is replaced unasked, and a mistake in the notes leaves nothing behind."""
    made = trained("report", "Rates", "--title", "Rates <b>", "--format", "json")
    assert made.returncode == 0, made.stderr
    told = json.loads(made.stdout)
    page = trained.directory / "report.html"
    assert told == {"path": str(page.resolve()), "runs": 4, "bytes": page.stat().st_size}
    assert "<title>Rates &lt;b&gt;</title>" in page.read_text()
    again = trained("report", "Rates")
    assert (again.returncode, again.stdout) == (2, "")
    assert "report.html is there already; --force replaces it" in again.stderr
    assert "4 runs in report.html, " in trained("report", "Rates", "--force").stderr
    piped = trained("report", "Rates", "-o", "-")
    assert piped.stdout.startswith("<!doctype html>")
    trained.write("notes.md", "one\n\n```view\ncurvs\n```\n")
    wrong = trained("report", "Rates", "-o", "noted.html", "--notes", "notes.md")
    assert wrong.returncode == 2
    assert 'notes.md:3: there is no view "curvs"; did you mean "curves"?' in wrong.stderr
    assert [path.name for path in trained.directory.glob("*.html*")] == ["report.html"]
    assert trained("report", "failed", "-o", "none.html").returncode == 2
