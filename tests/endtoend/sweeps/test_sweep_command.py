"""`exp-queue sweep` as a user types it."""

from __future__ import annotations

import json
import re
import signal
import time

import pytest

from tests.conftest import ROOT

STOPPING = "early_terminate: {type: hyperband, min_iter: 2, strict: true}\nrun_cap: 5\n"
SPACE = {
    "lr: {min: 0.0, max: 1.0}": "lr: {values: [0.1, 0.5, 0.6, 0.7, 0.8]}\n  rows: {value: 40}\n  pause: {value: 0.02}"
    "\n  stays_above: {value: 0.75}",
}


def test_a_random_sweep_runs_its_trials_and_names_the_best(sweeps):
    """The main path: points, trainings, results, and the line to paste."""
    found = sweeps.sweep("--count", "3", "-j2")
    values = [trial["value"] for trial in found["trials"]]
    assert len(values) == 3
    assert values == sorted(values)
    assert found["best"]["value"] == pytest.approx(found["best"]["point"]["lr"] + 1 / 4, abs=1e-5)
    assert found["best"]["argv"] == ["python", "train.py", f"--lr={found['best']['point']['lr']}"]
    assert sorted(" ".join(trial["argv"][2:]) for trial in found["trials"]) == sorted(sweeps.ledger())


def test_the_table_and_the_last_words_are_for_people(sweeps):
    """What one reads after a night: the best trial, its command, where it lies."""
    result = sweeps("sweep", "--count", "2")
    assert result.stdout.splitlines()[0].split() == ["trial", "id", "state", "lr", "loss", "rows", "time"]
    assert "no new trials: --count 2 is reached" in result.stderr
    assert "best: trial" in result.stderr
    values = [float(line.split()[4]) for line in result.stdout.splitlines()[1:3]]
    told = [float(value) for value in re.findall(r" done after .* s, loss ([0-9.]+)", result.stderr)]
    assert sorted(told) == values
    assert "its command: python train.py --lr=" in result.stderr
    assert "its parameters" not in result.stderr


def test_a_command_without_the_parameters_is_told_with_them(sweeps):
    """Pasted alone it would train the defaults of a script that asks W&B for its parameters."""
    sweeps.file(**{', "${args}"': ""})
    sweeps.write("train.py", "import os\nassert os.environ['WANDB_SWEEP_PARAM_PATH']\nprint('loss: 1')\n")
    said = sweeps("sweep", "--method", "grid", "lr=choice(0.25,0.5)").stderr
    assert "  its command: python train.py\n" in said
    assert re.search(r"its parameters, which that command does not say \(.*\): lr=0\.(25|5)\n", said)


def test_trials_of_one_point_have_one_command_and_it_says_all(sweeps):
    """Points drawn at random may be alike."""
    assert "its parameters" not in sweeps("sweep", "--count", "2", "lr=choice(0.25)").stderr


def test_the_same_command_goes_on_and_asks_nothing_twice(sweeps):
    """A sweep is as long as its owner wants, in as many sittings."""
    first = sweeps.sweep("--count", "2")
    both = sweeps.sweep("--count", "2")
    assert first["sweep"] == both["sweep"]
    assert [trial["trial"] for trial in sorted(both["trials"], key=lambda each: each["trial"])] == [0, 1, 2, 3]
    assert len(set(sweeps.ledger())) == 4
    assert sweeps.sweep("--count", "1", "--again")["sweep"] != first["sweep"]


def test_run_cap_counts_over_all_sittings(sweeps):
    """Exact caps: what was started, not what has finished."""
    sweeps.file("run_cap: 3\n")
    assert len(sweeps.sweep("--count", "2")["trials"]) == 2
    assert len(sweeps.sweep("-j2")["trials"]) == 3
    assert len(sweeps.sweep("-j2")["trials"]) == 3
    assert len(sweeps.ledger()) == 3


