from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

import onnxruntime
import pytest

from barkive import provenance
from barkive.catalogue.scan import engine


def test_versions_leave_out_what_is_not_installed_and_know_the_runtime_by_any_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def without(name: str) -> str:
        if name in ("pillow-heif", "onnxruntime"):
            raise PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(provenance, "version", without)
    found = engine.own_versions()
    assert set(found) == {"barkive", "python", "pillow", "onnxruntime"}
    assert found["onnxruntime"] == onnxruntime.__version__
    assert found["pillow"] == version("pillow")
