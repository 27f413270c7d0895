"""The agents that compute for a sweep, on the live page."""

from __future__ import annotations

from typing import Any

from scheduler.actions.agents import agents, send_home
from scheduler.home import Home
from scheduler.queue.store import Store
from tests.browser import chromium
from tests.browser.conftest import Opened
from tests.browser.test_live_page import SIGN
from tests.browser.test_live_page import serving as shown
from tests.contract.wandb_server.agents import Agent, grid, make_sweep
from tests.contract.wandb_server.conftest import end_seats, serving

LISTED = "return [...document.querySelectorAll('#sweep .agents li')].map((each) => each.textContent)"
HAS = f"const found = (() => {{ {LISTED} }})(); return JSON.stringify(found) === JSON.stringify(arguments[0])"


def test_who_computes_which_trial_is_listed_and_led_to(home: Home, store: Store, opened: Opened, driver: Any) -> None:
    """Of several machines one is slow, and somebody wants to know which. What an agent calls its machine is nobody's HTML."""
    with serving(home) as (_, client):
        try:
            leaves, stays = (Agent(client, sweep) for sweep in [make_sweep(client, grid(0.1, 0.2, 0.3))] * 2)
            for each in (leaves, stays):
                each.begin(each.taken())
            second = store.jobs()[1].short_id
            client.ask("CreateAgent", host="<b>there</b>", sweep=leaves.sweep)
            names = [each.name for each in agents(home.root)]
            send_home(home.root, names[:1])
            with shown(home) as page:
                address, _, key = page.url.partition("#")
                opened(address, link=key)
                chromium.until(driver, SIGN, "live")
                does = ("here goes home after trial 0", "here computes trial 1", "<b>there</b> waits for a trial")
                chromium.until(driver, HAS, [f"{name} on {what}" for name, what in zip(names, does, strict=True)])
                driver.execute_script("document.querySelector('#sweep .agents li:nth-child(2) button').click()")
                chromium.until(driver, "return location.hash.includes(arguments[0])", second)
                driver.get("about:blank")
        finally:
            end_seats(home)
