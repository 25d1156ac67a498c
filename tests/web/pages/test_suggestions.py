"""The page of suggested groups, as a browser gets it."""

import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from barkive.catalogue import AnimalFields, Animals, Suggestion
from barkive.web.services.suggestion_job import Looked

pytestmark = pytest.mark.slow

RED, GREEN = (250, 10, 10), (10, 250, 10)


def text(page: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", page))).strip()


@pytest.fixture
def shelter(server: TestClient, colour_photo: Callable[..., Path]) -> TestClient:
    """A catalogue with folders of Rex (three photos), Tom and Mila (two each)."""
    for folder, colour, n in (("2026-1 Rex", RED, 3), ("2026-2 Tom", GREEN, 2)):
        for i in range(n):
            colour_photo(f"shelter/{folder}/{i}.png", (colour[0] - i, colour[1] + i, colour[2]))
    for i in range(2):
        path = colour_photo(f"shelter/2026-3 Mila/{i}.png", (RED[0] - 20 - i, RED[1], 10))
    service = server.app.state.service  # type: ignore[attr-defined]
    service.catalogue.scan(path.parent.parent, classifier=service.classifier)
    return server


def animals(server: TestClient) -> Animals:
    return server.app.state.service.catalogue.animals  # type: ignore[attr-defined,no-any-return]


def shown(server: TestClient, path: str = "/animals/suggestions") -> dict[str, str]:
    """What each suggestion says, by its number."""
    page = server.get(path).text
    found = re.findall(r'id="suggestion-(\d+)"(.*?)</li>\s*(?=<li class="card|</ol>)', page, re.S)
    return {number: text(part[part.index(">") + 1 :]) for number, part in found}


def look(server: TestClient, pattern: str = "") -> Any:
    return server.post("/animals/suggestions/find", data={"pattern": pattern})


def decide(server: TestClient, suggestion: str | int, **form: Any) -> Any:
    data = {"suggestion": str(suggestion), **form}
    return server.post("/animals/suggestions", data=data, follow_redirects=False)


def named(server: TestClient, name: str) -> Suggestion:
    return next(one for one in animals(server).suggestions() if one.name == name)


def test_groups_are_looked_for_and_shown(shelter: TestClient) -> None:
    page = look(shelter)
    assert page.status_code == 200
    assert "{code} {name}/* 7 photos · 3 animals" in text(page.text)
    assert "3 groups are suggested" in page.text
    found = shown(shelter)
    assert len(found) == 3
    assert any("2026-1 Rex 3 photos Same folder name “2026-1 Rex”" in one for one in found.values())
    assert re.findall(r'name="code" value="([^"]*)"', page.text) == ["2026-1", "2026-2", "2026-3"]
    assert '<input type="checkbox" name="sure"' not in page.text


def test_a_pattern_can_be_given(shelter: TestClient) -> None:
    assert len(shown(shelter)) == len(animals(shelter).suggestions())
    look(shelter, "{name}/*")
    assert {one.code for one in animals(shelter).suggestions()} != {"2026-1", "2026-2", "2026-3"}
    wrong = look(shelter, "nothing")
    assert wrong.status_code == 422
    assert 'name="pattern" value="nothing"' in wrong.text
    (said,) = re.findall(r'id="pattern-fault" role="alert">(.*?)</p>', wrong.text)
    assert unescape(said).startswith("The pattern “nothing” names no animal;")


def test_a_group_is_accepted_as_it_is_corrected(shelter: TestClient) -> None:
    look(shelter)
    rex = named(shelter, "Rex")
    had = [str(one) for one in rex.photos]
    answer = decide(shelter, rex.id, code="B1", name="Rexi", had=had, photo=had)
    assert answer.status_code == 303
    (made,) = animals(shelter).list()
    assert (made.code, made.name, made.photos) == ("B1", "Rexi", 3)
    page = shelter.get(answer.headers["location"]).text
    assert "Suggestion of 3 photos accepted: B1 Rexi" in text(page)
    assert "2 groups are suggested" in page
    undone = shelter.post(
        "/acts/undo",
        data={"act": str(made.version), "back": "/animals/suggestions"},
        follow_redirects=False,
    )
    assert undone.headers["location"].startswith("/animals/suggestions?act=")
    assert animals(shelter).count() == 0


def test_only_some_photos_are_accepted(shelter: TestClient) -> None:
    look(shelter)
    rex = named(shelter, "Rex")
    had = [str(one) for one in rex.photos]
    decide(shelter, rex.id, code="B1", name="Rex", had=had, photo=had[:2])
    (made,) = animals(shelter).list()
    assert made.photos == 2


def test_a_group_is_refused_and_not_suggested_again(shelter: TestClient) -> None:
    look(shelter)
    rex = named(shelter, "Rex")
    answer = decide(shelter, rex.id, refuse="true")
    assert "Suggestion of 3 photos refused" in text(shelter.get(answer.headers["location"]).text)
    look(shelter)
    assert "Rex" not in {one.name for one in animals(shelter).suggestions()}
    again = decide(shelter, rex.id, refuse="true")
    assert again.status_code == 409
    assert 'role="alert"' in again.text


def test_two_groups_are_one_animal(shelter: TestClient) -> None:
    look(shelter)
    rex, mila = named(shelter, "Rex"), named(shelter, "Mila")
    page = shelter.get("/animals/suggestions").text
    assert f'name="joined" value="{mila.id}"' in page
    had = [str(one) for one in rex.photos]
    form = {"code": "B1", "name": "Rex", "had": had, "photo": had[1:]}
    assert decide(shelter, rex.id, joined=str(mila.id), **form).status_code == 303
    (made,) = animals(shelter).list()
    assert (made.name, made.photos) == ("Rex", 4)


def test_a_code_that_is_taken_is_told_at_its_field(shelter: TestClient) -> None:
    animals(shelter).new(AnimalFields(code="B1"))
    look(shelter)
    rex = named(shelter, "Rex")
    answer = decide(shelter, rex.id, code="B1", name="<Rex>")
    assert answer.status_code == 409
    assert 'value="&lt;Rex&gt;"' in answer.text
    assert f'aria-invalid="true" aria-describedby="w-{rex.id}"' in answer.text


def test_what_is_new_for_a_known_animal_comes_first(
    shelter: TestClient, colour_photo: Callable[..., Path]
) -> None:
    look(shelter)
    animals(shelter).accept(named(shelter, "Tom").id)
    path = colour_photo("shelter/2026-2 Tom/new.png", (3, 243, 10))
    service = shelter.app.state.service  # type: ignore[attr-defined]
    service.catalogue.scan(path.parent.parent, classifier=service.classifier)
    page = shelter.get("/animals/suggestions").text
    headings = re.findall(r"<h2>(.*?)</h2>", page)
    assert headings == ["New photos of animals that you have", "Perhaps one animal each"]
    first = next(iter(shown(shelter).values()))
    assert first.startswith("2026-2 Tom 1 photo")
    tom = animals(shelter).get("Tom")
    assert "1 more photo may show this animal" in shelter.get(f"/animals/{tom.id}").text


def test_all_that_are_shown_are_accepted_at_once(shelter: TestClient) -> None:
    look(shelter)
    animals(shelter).new(AnimalFields(code="2026-2"))
    page = shelter.get("/animals/suggestions").text
    assert "Accept all 3 groups shown" in page
    only = re.findall(r'name="only" value="(\d+)"', page)
    done = shelter.post("/animals/suggestions/accept", data={"only": only}, follow_redirects=False)
    assert done.headers["location"] == "/animals/suggestions?accepted=2&left=1"
    said = text(shelter.get(done.headers["location"]).text)
    assert "2 groups were accepted. 1 was left: it is large, its code is taken" in said
    assert {one.name for one in animals(shelter).list()} == {None, "Rex", "Mila"}


def test_a_large_group_asks(shelter: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    look(shelter)
    real = Animals.suggestions

    def large(self: Animals, **asked: Any) -> list[Suggestion]:
        return [replace(one, is_large=True) for one in real(self, **asked)]

    monkeypatch.setattr(Animals, "suggestions", large)
    rex = named(shelter, "Rex")
    assert "Yes, all 3 photos show one animal" in shelter.get("/animals/suggestions").text
    asked = decide(shelter, rex.id, code="B1", name="Rex")
    assert asked.status_code == 422
    assert "more than one animal mostly has" in asked.text
    assert decide(shelter, rex.id, code="B1", name="Rex", sure="true").status_code == 303


def test_without_groups_it_says_so(server: TestClient, filled: TestClient) -> None:
    assert "Nothing is suggested yet." in filled.get("/animals/suggestions").text
    assert "No groups were found." in look(filled).text
    lead = filled.get("/animals/suggestions/find", follow_redirects=False)
    assert lead.headers["location"] == "/animals/suggestions"


def test_one_group_is_shown_whole(shelter: TestClient) -> None:
    look(shelter)
    rex = named(shelter, "Rex")
    assert list(shown(shelter, f"/animals/suggestions?only={rex.id}")) == [str(rex.id)]


def test_it_speaks_french(shelter: TestClient) -> None:
    shelter.headers["Accept-Language"] = "fr"
    page = look(shelter).text
    assert "3 groupes sont proposés" in page
    assert "Même nom de dossier" in page


def test_how_far_the_looking_is_is_shown(shelter: TestClient) -> None:
    job = shelter.app.state.service.suggestion_job  # type: ignore[attr-defined]
    job._last = Looked(done=3, total=10, is_running=True)
    page = shelter.get("/animals/suggestions").text
    assert "data-running" in page
    assert '<progress aria-labelledby="looking" max="10" value="3">' in page
    assert "Look for groups anew" not in page
    assert look(shelter).status_code == 200  # it goes on, and none is begun beside it
    job._last = Looked()
    assert "data-running" not in shelter.get("/animals/suggestions").text
