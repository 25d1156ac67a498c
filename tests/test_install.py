"""What `pip install .` puts on the disk."""

from __future__ import annotations

import platform
import sys
import tomllib
from importlib.metadata import Distribution, distribution
from importlib.util import cache_from_source
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import barkive

CEILING = 290  # MB of 1024 x 1024 bytes, as `du -m` counts
BLOCK = 4096


def required() -> dict[str, Distribution]:
    """The packages that Barkive requires here, and those that they require, without extras."""
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    found: dict[str, Distribution] = {}
    needed = list(map(Requirement, project["dependencies"]))
    while needed:
        need = needed.pop()
        name = canonicalize_name(need.name)
        if name not in found and (need.marker is None or need.marker.evaluate()):
            found[name] = distribution(name)
            needed += map(Requirement, found[name].requires or ())
    return found


def on_disk(files: set[Path]) -> float:
    """Megabytes, in whole blocks, with folders and what Python compiles of the files."""
    sizes = [one.stat().st_size for one in files]
    for source in files:
        if source.suffix == ".py":
            compiled = Path(cache_from_source(str(source)))
            # Of an editable install not all may be compiled yet: then about as large.
            sizes.append((compiled if compiled.is_file() else source).stat().st_size)
    folders = {one.parent for one in files}
    return BLOCK * (2 * len(folders) + sum(-(-size // BLOCK) for size in sizes)) / 2**20


def installed(package: Distribution) -> set[Path]:
    """The files of a package, but for what Python has compiled of them."""
    files = (Path(str(package.locate_file(file))) for file in package.files or ())
    return {one for one in files if one.is_file() and one.suffix != ".pyc"}


@pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"),
    reason="wheels of other systems have other sizes",
)
def test_the_install_stays_below_its_ceiling() -> None:
    sizes = {name: on_disk(installed(package)) for name, package in required().items()}
    own = (one for one in Path(barkive.__file__).parent.rglob("*") if one.suffix != ".pyc")
    sizes["barkive"] = on_disk({one for one in own if one.is_file()})
    listed = sorted(((round(size, 1), name) for name, size in sizes.items()), reverse=True)
    assert sum(sizes.values()) < CEILING, listed
