from __future__ import annotations

import pytest

from barkive.batch import cluster
from barkive.batch.cluster import reason, share_of_processors


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ([{"CPU": 16.0, "GPU": 2.0}, {"CPU": 4.0}], 8),
        ([{"CPU": 16.0, "GPU": 1.0}, {"CPU": 6.0, "GPU": 2.0}], 3),
        ([{"GPU": 1.0}], 1),
        ([], 1),
    ],
)
def test_each_card_has_its_share_of_the_processors(
    monkeypatch: pytest.MonkeyPatch, resources: list[dict[str, float]], expected: int
) -> None:
    monkeypatch.setattr(cluster, "machines", lambda: [{"Resources": one} for one in resources])
    assert share_of_processors() == expected


def test_the_reason_is_the_last_line_of_what_the_worker_said() -> None:
    error = RuntimeError("Traceback:\n  File x\nValueError: no such thing.\n")
    assert reason(error) == "ValueError: no such thing"
    assert reason(RuntimeError()) == "RuntimeError"
