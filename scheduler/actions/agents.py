"""W&B's agents that compute for sweeps of this queue's own server: who is there, and sending one home."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scheduler.errors import UserError, nearest
from scheduler.queue.job import Job
from scheduler.queue.trials import SweepRecord
from scheduler.tracking.local_wandb import running
from scheduler.values import dataclass

if TYPE_CHECKING:
    from scheduler.wandb_agent.server import HttpServer

PREFIX = "agent:"
PATIENCE = 60.0  # seconds for an answer
SHORTEST = 4  # letters of an agent's name, behind the prefix

_AGENTS = "query ExpQueueAgents { agents }"
_SEND_HOME = "mutation ExpQueueSendHome($id: String!) { sent }"
_RETRY = "mutation ExpQueueRetry($job: String!, $lost: Boolean) { said }"


@dataclass(frozen=True)
class Agent:
    """`name`: for people; `sweep`: as its server calls it; `jobs`: the beginnings of the ids of those that stand for its runs;
    `seconds`: since it was heard of; `leaves`: whether it goes home after its run."""

    id: str
    name: str
    sweep: str
    host: str
    jobs: tuple[str, ...]
    seconds: float
    leaves: bool


@dataclass(frozen=True)
class Served:
    """A sweep of this queue's own server, by the name that W&B's commands have for it, and its state there, such as PAUSED."""

    name: str
    state: str


def split(words: Iterable[str]) -> tuple[list[str], list[str]]:
    """The words that name agents, and the others."""
    every = list(words)
    return [each for each in every if each.startswith(PREFIX)], [each for each in every if not each.startswith(PREFIX)]


def agents(root: Path, patience: float = PATIENCE) -> list[Agent]:
    """Those that are there, of all sweeps; none where there is no server. `root`: the state directory; `patience`: seconds for
    its answer. UserError where that does not come."""
    server = _server(root, patience)
    return _agents(server) if server else []


def agents_of(root: Path, sweep: SweepRecord) -> list[Agent]:
    """Those of one sweep; none of one that is no sweep of our own server, or where that does not answer."""
    name = served_as(root, sweep)
    with suppress(UserError):  # whoever looks at trials sees them all the same
        return [each for each in agents(root) if each.sweep == name] if name else []
    return []


def served_as(root: Path, sweep: SweepRecord) -> str:
    """What our own server calls a sweep of its own; "" for another one."""
    path = Path(sweep.file)
    return path.stem if path.parent == root / "wandb" / "sweeps" else ""


def served(root: Path, sweep: SweepRecord) -> Served | None:
    """A sweep of our own server as it has written it down last, also where the server is not there; None for another one."""
    if not (identity := served_as(root, sweep)):
        return None
    try:
        found = json.loads((root / "wandb" / "sweeps" / f"{identity}.json").read_bytes())
        return Served(f"{found['entity']}/{found['project']}/{identity}", str(found["state"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def send_home(root: Path, words: Sequence[str]) -> list[Agent]:
    """The agents that `words` name take no further run; returns them as they stood. UserError for a word that names none, and
    then nobody is sent."""
    server = _server(root)
    if server is None:
        what = "agents are known to the W&B server of this queue, and it is not there"
        raise UserError(what, next_step="`exp-queue serve` starts it; an agent waits for it meanwhile")
    there = _agents(server)
    chosen = list(dict.fromkeys(_named(word, there) for word in words))
    for each in chosen:
        _answer(server, _SEND_HOME, id=each.id)
    return chosen


def offer_again(root: Path, jobs: Sequence[Job], *, lost: bool) -> list[str]:
    """Trials of agents that did not succeed are offered to the next agent that asks; returns what is to be told of each.
    UserError for one that cannot be asked again, and without the server, which alone gives it to an agent."""
    server = _server(root)
    if server is None:
        what = f"job {jobs[0].short_id} is a trial for W&B's agents, and the server that gives it to one is not there"
        raise UserError(what, next_step="`exp-queue serve` starts it; then the same again")
    return [str(_answer(server, _RETRY, job=each.id, lost=lost).get("said")) for each in jobs]


def names(ids: Collection[str]) -> dict[str, str]:
    """What people call agents, by id: as few letters of the part that is their own as tell them apart.

    >>> names(["a1-7f3a11112222", "a1-99ab11112222", "b2-7f3a1fff2222"])
    {'a1-7f3a11112222': 'agent:7f3a11', 'a1-99ab11112222': 'agent:99ab11', 'b2-7f3a1fff2222': 'agent:7f3a1f'}
    """
    own = {each: each.rpartition("-")[2] for each in ids}
    longest = max(map(len, own.values()), default=0)
    enough = (length for length in range(SHORTEST, longest) if len({each[:length] for each in own.values()}) == len(own))
    length = next(enough, longest)
    return {each: PREFIX + letters[:length] for each, letters in own.items()}


def _named(word: str, there: Sequence[Agent]) -> Agent:
    given = word.removeprefix(PREFIX)
    found = [each for each in there if given and (each.id == given or each.id.rpartition("-")[2].startswith(given))]
    if len(found) == 1:
        return found[0]
    called = [each.name for each in there]
    if found:
        raise UserError(f'several agents are called "{word}"', next_step=f"there are {', '.join(each.name for each in found)}")
    next_step = nearest(word, called) if called else "none is there: `exp-queue trials SWEEP` shows those of a sweep"
    raise UserError(f'no agent is called "{word}"', next_step=next_step)


def _server(root: Path, patience: float = PATIENCE) -> HttpServer | None:
    from scheduler.wandb_agent.account import Account
    from scheduler.wandb_agent.server import HttpServer  # most who cancel a job ask no server

    found = running(root)
    return HttpServer(Account(found.url, found.key), patience) if found else None


def _agents(server: HttpServer) -> list[Agent]:
    found = _answer(server, _AGENTS).get("agents") or []
    called = names([str(each["id"]) for each in found])
    return [
        Agent(
            str(each["id"]),
            called[str(each["id"])],
            str(each["sweep"]),
            str(each["host"]),
            tuple(str(run)[:8] for run in each["runs"]),
            float(each["seconds"]),
            bool(each["leaves"]),
        )
        for each in found
    ]


def _answer(server: HttpServer, query: str, **variables: Any) -> dict[str, Any]:
    from scheduler.wandb_agent.server import Gone, Unanswered

    try:
        return server.ask(query, **variables)
    except (Unanswered, Gone) as error:
        raise UserError(f"the W&B server of this queue does not do that: {error}", next_step="the same again may help") from None
