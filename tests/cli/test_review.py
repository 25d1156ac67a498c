"""`barkive review` beside the pages: one queue for all, on each database in turn."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import update

from barkive.catalogue import Catalogue, Filter, Kind, Label
from barkive.catalogue.db import schema
from barkive.classifier import Classifier
from barkive.cli import review
from barkive.cli.commands import app
from barkive.errors import ReviewedMeanwhileError

PUG, MALTESE = (Label(Kind.BREED, (name,)) for name in ("pug", "maltese"))


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield str(tmp_path / "catalogue.sqlite")
        return
    with request.getfixturevalue("new_database")() as url:
        yield url


@pytest.fixture
def catalogue(
    where: str, classifier: Classifier, colour_photo: Callable[..., Path]
) -> Iterator[Catalogue]:
    """Three photos that the model is not sure of, each surer than the last."""
    for i in range(3):
        folder = colour_photo(f"unsure/{i}.png", (120 + i, 110, 90)).parent
    with Catalogue(where) as opened:
        opened.scan(folder, classifier=classifier)
        yield opened


@pytest.fixture
def at_terminal(
    where: str, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., str]:
    """Reviews at a terminal: before each key something happens, which gives the key."""

    def run(*happens: Callable[[], str]) -> str:
        keys = iter(happens)
        monkeypatch.setattr(review, "_key", lambda: next(keys)())
        monkeypatch.setenv("COLUMNS", "300")
        result = CliRunner().invoke(app, ["review", "--catalogue", where, "--by", "Bo"])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert next(keys, None) is None
        return result.stdout

    return run


def held(catalogue: Catalogue, page: str) -> list[str]:
    """The photo that a page is given to answer."""
    return [Path(one.file).name for one in catalogue.review.take(page, count=1)]


def asked(told: str) -> list[str]:
    return [line.split("/")[-1] for line in told.splitlines() if line.endswith(".png")]


def test_a_terminal_and_two_pages_never_share_a_photo(
    catalogue: Catalogue, at_terminal: Callable[..., str]
) -> None:
    def pages_come() -> str:
        assert [held(catalogue, page) for page in ("one", "two", "three")] == [
            ["1.png"],
            ["2.png"],
            [],
        ]
        return "2"

    told = at_terminal(pages_come)
    assert asked(told) == ["0.png"]
    assert told.endswith("1 answered, 2 left.\n")
    assert held(catalogue, "one") == ["1.png"]


def test_a_photo_that_is_left_at_the_terminal_is_free_again(
    catalogue: Catalogue, at_terminal: Callable[..., str]
) -> None:
    assert held(catalogue, "one") == ["0.png"]
    skip_and_quit = [lambda: "s", lambda: "q"]
    assert asked(at_terminal(*skip_and_quit)) == ["1.png", "2.png"]
    assert [held(catalogue, page) for page in ("two", "three")] == [["1.png"], ["2.png"]]


def test_a_stale_answer_is_refused_at_the_terminal_and_on_the_page(
    catalogue: Catalogue, at_terminal: Callable[..., str]
) -> None:
    photos = {Path(one.file).name: one.id for one in catalogue.search()}

    def page_answers_first() -> str:
        assert held(catalogue, "page") == ["1.png"]
        catalogue.label(photos["0.png"], MALTESE)
        # Silent for too long, the page loses its photo.
        with catalogue._database.write() as connection:
            long_ago = update(schema.review).where(schema.review.c.desk == "page")
            connection.execute(long_ago.values(at=datetime(2026, 1, 1)))
        return "2"

    def page_asks_again() -> str:
        assert held(catalogue, "page") == ["2.png"]
        return "2"

    told = at_terminal(page_answers_first, page_asks_again)
    assert asked(told) == ["0.png", "1.png"]
    assert "0.png meanwhile; what they said stands." in told
    assert told.endswith("1 answered, 1 left.\n")
    with pytest.raises(ReviewedMeanwhileError, match=r"1\.png meanwhile; what they said stands"):
        catalogue.review.answer("page", photos["1.png"], MALTESE)
    assert {one.labels[0].en for one in catalogue.search(Filter(corrected=True))} == {
        "Maltese",
        "Pug",
    }
    assert [one.by for one in catalogue.history(photos["1.png"])] == ["Bo"]


def test_what_is_taken_back_at_the_terminal_stays_with_a_page_that_holds_it(
    catalogue: Catalogue, at_terminal: Callable[..., str]
) -> None:
    def page_gets_what_was_passed_over() -> str:
        assert held(catalogue, "page") == ["0.png"]
        return "u"

    told = at_terminal(lambda: "s", page_gets_what_was_passed_over, lambda: "n", lambda: "n")
    assert asked(told) == ["0.png", "1.png", "1.png", "2.png"]
    assert held(catalogue, "page") == ["0.png"]