def test_a_seed_makes_the_same_points(sweeps):
    """So that a sweep can be repeated."""
    one = sweeps.sweep("--count", "2", "--seed", "7")
    other = sweeps.sweep("--count", "2", "--seed", "7", "--again")
    assert one["sweep"] != other["sweep"]
    points = [sorted(trial["point"]["lr"] for trial in found["trials"]) for found in (one, other)]
    assert points[0] == points[1]


def test_trials_that_fall_behind_are_stopped_and_explained(sweeps):
    """Hyperband's manner, live: a stopped trial is no failure, its rows stay, and one can ask why."""
    rates = "lr: {values: [0.1, 0.5, 0.6, 0.7, 0.8]}\n  rows: {value: 400}\n  stays_above: {value: 0.3}"
    sweeps.file(STOPPING, **{"lr: {min: 0.0, max: 1.0}": rates})
    found = sweeps.sweep("--method", "grid", "-j1", "rows=100")
    by_rate = {trial["point"]["lr"]: trial for trial in found["trials"]}
    assert by_rate[0.1]["state"] == "done"
    stopped = by_rate[0.8]
    assert stopped["state"] == "stopped_early"
    assert stopped["stopped_because"]["better"] == [by_rate[0.1]["trial"], by_rate[0.5]["trial"]]
    assert 2 <= len(stopped["history"]) <= 4
    explained = sweeps("explain", stopped["id"]).stdout
    assert "was stopped early: its loss in row 2 was 1.3, worse than 1" in explained
    assert "still passes" in explained
    assert json.loads(sweeps("explain", f"trial:{stopped['trial']}", "--format", "json").stdout)[0]["verdict"]["band"] == 2


# With an lr above 0.5 it runs until it is told to stop, and logs three more rows on its way out.
TALKATIVE = """
import signal, sys, time
lr, told = float(sys.argv[1].split("=")[1]), []
signal.signal(signal.SIGINT, lambda *_: told.append(True))
rows = 0
while rows < 3 if lr < 0.5 else not told:
    print("loss:", lr, flush=True)
    rows += 1
    time.sleep(0.1)
for _ in told and range(3):
    print("loss:", lr, flush=True)
"""


def test_the_reason_is_that_of_the_moment_when_it_was_stopped(sweeps):
    """What a trial logs on its way out, or others later, does not rewrite why it was stopped."""
    rates = {"lr: {min: 0.0, max: 1.0}": "lr: {values: [0.1, 0.8]}"}
    sweeps.file("early_terminate: {type: hyperband, max_iter: 9, s: 1, strict: true}\n", **rates)
    sweeps.write("train.py", TALKATIVE)
    (stopped,) = [trial for trial in sweeps.sweep("--method", "grid", "-j1")["trials"] if trial["state"] == "stopped_early"]
    assert stopped["stopped_because"]["rows"] < len(stopped["history"])


def test_pruner_none_stops_nobody(sweeps):
    """Somebody wants the full curves for once."""
    sweeps.file(STOPPING)
    assert {trial["state"] for trial in sweeps.sweep("--pruner", "none", "-j2")["trials"]} == {"done"}


@pytest.mark.parametrize("pruner", ["asha", "median"])  # hyperband gives each trial a bracket, by lot
def test_the_rules_of_optuna_stop_trials_too(sweeps, pruner):
    """On the same rows, for those who know them; what a file's own rule says of bands is not claimed then."""
    pytest.importorskip("optuna")
    rates = "lr: {values: [0.1, 0.11, 0.12, 0.13, 0.14, 0.15, 0.9]}\n  rows: {value: 40}\n  stays_above: {value: 0.5}"
    sweeps.file("early_terminate: {type: hyperband, min_iter: 2}\n", **{"lr: {min: 0.0, max: 1.0}": rates})
    result = sweeps("sweep", "--method", "grid", "-j1", "--pruner", pruner)
    assert result.returncode == 0, result.stderr
    assert f"stopped by Optuna's {pruner}" in result.stderr
    assert "are compared after" not in result.stderr
    assert sweeps.jobs()[-1]["state"] == "stopped_early", result.stderr


