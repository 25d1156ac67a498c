"""A photo with several dogs, on its page and in the review, as a browser gets it."""

import json
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from barkive.boxes import Box
from barkive.catalogue import Catalogue, Entry, Kind, Label

pytestmark = pytest.mark.slow

RED, GREEN, GREY = (250, 10, 10), (10, 250, 10), (120, 110, 90)
PUG, MALTESE = "n02110958", "n02085936"
LEFT, RIGHT = Box(0, 0, 0.5, 1), Box(0.5, 0.1, 0.5, 0.9)


@pytest.fixture
def pair(pairs: TestClient, pair_photo: Callable[..., Path]) -> Entry:
    """A catalogued photo with a Chihuahua on the left, and a smaller Pug on the right."""
    return scanned(pairs, pair_photo("kennel/pair.png", RED, GREEN))


def catalogue_of(server: TestClient) -> Catalogue:
    catalogue: Catalogue = server.app.state.service.catalogue  # type: ignore[attr-defined]
    return catalogue


def scanned(server: TestClient, photo: Path) -> Entry:
    service = server.app.state.service  # type: ignore[attr-defined]
    service.catalogue.scan(photo.parent, classifier=service.classifier)
    entry: Entry = service.catalogue.photo(photo)
    return entry


def dog(entry: Entry, number: int) -> int:
    return entry.dog(number).id


def say(server: TestClient, photo: int, **form: object) -> str:
    """Sends a form of a photo's page, and gives the page that comes of it."""
    answer = server.post(f"/photos/{photo}/corrections", data=form)
    assert answer.status_code == 200, answer.text
    return answer.text


def listed(page: str) -> list[str]:
    """The names of the dogs in the list."""
    found = re.findall(r"<h2><kbd>(\d+)</kbd> (.*?)</h2>", page)
    return [f"{number} {unescape(name)}" for number, name in found]


def opened(page: str) -> str:
    """The part of the list that is open."""
    (found,) = re.findall(r'<details class="subject[^>]* open>.*?\n</details>\n(?=<)', page, re.S)
    return str(found)


def boxes(page: str) -> dict[str, Any]:
    """What the script is given."""
    (found,) = re.findall(r'data-boxes="(.*?)"', page)
    given: dict[str, Any] = json.loads(unescape(found))
    return given


def history(page: str) -> list[str]:
    (found,) = re.findall(r'<ol class="history">(.*?)</ol>', page, re.S)
    lines = re.findall(r"<li>(.*?), <span class=\"soft\">", found)
    return [unescape(re.sub(r"<.*?>", "", one)) for one in lines]


def test_each_dog_is_listed_with_its_own_form(pairs: TestClient, pair: Entry) -> None:
    page = pairs.get(f"/photos/{pair.id}").text
    assert "<h1>2 dogs</h1>" in page
    assert listed(page) == ["1 Chihuahua", "2 Pug"]
    for number in (1, 2):
        # Its two forms, and of the one that is chosen that for an animal.
        count = page.count(f'name="dog" value="{dog(pair, number)}"')
        assert count == (3 if number == 1 else 2)
        assert f'id="breed-{number}"' in page
        assert f"heatmap?dog={dog(pair, number)}" in page
    assert 'viewBox="45.0 3.0 45.0 27.0"' in page
    assert 'data-key="2"' in page
    assert "style=" not in page
    assert boxes(page) == {
        "dogs": [
            {"id": dog(pair, 1), "number": 1, "name": "Chihuahua", "box": [0, 0, 0.5, 1]},
            {"id": dog(pair, 2), "number": 2, "name": "Pug", "box": [0.5, 0.1, 0.5, 0.9]},
        ],
        "chosen": dog(pair, 1),
        "texts": {"label": "Where the dogs are", "dog": "Dog {number}: {name}"},
    }


