"""The exports' own record: who took what out, also of a catalogue that can only be read."""

import getpass
import socket
from datetime import date
from pathlib import Path

import pytest

from barkive.catalogue import Catalogue, Export, Filter
from barkive.errors import CatalogueError, UsageError
from barkive.verdicts import Status


def test_an_export_is_remembered_with_who_what_when_and_how_many(catalogue: Catalogue) -> None:
    query = Filter(
        text="rex", status=(Status.DOG,), after=date(2026, 1, 2), dogs=(2, None), numbers=(7, 8)
    )
    list(catalogue.streamed(Export("csv", who="Ada"), query))
    catalogue.export(Export("jsonl"), write=lambda text: None)
    last, first = catalogue.export_runs()
    assert first.to_json() | {"exported_at": ""} == {
        "id": 1,
        "started_by": "Ada",
        "exported_at": "",
        "form": "csv",
        "by": "photo",
        "filter": {
            "text": "rex",
            "status": ["dog"],
            "after": "2026-01-02",
            "dogs": [2, None],
            "numbers": 2,
        },
        "number": 0,
    }
    assert last.started_by == f"{getpass.getuser()}@{socket.gethostname()}"
    assert (last.form, dict(last.filter)) == ("jsonl", {})
    assert last.exported_at >= first.exported_at
    assert catalogue.export_runs(1) == [last]


def test_what_fails_is_not_remembered(catalogue: Catalogue, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        catalogue.export(Export("csv", tmp_path / "no" / "x.csv"))
    assert catalogue.export_runs() == []


def test_an_export_does_not_fail_where_it_can_not_be_remembered(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*words: object) -> None:
        raise CatalogueError("catalogue_locked", catalogue="c")

    monkeypatch.setattr("barkive.catalogue.export.history.record_export", locked)
    assert catalogue.export(Export("jsonl"), write=lambda text: None).written == 0
    assert catalogue.export_runs() == []
