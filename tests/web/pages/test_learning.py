"""The pages on which the model learns, as a browser gets them."""

import re
import threading
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from barkive.catalogue import Catalogue, Filter, Kind, Label, Learning
from barkive.learning import Report, Suspect
from barkive.verdicts import BreedName

pytestmark = pytest.mark.slow

Wait = Callable[[TestClient, str], dict[str, Any]]
REVIEW = "/review?session=a-session-of-one"
CHIHUAHUA = BreedName("n02085620", "Chihuahua", "Chihuahua")


def catalogue_of(server: TestClient) -> Catalogue:
    catalogue: Catalogue = server.app.state.service.catalogue  # type: ignore[attr-defined]
    return catalogue


def text(page: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", "", page.partition("<main")[2])))


def begin(server: TestClient, wait: Wait, path: str = "/learn") -> str:
    """Presses a button that begins a job, and gives the address of its page once it rests."""
    answer = server.post(path, follow_redirects=False)
    assert answer.status_code == 303
    address = str(answer.headers["location"])
    wait(server, address.rpartition("/")[2])
    return address


def test_what_was_labelled_is_learned_looked_at_used_and_taken_back(
    taught: TestClient, learned: Wait
) -> None:
    taught.post("/review/name", data={"session": "a-session-of-one", "name": "Ben"})
    page = taught.get(REVIEW).text
    assert "You have labelled 9 photos that Barkive has not learned from yet." in text(page)
    assert '<form method="post" action="/learn"' in page

    address = begin(taught, learned)
    page = taught.get(address).text
    assert "What it would gain Right on 8 of 8 photos of yours instead of 2." in text(page)
    assert "Nothing got worse by more than chance." in text(page)
    assert re.findall(r'<th scope="row">(.*?)</th>\s*<td>.*?>(.*?)</span>', page) == [
        ('Dachshund <span class="tag">new</span>', "6 of 6, before 0"),
        ("Chihuahua", "2 of 2, before 2"),
    ]
    assert "Shiba Inu: 1 photo; 5 are needed" in text(page)
    assert "Undo" not in page
    assert 'data-ended="yes"' in page
    french = text(taught.get(address, headers={"Accept-Language": "fr"}).text)
    assert "Juste sur 8 de vos 8 photos au lieu de 2." in french
    assert "Teckel nouvelle 6 sur 6, avant 0" in french

    use = f"{address}/use"
    assert f'action="{use}"' in page
    assert begin(taught, learned, use) == address
    page = taught.get(address).text
    assert "The new model is in use 11 photos judged again." in text(page)
    assert use not in page
    # Pressed twice it is the same as once.
    assert begin(taught, learned, use) == address
    assert 'id="taught"' not in taught.get(REVIEW).text
    breeds = text(taught.get("/breeds").text)
    assert re.search(r"It learned from 9 photos on [^;]*; Ben asked for it.", breeds)

    assert 'action="/learn/undo"' in page
    undone = begin(taught, learned, "/learn/undo")
    told = text(taught.get(undone).text)
    assert "The model from before is in use again 11 photos judged again." in told
    breeds = text(taught.get("/breeds").text)
    assert re.search(r"The last learning was undone on [^;]*; Ben asked for it\.", breeds)
    french = text(taught.get("/breeds", headers={"Accept-Language": "fr"}).text)
    assert re.search("Le dernier apprentissage a été annulé le .*demandé par : Ben", french)
    assert "Undo" not in taught.get(address).text
    assert "You have labelled 9 photos" in text(taught.get(REVIEW).text)


def test_while_it_learns_one_is_led_to_its_page(
    taught: TestClient, learned: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    learn = Catalogue.learn

    def slowly(self: Catalogue, **options: Any) -> Any:
        options["on_progress"](1, 6)
        assert gate.wait(60)
        return learn(self, **options)

    monkeypatch.setattr(Catalogue, "learn", slowly)
    address = taught.post("/learn", follow_redirects=False).headers["location"]
    page = taught.get(address).text
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in page
    assert f'data-events="/api/v1{address}/events?lang=en" data-ended="no"' in page
    again = taught.post("/learn", follow_redirects=False)
    assert (again.status_code, again.headers["location"]) == (303, address)
    assert taught.get("/learn", follow_redirects=False).headers["location"] == address
    assert f'<a href="{address}">Barkive is learning from the labels' in taught.get(REVIEW).text
    gate.set()
    learned(taught, address.rpartition("/")[2])
    assert taught.get("/learn", follow_redirects=False).headers["location"] == "/review"


def test_what_got_worse_has_no_button(
    taught: TestClient, learned: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Report, "is_better", property(lambda report: False))
    page = taught.get(begin(taught, learned)).text
    assert "Nothing has changed The new model got worse, so the one in use stays" in text(page)
    assert "Breed by breed" in page
    assert "<button>" not in page


def test_what_fails_says_why_and_can_be_tried_again(
    filled: TestClient, kennel: Path, learned: Wait
) -> None:
    catalogue_of(filled).label(kennel / "rex.png", Label(Kind.BREED, ("pug",)))
    assert "You have labelled 1 photo that" in text(filled.get(REVIEW).text)
    page = filled.get(begin(filled, learned)).text
    assert re.search(r"That didn't work The model .* remembers none of its breeds", text(page))
    assert '<form method="post" action="/learn"><button class="quiet">Try again' in page
    nothing = filled.post("/learn/undo")
    assert nothing.status_code == 409
    assert "was not learned from this catalogue's labels" in unescape(nothing.text)


def test_photos_to_look_at_are_shown(
    taught: TestClient, learned: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = [one.file for one in catalogue_of(taught).search(Filter())]
    learn = Catalogue.learn
    dachshund = BreedName("Dachshund", "Dachshund", "Teckel")

    def doubting(self: Catalogue, **options: Any) -> Learning:
        done = learn(self, **options)
        suspects = [Suspect(path, dachshund, CHIHUAHUA, 0.955) for path in photos[:8]]
        gone = Suspect("/gone.jpg", dachshund, CHIHUAHUA, 0.9)
        report = replace(
            done.report,
            suspects=(*suspects, gone),
            contradictions=((photos[0], photos[1], "/gone.jpg"),),
            unjudged=2,
        )
        return replace(done, report=report)

    monkeypatch.setattr(Catalogue, "learn", doubting)
    page = taught.get(begin(taught, learned)).text
    assert page.count("Dachshund; looks like Chihuahua (96%)") == 8
    assert page.count('class="tile"') == 10
    assert "2 more" in text(page)
    assert Path(photos[0]).name in page
    assert "2 labels can't be learned yet" in unescape(page)
    numbers = [str(one.id) for one in catalogue_of(taught).search(Filter())]
    assert f'href="/photos/{numbers[0]}"' in page


def test_there_is_nothing_to_learn_where_nobody_spoke(filled: TestClient) -> None:
    assert 'id="taught"' not in filled.get(REVIEW).text


def test_an_unknown_learning_is_told(server: TestClient) -> None:
    answer = server.get("/learn/long-past")
    assert answer.status_code == 404
    assert "There is no learning “long-past”; it may be long past." in unescape(answer.text)
    assert server.post("/learn/long-past/use").status_code == 404
