"""Real databases, and entries made by hand for what works on them without one."""

from __future__ import annotations

import hashlib
import shutil
import textwrap
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from barkive.catalogue import Catalogue
from barkive.catalogue.db import database
from barkive.catalogue.db.database import Database
from barkive.catalogue.db.schema import HEAD
from barkive.catalogue.records import Entry
from barkive.messages import Message
from barkive.verdicts import BreedName, Candidate, Status, Verdict

CHIHUAHUA = BreedName("n02085620", "Chihuahua", "Chihuahua")
PUG = BreedName("n02110958", "Pug", "Carlin")
MALTESE = BreedName("n02085936", "Maltese", "Bichon maltais")
MODEL = "colours@0123456789ab"

_PHOTO = """
    INSERT INTO photo (path, bytes, mtime_ns, sha256, phash, status, breed, corrected, error,
        words, added_at, missing_since)
    VALUES (:path, 9, 8, :sha256, :phash, :status, :breed, :corrected, :error, :path,
        '2026-01-01 00:00:00', :missing)
"""
_SAID = """
    INSERT INTO correction (sha256, kind, breed, said_by, said_at, was)
    VALUES (:sha256, :kind, :breed, 'Ada', :at, 'uncertain')
"""


@pytest.fixture
def make_entry() -> Callable[..., Entry]:
    """An entry of a Chihuahua photo that the model is sure of, with changes."""

    def make(**changes: object) -> Entry:
        file = str(changes.get("file", "/photos/rex.jpg"))
        if isinstance(error := changes.pop("error", None), str):
            changes["reason"] = Message.verbatim(error)
        breeds = (Candidate(CHIHUAHUA, 0.93), Candidate(PUG, 0.05), Candidate(MALTESE, 0.02))
        entry = Entry(
            id=1,
            picture=1,
            file=file,
            status=Status.DOG,
            breeds=breeds,
            reason=None,
            corrected=False,
            label_id=None,
            note=None,
            prediction=Verdict(file, Status.DOG, breeds, None, MODEL),
            guesses=breeds,
            model=MODEL,
            width=640,
            height=480,
            format="JPEG",
            taken_at=datetime(2026, 5, 4, 3, 2, 1),
            camera="Maker Model",
            bytes=1234,
            mtime_ns=None,
            ctime_ns=None,
            sha256="ab" * 32,
            coded=None,
            added_at=datetime(2026, 6, 1, 12, 0, 0),
            identified_at=datetime(2026, 6, 1, 12, 0, 1),
            unreadable_since=None,
            missing_since=None,
        )
        return replace(entry, **changes)  # type: ignore[arg-type]

    return make


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, new_place: Callable[..., str]) -> str:
    """Where a catalogue can be made: a new file, and a new database of PostgreSQL.

    Where a test takes `catalogue`, one is there already.
    """
    return new_place(request.param, migrated="catalogue" in request.fixturenames)


@pytest.fixture
def new_place(
    request: pytest.FixtureRequest, tmp_path: Path, write_catalogue: Callable[[Path], Path]
) -> Iterator[Callable[..., str]]:
    """Makes places for catalogues, each another: of `sqlite` or of `postgresql`.

    With `migrated` there is an empty catalogue in it, as the migrations make it.
    """
    with ExitStack() as places:

        def make(kind: str, *, migrated: bool = False) -> str:
            if kind == "sqlite":
                file = tmp_path / "places" / f"{uuid.uuid4().hex}.sqlite"
                return str(write_catalogue(file) if migrated else file)
            assert request.node.get_closest_marker("postgres"), "the test lacks the mark postgres"
            new_database = request.getfixturevalue("new_database")
            return places.enter_context(new_database(migrated=migrated))

        yield make


@pytest.fixture
def catalogue(where: str) -> Iterator[Catalogue]:
    """An empty catalogue, on each database in turn."""
    with Catalogue(where) as opened:
        yield opened


@pytest.fixture
def next_schema(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A Barkive whose schema is one revision further."""
    migrations = tmp_path / "migrations"
    shutil.copytree(database._MIGRATIONS, migrations)
    (migrations / "versions" / "9999_next.py").write_text(
        textwrap.dedent("""
        from alembic import op
        import sqlalchemy as sa
        revision, down_revision = "9999", "%s"
        def upgrade():
            op.add_column("model", sa.Column("remark", sa.Text))
        """)
        % HEAD
    )
    monkeypatch.setattr(database, "_MIGRATIONS", migrations)
    monkeypatch.setattr(database, "HEAD", "9999")


@pytest.fixture
def make_old(kennel: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes a catalogue of version 0.1: with a copy, a broken photo, and words of several kinds."""
    rex = hashlib.sha256((kennel / "rex.png").read_bytes()).digest()
    mix = hashlib.sha256((kennel / "mix.png").read_bytes()).digest()
    long_gone = hashlib.sha256((kennel / "night.png").read_bytes()).digest()
    photos = [
        (str(kennel / "rex.png"), rex, "dog", "n02110958", True, None, None),
        (str(kennel / "mix.png"), mix, "uncertain", None, False, None, None),
        ("/elsewhere/copy.png", rex, "dog", "n02110958", True, None, "2026-02-01 00:00:00"),
        (str(kennel / "shut.png"), None, "failed", None, False, "No permission.", None),
    ]
    said = [
        (rex, "breed", "n02085620", "2026-01-02 10:00:00"),
        (rex, "breed", "n02110958", "2026-01-02 11:00:00"),
        (rex, "unsure", None, "2026-01-02 12:00:00"),
        # The clock was set back; the word that came later counts.
        (rex, "undo", None, "2026-01-02 09:00:00"),
        (mix, "breed", "n02085620", "2026-01-03 10:00:00"),
        (mix, "undo", None, "2026-01-03 11:00:00"),
        (long_gone, "breed", "n02085936", "2026-01-04 10:00:00"),
    ]
    names = ("path", "sha256", "status", "breed", "corrected", "error", "missing")

    def make(where: str) -> None:
        with monkeypatch.context() as older:
            older.setattr(database, "HEAD", "0005")
            with closing(Database(where)) as opened, opened.write() as connection:
                for values in photos:
                    row = dict(zip(names, values, strict=True))
                    row["phash"] = bytes(32) if row["sha256"] else None
                    connection.execute(text(_PHOTO), row)
                for sha256, kind, breed, at in said:
                    row = {"sha256": sha256, "kind": kind, "breed": breed, "at": at}
                    connection.execute(text(_SAID), row)

    return make
