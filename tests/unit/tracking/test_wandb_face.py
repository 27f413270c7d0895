"""`import scheduler.wandb as wandb`: the names and the manners of W&B, as first scripts use them."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import scheduler.wandb as face
from scheduler.errors import UserError
from scheduler.tracking.media_log import media_of
from scheduler.tracking.metric_log import rows

wandb: Any = face  # the face has names that only run time knows
np = pytest.importorskip("numpy")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """Where runs by hand are kept; no run is left open."""
    yield tmp_path
    wandb.finish()


def started(place: Path, **options: Any) -> Any:
    return wandb.init(dir=place, **options)


def logged(run: Any) -> list[dict[str, Any]]:
    found = rows(Path(run.dir) / "metrics.jsonl")
    return [{name: value for name, value in row.items() if name != "_time"} for row in found]


def shown(run: Any) -> list[tuple[Any, ...]]:
    return [(row.get("_step"), row["kind"], row["name"]) for row in media_of(Path(run.dir))]


def test_steps_are_counted_and_rows_of_one_step_belong_together(place: Path) -> None:
    """W&B's rules: a row without a step ends its step, one that is not committed becomes part of the next."""
    run = started(place)
    wandb.log({"loss": 3})
    wandb.log({"acc": 1}, commit=False)
    wandb.log({"loss": 2, "val": {"cer": 0.5}})
    wandb.log({"loss": 1}, step=10)
    wandb.log({"acc": 2}, step=10)
    assert run.step == 10
    wandb.log({"lr": 5})
    wandb.log({"end": 1}, commit=False)
    wandb.finish()
    assert logged(run)[1:] == [
        {"_step": 0, "loss": 3},
        {"_step": 1, "acc": 1, "loss": 2, "val.cer": 0.5},
        *[{"_step": 10, "loss": 1}, {"_step": 10, "acc": 2}, {"_step": 10, "lr": 5}],
        {"_step": 11, "end": 1},
    ]


def test_the_first_row_says_what_people_said_of_the_run(place: Path) -> None:
    """Whoever compares runs looks for it there."""
    run = started(place, project="p", name="first try", notes="n", tags=["a", "b"], group="g", config={"lr": 0.1})
    assert logged(run) == [
        {
            "_run": {"project": "p", "group": "g", "name": "first try", "notes": "n", "tags": ["a", "b"]},
            "_config": {"lr": 0.1},
        }
    ]
    assert (run.name, run.project, run.tags, run.dir) == ("first try", "p", ("a", "b"), str(place / "exp-queue-runs/first-try"))
    wandb.config.update({"epochs": 3})
    assert logged(run)[-1] == {"_config": {"epochs": 3}}


def test_the_configuration_of_a_module_may_be_set_before_and_after_init(place: Path) -> None:
    """First scripts write `wandb.config = {...}` wherever it stands in their tutorial."""
    wandb.config = {"epochs": 2}
    wandb.config.lr = 1
    run = started(place, config={"batch": 3})
    wandb.config = {"late": 4}
    assert wandb.config is run.config
    assert run.config == {"lr": 1, "epochs": 2, "batch": 3, "late": 4}
    wandb.finish()
    assert wandb.config.lr == 1, "also after the end"
    assert started(place).config == {}, "the next run begins anew"


