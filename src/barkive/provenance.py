"""Which versions computed something, for the records of scans, trainings and studies."""

from __future__ import annotations

import platform
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version

from barkive import __version__


def versions(*packages: str) -> dict[str, str]:
    """The versions of Barkive and of packages, by name.

    Args:
        packages: Names on PyPI, and `python`. One that is not installed is left out; for
            `onnxruntime` stands in what is installed in its place, such as onnxruntime-gpu.
    """
    found = {"barkive": __version__}
    for name in packages:
        if name == "python":
            found[name] = platform.python_version()
            continue
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    if "onnxruntime" in packages and "onnxruntime" not in found:
        import onnxruntime

        found["onnxruntime"] = onnxruntime.__version__
    return found
