from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from barkive.cli.commands import app

pytest.importorskip("ray", reason="Ray is not installed")
# Ray's own.
pytestmark = [
    pytest.mark.ray,
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),
]


def test_the_same_command_scans_on_a_cluster(
    two_machines: Any, kennel: Path, colour_bundle: Path, tmp_path: Path
) -> None:
    where = ["--catalogue", str(tmp_path / "c.sqlite")]
    command = ["scan", str(kennel), "--model", str(colour_bundle), *where, "--batch-size", "2"]
    result = CliRunner().invoke(
        app, [*command, "--engine", "ray", "--ray-address", two_machines.address]
    )
    assert result.exit_code == 1
    assert result.stdout.splitlines()[:2] == [
        "5 photos: 2 named, 1 not sure, 1 no dog, 1 failed.",
        "5 new, 0 changed, 0 moved, 0 missing, 1 not read, 0 unchanged.",
    ]
    told = [line for line in result.stderr.splitlines() if not line.startswith("Scanning:")]
    assert told == [
        f"{kennel}/broken.jpg: The file starts as JPEG does, but is damaged or cut off."
    ]
    shown = CliRunner().invoke(app, ["runs", *where]).stdout
    assert "ray, 2 machines, 2 CPU workers" in shown
