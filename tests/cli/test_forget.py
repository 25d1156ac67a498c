"""`barkive forget`, run for real on a catalogue of a few photos."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from barkive.catalogue import Catalogue, Filter, Kind, Label
from barkive.classifier import Classifier
from barkive.cli import forget as module
from barkive.cli.commands import app
from barkive.errors import UnknownPhotoError, UsageError

pytestmark = pytest.mark.slow


@pytest.fixture
def barkive(
    tmp_path: Path, kennel: Path, classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    where = f"{tmp_path}/catalogue.sqlite"
    (kennel / "copy.png").write_bytes((kennel / "rex.png").read_bytes())
    with Catalogue(where) as catalogue:
        catalogue.scan(kennel, classifier=classifier)
        catalogue.label(kennel / "rex.png", Label(Kind.BREED, ("Pug",)))

    def run(*arguments: str | Path, answer: str | None = None) -> Result:
        with monkeypatch.context() as terminal:
            if answer is not None:
                terminal.setattr(module, "_is_terminal", lambda: True)
            result = CliRunner().invoke(
                app,
                list(map(str, arguments)),
                input=answer,
                env={"COLUMNS": "200", "BARKIVE_CATALOGUE": where},
            )
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


def left(tmp_path: Path) -> set[str]:
    with Catalogue(tmp_path / "catalogue.sqlite") as catalogue:
        return {Path(entry.file).name for entry in catalogue.search(Filter(missing=None))}


def test_it_says_what_goes_and_asks(
    barkive: Callable[..., Result], kennel: Path, tmp_path: Path
) -> None:
    result = barkive("forget", kennel / "rex.png", answer="no\n")
    assert (
        "2 photos would be taken out, 1 of them as a copy, what people said of 1 picture stays"
        in (result.stderr)
    )
    assert "rex.png" in result.stderr
    assert "Take 2 photos out? (yes/no)" in result.stderr
    assert "Nothing was taken out." in result.stderr
    assert (result.stdout, result.exit_code, len(left(tmp_path))) == ("", 0, 6)
    result = barkive("forget", kennel / "rex.png", "--lang", "fr", answer="oui\n")
    assert "2 photos retirées, dont 1 copie" in result.stdout
    assert left(tmp_path) == {"broken.jpg", "mila.png", "mix.png", "night.png"}
    assert (kennel / "rex.png").exists()


def test_without_a_terminal_it_says_what_to_do(
    barkive: Callable[..., Result], kennel: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="To take 1 photo out, add --yes"):
        barkive("forget", kennel / "mix.png")
    result = barkive("forget", kennel / "mix.png", "--yes", "--format", "json", "--by", "Ada")
    assert json.loads(result.stdout)["photos"] == 1
    assert len(left(tmp_path)) == 5


def test_those_that_are_gone_and_those_that_fit_a_filter(
    barkive: Callable[..., Result], kennel: Path, tmp_path: Path, colour_bundle: Path
) -> None:
    (kennel / "copy.png").unlink()
    barkive("scan", kennel, "--model", colour_bundle)
    result = barkive("forget", "--gone", "--yes")
    assert result.stdout.startswith("1 photo taken out")
    assert "rex.png" in left(tmp_path)
    result = barkive("forget", "--status", "not_dog", "--yes", "--format", "csv")
    assert result.stdout.splitlines() == [
        "photos,copies,added,labelled,labels,grouped",
        "1,0,0,0,0,0",
    ]
    assert barkive("forget", "--gone").stdout == "No photo fits, so nothing was taken out.\n"
    assert left(tmp_path) == {"broken.jpg", "mila.png", "mix.png", "rex.png"}


def test_labels_go_where_that_is_asked_and_a_scan_brings_photos_back(
    barkive: Callable[..., Result], kennel: Path, tmp_path: Path, colour_bundle: Path
) -> None:
    result = barkive("forget", kennel / "rex.png", "--labels", "--yes")
    assert "what people said of 1 picture is deleted" in result.stdout
    assert "barkive scan --bring-back" in result.stderr
    result = barkive("scan", kennel, "--model", colour_bundle)
    assert (
        "2 photos were taken out earlier and are passed over; --bring-back catalogues them again."
    ) in result.stdout
    result = barkive("scan", kennel, "--model", colour_bundle, "--bring-back")
    assert "2 new" in result.stdout
    assert len(left(tmp_path)) == 6
    assert "Nobody" in barkive("history", kennel / "rex.png").stderr


def test_photos_or_filters_are_named_and_photos_are_known(
    barkive: Callable[..., Result], kennel: Path
) -> None:
    for arguments in ((), (kennel / "rex.png", "--gone")):
        with pytest.raises(UsageError, match="Name photos, or say which ones"):
            barkive("forget", *arguments)
    with pytest.raises(UnknownPhotoError):
        barkive("forget", kennel / "nobody.png", "--yes")


def test_small_pictures_go_as_well(
    barkive: Callable[..., Result], kennel: Path, tmp_path: Path
) -> None:
    from barkive.web.services.thumbnails import Size, Thumbnails, default_folder

    cache = Thumbnails(default_folder())
    with Catalogue(tmp_path / "catalogue.sqlite") as catalogue:
        for name in ("rex.png", "mix.png"):
            cache.get(catalogue.photo(kennel / name), Size.THUMBNAIL)
    barkive("forget", kennel / "rex.png", "--yes")
    keys = cache._database.execute("SELECT count(*) FROM preview").fetchone()  # type: ignore[union-attr]
    assert keys == (1,)
    cache.close()
