"""What a claim is seen to use, how a GPU stands, and the settings behind both."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scheduler.errors import UserError
from scheduler.gpus.admission import only_claims_block
from scheduler.gpus.observation import Observation, Seen, Settings
from scheduler.gpus.placement import ClaimRecord
from scheduler.gpus.reading import Gpu, Process, Reading
from scheduler.gpus.settings import settings_from
from scheduler.gpus.status import standings
from scheduler.gpus.usage import begun, measured
from scheduler.gpus.view import View

CLAIM = ClaimRecord("c", {"GPU-0": 6000}, exclusive=False, pid=1, uid=1, label="train.py")
STRANGER = Process(9, 4000, name="python", uid=2, user="anna", claim="")
EMPTY = Gpu("GPU-0", index=0, name="A", total=24_000, used=0)


def with_memory(*figures: int | None, used: int | None = None, strangers: tuple[Process, ...] = ()) -> Reading:
    processes = tuple(Process(10 + n, figure, uid=1, claim="c") for n, figure in enumerate(figures))
    total = sum(p.memory or 0 for p in (*processes, *strangers))
    return Reading((replace(EMPTY, used=total if used is None else used, processes=(*processes, *strangers)),))


def after(*readings: Reading):
    uses = {"c": begun(CLAIM, readings[0])}
    for reading in readings:
        uses = measured(uses, View(reading, (CLAIM,), Observation(), Settings()))
    return uses["c"]["GPU-0"]


def test_the_peak_is_the_largest_sum_over_the_claim_s_processes() -> None:
    """A data loader's context counts as much as the trainer's."""
    share = after(with_memory(3000, 500), with_memory(5000, 400), with_memory(1000))
    assert (share.known_peak, share.granted, share.model, share.contended) == (5400, 6000, "A", False)


def test_a_peak_seen_too_rarely_is_not_known() -> None:
    """Two looks at a job that loads its model in the third second would pack it by what its start needs."""
    assert after(with_memory(3000), with_memory(5000)).known_peak is None
    assert after(*[with_memory(None)] * 5).known_peak is None


@pytest.mark.parametrize("reading", [with_memory(3000, strangers=(STRANGER,)), with_memory(3000, used=9000)])
def test_others_on_the_gpu_make_it_contended_listed_or_not(reading: Reading) -> None:
    """A process of another container shows only by its memory. Once contended, so for the whole attempt."""
    assert after(reading, with_memory(3000)).contended


def test_a_nearly_full_gpu_is_remembered() -> None:
    """Vague errors of cuBLAS and cuDNN mean memory only then."""
    assert after(with_memory(23_000)).full
    assert not after(with_memory(20_000)).full


def test_claims_of_others_are_not_measured() -> None:
    """Their peaks are nobody's business and would grow for ever."""
    assert measured({}, View(with_memory(3000), (CLAIM,), Observation(), Settings())) == {}


def test_a_standing_tells_whole_and_shared_apart() -> None:
    """`could a job start?` has two answers on a GPU that is shared."""
    reading = with_memory(3000, strangers=(replace(STRANGER, memory=100),))
    (standing,) = standings(View(reading, (CLAIM,), Observation(), Settings()))
    assert [p.pid for p in standing.ours] == [10]
    assert [p.pid for p in standing.foreign] == [9]
    assert "held by train.py" in standing.obstacle
    assert standing.room == 24_000 - 6000 - 100 - 512


def test_a_gpu_that_the_user_hides_says_so() -> None:
    """Otherwise it looks free and nothing starts there."""
    (standing,) = standings(View(with_memory(), (), Observation(), settings_from({"CUDA_VISIBLE_DEVICES": "-1"})))
    assert standing.obstacle == "CUDA_VISIBLE_DEVICES=-1 hides it"


def test_only_what_makes_no_event_needs_to_be_polled() -> None:
    """A claim's end wakes us; a stranger's, or memory on its way back, shows only in another reading."""
    nothing = Observation()
    assert only_claims_block(with_memory(3000), (CLAIM,), nothing, Settings())
    assert not only_claims_block(with_memory(3000, strangers=(STRANGER,)), (CLAIM,), nothing, Settings())
    assert not only_claims_block(with_memory(used=5000), (), nothing, Settings())
    assert not only_claims_block(with_memory(3000), (), nothing, Settings())
    assert not only_claims_block(with_memory(), (), Observation({"GPU-0": Seen(left_at=-1.0)}), Settings())
    assert not only_claims_block(Reading(problem="silent"), (), nothing, Settings())
    assert not only_claims_block(Reading((Gpu("GPU-0", problem="GPU is lost"),)), (), nothing, Settings())


def test_options_come_before_the_environment_and_that_before_the_defaults() -> None:
    """One line in /etc/environment for everybody, one option for tonight."""
    environment = {"EXP_QUEUE_QUIET": "1m", "EXP_QUEUE_IGNORE_BELOW": "1GiB", "EXP_QUEUE_MOST_CLAIMS": "2"}
    found = settings_from(environment, quiet="0")
    assert (found.quiet, found.ignore_below, found.most_claims) == (0, 1024, 2)
    assert settings_from({"EXP_QUEUE_QUIET": ""}) == Settings()


@pytest.mark.parametrize(
    ("environment", "options", "named"),
    [
        ({}, {"quiet": "soon"}, "--quiet"),
        ({}, {"quiet": "-5"}, "--quiet"),
        ({}, {"quiet": "nan"}, "--quiet"),
        ({"EXP_QUEUE_IGNORE_BELOW": "a lot"}, {}, "EXP_QUEUE_IGNORE_BELOW"),
        ({"EXP_QUEUE_MOST_CLAIMS": "0"}, {}, "EXP_QUEUE_MOST_CLAIMS"),
        ({}, {"most_claims": "many"}, "--most-claims"),
    ],
)
def test_a_wrong_setting_is_named_with_where_it_was_said(environment: dict, options: dict, named: str) -> None:
    """A variable set months ago is not what a person thinks of."""
    with pytest.raises(UserError, match=f"^{named}: expected"):
        settings_from(environment, **options)


@pytest.mark.parametrize(("uid", "contended", "crowded"), [(1, False, True), (2, True, False)])
def test_a_job_on_the_wrong_gpu_is_another_only_if_it_is_another_users(uid: int, contended: bool, crowded: bool) -> None:
    """Jobs of ours that crowd one another must not be repeated for nothing; a colleague's is a stranger like any other."""
    elsewhere = ClaimRecord("d", {"GPU-1": None}, pid=2, uid=uid, label="train.py")
    stray = Process(20, 5000, name="python", uid=uid, claim="d")
    reading = with_memory(3000, strangers=(stray,))
    seen = View(reading, (CLAIM, elsewhere), Observation(), Settings())
    share = measured({"c": begun(CLAIM, reading)}, seen)["c"]["GPU-0"]
    assert (share.contended, share.crowded) == (contended, crowded)


def test_a_standing_tells_who_computes_there_without_having_been_given_it() -> None:
    """Not a stranger, and not one of those that hold a claim there."""
    elsewhere = ClaimRecord("d", {"GPU-1": None}, pid=2, uid=1, label="train.py")
    reading = with_memory(strangers=(Process(20, 5000, name="python", uid=1, claim="d"),))
    (standing,) = standings(View(reading, (elsewhere,), Observation(), Settings()))
    assert (standing.claims, standing.foreign, [p.pid for p in standing.ours]) == ((), (), [20])
    assert [(each.claim.id, each.given) for each in standing.astray] == [("d", "GPU-1")]
