"""From what a detector proposes and what a judge says of it to the dogs of a photo.

Pure functions: they know neither networks nor pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from barkive.boxes import Box
from barkive.detection.proposal import Proposal

MOST_CROPS: Final = 32
"""So many proposals of a photo are judged at most: the surest."""


def worth_judging(proposals: Sequence[Proposal]) -> tuple[Proposal, ...]:
    """The proposals that a judge is shown one by one, the surest first."""
    return tuple(proposals[:MOST_CROPS])


def is_portrait(proposals: Sequence[Proposal], aspect: float) -> bool:
    """Whether the view of the whole photo is one of the only animal in it.

    Then that view is as good as one of the animal alone, and is not judged twice.

    Args:
        proposals: All of the photo.
        aspect: The photo's width divided by its height.
    """
    if len(proposals) != 1:
        return False
    box = proposals[0].box
    centre = centre_square(aspect)
    shown = box.shared(centre)
    return shown >= _SHOWN * box.area and shown >= _FILLED * centre.area


def dogs_among(proposals: Sequence[Proposal], odds: Sequence[float]) -> list[int]:
    """Which of the proposals are dogs: their positions, the largest first.

    Args:
        proposals: Those that were judged.
        odds: Of each, how far the judge's log-odds of a dog lie above its threshold.
    """
    dogs = [i for i, _ in enumerate(proposals) if odds[i] >= 0]
    return sorted(dogs, key=lambda i: -proposals[i].box.area)


def centre_square(aspect: float) -> Box:
    """The largest square in the middle of a photo: what a judge sees of the whole.

    Args:
        aspect: The photo's width divided by its height.
    """
    width, height = min(1.0, 1 / aspect), min(1.0, aspect)
    return Box((1 - width) / 2, (1 - height) / 2, width, height)


# Of a portrait so much of the animal is in the square, and so much of the square is animal.
_SHOWN, _FILLED = 0.75, 0.2
