"""What is written of photos: which of them were moved, and which have gone."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select, update

from barkive.catalogue import Catalogue
from barkive.catalogue.db import schema
from barkive.catalogue.photos.reading import Reading
from barkive.catalogue.scan import placing, recording
from barkive.classifier import Classifier, Judged
from barkive.verdicts import Status


@pytest.fixture
def copies(catalogue: Catalogue, classifier: Classifier, kennel: Path) -> list[tuple[int, str]]:
    """Three photos of one content, in the order of their numbers."""
    for name in ("a.png", "b.png"):
        (kennel / name).write_bytes((kennel / "rex.png").read_bytes())
    catalogue.scan(kennel, classifier=classifier)
    content = bytes.fromhex(catalogue.photo(kennel / "rex.png").sha256 or "")
    c = schema.photo.c
    with catalogue._database.read() as connection:
        rows = connection.execute(select(c.id, c.path).where(c.sha256 == content).order_by(c.id))
        return [(row.id, row.path) for row in rows]


def judged(catalogue: Catalogue, like: str, *paths: str) -> list[Judged[Reading]]:
    content = bytes.fromhex(catalogue.photo(like).sha256 or "")
    return [Judged(Reading(path, sha256=content), Status.DOG, None, None) for path in paths]


@pytest.mark.parametrize(
    ("new", "asked_for", "found"),
    [
        # Known photos have moved nowhere, and those of the batch are there.
        ([], [], []),
        (["/new/1.png"], [1], [1]),
        (["/new/1.png", "/new/2.png"], [1, 2], [1, 2]),
    ],
)
def test_no_more_files_are_looked_for_than_may_have_moved(
    catalogue: Catalogue,
    copies: list[tuple[int, str]],
    new: list[str],
    asked_for: list[int],
    found: list[int],
) -> None:
    own = copies[0][1]
    asked: list[str] = []

    def is_gone(path: str) -> bool:
        asked.append(path)
        return True

    lost = placing.find_lost(catalogue._database, judged(catalogue, own, own, *new), is_gone)
    assert asked == [copies[i][1] for i in asked_for]
    assert lost == dict(copies[i] for i in found)


def test_a_file_that_another_scan_has_moved_meanwhile_is_not_taken_for_lost(
    catalogue: Catalogue, copies: list[tuple[int, str]]
) -> None:
    (first, second, _) = copies
    (new,) = judged(catalogue, second[1], "/new/1.png")
    with catalogue._database.write() as connection:
        row = update(schema.photo).where(schema.photo.c.id == first[0])
        connection.execute(row.values(path="/moved.png"))
        rows = placing.Placing(connection, [new], dict([first, second]))
        (placed,) = rows.placed
        assert placed.row is not None
        assert (placed.row.id, rows.moving) == (second[0], {second[0]})
        assert recording.mark_missing(connection, dict([first, second])) == 1
        assert recording.mark_missing(connection, dict([second])) == 0
    assert catalogue.photo(first[0]).missing_since is None
    assert catalogue.photo(second[0]).missing_since is not None
