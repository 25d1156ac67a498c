"""The clock, the versions and the folding that all records share."""

from __future__ import annotations

import platform
import sys
from datetime import UTC, datetime, timedelta
from importlib import metadata
from types import SimpleNamespace

import pytest

from barkive import __version__, clock, provenance
from barkive.text import fold


def test_the_clock_is_utc_to_the_second() -> None:
    moment = clock.now()
    assert moment.tzinfo is None
    assert moment.microsecond == 0
    assert abs(moment - datetime.now(UTC).replace(tzinfo=None)) < timedelta(minutes=1)


def test_versions_of_what_is_installed() -> None:
    found = provenance.versions("python", "pillow", "no-such-package")
    assert found == {
        "barkive": __version__,
        "python": platform.python_version(),
        "pillow": metadata.version("pillow"),
    }


def test_another_package_may_stand_in_for_onnx_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(provenance, "version", version)
    monkeypatch.setitem(sys.modules, "onnxruntime", SimpleNamespace(__version__="9.9"))
    assert provenance.versions("onnxruntime") == {"barkive": __version__, "onnxruntime": "9.9"}


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Bœuf, CÆSAR", "boeuf, caesar"),
        ("Épagneul_2", "e\u0301pagneul_2"),
        ("™", "tm"),
        ("STRASSE ß", "strasse ss"),
    ],
)
def test_folding(text: str, folded: str) -> None:
    assert fold(text) == folded
    assert fold(fold(text)) == folded
