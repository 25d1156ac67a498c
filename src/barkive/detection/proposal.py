"""What a detector proposes."""

from __future__ import annotations

from dataclasses import dataclass

from barkive.boxes import Box


@dataclass(frozen=True, slots=True)
class Proposal:
    """An animal that a detector sees.

    Attributes:
        box: Where.
        score: How sure it is that an animal is there, 0..1.
        dog: How sure it is that a dog is there, 0..1, at most `score`.
    """

    box: Box
    score: float
    dog: float
