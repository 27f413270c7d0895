"""A run begins, goes on, is stopped, and sends files."""

from __future__ import annotations

import base64
import json
import secrets
from pathlib import PurePath
from typing import Any

from scheduler.wandb_server.desk import ENTITY, PROJECT, Desk
from scheduler.wandb_server.folders import RunId
from scheduler.wandb_server.graphql import Asked, Refused
from scheduler.wandb_server.jobs import job_of, stand_for
from scheduler.wandb_server.posts import EVENTS, HISTORY, OUTPUT, Told

MOST_FILES = 10_000  # in one request
SYNC = ("wandb", "__main__.py")  # the program of `wandb sync` and of `python -m wandb sync`


def upsert(desk: Desk, asked: Asked) -> dict[str, Any]:
    """A run is there, or says more about itself. Its seat is queued before it is answered."""
    name = asked.text("name") or (_run_of(asked.text("id")) or [""])[-1] or secrets.token_hex(4)
    run = run_named(asked, name)
    before = desk.runs.told(run)
    was_over = before is not None and before.is_over
    stays_over = was_over and not _goes_on(desk, run, asked)
    if was_over and not stays_over:
        desk.runs.folder(run).stop.unlink(missing_ok=True)
    is_edited = bool(before and asked.text("id") and not asked.text("program"))  # by `wandb.Api()`: it stays whose it is
    attempt = before.attempt if before and is_edited else asked.attempt
    of = {"of": attempt} if attempt else {}
    told = desk.runs.tell(run, {"bucket": {**asked.variables, "name": name}, **({"again": True} if stays_over else {}), **of})
    with desk.store() as store:
        job = stand_for(store, run, told, anew=was_over and not stays_over) or job_of(store, run, told.attempt)
    desk.wake()
    found = {**bucket(run, told), "displayName": told.display_name or (job.name if job else name)}
    if stays_over:  # else the client takes its rows for further ones
        found["historyLineCount"] = 0
    return {"upsertBucket": {"bucket": found, "inserted": before is None}}


def _goes_on(desk: Desk, run: RunId, asked: Asked) -> bool:
    """Whether a run that was over is computed again: it is resumed, or another one has taken its name. Else somebody changes
    what is said of it, or sends again what `wandb sync` has sent before."""
    if run in desk.runs.asked_about:
        desk.runs.asked_about.discard(run)
        return True
    program = asked.text("program")
    if not program or asked.text("id") or PurePath(program).name in SYNC:
        return False
    desk.runs.start_over(run)
    return True


def run_named(asked: Asked, name: str) -> RunId:
    """The run with this name of the entity and the project that are asked for."""
    return RunId(asked.text("entity", "entityName") or ENTITY, asked.text("project", "projectName") or PROJECT, name)


def bucket(run: RunId, told: Told) -> dict[str, Any]:
    """What is told of a run to whoever begins it, or goes on with it."""
    return {
        "id": id_of(run),
        "name": run.run,
        "displayName": told.display_name or run.run,
        "description": None,
        "notes": told.notes,
        "tags": list(told.tags),
        "config": json.dumps(told.written),
        "sweepName": told.sweep,
        "group": told.group,
        "jobType": told.job_type,
        "project": {"id": run.project, "name": run.project, "entity": {"id": run.entity, "name": run.entity}},
        "historyLineCount": told.counts.get(HISTORY, 0),
        "eventsLineCount": told.counts.get(EVENTS, 0),
        "logLineCount": told.counts.get(OUTPUT, 0),
        "historyTail": json.dumps([json.dumps(told.last_row)] if told.last_row else []),
        "eventsTail": json.dumps([json.dumps(told.last_event)] if told.last_event else []),
        "summaryMetrics": json.dumps(told.summary),
        "wandbConfig": json.dumps({"t": 1}),
    }


def id_of(run: RunId) -> str:
    """What the client calls a run by, where it does not name it."""
    return base64.urlsafe_b64encode(json.dumps([run.entity, run.project, run.run]).encode()).decode()


def _run_of(identity: str) -> list[str] | None:
    try:
        found = json.loads(base64.urlsafe_b64decode(identity))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) and len(found) == 3 and all(isinstance(each, str) for each in found) else None


def resume_status(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Whether a run with this name is there, and how far it came."""
    run = run_named(asked, asked.text("name"))
    told = desk.runs.told(run)
    if told:
        desk.runs.asked_about.add(run)
    model = {"id": run.project, "name": run.project, "entity": {"id": run.entity, "name": run.entity}}
    return {"model": {**model, "bucket": bucket(run, told) if told else None}}


def stopped_status(desk: Desk, asked: Asked) -> dict[str, Any]:
    """As wandb before 0.30 asks, every half a minute."""
    run = run_named(asked, asked.text("run", "runId", "name"))
    return {"project": {"run": {"stopped": desk.runs.folder(run).stop.exists()}}}


def stop(desk: Desk, asked: Asked) -> dict[str, Any]:
    """A person asks for the end of a run: its client hears it with the next answer."""
    found = _run_of(asked.text("id"))
    if found is None or not (folder := desk.runs.folder(RunId(*found))).is_there():
        raise Refused("there is no such run", 404)
    folder.stop.touch(mode=0o600)
    return {"stopRun": {"clientMutationId": None, "success": True}}


def create_files(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Where the files of a run are sent to. A name that leads out of its folder has no place."""
    run = run_named(asked, asked.text("run"))
    folder, names = desk.runs.folder(run), asked.variables.get("files")
    wanted = [name for name in names if isinstance(name, str)][:MOST_FILES] if isinstance(names, list) else []
    files = [{"name": name, "uploadUrl": desk.upload_url(run, name)} for name in wanted if folder.file(name)]
    return {"createRunFiles": {"runID": id_of(run), "uploadHeaders": [], "files": files}}


def upload_urls(desk: Desk, asked: Asked) -> dict[str, Any]:
    """As older clients ask for the same; a project is a model to them, and has the name."""
    run = RunId(asked.text("entity") or ENTITY, asked.text("name", "project") or PROJECT, asked.text("run"))
    folder, names = desk.runs.folder(run), asked.variables.get("files")
    wanted = [name for name in names if isinstance(name, str)][:MOST_FILES] if isinstance(names, list) else []
    edges = [
        {"node": {"name": name, "url": desk.upload_url(run, name), "updatedAt": None}} for name in wanted if folder.file(name)
    ]
    return {"model": {"bucket": {"id": id_of(run), "files": {"uploadHeaders": [], "edges": edges}}}}


def uploaded(_: Desk, __: Asked) -> dict[str, Any]:
    return {"markRunFilesUploaded": {"success": True}}


def alert(desk: Desk, asked: Asked) -> dict[str, Any]:
    """`wandb.alert` is said where the server was started."""
    desk.say(f"{asked.text('runName')} says: {asked.text('title')}: {asked.text('text')}")
    return {"notifyScriptableRunAlert": {"success": True}}


OPERATIONS = {
    "UpsertBucket": upsert,
    "RunResumeStatus": resume_status,
    "RunStoppedStatus": stopped_status,
    "StopRun": stop,
    "CreateRunFiles": create_files,
    "RunUploadUrls": upload_urls,
    "MarkRunFilesUploaded": uploaded,
    "NotifyScriptableRunAlert": alert,
}
