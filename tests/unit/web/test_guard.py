"""Who may ask the live page for what."""

from __future__ import annotations

import pytest

from scheduler.web.guard import Asked, Rules, refusal

KEY = "k" * 43
RULES = Rules(frozenset({"127.0.0.1", "localhost", "::1"}), KEY)
HEADERS = {"host": "127.0.0.1:8642", "authorization": f"Bearer {KEY}"}
JSON = {"content-type": "application/json"}


def status(method: str = "GET", path: str = "/api/runs", rules: Rules = RULES, **headers: str) -> int:
    """Of the refusal; 200 for none. A header that is empty is left out."""
    given = {**HEADERS, **{name.replace("_", "-"): value for name, value in headers.items()}}
    found = refusal(Asked(method, path, {name: value for name, value in given.items() if value}), rules)
    return found.status if found else 200


def test_who_has_the_key_and_the_name_of_the_page_is_answered() -> None:
    """Everything below is worth nothing if nobody gets in."""
    assert status() == 200
    assert status(host="localhost", sec_fetch_site="same-origin", origin="http://localhost") == 200
    assert status(host="[::1]:8642") == 200
    assert status("POST", "/do/cancel", **JSON) == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8642", "127.0.0.1.evil.example", "", "127.0.0.1\n127.0.0.1", "a@127.0.0.1", "10.0.0.1"]
)
def test_a_name_that_another_has_pointed_here_is_refused(host: str) -> None:
    """DNS rebinding: to the browser the page of evil.example and ours are one, and the name in the request is all that tells."""
    assert status(host=host) == 421
    assert status(path="/", host=host) == 421


def test_at_any_address_of_the_machine_a_number_is_a_name_and_a_name_is_not() -> None:
    """With --host 0.0.0.0 the page is asked for by addresses that it does not know. Numbers cannot be pointed elsewhere."""
    rules = Rules(frozenset({"desk"}), KEY, addresses=True)
    assert [status(rules=rules, host=host) for host in ("10.0.0.1:80", "[fe80::1]:80", "desk", "evil")] == [200, 200, 200, 421]


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer x", f"Basic {KEY}", f"Bearer {KEY}x", f"Bearer {KEY[:-1]}", KEY])
@pytest.mark.parametrize("path", ["/api/runs", "/api/nothing", "/media/a/b", "/do/cancel"])
def test_without_the_key_nothing_is_told_and_nothing_done(authorization: str, path: str) -> None:
    """Another user of the machine reaches the port as well as we do."""
    method = "POST" if path.startswith("/do") else "GET"
    assert status(method, path, authorization=authorization, **JSON) == 401


def test_the_page_itself_is_no_secret() -> None:
    """It has to be there before it can read the key from its address."""
    assert [status(path=path, authorization="") for path in ("/", "/app.js", "/app.css", "/proof?nonce=1")] == [200] * 4
    assert status("POST", "/", authorization="") == 405


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "http://localhost:8642"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
)
def test_what_another_page_asks_for_is_refused(headers: dict[str, str]) -> None:
    """A browser sends whatever a page asks for, to whomever; and says whose page it was."""
    assert status("POST", "/do/cancel", **JSON, **headers) == 403
    assert status(**headers) == 403


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_what_a_form_can_send_changes_nothing(kind: str) -> None:
    """A form of another page needs nobody's leave; JSON does."""
    assert status("POST", "/do/cancel", content_type=kind) == 415


def test_reading_changes_nothing_and_changing_is_no_reading() -> None:
    """A link, an image or a preview that is loaded must never cancel a job."""
    assert [status("GET", "/do/cancel"), status("HEAD", "/do/cancel"), status("POST", "/api/runs", **JSON)] == [405] * 3
    assert [status(method) for method in ("PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get")] == [405] * 6


def test_a_page_that_only_shows_changes_nothing() -> None:
    """It may be given to somebody who shall look."""
    rules = Rules(RULES.hosts, KEY, read_only=True)
    assert status("POST", "/do/cancel", rules, **JSON) == 403
    assert status(rules=rules) == 200


def test_an_address_in_the_place_of_a_path_is_refused() -> None:
    """`GET http://evil.example/` is what a proxy gets; we are none."""
    assert status(path="http://evil.example/api/runs") == 400
