"""The JSON Schema of experiments files (draft 2020-12, https://json-schema.org), for editors.

An editor reads a file before anything is resolved, so the schema knows the shape and not, for example, whether an
option of a config group exists. `exp-queue check` says everything.
"""

from __future__ import annotations

from typing import Any

from scheduler.experiments.experiment import GROUP_KEY
from scheduler.experiments.layout import MOST_PORTS, MOST_SHARES
from scheduler.goals import GOALS

Schema = dict[str, Any]

_ANYTHING_BUT_GROUP = {"type": "object", "properties": {GROUP_KEY: False}}
_WORD = {"type": ["string", "number"]}
_VARIED = {
    "type": "object",
    "additionalProperties": {"type": "array", "minItems": 1},
    "properties": {GROUP_KEY: False},
}
_CLAUSES = {"type": "array", "items": {**_ANYTHING_BUT_GROUP, "minProperties": 1}}
_TOGETHER = {**_VARIED, "minProperties": 1}
_OPTION = {"type": ["string", "null", "array"], "items": {"type": "string"}}

VARYING: Schema = {
    "grid": {**_VARIED, "description": "Keys, each with the list of its values; every combination is made."},
    "zip": {
        "description": "Keys whose values go together: the first with the first, the second with the second.",
        "anyOf": [_TOGETHER, {"type": "array", "items": _TOGETHER}],
    },
    "include": {**_CLAUSES, "description": "What is added to the combinations that fit, or else stands as one of its own."},
    "exclude": {**_CLAUSES, "description": "Combinations that are left out."},
}
RESOURCES: Schema = {
    "gpus": {"type": "integer", "minimum": 0},
    "gpu_memory": {
        "type": "string",
        "pattern": r"^\s*[0-9]+(\.[0-9]+)?\s*[mgtMGT]([iI]?[bB])?\s*$",
        "description": "On each GPU, e.g. 6GiB.",
    },
    "cpus": {"type": "integer", "minimum": 1},
    "exclusive": {"type": "boolean"},
    "share": {
        "description": "So many such jobs at most on one GPU, whatever memory they need: each takes 1/share of it.",
        "type": "integer",
        "minimum": 1,
        "maximum": MOST_SHARES,
    },
}
POLICY: Schema = {
    "retries": {"type": "integer", "minimum": 0},
    "timeout": {
        "description": "Of one attempt: 2h, 90m, 1h30m, or a number of seconds.",
        "anyOf": [
            {"type": "number", "exclusiveMinimum": 0},
            {"type": "string", "pattern": r"^\s*([0-9]+(\.[0-9]+)?[dhmsDHMS])+\s*$"},
        ],
    },
    "resumable": {"type": "boolean"},
    "leftovers": {
        "description": "What becomes of processes that the command leaves behind when it ends: they may go on as long as they "
        "work, or until they end, or are ended at once. Default: work.",
        "enum": ["work", "wait", "kill"],
    },
    "grace": {
        "description": "From the first signal of a stop (SIGINT) to the next (SIGTERM): 60s, 10m. Default: 10s.",
        "anyOf": [
            {"type": "number", "minimum": 0},
            {"type": "string", "pattern": r"^\s*([0-9]+(\.[0-9]+)?[dhmsDHMS])+\s*$"},
        ],
    },
    "environment": {
        "description": "Variables whose values a job keeps from its submit, beside PATH and those of virtual environments.",
        "type": "array",
        "items": {"type": "string", "pattern": r"^(?!CUDA_|EXP_QUEUE_)[A-Za-z_][A-Za-z0-9_]*$"},
    },
    "ports": {
        "description": "So many ports in a row that no other job of the machine has: EXP_QUEUE_PORTS; MASTER_PORT is the first.",
        "type": "integer",
        "minimum": 0,
        "maximum": MOST_PORTS,
    },
    "max_failures": {
        "description": "So many failures in a row, each just after its start, and no more is started.",
        "anyOf": [{"type": "integer", "minimum": 1}, {"const": "none"}],
    },
    "objective": {
        "description": "The metric that ranks the experiments in tables, the best first; whether small or large is better.",
        "type": "object",
        "additionalProperties": False,
        "required": ["metric", "goal"],
        "properties": {"metric": {"type": "string", "minLength": 1}, "goal": {"enum": list(GOALS)}},
    },
    "priority": {
        "description": "The higher starts first; those of the same in the order of their submission. Default: 0.",
        "type": "integer",
        "minimum": -1_000_000,
        "maximum": 1_000_000,
    },
    "warm": {
        "description": "Fork them from an interpreter that has imported what their program imports, or these modules. "
        "Default: where that pays.",
        "anyOf": [{"type": "boolean"}, {"type": "array", "items": {"type": "string"}}],
    },
    "after_any": {"description": "One of the jobs that they come after is enough. Default: false.", "type": "boolean"},
    "after_failure": {
        "description": "Where a job that they come after does not succeed: skip them (default), or run them nevertheless.",
        "enum": ["skip", "run"],
    },
}
_WISH: Schema = {"type": "string"}
SLURM: Schema = {
    **dict.fromkeys(("partition", "account", "qos", "constraint"), _WISH),
    "memory": {**RESOURCES["gpu_memory"], "description": "Of the node, for each job, e.g. 16GiB."},
    "time": {**POLICY["timeout"], "description": "The time limit of a job without policy.timeout, e.g. 4h."},
    "folder": {"description": "A directory that this machine and the nodes see under one name.", "type": "string"},
}
_TAG: Schema = {"type": "string", "pattern": r"^\w[\w./-]*$", "maxLength": 64}
SECTIONS: Schema = {
    GROUP_KEY: {"type": "string", "description": "A name for all experiments of the file."},
    "command": {
        "description": "What is started, with W&B's macros such as ${args_json}.",
        "anyOf": [{"type": "string", "minLength": 1}, {"type": "array", "minItems": 1, "items": _WORD}],
    },
    "shell": {"type": "boolean", "description": "The command is one text, which sh -c runs."},
    "program": {
        "description": "What is started, without its arguments.",
        "anyOf": [{"type": "string", "minLength": 1}, {"type": "array", "minItems": 1, "items": _WORD}],
    },
    "groups": {
        "description": "Config groups of a Hydra program, where its config cannot be read: model, or +model for one that is "
        "in no defaults list.",
        "type": "array",
        "items": {"type": "string"},
    },
    "resources": {
        "type": "object",
        "additionalProperties": False,
        "properties": RESOURCES,
        "dependentSchemas": {"share": {"properties": {"gpu_memory": False, "exclusive": {"const": False}}}},
    },
    "policy": {"type": "object", "additionalProperties": False, "properties": POLICY},
    "slurm": {
        "description": "What Slurm is asked for where the file runs with --on slurm.",
        "type": "object",
        "additionalProperties": False,
        "properties": SLURM,
    },
    "after": {
        "description": "What the jobs come after: names of groups, or selections of jobs in the queue.",
        "anyOf": [{"type": "string", "pattern": r"\S"}, {"type": "array", "items": {"type": "string", "pattern": r"\S"}}],
    },
    "tags": {
        "description": "Tags that all jobs of this file have: `exp-queue status tag:NAME` finds them.",
        "anyOf": [_TAG, {"type": "array", "items": _TAG}],
    },
    "notes": {"description": "A note that all jobs of this file have.", "type": "string", "maxLength": 10_000},
    "defaults": {
        "description": "Options of config groups: files in the directories beside this one.",
        "type": "array",
        "items": {
            "anyOf": [
                {"type": "string"},
                {"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": _OPTION},
            ]
        },
    },
    "base": {**_ANYTHING_BUT_GROUP, "description": "What all experiments share."},
    **VARYING,
    "experiments": {
        "type": "array",
        "minItems": 1,
        "description": "Each is merged over base, and is one experiment or as many as it varies.",
        "items": {"type": "object", "properties": {**VARYING, GROUP_KEY: False, "defaults": False}},
    },
}


def schema() -> Schema:
    """The whole schema, as a new value that JSON can hold."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An experiments file of exp-queue",
        "type": "object",
        "additionalProperties": False,
        "properties": dict(SECTIONS),
        "anyOf": [{"required": [key]} for key in ("experiments", "grid", "zip", "include", "base", "defaults")],
        "if": {"required": ["shell"], "properties": {"shell": {"const": True}}},
        "then": {"required": ["command"]},
    }