def test_what_is_said_of_a_dog_is_told_with_its_number(pairs: TestClient, pair: Entry) -> None:
    pairs.cookies.set("barkive_name", "Ada")
    small = dog(pair, 2)
    page = say(pairs, pair.id, kind="breed", breed="maltese", dog=small, note="chip")
    assert listed(page) == ["1 Chihuahua", "2 Maltese"]
    assert "<strong>pair.png, dog 2</strong>: saved as Maltese." in page
    assert "Checked by Ada" in opened(page)
    assert "<blockquote>chip</blockquote>" in opened(page)
    assert boxes(page)["chosen"] == small
    page = say(pairs, pair.id, kind="undo", dog=small)
    assert listed(page) == ["1 Chihuahua", "2 Pug"]
    assert history(page) == [
        "Dog 2: Ada changed Pug to Maltese",
        "Dog 2: Ada took back: Maltese",
    ]


def test_what_is_said_of_the_photo_is_told_at_its_main_dog(pairs: TestClient, pair: Entry) -> None:
    catalogue_of(pairs).label(pair.id, Label(Kind.BREED, ("pug",), by="Ben"))
    page = pairs.get(f"/photos/{pair.id}?dog={dog(pair, 1)}").text
    assert listed(page) == ["1 Pug", "2 Pug"]
    assert "Checked by Ben" in opened(page)
    page = pairs.get(f"/photos/{pair.id}?dog={dog(pair, 2)}").text
    assert "Checked by" not in opened(page)


def test_a_dog_is_drawn_judged_moved_and_taken_away(pairs: TestClient, pair: Entry) -> None:
    page = say(pairs, pair.id, kind="dog", box="0.1 0.2 0.2 0.3", seen=pair.version)
    assert listed(page) == ["1 Chihuahua", "2 Pug", "3 Chihuahua"]
    assert "<strong>pair.png, dog 3</strong>: saved where the dog is." in page
    assert 'class="share">92%<' in opened(page)
    drawn = catalogue_of(pairs).photo(pair.id).dog(3)
    assert drawn.box == Box(0.1, 0.2, 0.2, 0.3)
    page = say(pairs, pair.id, kind="dog", box="0.7 0.2 0.2 0.3", dog=drawn.id)
    assert listed(page) == ["1 Chihuahua", "2 Pug", "3 Pug"]
    page = say(pairs, pair.id, kind="not_dog", dog=drawn.id)
    assert listed(page) == ["1 Chihuahua", "2 Pug"]
    assert "<strong>pair.png</strong>: saved as no dog." in page
    assert history(page)[2] == "A dog that was taken away: Somebody said it is no dog"
    assert len(listed(say(pairs, pair.id, kind="undo"))) == 3


def test_a_photo_with_one_dog_is_as_it_was_and_its_box_can_be_moved(
    pairs: TestClient, pair: Entry
) -> None:
    say(pairs, pair.id, kind="not_dog", dog=dog(pair, 2))
    page = pairs.get(f"/photos/{pair.id}").text
    assert "<h1>Chihuahua</h1>" in page
    assert '<details class="subject' not in page
    assert 'id="breed"' in page
    (shown,) = boxes(page)["dogs"]
    assert (shown["id"], shown["number"]) == (dog(pair, 1), None)
    page = say(pairs, pair.id, kind="dog", box="0.6 0.2 0.3 0.7", dog=dog(pair, 1))
    assert "<h1>Pug</h1>" in page
    page = say(pairs, pair.id, kind="breed", breed=MALTESE)
    assert "<h1>Maltese</h1>" in page


def test_a_photo_without_dogs_lets_people_draw_one(
    pairs: TestClient, colour_photo: Callable[..., Path]
) -> None:
    night = scanned(pairs, colour_photo("dark/night.png", (9, 9, 9)))
    page = pairs.get(f"/photos/{night.id}").text
    assert ">Draw where the dog is<" in page
    assert boxes(page)["dogs"] == []
    page = say(pairs, night.id, kind="dog", box="0 0 1 1")
    assert "<h1>No dog</h1>" not in page


