"""The page of the breeds, as a browser gets it."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from starlette.testclient import TestClient

pytestmark = pytest.mark.slow

Wait = Callable[[TestClient, str], dict[str, Any]]


def text(page: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", page)))


def rows(server: TestClient, **query: str) -> dict[str, str]:
    """What the page says of each breed, by its name."""
    answer = server.get("/breeds", params=query)
    assert answer.status_code == 200
    (listed,) = re.findall(r'<ul class="breeds">(.*?)</ul>', answer.text, re.S)
    found = {}
    for row in re.findall(r"<li.*?</li>", listed, re.S):
        shown = text(row.partition("<details")[0])
        name = re.findall(r'class="name">\s*<(?:a|span)[^>]*>(.*?)</', row)[0]
        found[unescape(name)] = shown.strip().removeprefix(unescape(name)).strip()
    assert re.findall(r'id="found" class="number">(\d+) ', answer.text) == [str(len(found))]
    return found


def change(server: TestClient, breed: str, **fields: str) -> Any:
    form = {"breed": breed, "en": breed, "fr": "", "fci": "", "group": ""} | fields
    return server.post("/breeds/change", data=form, follow_redirects=False)


def fault(page: str) -> dict[str, str]:
    """What is wrong, by the field."""
    found = re.findall(r'name="(\w+)"[^>]*aria-invalid="true" aria-describedby="([\w-]+)"', page)
    return {
        name: unescape(re.findall(rf'id="{place}" role="alert">(.*?)</p>', page)[0])
        for name, place in found
    }


def test_every_breed_is_listed_with_what_is_known_of_it(taught: TestClient) -> None:
    found = rows(taught)
    assert len(found) == 123
    assert list(found)[:2] == ["Affenpinscher", "Afghan Hound"]
    assert (
        found["Chihuahua"]
        == "FCI 218 · Group 9: Companion and Toy Dogs 2 photos right on 2 of 2 labelled"
    )
    assert found["Dachshund"] == (
        "Teckel added not learned yet FCI 148 · Group 4: Dachshunds 6 photos"
    )
    assert found["Shiba Inu"] == "added 1 photo labelled; it learns from 5 on 1 photo"
    assert found["Boxer"].startswith("not known to the model FCI 144")
    page = taught.get("/breeds").text
    assert "Barkive names 3 breeds. 2 were added here." in text(page)
    assert "The model has learned nothing from your labels yet." in page
    assert '<a href="/photos?breed=Shiba+Inu">Shiba Inu</a>' in page
    assert len(re.findall(r'<img src="/api/v1/photos/\d+/thumbnail"', page)) == 4 + 2 + 1


def test_what_was_learned_counts_as_it_was_tested(taught: TestClient, learned: Wait) -> None:
    job = taught.post("/api/v1/learn", json={"use": True, "by": "<Ada>"}).json()
    assert learned(taught, job["id"])["state"] == "finished"
    assert "6 photos right on 6 of 6 labelled" in rows(taught)["Dachshund"]
    page = taught.get("/breeds").text
    assert "Barkive names 4 breeds." in page
    assert re.search(r"It learned from 9 photos on .*; &lt;Ada&gt; asked for it\.", page)
    assert 'action="/learn/undo"' in page


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"text": "teckel"}, ["Dachshund"]),
        ({"text": "berger ALLEMAND"}, ["German Shepherd Dog"]),
        ({"group": "4"}, ["Dachshund"]),
        ({"group": "added"}, ["Dachshund", "Shiba Inu"]),
        ({"group": "added", "text": "inu"}, ["Shiba Inu"]),
        ({"text": "!?"}, []),
        ({"text": "zeppelin"}, []),
    ],
)
def test_the_list_is_narrowed(taught: TestClient, query: dict[str, str], names: list[str]) -> None:
    assert list(rows(taught, **query)) == names


def test_what_can_not_be_understood_counts_as_not_there(taught: TestClient) -> None:
    assert len(rows(taught, group="11")) == len(rows(taught, group="x")) == 123


def test_it_speaks_french(taught: TestClient) -> None:
    taught.headers["Accept-Language"] = "fr"
    found = rows(taught, group="added")
    assert found["Teckel"].startswith("Dachshund ajoutée pas encore apprise FCI 148")
    page = text(taught.get("/breeds").text)
    assert "Barkive nomme 3 races. 2 ont été ajoutées ici." in page


def test_a_breed_is_added(server: TestClient) -> None:
    form = {"en": "Bulldog", "fr": "Bouledogue anglais", "fci": "149", "group": "2"}
    answer = server.post("/breeds", data=form, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/breeds?said=Bulldog")
    assert "“Bulldog” is saved." in server.get("/breeds?said=Bulldog").text
    assert "is saved" not in server.get("/breeds?said=Zeppelin").text
    assert rows(server, text="bouledogue anglais") == {
        "Bulldog": "Bouledogue anglais added not known to the model FCI 149 · Group 2: Pinscher "
        "and Schnauzer, Molossoid and Swiss Mountain Dogs"
    }


@pytest.mark.parametrize(
    ("form", "field", "said"),
    [
        ({"en": "Carlin"}, "en", "“Carlin” need not be added: it is “Pug”"),
        ({"en": " "}, "en", "The name “” has no letter or digit"),
        ({"en": "Bulldog", "fr": "?"}, "fr", "The name “?” has no letter or digit"),
        ({"en": "Bulldog", "fr": "carlin"}, "fr", "There is a breed “Pug” already;"),
        ({"en": "Bulldog", "fci": "1000"}, "fci", "The FCI number is 1000; it must lie between"),
        ({"en": "Bulldog", "fci": "a few"}, "fci", "The FCI number is a few; it must lie"),
        ({"en": "Bulldog", "group": "11"}, "group", "The FCI group is 11; it must lie between"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    server: TestClient, form: dict[str, str], field: str, said: str
) -> None:
    answer = server.post("/breeds", data=form)
    assert answer.status_code == 422
    found = fault(answer.text)
    assert list(found) == [field]
    assert found[field].startswith(said)
    assert '<details class="add card" open>' in answer.text
    if form["en"] == "Bulldog":
        assert 'id="en" name="en" value="Bulldog"' in answer.text
    assert rows(server, group="added") == {}


def test_an_added_breed_is_changed(taught: TestClient) -> None:
    answer = change(taught, "Shiba Inu", en="Shiba", fr="Shiba d'Inu", fci="257", group="5")
    assert (answer.status_code, answer.headers["location"]) == (303, "/breeds?said=Shiba+Inu")
    assert rows(taught, text="shiba")["Shiba"].startswith("Shiba d'Inu added 1 photo labelled")
    # An empty field takes away what was there, and the filters stay.
    answer = taught.post(
        "/breeds/change?group=added",
        data={"breed": "Shiba Inu", "en": "Shiba"},
        follow_redirects=False,
    )
    assert answer.headers["location"] == "/breeds?group=added&said=Shiba+Inu"
    assert rows(taught, text="shiba")["Shiba"] == (
        "added 1 photo labelled; it learns from 5 on 1 photo"
    )
    assert taught.get("/breeds/change?lang=fr").url.path == "/breeds"


def test_a_breed_becomes_another_one_only_if_that_is_said(taught: TestClient) -> None:
    refused = change(taught, "Shiba Inu", en="teckel")
    assert (refused.status_code, list(fault(refused.text))) == (422, ["en"])
    assert fault(refused.text)["en"] == ("There is a breed “Dachshund” already; give another name.")
    assert '<details class="change" open>' in refused.text
    assert refused.text.count('name="merge"') == 1
    assert change(taught, "Shiba Inu", en="teckel", merge="true").status_code == 303
    assert list(rows(taught, group="added")) == ["Dachshund"]
    assert "7 photos" in rows(taught)["Dachshund"]


def test_a_breed_of_the_table_stays_as_it_is(server: TestClient) -> None:
    answer = change(server, "Pug", en="Mops")
    assert answer.status_code == 422
    (said,) = re.findall(r'role="alert" id="fault">(.*?)</p>', answer.text)
    assert said.startswith("“Pug” need not be added: it is “Pug”")
    assert "Mops" not in text(server.get("/breeds").text)
    assert change(server, "nothing", en="Mops").status_code == 422
