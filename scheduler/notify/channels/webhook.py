"""A POST to a URL: our JSON, or what Slack and its likes, or ntfy, take."""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from scheduler.notify.channel import Channel, Undelivered
from scheduler.notify.event import FAILURE, STILL

PATIENCE = 15.0  # seconds for one answer of the server


def send(channel: Channel, event: Mapping[str, Any]) -> None:
    """Undelivered where the server cannot be reached or answers with anything but 2xx."""
    url = os.environ[channel.url_variable] if channel.url_variable else channel.to[0]
    host = urlsplit(url).hostname
    if urlsplit(url).scheme not in ("http", "https") or not host:
        raise Undelivered(f"the URL in ${channel.url_variable} does not begin with https://")
    body, headers = _letter(channel.format, event)
    if channel.token_variable:
        headers["Authorization"] = f"Bearer {os.environ[channel.token_variable]}"
    try:
        with urlopen(Request(url, body, headers), timeout=PATIENCE):  # noqa: S310 (http and https alone come here)
            return
    except HTTPError as error:
        raise Undelivered(f"{host} answered {error.code} {error.reason}") from None
    except URLError as error:
        raise Undelivered(f"{host} cannot be reached ({error.reason})") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Undelivered(f"{host} cannot be reached ({type(error).__name__})") from None


def _letter(form: str, event: Mapping[str, Any]) -> tuple[bytes, dict[str, str]]:
    """Body and headers. Slack's incoming webhooks (and Mattermost's, Discord's with /slack) take `text`; ntfy takes the text
    itself, its title in a header of ASCII."""
    if form == "ntfy":
        title = event["title"].encode("ascii", "replace").decode()
        return event["text"].encode(), {"Title": title, "Priority": "high" if event["event"] in (FAILURE, STILL) else "default"}
    told = {"text": f"*{event['title']}*\n{event['text']}"} if form == "slack" else event
    return json.dumps(told).encode(), {"Content-Type": "application/json"}
