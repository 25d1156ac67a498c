import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from barkive.catalogue import Catalogue, Kind, Label
from barkive.catalogue.db import database, schema
from barkive.catalogue.db.database import Database
from barkive.catalogue.db.location import default_location
from barkive.catalogue.db.schema import HEAD
from barkive.classifier import Classifier
from barkive.errors import CatalogueError


@pytest.fixture
def opened(where: str) -> Iterator[Database]:
    one = Database(where)
    yield one
    one.close()


def test_the_migrations_make_what_the_code_expects(opened: Database) -> None:
    with opened.read() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                # What only one of the databases has.
                "include_object": lambda it, name, *_: (
                    not (
                        name.startswith(("photo_words", "tally", "zone", "projection"))
                        or name.startswith(
                            ("photo_of_", "photo_to_review", "photo_corrected", "photo_gone")
                        )
                        or it.info.get("only", connection.dialect.name) != connection.dialect.name
                    )
                ),
                # Its collation differs between the databases.
                "compare_type": lambda _c, _i, column, *_: False if column.name == "path" else None,
            },
        )
        assert compare_metadata(context, schema.metadata) == []


def test_a_catalogue_that_exists_is_opened_again(opened: Database, where: str) -> None:
    again = Database(where, create=False)
    assert again.uuid == opened.uuid
    again.close()


def test_sqlite_is_durable_and_checks_references(tmp_path: Path) -> None:
    one = Database(tmp_path / "a b" / "c.sqlite")
    with one.read() as connection:
        pragmas = ("journal_mode", "synchronous", "foreign_keys")
        values = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in pragmas]
    assert values == ["wal", 2, 1]
    one.close()


def test_there_is_a_place_where_catalogues_lie(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert default_location().name == "catalogue.sqlite"
    assert default_location().parent.name == "barkive"


def test_a_missing_catalogue_is_named_with_what_makes_it(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"no catalogue .*none.sqlite yet; `barkive scan"):
        Database(tmp_path / "none.sqlite", create=False)
    assert list(tmp_path.iterdir()) == []


def test_an_older_catalogue_is_migrated_after_a_backup(
    tmp_path: Path, kennel: Path, classifier: Classifier, request: pytest.FixtureRequest
) -> None:
    file = tmp_path / "c.sqlite"
    with Catalogue(file) as catalogue:
        catalogue.scan(kennel, classifier=classifier)
        catalogue.label(kennel / "rex.png", Label(Kind.BREED, ("pug",)))
    request.getfixturevalue("next_schema")
    with Catalogue(file) as catalogue:
        assert catalogue.photo(kennel / "rex.png").corrected
    with closing(sqlite3.connect(file)) as new:
        assert new.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)
        assert new.execute("SELECT remark FROM model").fetchall() == [(None,)]
    with closing(sqlite3.connect(tmp_path / f"c.sqlite.backup-{HEAD}")) as old:
        assert old.execute("SELECT version_num FROM alembic_version").fetchone() == (HEAD,)
        assert old.execute("SELECT count(*) FROM photo").fetchone() == (5,)


def test_a_catalogue_that_is_deleted_meanwhile_is_not_made_anew(tmp_path: Path) -> None:
    file = tmp_path / "c.sqlite"
    with Catalogue(file) as catalogue:
        assert catalogue.count() == 0
        for ending in ("", "-wal", "-shm"):
            (tmp_path / f"c.sqlite{ending}").unlink(missing_ok=True)
        with pytest.raises(CatalogueError, match=r"c\.sqlite is gone; put it back, or start again"):
            catalogue.count()
        with pytest.raises(CatalogueError, match="is gone"):
            catalogue.label("x", Label(Kind.BREED, ("pug",)))
        assert not file.exists()


def test_a_catalogue_that_is_replaced_meanwhile_is_opened_anew(
    tmp_path: Path, kennel: Path, classifier: Classifier
) -> None:
    with Catalogue(tmp_path / "other.sqlite") as other:
        other.scan(kennel, classifier=classifier)
    with Catalogue(tmp_path / "c.sqlite") as catalogue:
        assert catalogue.count() == 0
        (tmp_path / "c.sqlite").unlink()
        for ending in ("-wal", "-shm"):
            (tmp_path / f"c.sqlite{ending}").unlink(missing_ok=True)
        (tmp_path / "other.sqlite").rename(tmp_path / "c.sqlite")
        assert catalogue.count() == 5


def test_a_migration_that_fails_leaves_the_catalogue_as_it_was(
    tmp_path: Path, next_schema: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "migrations" / "versions" / "9999_next.py"
    good = script.read_text()
    monkeypatch.setattr(database, "HEAD", HEAD)
    Database(tmp_path / "c.sqlite").close()
    monkeypatch.setattr(database, "HEAD", "9999")
    script.write_text(good + "    raise OSError('power cut')\n")
    with pytest.raises(OSError, match="power cut"):
        Database(tmp_path / "c.sqlite")
    with closing(sqlite3.connect(tmp_path / "c.sqlite")) as old:
        assert old.execute("SELECT version_num FROM alembic_version").fetchone() == (HEAD,)
        columns = [row[1] for row in old.execute("PRAGMA table_info(model)")]
    assert "remark" not in columns


def test_a_catalogue_from_a_newer_barkive_is_refused(
    where: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as newer:
        request.getfixturevalue("next_schema")
        Database(where).close()
        newer.undo()
    monkeypatch.undo()
    with pytest.raises(CatalogueError, match=r"newer Barkive \(schema 9999.*update Barkive"):
        Database(where)


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE cats (name)")
        other.commit()
    before = file.read_bytes()
    with pytest.raises(CatalogueError, match=r"other.sqlite is a database but no Barkive"):
        Database(file)
    assert file.read_bytes() == before
    with closing(sqlite3.connect(file)) as other:
        names = other.execute("SELECT name FROM sqlite_master").fetchall()
    assert names == [("cats",)]


def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "c.sqlite"
    file.write_bytes(b"not a database at all" * 100)
    with pytest.raises(CatalogueError, match=r"c.sqlite is damaged.*left as it is.*--rebuild"):
        Database(file)
    assert file.read_bytes() == b"not a database at all" * 100


def test_a_place_that_can_t_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CatalogueError, match=r"can't be made: .*choose another place"):
        Database(tmp_path / "file" / "c.sqlite")
    with pytest.raises(CatalogueError, match="is a folder; give a file"):
        Database(tmp_path)


def test_a_locked_catalogue_is_waited_for_and_then_named(where: str) -> None:
    one, other = Database(where), Database(where, patience=0.2)
    with (
        one.write(),
        pytest.raises(CatalogueError, match="being written by another program; try again"),
        other.write(),
    ):
        pytest.fail("two wrote at once")
    one.close()
    other.close()


@pytest.mark.parametrize(
    "url",
    ["mysql://me:secret@host/x", "postgresql://me:secret@host:port/x", "nonsense://", "sqlite://"],
)
def test_a_url_that_is_not_known_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(CatalogueError, match="give a file, or postgresql://") as refused:
        Database(url)
    assert "secret" not in str(refused.value)


def test_a_server_that_can_t_be_reached_is_named_without_the_password() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(
        CatalogueError, match=r"postgresql://me:\*\*\*@127.0.0.1:1/x can't be used"
    ) as it:
        Database("postgresql://me:secret@127.0.0.1:1/x")
    assert "secret" not in str(it.value)


def test_catalogues_made_at_the_same_moment_are_one(where: str) -> None:
    made: list[str] = []

    def make() -> None:
        one = Database(where)
        made.append(one.uuid)
        one.close()

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4
    assert len(set(made)) == 1