def test_a_sweep_whose_first_trials_all_fail_is_stopped(sweeps):
    """A typing mistake must not burn the budget of a weekend."""
    result = sweeps("sweep", "-j1", "--count", "50", "+fails_above=-1")
    assert result.returncode == 1
    assert "no new trials: the first 3 trials failed" in result.stderr
    assert "too large a step" in result.stderr
    assert len(sweeps.ledger()) == 3


def test_a_metric_that_nobody_logs_is_told_after_the_first_trial(sweeps):
    """A misspelt name would make every trial worthless; the near name is the answer."""
    sweeps.file(**{"name: loss": "name: los"})
    assert 'holds "los"' in sweeps("sweep", "--count", "1").stderr


def test_a_misspelt_metric_stops_the_sweep_and_names_what_was_logged(sweeps):
    """Thirty trials ended without a value, and the status said that all was well."""
    sweeps.file(**{"name: loss": "name: los"})
    result = sweeps("sweep", "-j1", "--count", "30", "--format", "json")
    assert result.returncode == 2
    assert 'no new trials: 3 trials have ended, and none of them logged the metric "los"' in result.stderr
    assert 'sweep.yaml:5:16: no trial has logged the metric "los"' in result.stderr
    assert 'did you mean "loss"?' in result.stderr
    assert json.loads(result.stdout)["logged_instead"] == ["loss"]
    assert len(sweeps.ledger()) == 3


def test_the_status_of_a_sweep_in_vain_is_the_same_when_it_has_nothing_more_to_run(sweeps):
    """A script that asks again must not hear that all is well."""
    sweeps.file("run_cap: 2\n", **{"name: loss": "name: los"})
    for _ in range(2):
        result = sweeps("sweep", "-j1")
        assert result.returncode == 2
        assert 'did you mean "loss"?' in result.stderr
    assert len(sweeps.ledger()) == 2


def test_trials_of_a_misspelt_metric_count_once_its_name_is_corrected(sweeps):
    """They have run, and what they logged is still there."""
    sweeps.file(**{"name: loss": "name: los"})
    first = sweeps.sweep("-j1", "--count", "30", status=2)
    sweeps.file()
    found = sweeps.sweep("-j1", "--count", "1")
    assert found["sweep"] == first["sweep"]
    points = [trial["point"]["lr"] for trial in found["trials"]]
    assert [trial["value"] for trial in found["trials"]] == pytest.approx([lr + 0.25 for lr in sorted(points)], abs=1e-5)
    assert len(sweeps.ledger()) == 4
    sweeps.file(**{"name: loss": "name: step"})
    assert sweeps.sweep("-j1", "--count", "1", status=None)["sweep"] != first["sweep"], "its values are of another metric"


@pytest.mark.parametrize(("method", "status", "trials"), [("grid", 0, 4), ("bayes", 2, 3)])
def test_without_any_value_only_a_sweep_that_needs_them_is_stopped(sweeps, method, status, trials):
    """A grid is done when all of it has run, wherever its results lie; a search that learns from nothing is none."""
    text = (sweeps.directory / "sweep.yaml").read_text().replace("random", method)
    sweeps.write("sweep.yaml", text.replace("{min: 0.0, max: 1.0}", "{values: [0.1, 0.2, 0.3, 0.4]}"))
    sweeps.write("train.py", "open('ledger', 'a').write('x\\n')\n")
    result = sweeps("sweep", "-j1", "--count", "9")
    assert (result.returncode, len(sweeps.ledger())) == (status, trials), result.stderr
    assert 'holds "loss"' in result.stderr


