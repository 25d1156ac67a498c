from __future__ import annotations

import re
import socket

import pytest

from barkive.batch import cluster
from barkive.batch.cluster import check_machines, reason, share_of_processors
from barkive.errors import ClusterError

OWN = {"barkive": "0.1.0", "python": "3.11.2", "pillow": "12.0.0", "pillow-heif": "1.1.0"}


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


def ask(monkeypatch: pytest.MonkeyPatch, there: dict[str, str], digest: str = "d1") -> None:
    answers = [("here", (OWN, "d1")), ("there", (there, digest))]
    monkeypatch.setattr(cluster, "own_versions", lambda: OWN)
    monkeypatch.setattr(cluster, "_ask_all", lambda *given: answers)
    check_machines("d1", (None, "m.onnx", None, "cpu", 1), "CPU")


def without(name: str) -> dict[str, str]:
    return {one: version for one, version in OWN.items() if one != name}


@pytest.mark.parametrize(
    ("versions", "there", "here"),
    [
        (without("pillow-heif"), "no pillow-heif", "pillow-heif 1.1.0"),
        (
            {**OWN, "barkive": "0.2.0", "pillow": "11.3.0"},
            "barkive 0.2.0, pillow 11.3.0",
            "barkive 0.1.0, pillow 12.0.0",
        ),
        ({**OWN, "extra": "1"}, "extra 1", "no extra"),
    ],
)
def test_a_machine_with_other_versions_is_told_with_what_differs(
    monkeypatch: pytest.MonkeyPatch, versions: dict[str, str], there: str, here: str
) -> None:
    sentence = (
        f"The machine there of the Ray cluster has {there}, and this one {here}; install the "
        "same on all machines."
    )
    with pytest.raises(ClusterError, match=f"^{re.escape(sentence)}$"):
        ask(monkeypatch, versions)


def test_machines_with_the_same_of_everything_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    ask(monkeypatch, dict(OWN))
    with pytest.raises(ClusterError, match="there of the Ray cluster got another model file"):
        ask(monkeypatch, dict(OWN), "d2")


def test_a_head_that_encrypts_is_silent_and_not_refused_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cluster, "_REACH_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        where = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ClusterError, match="is no Ray cluster's head"):
            cluster._reachable(where)
        monkeypatch.setenv("RAY_USE_TLS", "1")
        assert cluster._reachable(where) == where
