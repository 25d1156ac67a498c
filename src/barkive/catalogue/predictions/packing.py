"""Packs predictions for the database, and unpacks them.

Probabilities are kept as they are, in float32, so that the catalogue says to the last digit
what the model said. Features are kept twice: their direction with one byte a channel, by which
photos are compared; and in float16, from which another head gives its answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from barkive.classifier import JudgedDog

_CODE = 127
_REAL = np.dtype("<f4")


def pack_probabilities(row: NDArray[np.float32]) -> bytes:
    """Probabilities, shape (labels,), as bytes."""
    return row.astype(_REAL, copy=False).tobytes()


def unpack_probabilities(packed: bytes) -> NDArray[np.float32]:
    """What `pack_probabilities` packed, shape (labels,)."""
    return np.frombuffer(packed, "<f4").astype(np.float32)


def pack_embedding(vector: NDArray[np.float32]) -> bytes:
    """The direction of an embedding, shape (channels,), with one signed byte a channel.

    The largest channel becomes ±127. The cosine between two vectors changes by about 0.001.
    The norm is not kept: likeness is a matter of the direction.
    """
    largest = float(np.abs(vector).max(initial=0))
    if not largest > 0 or not np.isfinite(largest):
        return bytes(len(vector))
    packed: NDArray[np.int8] = np.rint(vector * (_CODE / largest)).astype(np.int8)
    return packed.tobytes()


def unpack_embeddings(packed: Sequence[bytes]) -> NDArray[np.int8]:
    """Packed vectors of one length as an array, shape (n, channels), -127..127."""
    channels = len(packed[0]) if packed else 0
    return np.frombuffer(b"".join(packed), np.int8).reshape(len(packed), channels)


def pack_features(row: NDArray[np.float32]) -> bytes | None:
    """Features, shape (channels,), in float16; None where one of them is not finite in it."""
    with np.errstate(over="ignore"):
        packed = row.astype("<f2")
    return packed.tobytes() if np.isfinite(packed).all() else None


def unpack_features(packed: Sequence[bytes]) -> NDArray[np.float32]:
    """What `pack_features` packed, of one length, shape (n, channels)."""
    channels = len(packed[0]) // 2 if packed else 0
    return np.frombuffer(b"".join(packed), "<f2").reshape(len(packed), channels).astype(np.float32)


def detection_row(answer: int, place: int | None, dog: JudgedDog) -> dict[str, Any]:
    """A row of `detection`; of the largest dog, what the answer itself holds stands there alone.

    Args:
        answer: The number of the answer.
        place: 0 for the largest; None of a box that people drew.
        dog: What the model says of it.
    """
    scores = dog.scores if place != 0 else None
    return {
        "answer_id": answer,
        "place": place,
        **{name: getattr(dog.box, name) for name in ("x", "y", "width", "height")},
        "score": dog.score,
        "status": dog.status.value,
        "probabilities": pack_probabilities(scores.probabilities[0]) if scores else None,
        "dog": float(scores.dog[0]) if scores else None,
        "vector": pack_embedding(scores.features[0]) if scores else None,
        "features": pack_features(scores.features[0]) if scores else None,
    }