def test_a_printed_number_that_is_not_read_whole_is_named_once_and_never_the_best(sweeps):
    """Of `0,333` the 0 was read, and was the best of all trials."""
    prints = "given['style'].format(float(given['lr'])).replace('.', given['point'])"
    sweeps.write("train.py", f"import sys\ngiven = dict(word[2:].split('=', 1) for word in sys.argv[1:])\nprint({prints})\n")
    space = "  style: {values: ['loss: {:.3f}', 'Loss: {:.3f}']}\n  point: {values: [',', '.']}\n"
    text = (sweeps.directory / "sweep.yaml").read_text().replace("{min: 0.0, max: 1.0}", "{values: [0.5, 0.75]}")
    sweeps.write("sweep.yaml", text.replace("random", "grid") + space)
    result = sweeps("sweep", "-j1", "--format", "json")
    assert json.loads(result.stdout)["best"]["value"] == 0.5
    lines = [line for line in result.stderr.splitlines() if "which is not read as loss" in line]
    assert [line.partition(": a comma")[0].partition(": the name")[0] for line in lines] == [
        "trial 0 prints `loss: 0,500`, which is not read as loss",
        "trial 1 prints `Loss: 0,500`, which is not read as loss",
    ]


def test_the_target_ends_the_sweep(sweeps):
    """Good enough is good enough."""
    sweeps.file(**{"goal: minimize": "goal: minimize, target: 9.0"})
    result = sweeps("sweep", "-j1", "--count", "9")
    assert "no new trials: the target 9 is reached" in result.stderr
    assert len(sweeps.ledger()) == 1


def test_bayes_learns_and_goes_on_from_a_random_start(sweeps):
    """The method may change between two sittings: what was tried counts."""
    pytest.importorskip("optuna")
    sweeps.sweep("--count", "2")
    found = sweeps.sweep("--method", "bayes", "--count", "2", "--optuna-journal", "trials.journal")
    assert len(found["trials"]) == 4
    assert (sweeps.directory / "trials.journal").stat().st_size > 0


def test_a_changed_space_goes_on_with_what_still_lies_in_it(sweeps):
    """One narrows a range after a first look, and keeps the results."""
    pytest.importorskip("optuna")
    sweeps.sweep("--count", "2")
    sweeps.file(**{"max: 1.0": "max: 0.5"})
    assert len(sweeps.sweep("--count", "1")["trials"]) == 3
    sweeps.file("  rows: {values: [2, 3]}\n")
    assert len(sweeps.sweep("--count", "1", "--method", "bayes")["trials"]) == 4


def test_ctrl_c_once_lets_the_running_finish(sweeps, until):
    """The first Ctrl-C is a wish, not an order."""
    runner = sweeps.start("sweep", "-j1", "+wait=go")
    until(sweeps.ledger)
    runner.send_signal(signal.SIGINT)
    until(lambda: "nothing more is started" in runner.stderr.readline())
    sweeps.write("go", "")
    runner.communicate(timeout=60)
    assert runner.returncode == 130
    assert len(sweeps.ledger()) == 1
    assert sweeps.states() == ["done"]


def test_ctrl_c_twice_stops_and_the_next_sitting_tries_the_same_point_again(sweeps, until):
    """What was interrupted is no result: its point is not lost, and not counted twice."""
    runner = sweeps.start("sweep", "-j1", "+wait=go")
    until(sweeps.ledger)
    runner.send_signal(signal.SIGINT)
    until(lambda: "Ctrl-C again" in runner.stderr.readline())  # two signals that wait at once are one
    runner.send_signal(signal.SIGINT)
    runner.communicate(timeout=60)
    assert sweeps.states() == ["cancelled"]
    sweeps.write("go", "")
    found = sweeps.sweep("-j1", "+wait=go", "--count", "1")
    assert [trial["state"] for trial in found["trials"]] == ["done", "done"]
    first, again, other = sweeps.ledger()
    assert first == again != other


def test_a_best_trial_that_was_cancelled_is_named_as_such(sweeps, until):
    """Its value is that of a training that somebody has ended: it may be better than what a whole one reaches."""
    sweeps.write("train.py", "import time\nprint('loss: 0.5', flush=True)\ntime.sleep(1000)\n")
    runner = sweeps.start("sweep", "-j1")
    until(lambda: any(job["metrics"].get("loss") for job in sweeps.jobs()))
    for said in ("Ctrl-C again", "best: trial 0, loss 0.5 (cancelled)"):
        runner.send_signal(signal.SIGINT)
        until(lambda said=said: said in runner.stderr.readline())
    runner.communicate(timeout=60)
    assert runner.returncode == 130


