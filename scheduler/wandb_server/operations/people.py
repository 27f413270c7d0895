"""Who asks, and what this server can do."""

from __future__ import annotations

from typing import Any

from scheduler.wandb_server.desk import ENTITY, Desk
from scheduler.wandb_server.graphql import Asked

_PERSON = {
    "id": "VXNlcjox",
    "name": ENTITY,
    "username": ENTITY,
    "entity": ENTITY,
    "email": "",
    "flags": "{}",
    "admin": False,
    "apiKeys": {"edges": []},
    "teams": {"edges": [{"node": {"name": ENTITY}}]},
}
# The newest client is always new enough.
_CLIENTS = {"max_cli_version": "99.0.0", "min_cli_version": "0.10.0"}


def viewer(_: Desk, __: Asked) -> dict[str, Any]:
    return {
        "viewer": _PERSON,
        "serverInfo": {
            "cliVersionInfo": _CLIENTS,
            "latestLocalVersionInfo": None,
            "exposesExplicitProjectVisibilityUpdate": False,
        },
    }


def features(_: Desk, __: Asked) -> dict[str, Any]:
    return {"serverInfo": {"features": []}}


def organization(_: Desk, __: Asked) -> dict[str, Any]:
    return {"entity": {"id": ENTITY, "name": ENTITY, "organization": None}}


OPERATIONS = {
    "Viewer": viewer,
    "GetViewer": viewer,
    "GetDefaultEntity": viewer,
    "ServerFeaturesQuery": features,
    "OrganizationCoreWeaveOrganizationID": organization,
}
