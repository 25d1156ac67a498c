"""`barkive scan` with all that it can be given, and `barkive runs`."""

from __future__ import annotations

import glob
import json
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import update

from barkive.catalogue import Catalogue
from barkive.catalogue.db import schema
from barkive.catalogue.scan import sources
from barkive.cli.commands import app
from barkive.errors import CatalogueError, ClusterError, UsageError
from barkive.images import remote


@pytest.fixture
def barkive(tmp_path: Path, colour_bundle: Path) -> Callable[..., Result]:
    """Runs a command on a catalogue of the test's own."""

    def run(command: str, *arguments: str | Path, at: str | None = None) -> Result:
        environment = {"BARKIVE_CATALOGUE": at or str(tmp_path / "c.sqlite"), "COLUMNS": "200"}
        given = [command, *map(str, arguments)]
        given += ["--model", str(colour_bundle)] if command == "scan" else []
        result = CliRunner().invoke(app, given, env=environment)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


def test_a_list_with_blanks_duplicates_and_missing_files(
    barkive: Callable[..., Result], kennel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "all.txt").write_text(
        f"{kennel}/rex.png\n\nkennel/rex.png\nkennel/gone.png\n  \nkennel/night.png\n"
    )
    result = barkive("scan", "--list", "all.txt")
    assert result.exit_code == 1
    assert result.stderr == f"{kennel}/gone.png: The file does not exist.\n"
    assert result.stdout.splitlines()[:2] == [
        "2 photos: 1 named, 1 no dog.",
        "2 new, 0 changed, 0 moved, 0 missing, 1 not read, 0 unchanged.",
    ]
    (kennel / "rex.png").rename(kennel / "gone.png")
    result = barkive("scan", "--list", "all.txt")
    assert result.stdout.splitlines()[:2] == [
        "2 photos: 1 named, 1 no dog.",
        "0 new, 0 changed, 1 moved, 0 missing, 0 not read, 1 unchanged.",
    ]


def test_what_failed_before_and_what_this_scan_could_not_read_are_told_apart(
    barkive: Callable[..., Result], kennel: Path
) -> None:
    def told() -> list[object]:
        result = barkive("scan", kennel)
        return [result.exit_code, *result.stdout.splitlines()[:2]]

    assert told() == [
        1,
        "5 photos: 2 named, 1 not sure, 1 no dog, 1 failed.",
        "5 new, 0 changed, 0 moved, 0 missing, 1 not read, 0 unchanged.",
    ]
    # It is not read again, and has failed as before.
    assert told() == [
        0,
        "5 photos: 2 named, 1 not sure, 1 no dog, 1 failed.",
        "0 new, 0 changed, 0 moved, 0 missing, 0 not read, 5 unchanged.",
    ]
    (kennel / "rex.png").write_bytes(b"")
    # What was known of it stays.
    assert told() == [
        1,
        "5 photos: 2 named, 1 not sure, 1 no dog, 1 failed.",
        "0 new, 0 changed, 0 moved, 0 missing, 1 not read, 4 unchanged.",
    ]