def test_two_runners_share_one_sweep(sweeps, until):
    """Twice at once: no point twice, and the cap holds."""
    sweeps.file("run_cap: 12\n", **{"lr: {min": "pause: {value: 0.05}\n  lr: {min"})
    runners = [sweeps.start("sweep", "-j2", "--format", "json") for _ in range(2)]
    outcomes = [runner.communicate(timeout=100) for runner in runners]
    assert [runner.returncode for runner in runners] == [0, 0], outcomes
    assert len(sweeps.ledger()) == len(set(sweeps.ledger())) == 12
    assert len({json.loads(stdout)["sweep"] for stdout, _ in outcomes}) == 1


def test_two_runners_of_trials_that_take_no_time_both_come_to_their_end(sweeps):
    """What the other has started is over before one can listen, and may be taken back: neither may wait for news of it."""
    sweeps.write("train.sh", "echo loss=1\n")
    sweeps.file("run_cap: 40\n", **{"train.py": "train.sh", "[python,": "[sh,"})
    runners = [sweeps.start("sweep", "-j2", "--format", "json") for _ in range(2)]
    outcomes = [runner.communicate(timeout=300) for runner in runners]
    assert [runner.returncode for runner in runners] == [0, 0], outcomes
    for stdout, _ in outcomes:
        assert [(trial["state"], trial["value"]) for trial in json.loads(stdout)["trials"]] == [("done", 1.0)] * 40


def test_another_sweep_of_the_same_file_has_a_study_of_its_own_in_the_journal(sweeps):
    """Its trials have the same numbers: in one study those of the first would stand for them."""
    optuna = pytest.importorskip("optuna")
    sweeps.file()
    for again in ([], ["--again"]):
        sweeps.sweep("-j1", "--count", "2", "--optuna-journal", "log", *again)
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(sweeps.directory / "log")))
    assert [study.n_trials for study in optuna.get_all_study_summaries(storage)] == [2, 2]


POINTS = [
    "point-asked@3",
    "trial-queued@2",
    "verdict-noted@1",
    "end-unread@2",
    "begin-written@2",
    "begin-committed@2",
    "end-heard@2",
]


@pytest.mark.parametrize("point", [name.replace("@", ":kill@") for name in POINTS])
def test_a_sweep_survives_a_kill_at_any_moment(sweeps, point):
    """Whenever it dies: no point is tried twice, no finished trial is lost, the cap holds."""
    sweeps.file(STOPPING, **SPACE)
    sweeps.environment["EXP_QUEUE_FAILPOINT"] = point
    assert sweeps("sweep", "--method", "grid", "-j2").returncode == -signal.SIGKILL
    del sweeps.environment["EXP_QUEUE_FAILPOINT"]
    found = sweeps.sweep("--method", "grid", "-j2")
    assert {trial["state"] for trial in found["trials"]} <= {"done", "stopped_early"}
    assert sorted(trial["point"]["lr"] for trial in found["trials"]) == [0.1, 0.5, 0.6, 0.7, 0.8]
    assert len(sweeps.ledger()) == 5
    assert all(trial["history"] for trial in found["trials"])


def test_a_stop_that_was_decided_is_carried_out_by_the_next_runner(sweeps):
    """Killed between the decision and the signal: the trial must not run on for days under the name "stopping"."""
    rates = {"lr: {min: 0.0, max: 1.0}": "lr: {values: [0.1, 0.8]}\n  rows: {value: 3000}\n  pause: {value: 0.02}"}
    sweeps.file("early_terminate: {type: hyperband, max_iter: 9, s: 1, strict: true}\n", **rates)
    sweeps.environment["EXP_QUEUE_FAILPOINT"] = "stop-written:kill"
    assert sweeps("sweep", "--method", "grid", "-j2").returncode == -signal.SIGKILL
    del sweeps.environment["EXP_QUEUE_FAILPOINT"]
    runner = sweeps.start("sweep", "--method", "grid", "-j2")
    for line in runner.stderr:
        if "stopped_early" in line:
            break
    assert sweeps.jobs("stopped_early")
    assert "row 3" in sweeps("explain", "stopped_early").stdout


