"""Two scans of the same photos at once, as two people start them."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PIL import Image

from barkive.catalogue import Catalogue, Filter, Summary
from barkive.classifier import Classifier


@pytest.fixture
def hundred(tmp_path: Path) -> Path:
    folder = tmp_path / "hundred"
    folder.mkdir()
    for i in range(100):
        Image.new("RGB", (16, 12), (2 * i, 250 - 2 * i, 40)).save(folder / f"{i}.png")
    return folder


def test_two_scans_at_once_lose_and_double_nothing(
    where: str, hundred: Path, classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("barkive.catalogue.scan.pipeline._BATCH", 8)
    Catalogue(where).close()
    together = threading.Barrier(2)
    summaries: list[Summary] = []

    def scan() -> None:
        with Catalogue(where) as catalogue:
            together.wait()
            summaries.append(catalogue.scan(hundred, classifier=classifier))

    threads = [threading.Thread(target=scan) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [summary.listed for summary in summaries] == [100, 100]
    assert sum(summary.new for summary in summaries) == 100
    with Catalogue(where) as catalogue:
        found = [entry.file for entry in catalogue.search(Filter(missing=None))]
        assert len(found) == len(set(found)) == 100
        assert {run.state.value for run in catalogue.runs()} == {"finished"}
