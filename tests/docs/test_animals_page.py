"""docs/animals.md: its program runs as it stands, and its commands print what it shows."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from barkive.catalogue import Catalogue
from barkive.catalogue.animals import grouping
from barkive.classifier import Classifier

PAGE = (Path(__file__).parents[2] / "docs" / "animals.md").read_text("utf-8")


def test_the_program_runs(
    tmp_path: Path,
    colour_photo: Callable[..., Path],
    classifier: Classifier,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, colour in (("2026-113 Rex", (250, 10)), ("2026-114 Mila", (10, 250))):
        for shade in range(2):
            colour_photo(f"photos/{name}/{shade}.png", (*colour, 10 + shade))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Catalogue, "classifier", lambda self: classifier)
    (program,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.M)
    exec(program, {})
    assert capsys.readouterr().out.splitlines() == [
        "2026-113 Rex 2 Same folder name “2026-113 Rex”",
        "2026-114 Mila 2 Same folder name “2026-114 Mila”",
        "dog Chihuahua False",
        "dog Chihuahua False",
        "['2026-114 Mila', '2026-113 Rex']",
    ]


def test_the_limits_are_those_of_the_program() -> None:
    assert f"suggestions of more than {grouping.LARGE} photos" in PAGE
    assert grouping.BURST_SECONDS == 60
    assert "within a minute of each other" in PAGE
