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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "ray::probe() (pid=1)\n  File x\nValueError: no such thing.\n",
            "ValueError: no such thing",
        ),
        (
            "The actor died unexpectedly.\n\tclass_name: Judge\nRefer to the documentation.",
            "The actor died unexpectedly",
        ),
        ("", "RuntimeError"),
    ],
)
def test_the_reason_is_one_line(text: str, expected: str) -> None:
    assert reason(RuntimeError(text)) == expected
