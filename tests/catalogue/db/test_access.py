"""Catalogues that this user can read and not write: nothing but writing needs to write."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import uuid
from collections import namedtuple
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from barkive.catalogue import Catalogue, Export, ExportFormat, Kind, Label
from barkive.catalogue.db import (
    access,
    database,
)
from barkive.catalogue.db.access import Way
from barkive.classifier import Classifier
from barkive.cli.commands import app
from barkive.errors import CatalogueError, ReadOnlyCatalogueError
from barkive.messages import Message

pytestmark = pytest.mark.slow

_Usage = namedtuple("_Usage", "total used free")


@pytest.fixture
def filled(tmp_path: Path, kennel: Path, classifier: Classifier) -> Path:
    """The file of a catalogue of a kennel, in a folder of its own."""
    file = tmp_path / "office" / "c.sqlite"
    with Catalogue(file) as catalogue:
        catalogue.scan(kennel, classifier=classifier)
        catalogue.label(kennel / "rex.png", Label(Kind.BREED, ("pug",)))
    return file


@pytest.fixture
def deny(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Callable[[], None]]:
    """Takes the right to write away, as far as Barkive asks; gives what gives it back."""
    can = os.access

    def begin(*paths: Path) -> Callable[[], None]:
        denied = {os.fspath(path) for path in paths}

        def asked(path: str | Path, mode: int) -> bool:
            return not (mode & os.W_OK and os.fspath(path) in denied) and can(path, mode)

        monkeypatch.setattr(access.os, "access", asked)
        return denied.clear

    return begin


def around(file: Path) -> dict[str, bytes]:
    """What lies in the catalogue's folder."""
    return {one.name: one.read_bytes() for one in file.parent.iterdir() if one.is_file()}


@pytest.mark.parametrize("which", ["folder", "file"])
def test_everything_is_read_and_nothing_written_where_that_may_not_be(
    filled: Path, kennel: Path, tmp_path: Path, deny: Callable[..., object], which: str
) -> None:
    os.utime(filled, (1_780_000_000, 1_780_000_000))
    denied = filled.parent if which == "folder" else filled
    deny(denied)
    before = around(filled)
    with Catalogue(filled, create=False) as catalogue:
        why = (
            f"The catalogue {filled} can only be read here, and nothing can be saved. "
            f"You may not write to {denied}; get the right to."
        )
        assert str(catalogue.read_only) == f"{why} It is shown as it was at 2026-05-28 20:26 UTC."
        assert catalogue.count() == 5
        assert len(list(catalogue.search())) == 5
        assert [one.by for one in catalogue.history(kennel / "rex.png")] == [None]
        assert len(catalogue.runs()) == 1
        assert list(catalogue.duplicates()) == []
        assert len(catalogue.like(kennel / "rex.png")) == 3
        assert [one.file for one in catalogue.review.look()] == [str(kennel / "mix.png")]
        out = tmp_path / "out.csv"
        assert catalogue.export(Export(ExportFormat.CSV, out)).written == 5
        for write in (
            lambda: catalogue.label(kennel / "mix.png", Label(Kind.BREED, ("pug",))),
            lambda: catalogue.review.take("desk"),
            lambda: catalogue.scan(kennel),
        ):
            with pytest.raises(ReadOnlyCatalogueError) as refused:
                write()
            assert str(refused.value) == why
    assert around(filled) == before


def test_what_is_said_of_it_is_known_in_french() -> None:
    refusal = Message(
        "catalogue_read_only",
        {"catalogue": "c.sqlite", "reason": Message("catalogue_reason_disk_full")},
    )
    shown = {"sentence": refusal, "moment": "2026-05-28 20:26"}
    said = Message("catalogue_shown_as_of", shown).text("fr")
    assert said == (
        "Le catalogue c.sqlite ne peut être que lu ici, et rien ne peut être enregistré. Son "
        "disque est plein ; faites de la place. Il est montré tel qu'il était le "
        "2026-05-28 20:26 UTC."
    )


