"""The GPUs at one moment, with all that a decision about them depends on: a value, and the decisions asked of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import cached_property
from typing import TypeVar

from scheduler.gpus import admission, observation
from scheduler.gpus.astray import Astray
from scheduler.gpus.observation import Observation, Settings
from scheduler.gpus.placement import ClaimRecord, Placement, Refusal, Request
from scheduler.gpus.reading import Process, Reading
from scheduler.values import dataclass

V = TypeVar("V", bound="View")


@dataclass(frozen=True)
class View:
    """A reading, the claims that live, what was seen before, and how much respect we have for others."""

    reading: Reading
    claims: tuple[ClaimRecord, ...]
    observation: Observation
    settings: Settings

    def place(self, request: Request, avoid: Collection[str] = ()) -> Placement | Refusal:
        """Where the request may run now, or why nowhere; `avoid` as for `admission.admit`."""
        return admission.admit(request, self.reading, self.claims, self.observation, self.settings, avoid)

    def alone(self, request: Request) -> dict[str, Placement | Refusal]:
        """As `admission.alone`: what each GPU by itself answers."""
        return admission.alone(request, self.reading, self.claims, self.observation, self.settings)

    def among(self: V, claims: tuple[ClaimRecord, ...]) -> V:
        """The view, had these claims lived."""
        return replace(self, claims=claims)

    @property
    def only_claims_block(self) -> bool:
        """Whether nothing but living claims keeps any GPU, so that the end of a claim is all there is to wait for."""
        return admission.only_claims_block(self.reading, self.claims, self.observation, self.settings)

    @cached_property
    def astray(self) -> tuple[Astray, ...]:
        """Everybody who computes on a GPU that he was not given."""
        return observation.astray(self.reading, self.claims, self.settings)

    @property
    def contended(self) -> dict[str, tuple[Process, ...]]:
        """By UUID, the strangers on GPUs with a living claim."""
        return observation.contended(self.reading, self.claims, self.observation, self.settings)
