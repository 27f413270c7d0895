"""Named moments at which a process of ours can be made to die or to stand still, so that tests can meet them for certain.

One environment variable, `EXP_QUEUE_FAILPOINT=POINT:ACTION[@N]`, read once when a process starts. ACTION is `kill`
(SIGKILL to itself) or `stop` (SIGSTOP to itself, until somebody continues or kills it); it happens when the point is
reached for the N-th time (default 1). A variable that is not understood is no failpoint. Without the variable a point
costs one comparison.

    runner      claim-taken        a GPU is claimed, nothing is written, its launcher may not exist yet
                begin-written      the transaction of a turn's ends and starts is done but not committed
                begin-committed    it is on disk, and no launcher has been told
                end-heard          a launcher has reported an end that is not written yet
                stop-written       attempts are called stopping, and no launcher has been told
                logs-read          the logs of attempts that are over are read to their end, and what they say is not kept
    sweep       point-asked        the search has named a point that is not queued yet
                trial-queued       its trial is in the queue, nobody else knows
                verdict-noted      why a trial is to be stopped is on disk, and nobody has been told to stop it
                end-unread         a trial's end is on disk, its history is not
    serve       run-chosen         an agent is to get a run, and nothing of that is written
                run-given          it is written down, and the agent has not been told
                post-kept          a post of a run is on disk, and is not answered
                trial-retried      a trial is queued once more, and whoever drives its sweep does not know
                state-kept         a person's wish for a sweep is on disk, and nobody obeys it
    launcher    order-received     before the journal knows of the job
                start-noted        the journal says `S`, the command has not been started
                end-noted          the journal says `X`, nobody has been told
    sync        files-promised     which files are to be written on this host is on disk, and none is
                file-coming        a file has been written under another name than its own
    backup      copy-made          a copy of the queue is written and has not its name
    restore     new-queue-made     the queue that is to come lies beside the present one
                old-queue-named    the present one has its second name too, and is still in its place
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass

VARIABLE = "EXP_QUEUE_FAILPOINT"
_ACTIONS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}


@dataclass
class _Armed:
    point: str
    number: signal.Signals
    passes: int  # how often the point is still to be passed unharmed


def _armed(text: str) -> _Armed | None:
    point, _, rest = text.partition(":")
    action, _, count = rest.partition("@")
    if action not in _ACTIONS or not (count or "1").isdecimal():
        return None
    return _Armed(point, _ACTIONS[action], int(count or 1) - 1)


_ARMED = _armed(os.environ.get(VARIABLE, ""))


def reach(point: str) -> None:
    """Says that this process is at `point` now."""
    if _ARMED is not None and _ARMED.point == point:
        _meet(_ARMED)


def _meet(armed: _Armed) -> None:
    if armed.passes > 0:
        armed.passes -= 1
        return
    armed.passes = 1 << 30  # a process that was continued goes on for good
    os.kill(os.getpid(), armed.number)