def test_what_another_user_writes_meanwhile_is_seen(
    filled: Path, kennel: Path, deny: Callable[..., object]
) -> None:
    with Catalogue(filled) as writer:
        deny(filled)
        with Catalogue(filled, create=False) as reader:
            assert reader._database._way is Way.LIVE
            assert reader.read_only is not None
            assert "It is shown" not in str(reader.read_only)
            assert not reader.photo(kennel / "mix.png").corrected
            writer.label(kennel / "mix.png", Label(Kind.BREED, ("pug",)))
            assert reader.photo(kennel / "mix.png").corrected


def test_a_still_file_that_begins_to_be_written_is_read_as_such(
    filled: Path, kennel: Path, deny: Callable[..., Callable[[], None]]
) -> None:
    allow = deny(filled)
    with Catalogue(filled, create=False) as reader:
        assert reader._database._way is Way.STILL
        allow()
        with Catalogue(filled) as writer:
            deny(filled)
            writer.label(kennel / "mix.png", Label(Kind.BREED, ("pug",)))
            assert reader.photo(kennel / "mix.png").corrected
            assert reader._database._way is Way.LIVE


def test_a_still_file_that_is_written_while_it_is_read_is_not_believed(
    filled: Path, deny: Callable[..., object]
) -> None:
    deny(filled)
    with Catalogue(filled, create=False) as reader:
        with (
            pytest.raises(CatalogueError, match="by another program while it was read; try again"),
            reader._database.read(),
        ):
            os.utime(filled, (1_780_000_000, 1_780_000_000))
        assert reader.count() == 5


def test_a_log_without_its_index_is_read_in_a_copy(
    filled: Path, kennel: Path, tmp_path: Path, deny: Callable[..., object]
) -> None:
    backup = tmp_path / "backup" / "c.sqlite"
    backup.parent.mkdir()
    with Catalogue(filled) as writer:
        writer.label(kennel / "mix.png", Label(Kind.BREED, ("pug",)))
        for ending in ("", "-wal"):
            shutil.copy(f"{filled}{ending}", f"{backup}{ending}")
    deny(backup.parent)
    before = around(backup)
    with Catalogue(backup, create=False) as reader:
        assert reader._database._way is Way.COPY
        copy = Path(str(reader._database._engine.url.database))
        assert reader.photo(kennel / "mix.png").corrected
    assert around(backup) == before
    assert not copy.parent.exists()


def test_of_an_older_schema_a_copy_is_migrated(
    filled: Path,
    kennel: Path,
    deny: Callable[..., object],
    request: pytest.FixtureRequest,
) -> None:
    request.getfixturevalue("next_schema")
    deny(filled)
    before = around(filled)
    with Catalogue(filled, create=False) as reader:
        assert reader._database._way is Way.COPY
        assert reader.photo(kennel / "rex.png").corrected
        with pytest.raises(ReadOnlyCatalogueError):
            reader.label(kennel / "mix.png", Label(Kind.BREED, ("pug",)))
    assert around(filled) == before