def test_no_new_trials_when_the_time_is_up_but_those_that_run_may_finish(sweeps, until):
    """`--time` bounds what is begun."""
    for seconds in (2**power for power in range(1, 9)):  # until it is enough for this machine to begin one
        runner = sweeps.start("sweep", "-j1", "--time", f"{seconds}s", "+wait=go")
        until(lambda runner=runner: sweeps.ledger() or runner.poll() is not None)
        if sweeps.ledger():
            break
    time.sleep(seconds)  # those of the command began before its first trial: they are over now
    sweeps.write("go", "")
    _, stderr = runner.communicate(timeout=60)
    assert "no new trials: the time is up" in stderr
    assert runner.returncode == 0
    assert sweeps.states() == ["done"]


def test_a_trial_that_a_person_cancels_keeps_no_place(sweeps, until):
    """Its slot goes to the next point, and the sweep does not wait for it."""
    runner = sweeps.start("sweep", "-j1", "--count", "2", "+wait=go")
    until(sweeps.ledger)
    sweeps("cancel", "running", "starting")
    until(lambda: len(sweeps.ledger()) == 2)
    sweeps.write("go", "")
    runner.communicate(timeout=60)
    assert sorted(job["state"] for job in sweeps.jobs()) == ["cancelled", "done"]


WRONG = {
    ("sweep", "nowhere.yaml"): "nowhere.yaml: no such file",
    ("sweep", "--method", "bayes", "bare.yaml"): "bare.yaml:1:1: method bayes needs a metric",
    ("sweep", "list.yaml"): "list.yaml: this is an experiments file, no sweep file; `exp-queue run list.yaml` runs it",
    ("sweep", "--backend", "wandb", "--pruner", "none"): "--pruner is about what the W&B server decides",
    ("sweep", "--backend", "wandb", "lr=1"): "lr=1 would change the sweep, which the W&B server has",
    ("sweep", "--method", "grid"): 'a grid cannot enumerate "lr"',
    ("sweep", "--time", "soon"): "--time: expected a duration such as 2h, 90m or 30s",
    ("sweep", "--sampler", "gp"): "the sampler gp does not belong to method random",
    ("sweep", "~nothing"): 'the override "~nothing" removes what no experiment has',
}


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_what_is_wrong_is_told_before_anything_starts(sweeps, arguments):
    """Exit status 2, the place, and what to do."""
    sweeps.write("bare.yaml", "program: train.py\nmethod: random\nparameters: {lr: {min: 0.0, max: 1.0}}\n")
    sweeps.write("list.yaml", "grid: {lr: [1, 2]}\n")
    result = sweeps(*arguments)
    assert result.returncode == 2
    assert WRONG[arguments] in result.stderr
    assert sweeps.ledger() == []


def test_without_a_file_it_is_said_what_was_looked_for(command_line):
    """In an empty directory."""
    result = command_line("sweep", "--method", "bayes")
    assert result.returncode == 2
    assert result.stderr == (
        "exp-queue: no sweep file was named, and neither sweep.yaml nor sweeps/sample.yaml is here; write exp-queue sweep FILE\n"
    )


def test_a_dry_run_starts_nothing(sweeps):
    """One looks before one leaps."""
    result = sweeps("sweep", "--dry-run", "--method", "bayes")
    assert result.returncode == 0
    assert result.stdout.count("python train.py --lr=") == 5
    assert sweeps.jobs() == []


def test_an_endless_sweep_says_how_to_end_it(sweeps, until):
    """Nobody should wonder whether it will ever stop."""
    runner = sweeps.start("sweep", "-j1", "+wait=go")
    until(sweeps.ledger)
    runner.send_signal(signal.SIGTERM)
    assert "without an end: Ctrl-C stops it" in runner.communicate(timeout=60)[1]