def test_a_word_that_was_said_meanwhile_stands_and_the_box_is_kept(
    pairs: TestClient, pair: Entry
) -> None:
    catalogue_of(pairs).label(pair.id, Label(Kind.DOG, box=Box(0, 0, 0.1, 0.1), by="Ada"))
    form: dict[str, object] = {"kind": "dog", "box": "0.1 0.2 0.2 0.3", "seen": pair.version}
    refused = pairs.post(f"/photos/{pair.id}/corrections", data=form)
    assert refused.status_code == 409
    (told,) = re.findall(r'id="meanwhile">(.*?)</section>', refused.text, re.S)
    assert "Somebody has spoken of" in told
    assert "Ada said where a dog is" in told
    (draft,) = re.findall(r'data-draft="(.*?)"', refused.text)
    assert json.loads(unescape(draft)) == {"dog": 0, "box": [0.1, 0.2, 0.2, 0.3]}
    assert len(catalogue_of(pairs).history(pair.id)) == 1
    form["seen"] = catalogue_of(pairs).photo(pair.id).version
    assert len(listed(say(pairs, pair.id, **form))) == 4


@pytest.mark.parametrize(
    "box",
    ["0.5 0.5 0.6 0.2", "-0.1 0 0.5 1", "0.5 0.5 -0.2 0.2", "0 0 0 1", "nan 0 1 1", "0 0 1", "x"],
)
def test_a_box_that_makes_no_sense_is_refused(pairs: TestClient, pair: Entry, box: str) -> None:
    answer = pairs.post(f"/photos/{pair.id}/corrections", data={"kind": "dog", "box": box})
    assert answer.status_code == 422
    assert "does not lie inside the photo" in answer.text
    assert "data-draft" not in answer.text
    assert catalogue_of(pairs).history(pair.id) == []


def test_what_was_typed_of_a_dog_that_is_gone_is_not_said_of_another(
    pairs: TestClient, pair: Entry
) -> None:
    small = dog(pair, 2)
    say(pairs, pair.id, kind="dog", box="0.1 0.2 0.2 0.3")
    say(pairs, pair.id, kind="not_dog", dog=small)
    form: dict[str, object] = {"kind": "breed", "breed": "boxer", "dog": small}
    answer = pairs.post(f"/photos/{pair.id}/corrections", data=form)
    assert answer.status_code == 422
    assert f"has no dog with the id {small}" in answer.text
    assert 'value="boxer"' not in answer.text


def test_a_choice_of_breeds_is_for_the_dog_that_was_meant(pairs: TestClient, pair: Entry) -> None:
    small = dog(pair, 2)
    form: dict[str, object] = {"kind": "breed", "breed": "pgu", "dog": small}
    answer = pairs.post(f"/photos/{pair.id}/corrections", data=form)
    assert answer.status_code == 422
    assert 'id="choices"' in opened(answer.text)
    assert 'id="breed-2" name="breed" maxlength="200"' in opened(answer.text)
    assert f'<input type="hidden" name="dog" value="{small}">' in opened(answer.text)


def test_of_a_thousand_dogs_fifty_are_shown_at_once(pairs: TestClient, pair: Entry) -> None:
    grid = [(i / 40, j / 25) for j in range(25) for i in range(40)][:998]
    many = [Label(Kind.DOG, box=Box(x, y, 1 / 50, 1 / 30)) for x, y in grid]
    entry = catalogue_of(pairs).label(pair.id, many)
    page = pairs.get(f"/photos/{pair.id}").text
    assert "<h1>1,000 dogs</h1>" in page
    assert (len(listed(page)), len(boxes(page)["dogs"])) == (50, 50)
    assert "950 other dogs are not shown." in page
    assert "The larger dogs" not in page
    assert f'<a href="/photos/{pair.id}?dog={dog(entry, 51)}">The smaller dogs</a>' in page
    page = pairs.get(f"/photos/{pair.id}?dog={dog(entry, 100)}").text
    assert listed(page)[0].startswith("51 ")
    assert boxes(page)["chosen"] == dog(entry, 100)
    assert f'<a href="/photos/{pair.id}?dog={dog(entry, 1)}">The larger dogs</a>' in page
    assert "data-key" not in opened(page)