def test_a_copy_that_does_not_fit_is_told(
    filled: Path, deny: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    (filled.parent / "c.sqlite-wal").write_bytes(b"the log of another")
    deny(filled.parent)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(access.shutil, "copyfile", full)
    with pytest.raises(CatalogueError, match=r"read as a copy, .*No space left on device; "):
        Catalogue(filled, create=False)


def test_who_gets_the_right_to_write_writes_without_opening_it_again(
    filled: Path, kennel: Path, deny: Callable[..., Callable[[], None]]
) -> None:
    allow = deny(filled)
    with Catalogue(filled, create=False) as catalogue:
        with pytest.raises(ReadOnlyCatalogueError):
            catalogue.label(kennel / "mix.png", Label(Kind.BREED, ("pug",)))
        allow()
        assert catalogue.label(kennel / "mix.png", Label(Kind.BREED, ("pug",))).corrected
        assert catalogue.read_only is None


def test_a_full_disk_is_read_and_written_again_when_there_is_room(
    filled: Path, kennel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as full:
        full.setattr(access.shutil, "disk_usage", lambda _: _Usage(1, 1, 0))
        catalogue = Catalogue(filled, create=False)
        assert catalogue.count() == 5
        with pytest.raises(ReadOnlyCatalogueError, match=r"Its disk is full; make room\."):
            catalogue.label(kennel / "mix.png", Label(Kind.BREED, ("pug",)))
    assert catalogue.label(kennel / "mix.png", Label(Kind.BREED, ("pug",))).corrected
    catalogue.close()


def test_a_place_where_sqlite_can_make_no_files_is_read(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up = database._set_up_sqlite

    def refuse(connection: sqlite3.Connection, record: object) -> None:
        (name,) = connection.execute("SELECT file FROM pragma_database_list").fetchone()
        error = sqlite3.OperationalError("unable to open database file")
        error.sqlite_errorcode = 14
        if "immutable" not in str(record) and not seen:
            seen.append(name)
            raise error
        set_up(connection, record)

    seen: list[str] = []
    monkeypatch.setattr(database, "_set_up_sqlite", refuse)
    with Catalogue(filled, create=False) as catalogue:
        assert catalogue.count() == 5
        assert catalogue.read_only is not None
        assert "Nothing can be written beside it; make room, or get the right." in (
            str(catalogue.read_only)
        )


def test_sorting_makes_no_temporary_files(filled: Path) -> None:
    with Catalogue(filled) as catalogue, catalogue._database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA temp_store").scalar() == 2


def test_the_commands_say_that_it_is_read_only(
    filled: Path, kennel: Path, deny: Callable[..., object], tmp_path: Path
) -> None:
    deny(filled)
    at = ["--catalogue", str(filled)]
    for command in (
        ["search"],
        ["runs"],
        ["duplicates"],
        ["history", str(kennel / "rex.png")],
        ["export", "--as", "csv", "--out", str(tmp_path / "out.csv")],
    ):
        result = CliRunner().invoke(app, [*command, *at])
        assert result.exit_code == 0
        assert result.stderr.startswith(f"The catalogue {filled} can only be read here, ")


def test_in_a_review_one_can_look_and_not_speak(
    filled: Path, kennel: Path, deny: Callable[..., object]
) -> None:
    deny(filled)
    result = CliRunner().invoke(app, ["review", "--catalogue", str(filled)], input="1\ns\n")
    assert result.exit_code == 0
    assert "mix.png" in result.stdout
    help_ = "Nothing can be saved: s next, o open, q quit."
    assert help_ in result.stderr
    assert help_ in result.stdout
    assert "0 answered, 1 left." in result.stdout


def _without_root(*command: str) -> list[str]:
    """A command that runs without the right to go past permissions."""
    if os.geteuid() != 0:
        return list(command)
    if shutil.which("setpriv") is None:
        pytest.skip("root may write everywhere, and setpriv is not there to take that away")
    dropped = "--bounding-set=-dac_override,-dac_read_search"
    return ["setpriv", "--reuid=0", dropped, *command]


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
def test_what_the_system_does_not_let_one_write_is_read(filled: Path, kennel: Path) -> None:
    """The same with real permissions, in a process of its own."""
    script = (
        "from barkive.catalogue import Catalogue\n"
        f"with Catalogue({str(filled)!r}, create=False) as catalogue:\n"
        "    print(catalogue.count(), catalogue.read_only is not None)\n"
    )
    filled.chmod(0o444)
    filled.parent.chmod(0o555)
    try:
        done = subprocess.run(
            _without_root(sys.executable, "-c", script), capture_output=True, text=True, check=False
        )
    finally:
        filled.parent.chmod(0o755)
    assert (done.stdout, done.returncode) == ("5 True\n", 0), done.stderr


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
def test_a_folder_that_may_not_be_looked_into_is_told(filled: Path) -> None:
    script = (
        "from barkive.catalogue import Catalogue\n"
        "from barkive.errors import CatalogueError\n"
        "try:\n"
        f"    Catalogue({str(filled)!r}, create=False)\n"
        "except CatalogueError as error:\n"
        "    print(error)\n"
    )
    filled.parent.chmod(0)
    try:
        done = subprocess.run(
            _without_root(sys.executable, "-c", script), capture_output=True, text=True, check=False
        )
    finally:
        filled.parent.chmod(0o755)
    said = f"The catalogue {filled} can't be opened: Permission denied; get the right to its folder"
    assert done.stdout == f"{said}.\n", done.stderr


def test_when_it_was_written_last_counts_its_log(tmp_path: Path) -> None:
    file, log = tmp_path / "c.sqlite", tmp_path / "c.sqlite-wal"
    file.write_bytes(b"x")
    log.write_bytes(b"")
    os.utime(file, (1_000, 1_000))
    assert access.written_last(file) == datetime(1970, 1, 1, 0, 16, 40, tzinfo=UTC)
    log.write_bytes(b"x")
    os.utime(log, (2_000, 2_000))
    assert access.written_last(file) == datetime(1970, 1, 1, 0, 33, 20, tzinfo=UTC)


@pytest.fixture
def reader(
    new_database: Callable[..., AbstractContextManager[str]], kennel: Path, classifier: Classifier
) -> Iterator[tuple[str, str]]:
    """A catalogue on PostgreSQL: the URL of its owner, and that of a role that may only read."""
    with new_database(migrated=True) as url:
        import psycopg

        with Catalogue(url) as catalogue:
            catalogue.scan(kennel, classifier=classifier)
        role = f"reader_{uuid.uuid4().hex}"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"CREATE ROLE {role} LOGIN")
            connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
        try:
            yield url, f"{url}&options=-c%20role%3D{role}"
        finally:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(f"DROP OWNED BY {role}")
                connection.execute(f"DROP ROLE {role}")


def test_a_role_that_may_only_read_reads(
    reader: tuple[str, str], kennel: Path, tmp_path: Path
) -> None:
    _, url = reader
    with Catalogue(url, create=False) as catalogue:
        assert catalogue.read_only is not None
        assert "nothing can be saved. The database lets “reader_" in str(catalogue.read_only)
        assert catalogue.count() == 5
        assert len(catalogue.like(kennel / "rex.png")) == 3
        assert [one.file for one in catalogue.review.look()] == [str(kennel / "mix.png")]
        out = tmp_path / "out.csv"
        assert catalogue.export(Export(ExportFormat.CSV, out)).written == 5
        with pytest.raises(ReadOnlyCatalogueError, match="nothing can be saved"):
            catalogue.label(kennel / "mix.png", Label(Kind.BREED, ("pug",)))


def test_a_server_that_takes_no_changes_is_read(reader: tuple[str, str], kennel: Path) -> None:
    url, _ = reader
    closed = f"{url}&options=-c%20default_transaction_read_only%3Don"
    with Catalogue(closed, create=False) as catalogue:
        assert catalogue.count() == 5
        with pytest.raises(ReadOnlyCatalogueError, match=r"Its server takes no changes\."):
            catalogue.label(kennel / "mix.png", Label(Kind.BREED, ("pug",)))


def test_an_older_schema_on_a_server_is_told_to_who_may_not_migrate_it(
    reader: tuple[str, str], request: pytest.FixtureRequest
) -> None:
    _, url = reader
    request.getfixturevalue("next_schema")
    with pytest.raises(CatalogueError, match=r"by an older Barkive; have its owner open it once"):
        Catalogue(url, create=False)