def test_a_sweep_goes_before_what_the_script_says(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As under W&B's agent: the script's values are only those of a run by hand."""
    (tmp_path / "p.yaml").write_text("lr: {value: 0.5}\nnet: {value: {width: 3}}\nwandb_version: 1\n")
    monkeypatch.setenv("WANDB_SWEEP_PARAM_PATH", str(tmp_path / "p.yaml"))
    run = started(place, config={"lr": 0.1, "epochs": 2})
    run.config.update({"lr": 0.2})
    assert run.config == {"lr": 0.5, "epochs": 2, "net": {"width": 3}}


def test_whatever_can_be_shown_is_shown(place: Path) -> None:
    """Images, several at once, histograms, arrays, tables, figures; None is nothing; the rest is said, and not fatal."""
    run = started(place)
    image, table = wandb.Image(np.eye(4), caption="a"), wandb.Table(columns=["x", "seen"], data=[[1, None]])
    table.add_data(2, image)
    wandb.log({"one": image, "two": [image, image], "h": wandb.Histogram([1, 2]), "array": np.zeros(3)})
    wandb.log({"t": table, "n": wandb.Histogram(np_histogram=([1, 2], [0, 1, 2])), "none": None})
    table.add_data(3, None)
    wandb.summary["best picture"] = image
    names = [(0, "image", "one"), (0, "image", "two"), (0, "image", "two"), (0, "histogram", "h"), (0, "histogram", "array")]
    assert shown(run) == [*names, (1, "table", "t"), (1, "histogram", "n"), (None, "image", "best picture")]
    cells = next(row for row in media_of(Path(run.dir)) if row["kind"] == "table")["rows"]
    assert (len(cells), cells[1][0]) == (2, 2)
    assert (Path(run.dir) / cells[1][1]["file"]).read_bytes() == image.content


def test_what_cannot_be_kept_is_said_once_and_costs_nothing_else(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """W&B takes nearly everything, and a script for it must not end here."""
    run = started(place)
    capsys.readouterr()
    for _ in range(3):
        wandb.log({"loss": 1, "odd": object()})
    assert capsys.readouterr().err == 'exp-queue: "odd" is not kept: the metric "odd" is a object; log numbers or texts\n'
    assert [row.get("loss") for row in logged(run)] == [None, 1, 1, 1]


def test_a_table_may_be_a_frame(place: Path) -> None:
    """Its columns and rows are those of pandas."""
    frame = pytest.importorskip("pandas").DataFrame({"a": [1, 2], "b": ["x", "y"]})
    table = wandb.Table(dataframe=frame)
    assert (table.columns, [list(row) for row in table.data]) == (["a", "b"], [[1, "x"], [2, "y"]])


def test_files_are_kept_below_their_base(place: Path) -> None:
    """By pattern, as they are in the end."""
    (place / "out").mkdir()
    (place / "out" / "a.pt").write_text("early")
    run = started(place)
    assert wandb.save(f"{place}/out/*.pt", base_path=str(place)) == [f"{place}/out/a.pt"]
    (place / "out" / "a.pt").write_text("late, and longer")
    wandb.finish()
    assert (Path(run.dir) / "files/out/a.pt").read_text() == "late, and longer"
    assert [(row["name"], row["file"]) for row in media_of(Path(run.dir))] == [("out/a.pt", "files/out/a.pt")]


def test_a_second_init_is_the_same_run_unless_another_is_wanted(place: Path) -> None:
    """As W&B has it: helpers call init again."""
    run = started(place)
    assert started(place, config={"x": 1}) is run
    assert wandb.config.x == 1
    other = started(place, reinit=True)
    assert other is not run
    assert wandb.run is other


def test_a_run_may_be_a_block_and_is_over_after_it(place: Path) -> None:
    """And what is logged without a run is a mistake that is said."""
    run = started(place)

    def training() -> None:
        with run:
            assert wandb.run is run
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        training()
    assert wandb.run is None
    assert logged(run)[-1] == {"exception": "ZeroDivisionError: division by zero"}
    with pytest.raises(UserError, match=r"wandb\.log\(\) where no run is open") as told:
        wandb.log({"a": 2})
    assert "call wandb.init() before" in str(told.value)


def test_a_disabled_run_keeps_nothing(place: Path) -> None:
    """What `mode="disabled"` means to W&B."""
    run = started(place, mode="disabled", config={"lr": 1})
    wandb.log({"a": 1})
    assert (run.config.lr, run.summary["a"], list(place.iterdir())) == (1, 1, [])
    assert Path(run.dir).is_dir(), "a script may write its files there"
    Path(run.dir).rmdir()


def test_names_that_are_not_there_are_told_with_those_that_are() -> None:
    """`hasattr` gets its answer, a person the way to the rest."""
    with pytest.raises(AttributeError, match=r"there is no 'Artifact': it knows AlertLevel, .*`import wandb` has the rest"):
        _ = wandb.Artifact
    assert not hasattr(wandb, "plot")
    assert dir(wandb) == sorted(wandb.__all__)


def test_sweeps_of_w_and_b_lead_to_ours() -> None:
    """A script that starts its own sweep has the file of ours half written."""
    for call in (wandb.sweep, wandb.agent):
        with pytest.raises(UserError) as told:
            call({"method": "grid"})
        assert "exp-queue sweep FILE" in str(told.value)


def test_calls_that_steer_a_server_do_nothing(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They stand in nearly every script."""
    assert wandb.login(key="x") is True
    run = started(place, settings=wandb.Settings(silent=True), job_type="train", save_code=True)
    capsys.readouterr()
    wandb.define_metric("loss", summary="min")
    wandb.alert(title="Low accuracy", text="below 0.5", level=wandb.AlertLevel.WARN)
    assert capsys.readouterr().err == "WARN: Low accuracy: below 0.5\n"
    assert len(logged(run)) == 1


def test_every_call_takes_the_arguments_of_the_real_one() -> None:
    """By position and by name, for the package that is installed here."""
    real = pytest.importorskip("wandb")
    for name in (
        "init",
        "log",
        "watch",
        "unwatch",
        "save",
        "alert",
        "finish",
        "login",
        "define_metric",
        "Image",
        "Histogram",
        "Table",
    ):
        theirs = inspect.signature(getattr(real.Run, name, None) or getattr(real, name)).parameters
        ours = inspect.signature(getattr(wandb, name))
        named = [each for each in theirs if each not in ("self", "args", "kwargs")]
        needed = [each for each in named if theirs[each].kind is not inspect.Parameter.VAR_KEYWORD]
        ours.bind(**dict.fromkeys(needed))


def test_the_index_is_written_for_programs(place: Path) -> None:
    """One JSON object a line, with the place of every file."""
    run = started(place)
    run.log({"x": wandb.Image(np.zeros((2, 2)))})
    (line,) = (Path(run.dir) / "media.jsonl").read_text().splitlines()
    found = json.loads(line)
    assert (found["name"], found["kind"], found["_step"], (Path(run.dir) / found["file"]).suffix) == ("x", "image", 0, ".png")
