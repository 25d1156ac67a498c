from __future__ import annotations

import pickle
import socket
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from barkive.batch.worker import Judge
from barkive.errors import BarkiveError, ClusterError, DeviceError, MissingExtraError

HEIC = MissingExtraError("heic", "purpose_heic_photo")


def judge_that_raises(error: Exception) -> Judge:
    def fail(readings: Iterator[Any]) -> Iterator[Any]:
        yield next(readings)
        raise error

    judge = object.__new__(Judge)
    judge._engine = fail  # type: ignore[assignment]
    return judge


def block() -> dict[str, NDArray[Any]]:
    readings = np.empty(2, dtype=object)
    readings[:] = [pickle.dumps("a"), pickle.dumps("b")]
    return {"number": np.array([4, 7]), "reading": readings}


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left on device"), "OSError: [Errno 28] No space left on device"),
        (ValueError("one\ntwo"), "ValueError: one"),
        (KeyError(), "KeyError"),
    ],
)
def test_a_failure_of_the_machine_stands_in_for_each_reading(error: Exception, said: str) -> None:
    found = judge_that_raises(error)(block())
    assert found["number"].tolist() == [4, 7]
    told = [pickle.loads(one) for one in found["judged"]]
    assert [type(one) for one in told] == [ClusterError] * 2
    assert str(told[1]) == (
        f"The machine {socket.gethostname()} of the Ray cluster has failed: {said}; mend it or "
        "take it out, and run the command again: it goes on where it was."
    )


@pytest.mark.parametrize(
    "error",
    [
        DeviceError("device_failed", device="cuda", reason="it is hot"),
        MissingExtraError("heic", "purpose_heic_photo"),
    ],
)
def test_an_error_of_barkives_own_on_a_machine_is_told_whole(error: BarkiveError) -> None:
    told = pickle.loads(judge_that_raises(error)(block())["judged"][0])
    assert (type(told), told.code) == (ClusterError, "cluster_machine_error")
    assert told.params == {"machine": socket.gethostname(), "reason": error.message}


def test_memory_that_is_full_loses_the_block() -> None:
    with pytest.raises(MemoryError):
        judge_that_raises(MemoryError())(block())