def test_the_shipped_sweep_files_are_read(command_line):
    """Every file in sweeps/ is one that the command takes."""
    for path in sorted((ROOT / "sweeps").glob("*.yaml")):
        result = command_line("sweep", str(path), "--dry-run")
        assert result.returncode == 0, (path, result.stderr)


def test_a_sweep_learns_from_another_one_and_goes_on_so(sweeps):
    """The next sweep need not begin with random points; who forgets `--from` the second time has the same sweep all the same."""
    pytest.importorskip("optuna")
    nothing = sweeps("sweep", "--method", "bayes", "--from", "last", "--dry-run")
    assert (nothing.returncode, "there is no sweep yet" in nothing.stderr) == (2, True)
    sweeps.sweep("--count", "2")
    sweeps.write("next.yaml", (sweeps.directory / "sweep.yaml").read_text().replace("random", "bayes"))
    told = "the search learns from 2 of 2 trials of sweep"
    assert told in sweeps("sweep", "next.yaml", "--from", "sweep.yaml", "--dry-run").stderr
    assert told in sweeps("sweep", "next.yaml", "--from", "sweep.yaml", "--count", "1").stderr
    again = sweeps("sweep", "next.yaml", "--count", "1", "--format", "json")
    assert told in again.stderr
    assert [trial["trial"] for trial in sorted(json.loads(again.stdout)["trials"], key=lambda each: each["trial"])] == [0, 1]
    drawn = sweeps("sweep", "next.yaml", "--sampler", "random", "--count", "1", "--plain").stderr
    assert "this method learns from none" in drawn
    later = sweeps("trials", "next.yaml").stderr
    assert (told in later, "to learn from (--from) it was given 2 of 2 trials" in later) == (False, True), later
    refused = sweeps("sweep", "sweep.yaml", "--from", "next.yaml")
    assert (refused.returncode, "method random learns nothing" in refused.stderr) == (2, True)


# Logs the size once, after its first row, as scripts do that count parameters when the network is built.
TWO = """
import sys
lr = float(sys.argv[1].split("=")[1])
for step in range(1, 4):
    print("loss:", lr + 1 / step, flush=True)
    if step == 1:
        print("size:", 1 - lr, flush=True)
"""


def test_a_sweep_of_several_objectives_shows_who_is_beaten_by_none(sweeps):
    """Read from what an unmodified script prints, while it runs; and once more from the store."""
    rates = {"lr: {min: 0.0, max: 1.0}": "lr: {values: [0.2, 0.5, 0.8]}"}
    sweeps.file("", **{"metric: {name: loss, goal: minimize}": "metrics: [{name: loss}, {name: size}]", **rates})
    sweeps.write("train.py", TWO)
    found = sweeps.sweep("--method", "grid")
    values = [(trial["value"], trial["beside"]["size"]) for trial in found["trials"]]
    assert values == [(pytest.approx(lr + 1 / 3), pytest.approx(1 - lr)) for lr in (0.2, 0.5, 0.8)]
    assert found["front"] == [trial["trial"] for trial in found["trials"]]
    seen = sweeps("trials")
    assert seen.stdout.splitlines()[0].split() == ["trial", "id", "state", "lr", "loss", "size", "front", "rows", "time"]
    assert "beaten by none in all objectives (the front): trial 0 (loss 0.5333, size 0.8), trial 1" in seen.stderr
    assert (
        "the sweep goes on, method grid, loss to be minimized and size to be minimized"
        in sweeps("sweep", "--method", "grid", "--dry-run").stderr
    )
    assert re.search(r" done after .* s, loss 0\.5333, size 0\.8", sweeps("sweep", "--method", "grid", "--again").stderr)


def test_a_misspelt_second_objective_is_said(sweeps):
    """Its trials run well, and none can be compared with another."""
    sweeps.file("", **{"metric: {name: loss, goal: minimize}": "metrics: [{name: loss}, {name: sise}]"})
    told = sweeps("sweep", "--count", "1").stderr
    assert 'trial 0 has never logged "sise": it cannot be compared with others' in told
