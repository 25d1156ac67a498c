"""The language of a run is the process's own, and tests run many commands in one."""

from __future__ import annotations

import pytest

from barkive.cli import saying


@pytest.fixture(autouse=True)
def english() -> None:
    """Every test begins in English."""
    saying.choose("en")
