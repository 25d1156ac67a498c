"""The page on which catalogues are merged, as a browser gets it."""

import re
from collections.abc import Callable
from datetime import datetime
from html import unescape
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from barkive.catalogue import Catalogue, Kind, Label
from barkive.catalogue.annotations import labels
from barkive.classifier import Classifier


@pytest.fixture
def other(
    filled: TestClient,
    kennel: Path,
    tmp_path: Path,
    classifier: Classifier,
    monkeypatch: pytest.MonkeyPatch,
) -> bytes:
    """A catalogue of the same photos, in which one is a Beagle, said later than here."""
    service = filled.app.state.service  # type: ignore[attr-defined]
    service.catalogue.label(kennel / "rex.png", Label(Kind.BREED, ("pug",), by="Ada"))
    monkeypatch.setattr(labels, "now", lambda: datetime(2100, 1, 1))
    with Catalogue(tmp_path / "other.sqlite") as catalogue:
        catalogue.scan(kennel, classifier=classifier)
        catalogue.label(kennel / "rex.png", Label(Kind.BREED, ("beagle",), by="<Ben>"))
    return (tmp_path / "other.sqlite").read_bytes()


def text(page: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", "", page.partition("<main")[2])))


def hidden(page: str, name: str) -> str:
    (value,) = re.findall(rf'name="{name}" value="(\w+)"', page)
    return str(value)


def sent(server: TestClient, content: bytes, **more: str) -> str:
    answer = server.post("/merge", files={"catalogue": ("ben's.sqlite", content)}, **more)
    return answer.text


def word(server: TestClient, kennel: Path) -> str:
    service = server.app.state.service  # type: ignore[attr-defined]
    (label,) = service.catalogue.photo(kennel / "rex.png").labels
    return str(label.en)


def test_what_would_come_is_shown_before_it_is_confirmed_and_can_be_taken_back(
    filled: TestClient, other: bytes, kennel: Path
) -> None:
    assert 'href="/merge"' in filled.get("/scan").text
    page = sent(filled, other)
    assert "What would come from ben's.sqlite" in text(page)
    assert "<Ben> said Beagle" in text(page)
    assert "Messages that come1" in text(page).replace(" ", "").replace(
        "Wordsthatcome", "Messages that come"
    )
    assert word(filled, kennel) == "Pug"
    token = hidden(page, "token")
    done = filled.post("/merge/confirm", data={"token": token})
    assert (done.status_code, "ben's.sqlite was merged" in text(done.text)) == (200, True)
    assert word(filled, kennel) == "Beagle"
    gone = filled.post("/merge/confirm", data={"token": token})
    assert (gone.status_code, "is not here any more" in gone.text) == (422, True)
    number = hidden(filled.get("/merge").text, "number")
    undone = filled.post("/merge/undo", data={"number": number})
    assert "was taken back" in undone.text
    assert word(filled, kennel) == "Pug"
    again = filled.post("/merge/undo", data={"number": number})
    assert (again.status_code, "nothing to undo" in again.text) == (409, True)


def test_it_speaks_french(filled: TestClient, other: bytes) -> None:
    filled.headers["Accept-Language"] = "fr"
    assert "Ce qui viendrait de ben's.sqlite" in text(sent(filled, other))
    page = sent(filled, b"no catalogue" * 100)
    assert "ben's.sqlite est endommagé, ou n'est pas un catalogue" in text(page)


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        (b"", 422, "There is no catalogue in the request"),
        (b"x" * 5000, 422, "ben.sqlite is damaged, or no catalogue; nothing was merged"),
    ],
)
def test_what_is_no_catalogue_is_refused(
    server: TestClient, content: bytes, status: int, said: str
) -> None:
    for address in ("/merge", "/api/v1/merge"):
        answer = server.post(address, files={"catalogue": ("ben.sqlite", content)})
        assert (answer.status_code, said in unescape(answer.text)) == (status, True)
    assert server.post("/merge", data={"catalogue": "text"}).status_code == 422
    assert server.post("/api/v1/merge", content=content).status_code == 422


def test_only_the_merge_that_was_seen_is_taken_back(
    filled: TestClient, other: bytes, make_other: Callable[[str], bytes]
) -> None:
    filled.post("/api/v1/merge", files={"catalogue": ("ben.sqlite", other)})
    number = hidden(filled.get("/merge").text, "number")
    filled.post("/api/v1/merge", files={"catalogue": ("eve.sqlite", make_other("whippet"))})
    answer = filled.post("/merge/undo", data={"number": number})
    assert answer.status_code == 409
    assert "The last merge is that of eve.sqlite by now" in answer.text


@pytest.fixture
def make_other(tmp_path: Path, kennel: Path, classifier: Classifier) -> Callable[[str], bytes]:
    def make(breed: str) -> bytes:
        with Catalogue(tmp_path / f"{breed}.sqlite") as catalogue:
            catalogue.scan(kennel, classifier=classifier)
            catalogue.label(kennel / "mix.png", Label(Kind.BREED, (breed,)))
        return (tmp_path / f"{breed}.sqlite").read_bytes()

    return make


def test_by_the_api(filled: TestClient, other: bytes, kennel: Path) -> None:
    files = {"catalogue": ("../ben.sqlite", other)}
    would = filled.post("/api/v1/merge?dry_run=true&lang=fr", files=files).json()
    assert (would["catalogue"], would["dry_run"], would["merged"]["words"]) == (
        "ben.sqlite",
        True,
        1,
    )
    (conflict,) = would["conflicts"]
    assert (conflict["file"], conflict["in_force"]) == (str(kennel / "rex.png"), "theirs")
    assert conflict["ours"]["breeds"] == ["Carlin"]
    assert word(filled, kennel) == "Pug"
    assert filled.post("/api/v1/merge", files=files).json()["merged"]["words"] == 1
    assert word(filled, kennel) == "Beagle"
    assert filled.post("/api/v1/merge", files=files).json()["merged"]["words"] == 0
    assert filled.post("/api/v1/merge/undo").json()["words"] == 1
    assert filled.post("/api/v1/merge/undo").status_code == 409


def test_only_the_last_three_that_were_sent_are_kept(filled: TestClient, other: bytes) -> None:
    tokens = [hidden(sent(filled, other), "token") for _ in range(4)]
    merges = filled.app.state.service.merge_jobs  # type: ignore[attr-defined]
    assert list(merges._names) == tokens[1:]
    assert len(list(Path(merges._folder.name).glob("*.sqlite"))) == 3