def test_all_failures_are_counted_and_some_are_told(
    barkive: Callable[..., Result], kennel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("barkive.catalogue.scan.pipeline._FAILURES_LISTED", 25)
    names = [f"{kennel}/none-{number:02}.png" for number in range(30)]
    (tmp_path / "all.txt").write_text("\n".join(names))
    result = barkive("scan", "--list", tmp_path / "all.txt")
    assert result.exit_code == 1
    *told, more = result.stderr.splitlines()
    assert told == [f"{name}: The file does not exist." for name in names[:20]]
    assert more == ("And 10 more; those that are in the catalogue: barkive search --status failed")
    assert "0 missing, 30 not read, 0 unchanged." in result.stdout


def test_what_resembles_a_photo_of_a_store(
    barkive: Callable[..., Result], kennel: Path, colour_bundle: Path
) -> None:
    fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    for name in ("rex.png", "mix.png"):
        memory.pipe(f"/kennel/{name}", (kennel / name).read_bytes())
    like = ["search", "--like", "memory://kennel/rex.png", "--model", colour_bundle]
    barkive("scan", kennel)
    assert barkive(*like, "--limit", "1").stdout.startswith(f"{kennel}/rex.png")
    barkive("scan", "memory://kennel/mix.png", "memory://kennel/rex.png")
    found = [json.loads(line) for line in barkive(*like, "--format", "json").stdout.splitlines()]
    assert [one["file"] for one in found][:1] == [f"{kennel}/rex.png"]
    assert "memory://kennel/rex.png" not in [one["file"] for one in found]
    memory.store.clear()


def test_a_pattern(barkive: Callable[..., Result], kennel: Path) -> None:
    result = barkive("scan", f"{kennel}/m*.png", f"{kennel}/**/m*.png")
    assert result.stdout.startswith("2 photos: 1 named, 1 not sure.\n2 new,")


def test_only_what_lies_here_can_be_watched(barkive: Callable[..., Result], kennel: Path) -> None:
    with pytest.raises(UsageError, match=r"m\*\.png can't be watched: only folders and photos of"):
        barkive("scan", kennel, f"{kennel}/m*.png", "--watch")


def test_the_batch_size_changes_nothing(barkive: Callable[..., Result], kennel: Path) -> None:
    assert barkive("scan", kennel, "--batch-size", "1").stdout.startswith("5 photos: 2 named")
    assert barkive("scan", kennel, "--batch-size", "0").exit_code == 2


def test_runs_tell_who_scanned_what(barkive: Callable[..., Result], kennel: Path) -> None:
    barkive("scan", kennel)
    shown = barkive("runs").stdout.splitlines()
    assert shown[0].startswith("1  finished  ")
    assert shown[0].endswith(f"@{socket.gethostname()} (command line)")
    assert shown[1:3] == [
        f"   of {kennel}",
        "   5 listed, 5 new, 2 dog, 1 uncertain, 1 not dog, 1 failed",
    ]
    assert shown[3].startswith("   local; colours@")
    (line,) = barkive("runs", "--json").stdout.splitlines()
    assert json.loads(line)["counts"]["new"] == 5


def test_that_nothing_was_scanned_is_said(barkive: Callable[..., Result], tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="There is no catalogue"):
        barkive("runs")
    Catalogue(tmp_path / "c.sqlite").close()
    assert barkive("runs").stdout == "Nothing was scanned yet.\n"


def test_another_scan_of_the_same_is_told_of(barkive: Callable[..., Result], kennel: Path) -> None:
    where = Path(barkive("scan", kennel).stdout.splitlines()[-1].removeprefix("Catalogue: "))
    with Catalogue(where) as catalogue, catalogue._database.write() as connection:
        connection.execute(update(schema.run).values(state="running"))
    result = barkive("scan", kennel / "annex")
    assert result.stderr.startswith("Another scan of the same photos runs since ")
    assert result.stderr.endswith("). Both may go on: every photo is kept once.\n")
    assert result.stdout.startswith("1 photo: 1 named.")


def test_an_address_without_the_engine_is_refused(
    barkive: Callable[..., Result], kennel: Path
) -> None:
    with pytest.raises(UsageError, match="--ray-address is for --engine ray"):
        barkive("scan", kennel, "--ray-address", "auto")


@pytest.mark.ray
@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        (
            "127.0.0.1:1",
            r"^The Ray cluster at 127.0.0.1:1 can't be reached: Connection refused; check "
            r"--ray-address, and that `ray start --head` runs there\.$",
        ),
        ("nowhere.invalid", r"^The Ray cluster at nowhere.invalid:6379 can't be reached: .+; ch"),
        ("127.0.0.1:many", r"^The address 127.0.0.1:many is none; give HOST or HOST:PORT\.$"),
        ("ray://127.0.0.1:10001", r"^The address ray://127.0.0.1:10001 is none for a scan: give"),
    ],
)
def test_a_cluster_that_can_not_be_reached_is_said_before_any_work(
    barkive: Callable[..., Result], kennel: Path, address: str, sentence: str
) -> None:
    with pytest.raises(ClusterError, match=sentence):
        barkive("scan", kennel, "--engine", "ray", "--ray-address", address)
    assert barkive("runs").stdout == "Nothing was scanned yet.\n"