def test_it_is_all_said_in_french(pairs: TestClient, pair: Entry) -> None:
    pairs.cookies.set("barkive_lang", "fr")
    page = say(pairs, pair.id, kind="breed", breed=PUG, dog=dog(pair, 2))
    assert "<h1>2 chiens</h1>" in page
    assert "<strong>pair.png, chien 2</strong>" in page
    catalogue_of(pairs).label(pair.id, Label(Kind.UNSURE, dog=dog(pair, 1)))
    page = pairs.get(f"/photos/{pair.id}").text
    assert history(page) == [
        "Chien 2\N{NARROW NO-BREAK SPACE}: Quelqu'un a confirmé Carlin",
        "Chien 1\N{NARROW NO-BREAK SPACE}: Quelqu'un a dit que c'est impossible à dire",
    ]


@pytest.fixture
def unsure(pairs: TestClient, pair_photo: Callable[..., Path]) -> Entry:
    """A photo with two dogs of which the model is not sure."""
    return scanned(pairs, pair_photo("kennel/unsure.png", GREY, GREY))


def review(server: TestClient, **form: object) -> str:
    """The page of a review, before or after something is said."""
    session = {"session": "a-session-of-one"}
    sent = server.post("/review", data=session | form) if form else None
    answer = sent or server.get("/review", params=session)
    assert answer.status_code == 200
    return answer.text


def question(page: str) -> str:
    return re.findall(r'<h1 class="unseen">(.*?)</h1>', page)[0]


def test_a_review_asks_for_one_dog_after_the_other(pairs: TestClient, unsure: Entry) -> None:
    page = review(pairs)
    assert question(page) == "Which breed is dog 1 of 2?"
    assert boxes(page)["chosen"] == dog(unsure, 1)
    assert [one["number"] for one in boxes(page)["dogs"]] == [None, None]
    assert page.count(f'name="dog" value="{dog(unsure, 1)}"') == 3
    form = {"act": "breed", "number": unsure.id, "breed": PUG}
    page = review(pairs, **form, dog=dog(unsure, 1), seen=unsure.version)
    assert question(page) == "Which breed is dog 2 of 2?"
    assert boxes(page)["dogs"][0]["name"] == "Pug"
    page = review(pairs, **form | {"act": "not_dog"}, dog=dog(unsure, 2))
    assert "All done" in page
    assert [one.corrected for one in catalogue_of(pairs).photo(unsure.id).dogs or ()] == [True]


def test_a_dog_is_drawn_in_the_review_and_asked_about_when_its_turn_comes(
    pairs: TestClient, unsure: Entry
) -> None:
    form = {"act": "dog", "number": unsure.id, "box": "0.4 0.1 0.3 0.5"}
    page = review(pairs, **form, seen=unsure.version)
    assert question(page) == "Which breed is dog 1 of 3?"
    first, second, drawn = catalogue_of(pairs).photo(unsure.id).dogs or ()
    assert drawn.guesses[0].label.en == "Chihuahua"
    for one in (first, second):
        page = review(pairs, act="breed", number=unsure.id, breed=PUG, dog=one.id)
    # Another dog is seen by the model too, though the main one has been named.
    page = review(pairs, **form | {"box": "0 0.1 0.2 0.5"})
    assert question(page) == "Which breed is dog 3 of 4?"
    answer = pairs.post("/review", data={"session": "a-session-of-one", **form, "box": "0 0 2 1"})
    assert answer.status_code == 422
    assert "does not lie inside the photo" in answer.text