@pytest.mark.ray
def test_what_is_no_cluster_is_not_waited_for(
    barkive: Callable[..., Result], kennel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("barkive.batch.cluster._REACH_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ClusterError, match=f"What listens at {address} is no Ray cluster's"):
            barkive("scan", kennel, "--engine", "ray", "--ray-address", address)


def test_a_source_that_is_not_there_is_said_before_a_cluster_is_reached(
    barkive: Callable[..., Result], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="There is no folder or file"):
        barkive("scan", tmp_path / "none", "--engine", "ray", "--ray-address", "127.0.0.1:1")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ada:secret@127.0.0.1:1/photos",
        "postgresql://ada:secret@nowhere.invalid/photos",
    ],
)
def test_a_database_that_can_not_be_reached_is_said_without_the_password(
    barkive: Callable[..., Result], kennel: Path, url: str
) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(CatalogueError, match=r"^The catalogue postgresql://ada:\*\*\*@") as refused:
        barkive("scan", kennel, at=url)
    assert "secret" not in str(refused.value)


def test_wrong_credentials_are_not_repeated(
    barkive: Callable[..., Result],
    kennel: Path,
    new_database: Callable[[], AbstractContextManager[str]],
) -> None:
    with new_database() as url:
        wrong = url.replace("postgres:@", "ada:secret@", 1)
        assert wrong != url
        with pytest.raises(CatalogueError, match='role "ada" does not exist') as refused:
            barkive("scan", kennel, at=wrong)
    assert "secret" not in str(refused.value)


def test_what_is_passed_over_is_told(
    barkive: Callable[..., Result], kennel: Path, colour_photo: Callable[..., Path]
) -> None:
    for name in ("@eaDir/rex.png/SM.png", "#recycle/old.png", "@eaDir/rex.png/M.png"):
        colour_photo(f"kennel/{name}", (250, 10, 10))
    (kennel / "rex.CR2").touch()
    (kennel / "out").symlink_to(kennel.parent)
    result = barkive("scan", kennel, "--exclude", "annex/")
    assert result.stdout.splitlines()[1:3] == [
        "4 new, 0 changed, 0 moved, 0 missing, 1 not read, 0 unchanged.",
        "passed over: 2 in @eaDir, 1 in #recycle, 1 excluded, 1 link that leads elsewhere "
        "(--follow-links takes it), 1 RAW file.",
    ]
    result = barkive("scan", kennel, "--follow-links", "--exclude", "*.sqlite", "--exclude", "old/")
    assert "passed over: 2 in @eaDir, 1 in #recycle, 1 RAW file." in result.stdout


def test_patterns_that_leave_nothing_are_refused(
    barkive: Callable[..., Result], kennel: Path, tmp_path: Path
) -> None:
    with pytest.raises(
        UsageError, match=r"^Nothing is left of .*kennel: --exclude or .*there \(5\)"
    ):
        barkive("scan", kennel, "--exclude", "*")
    with pytest.raises(UsageError, match=r"^--exclude takes patterns as gitignore has them, such"):
        barkive("scan", kennel, "--exclude", "!")
    assert not (tmp_path / "c.sqlite").exists()


def test_what_is_passed_over_is_so_where_it_changes_while_watched(
    barkive: Callable[..., Result],
    kennel: Path,
    colour_photo: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    thumb = colour_photo("kennel/@eaDir/rex.png/SM.png", (250, 10, 10)).parent
    old = colour_photo("kennel/old/1.png", (250, 10, 10))

    def changes(places: list[Path]) -> list[set[Path]]:
        colour_photo("kennel/annex/new.png", (10, 10, 250))
        return [{thumb, old.parent}, {kennel / "annex"}]

    monkeypatch.setattr("barkive.catalogue.folder_changes", changes)
    result = barkive("scan", kennel, "--watch", "--exclude", "/old/")
    assert [line for line in result.stdout.splitlines() if " new, " in line] == [
        "5 new, 0 changed, 0 moved, 0 missing, 1 not read, 0 unchanged.",
        "1 new, 0 changed, 0 moved, 0 missing, 0 not read, 1 unchanged.",
    ]


@pytest.mark.parametrize("exclude", [(), ("--exclude", "night*")])
def test_what_is_scanned_is_opened_and_listed_once(
    barkive: Callable[..., Result],
    kennel: Path,
    monkeypatch: pytest.MonkeyPatch,
    exclude: tuple[str, ...],
) -> None:
    listed: Counter[str] = Counter()

    def count(module: ModuleType, name: str) -> None:
        function = getattr(module, name)

        def counted(*given: object, **more: object) -> object:
            listed[name] += 1
            return function(*given, **more)

        monkeypatch.setattr(module, name, counted)

    count(glob, "iglob")
    count(remote, "find")
    count(remote, "walk")
    count(sources, "find_photos")
    new = 4 - len(exclude) // 2
    assert f"{new - 1} new" in barkive("scan", f"{kennel}/*.png", *exclude).stdout
    assert listed == {"iglob": 1, "find_photos": 1}
    listed.clear()
    barkive("scan", kennel, *exclude)
    assert listed == {"find_photos": 1}
    memory = pytest.importorskip("fsspec", reason="fsspec is not installed").filesystem("memory")
    memory.store.clear()
    for path in kennel.rglob("*.png"):
        memory.pipe(f"/kennel/{path.relative_to(kennel)}", path.read_bytes())
    for given in ("memory://kennel", "memory://kennel/*.png"):
        listed.clear()
        assert barkive("scan", given, *exclude).exit_code == 0
        assert listed == {"find": 1, "walk": 1}
    memory.store.clear()


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="this system has no such zones")
def test_times_are_by_the_clock_of_the_machine(
    barkive: Callable[..., Result], kennel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = Path(barkive("scan", kennel).stdout.splitlines()[-1].removeprefix("Catalogue: "))
    barkive("label", kennel / "rex.png", "--breed", "pug")
    with Catalogue(where) as catalogue, catalogue._database.write() as connection:
        moment = datetime(2026, 6, 1, 23, 30)
        connection.execute(update(schema.run).values(started_at=moment, ended_at=moment))
        connection.execute(update(schema.correction).values(said_at=moment))
    monkeypatch.setenv("TZ", "Europe/Paris")
    time.tzset()
    try:
        shown = barkive("runs").stdout
        said, as_csv = (
            barkive("history", kennel / "rex.png", "--format", form).stdout
            for form in ("table", "csv")
        )
    finally:
        monkeypatch.undo()
        time.tzset()
    assert shown.startswith("1  finished  2026-06-02 01:30:00, ended 2026-06-02 01:30:00  by ")
    assert said.startswith("2026-06-02 01:30:00  breed: Pug, was ")
    # Programs get UTC.
    assert "2026-06-01T23:30:00Z,,breed,Pug," in as_csv


@pytest.mark.skipif(sys.platform == "win32", reason="folders of Unix")
@pytest.mark.parametrize("folder", ["/", "/proc"])
def test_the_system_is_not_scanned(barkive: Callable[..., Result], folder: str) -> None:
    with pytest.raises(UsageError, match=f"^{folder} is no place for photos"):
        barkive("scan", folder)
