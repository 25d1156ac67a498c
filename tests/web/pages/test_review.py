"""The review as a browser gets it."""

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from starlette.testclient import TestClient

from barkive.catalogue import Catalogue, Filter, Kind, Label
from barkive.messages import Messages

pytestmark = pytest.mark.slow

CHIHUAHUA, PUG, MALTESE = "n02085620", "n02110958", "n02085936"
SESSION = "a-session-of-one"


def catalogue_of(server: TestClient) -> Catalogue:
    catalogue: Catalogue = server.app.state.service.catalogue  # type: ignore[attr-defined]
    return catalogue


@pytest.fixture
def unsure(server: TestClient, colour_photo: Callable[..., Path]) -> TestClient:
    """A server with three photos that the model is not sure of, each surer than the last."""
    for i in range(3):
        folder = colour_photo(f"unsure/{i}.png", (120 + i, 110, 90)).parent
    service = server.app.state.service  # type: ignore[attr-defined]
    service.catalogue.scan(folder, classifier=service.classifier)
    return server


@pytest.mark.parametrize(("asked", "language"), [("fr", "fr"), ("en", "en"), ("de", "en")])
def test_a_new_session_keeps_the_language_that_is_asked_for(
    unsure: TestClient, asked: str, language: str
) -> None:
    answer = unsure.get(f"/review?lang={asked}&text=unsure", follow_redirects=False)
    page = unsure.get(answer.headers["location"])
    assert f'<html lang="{language}">' in page.text
    assert f'<html lang="{language}">' in unsure.get("/review").text


def page_of(server: TestClient, session: str = SESSION, **query: str) -> str:
    answer = server.get("/review", params={"session": session, **query})
    assert answer.status_code == 200
    return answer.text


def photo(page: str) -> str | None:
    """The name of the photo that a page asks about."""
    found = re.search(r'<figcaption.*?<a href="/photos/\d+">(.*?)</a>', page)
    return unescape(found[1]) if found else None


def number(page: str) -> str:
    return str(re.findall(r'name="number" value="(\d+)"', page)[0])


def say(server: TestClient, act: str, session: str = SESSION, **form: str) -> str:
    """Does something with the photo that a session has, and gives the page after it."""
    form = {"number": number(page_of(server, session))} | form if act not in ("undo",) else form
    answer = server.post("/review", data={"session": session, "act": act, **form})
    assert answer.status_code == 200, answer.text
    return answer.text


def status_line(page: str) -> str:
    (found,) = re.findall(r'class="notice warning" role="status">(.*?)</p>', page) or [""]
    return unescape(found)


def saved(page: str) -> str:
    """What the page says of what was done last."""
    (found,) = re.findall(r'id="saved".*?<p role="status">(.*?)</p>', page, re.S) or [""]
    return unescape(re.sub("<.*?>", "", found))


def choices(page: str) -> dict[str, dict[str, str]]:
    """The choices of a page, each with what its button sends."""
    (part,) = re.findall(r'<section class="choices.*?</section>', page, re.S) or [""]
    found = {}
    for form in re.findall(r"<form.*?</form>", unescape(part), re.S):
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="(.*?)"', form))
        for name, value, shown in re.findall(
            r'<button class="second" name="(\w+)" value="(.*?)">(.*?)</button>', form
        ):
            found[shown] = hidden | {name: value}
    return found


def said(server: TestClient) -> dict[str, tuple[str, ...]]:
    entries = catalogue_of(server).search(Filter(corrected=True))
    return {Path(one.file).stem: tuple(b.label.id for b in one.breeds) for one in entries}


def test_a_page_without_a_session_begins_a_new_one(unsure: TestClient) -> None:
    sessions = set()
    for query in ({}, {}, {"session": "short"}, {"session": "has spaces in it"}):
        answer = unsure.get(
            "/review", params={"status": "uncertain", **query}, follow_redirects=False
        )
        assert answer.status_code == 303
        target = urlsplit(answer.headers["location"])
        asked = dict(parse_qsl(target.query))
        assert (target.path, asked["status"]) == ("/review", "uncertain")
        sessions.add(asked["session"])
    assert len(sessions) == 4
    assert all(re.fullmatch(r"[\w-]{12}", session) for session in sessions)


def test_it_asks_about_the_least_sure_with_the_guesses_and_loads_the_next(
    unsure: TestClient,
) -> None:
    page = page_of(unsure)
    assert photo(page) == "0.png"
    guesses = re.findall(r'value="(\w+)" data-key="(\d)">.*?<span>(.*?)</span>', page)
    assert guesses == [
        (CHIHUAHUA, "1", "Chihuahua"),
        (PUG, "2", "Pug"),
        (MALTESE, "3", "Maltese"),
    ]
    assert len(re.findall(r"data-ahead>", page)) == 2
    assert "3 photos left" in page
    assert 'act" value="undo"' not in page


def test_an_answer_is_written_and_the_next_photo_comes(unsure: TestClient) -> None:
    asked = page_of(unsure)
    form = {"session": SESSION, "act": "breed", "number": number(asked), "breed": PUG}
    answer = unsure.post("/review", data=form, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/review?session={SESSION}"
    page = page_of(unsure)
    assert photo(page) == "1.png"
    assert "2 photos left" in page
    assert said(unsure) == {"0": (PUG,)}


def test_a_breed_is_typed_in_either_language(unsure: TestClient) -> None:
    say(unsure, "breed", breed=" Bichon maltais ")
    say(unsure, "breed", breed="CARLIN")
    say(unsure, "breed", breed="pug", second="chihuahua")
    assert said(unsure) == {"0": (MALTESE,), "1": (PUG,), "2": (PUG, CHIHUAHUA)}


@pytest.mark.parametrize("letters", ["bulldog", "terrier", "dog", "no", "n", "pgu", "boxer x"])
def test_letters_that_are_no_breed_s_name_save_nothing(unsure: TestClient, letters: str) -> None:
    form = {"session": SESSION, "act": "breed", "number": number(page_of(unsure)), "breed": letters}
    answer = unsure.post("/review", data=form)
    assert answer.status_code == 422
    assert said(unsure) == {}
    assert photo(answer.text) == "0.png"
    found = choices(answer.text)
    assert list(found)[-1] == f"As written: “{letters}”"
    assert "checked" not in answer.text.partition("choices")[2].partition("</section>")[0]
    assert not re.search(
        r"<button[^>]*(autofocus|data-key)",
        answer.text.partition("choices")[2].partition("</section>")[0],
    )
    assert f'name="breed" data-breeds="/api/v1/breeds?lang=en" value="{letters}"' in answer.text


def test_one_of_the_choices_is_taken(unsure: TestClient) -> None:
    page = page_of(unsure)
    form = {"session": SESSION, "act": "breed", "number": number(page), "breed": "carl"}
    found = choices(unsure.post("/review", data=form).text)
    assert found["Pug"] == {**form, "breed": PUG}
    page = unsure.post("/review", data=found["Pug"]).text
    assert said(unsure) == {"0": (PUG,)}
    assert saved(page) == "0.png: saved as Pug."


def test_of_a_cross_each_name_has_its_choices(unsure: TestClient) -> None:
    form = {"session": SESSION, "act": "cross", "number": number(page_of(unsure))}
    form |= {"breed": "Jack Russell", "second": "bulldog"}
    first = choices(unsure.post("/review", data=form).text)
    second = choices(unsure.post("/review", data=first["As written: “Jack Russell”"]).text)
    assert said(unsure) == {}
    page = unsure.post("/review", data=second["French Bulldog"]).text
    assert said(unsure) == {"0": ("Jack Russell", "n02108915")}
    assert saved(page) == "0.png: saved as a cross, Jack Russell × French Bulldog."
    # From now on it is a breed like any.
    say(unsure, "breed", breed="jack  RUSSELL")
    assert said(unsure)["1"] == ("Jack Russell",)


def test_after_each_key_the_page_says_what_was_saved_with_undo_beside_it(
    unsure: TestClient,
) -> None:
    assert saved(page_of(unsure)) == ""
    assert saved(say(unsure, "breed", breed=PUG)) == "0.png: saved as Pug."
    assert saved(say(unsure, "not_dog")) == "1.png: saved as no dog."
    page = say(unsure, "unsure")
    assert saved(page) == "2.png: saved that its breed can't be told."
    assert re.search(r'id="saved">.*?name="act" value="undo" data-key="u".*?</form>', page, re.S)
    page = say(unsure, "undo")
    assert (saved(page), photo(page)) == ("2.png: taken back; here it is again.", "2.png")
    assert saved(say(unsure, "skip")) == "2.png: passed over."
    for _ in range(3):
        page = say(unsure, "undo")
    assert (saved(page), photo(page)) == ("0.png: taken back; here it is again.", "0.png")
    assert 'value="undo"' not in page


def test_with_a_wrong_filter_no_photo_is_asked_about(unsure: TestClient) -> None:
    answer = unsure.get("/review", params={"session": SESSION, "breed": "pgu"})
    assert answer.status_code == 422
    assert "Barkive knows no breed called “pgu”." in unescape(answer.text)
    assert 'id="photo"' not in answer.text


def test_a_cross_no_dog_and_what_can_not_be_told(unsure: TestClient) -> None:
    say(unsure, "cross", breed="pug", second="maltese")
    say(unsure, "not_dog", breed="left over")
    page = say(unsure, "unsure")
    entries = list(catalogue_of(unsure).search(Filter(corrected=True)))
    assert [one.status.value for one in entries] == ["dog", "not_dog", "uncertain"]
    assert "<h1>All done</h1>" in page
    assert "No photo is left that Barkive isn't sure of." in unescape(page)


def test_what_is_skipped_goes_to_the_end_and_comes_back(unsure: TestClient) -> None:
    assert photo(say(unsure, "skip")) == "1.png"
    say(unsure, "skip")
    page = say(unsure, "skip")
    assert "You have passed over 3 photos." in page
    answer = unsure.post("/review", data={"session": SESSION, "act": "unskip"})
    assert photo(answer.text) == "0.png"
    assert said(unsure) == {}


def test_undo_goes_back_step_by_step_and_tells_when_there_is_nothing(unsure: TestClient) -> None:
    say(unsure, "breed", breed=PUG)
    say(unsure, "skip")
    assert photo(say(unsure, "undo")) == "1.png"
    assert photo(say(unsure, "undo")) == "0.png"
    assert said(unsure) == {}
    page = say(unsure, "undo")
    assert status_line(page) == "There is nothing to take back."
    assert photo(page) == "0.png"


def test_undo_reaches_across_a_new_filter(unsure: TestClient) -> None:
    say(unsure, "skip")
    say(unsure, "breed", breed=PUG)
    page = page_of(unsure, filters="open")
    (form,) = re.findall(r'<form method="get".*?</form>', page, re.S)
    fields = dict(re.findall(r'type="hidden" name="(.*?)" value="(.*?)"', form))
    page = unsure.get("/review", params={**fields, "status": "not_dog"}).text
    assert "No such photo is left to review." in page
    assert "You passed over" not in page
    assert saved(page) == "1.png: saved as Pug."
    undo = {"session": SESSION, "act": "undo"}
    page = unsure.post("/review?status=not_dog", data=undo).text
    assert said(unsure) == {}
    # Of what was done before it, undo has the next.
    assert saved(page) == "1.png: taken back."
    assert re.search(r'id="saved".*?<a href="/photos/\d+">1.png</a>', page, re.S)
    # Whoever else reviews gets the photo now.
    (all_,) = re.findall(r'<li><a href="(.*?)" aria-label="Take off', page)
    assert unescape(all_) == f"/review?session={SESSION}"
    bo = "session-of-bo"
    form = {"session": bo, "act": "skip", "number": number(page_of(unsure, bo))}
    assert photo(unsure.post("/review", data=form).text) == "1.png"
    unsure.post("/review/leave", data={"session": bo})
    assert saved(unsure.post("/review", data=undo).text) == "0.png: taken back; here it is again."
    strange = unsure.get("/review", params={"session": SESSION, "undone": "17"})
    assert strange.status_code == 200


def test_two_sessions_have_different_photos(unsure: TestClient) -> None:
    assert photo(page_of(unsure, "session-of-ada")) == "0.png"
    assert photo(page_of(unsure, "session-of-bo")) == "1.png"
    assert photo(say(unsure, "breed", "session-of-ada", breed=PUG)) == "2.png"
    last = say(unsure, "breed", "session-of-ada", breed=PUG)
    assert photo(last) is None
    assert "1 photo is in front of somebody else just now." in unescape(last)
    assert photo(page_of(unsure, "session-of-bo")) == "1.png"


def test_an_answer_that_comes_too_late_is_told_and_changes_nothing(unsure: TestClient) -> None:
    asked = number(page_of(unsure))
    catalogue_of(unsure).label(int(asked), Label(Kind.BREED, (MALTESE,)))
    page = say(unsure, "breed", number=asked, breed=PUG)
    assert status_line(page).startswith("Somebody answered that photo just before you")
    assert photo(page) == "1.png"
    assert said(unsure) == {"0": (MALTESE,)}


@pytest.mark.parametrize(
    "form",
    [
        {"act": "breed", "breed": "<qqqqqq>"},
        {"act": "cross", "breed": "pug", "second": "<qqqqqq>"},
    ],
)
def test_a_breed_that_is_not_known_is_told_and_what_was_typed_is_kept(
    unsure: TestClient, form: dict[str, str]
) -> None:
    asked = number(page_of(unsure))
    answer = unsure.post("/review", data={"session": SESSION, "number": asked, **form})
    assert answer.status_code == 422
    (fault,) = re.findall(r'id="which" role="alert">(.*?)</p>', answer.text)
    assert "<qqqqqq>" in unescape(fault)
    assert "&lt;qqqqqq&gt;" in fault
    for name in ("breed", "second"):
        (typed,) = re.findall(rf'<input id="{name}".*? value="(.*?)"', answer.text)
        assert unescape(typed) == form.get(name, "")
    assert photo(answer.text) == "0.png"
    assert said(unsure) == {}


def test_a_breed_must_be_named(unsure: TestClient) -> None:
    asked = number(page_of(unsure))
    for form, field in (({"act": "breed"}, "breed"), ({"act": "cross", "breed": PUG}, "second")):
        answer = unsure.post("/review", data={"session": SESSION, "number": asked, **form})
        assert answer.status_code == 422
        assert f'<input id="{field}"' in wrong(answer.text)
    assert said(unsure) == {}


def wrong(page: str) -> str:
    """The field that is wrong, with what is told right after it."""
    (found,) = re.findall(
        r'<input[^>]*aria-invalid="true" aria-describedby="fault"[^>]*>\s*<p class="fault".*?</p>',
        page,
    )
    return found


@pytest.mark.parametrize(("lang", "told"), [("en", "are the same breed"), ("fr", "la même race")])
def test_a_cross_of_one_breed_is_told_at_its_second_field(
    lang: str, told: str, unsure: TestClient
) -> None:
    form = {"session": SESSION, "act": "cross", "breed": "pug", "second": "Carlin"}
    form["number"] = number(page_of(unsure))
    page = unsure.post(f"/review?lang={lang}", data=form).text
    assert told in wrong(page)
    assert '<input id="second"' in wrong(page)
    assert '<details id="cross" open>' in page


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"act": "burn", "session": SESSION},
        {"act": "skip", "session": "x"},
        {"act": "skip", "session": f"{SESSION}\n"},
        {"act": "breed", "session": SESSION, "number": "-1"},
        {"act": "breed", "session": SESSION, "number": str(2**63)},
        {"act": "breed", "session": SESSION, "number": "1", "breed": "b" * 201},
    ],
)
def test_a_form_that_no_page_sends_is_refused(unsure: TestClient, form: dict[str, str]) -> None:
    assert unsure.post("/review", data=form).status_code == 422


def test_a_photo_that_is_not_there_is_told(unsure: TestClient) -> None:
    form = {"session": SESSION, "number": "999", "act": "breed", "breed": PUG}
    answer = unsure.post("/review", data=form)
    assert answer.status_code == 404
    assert "<h1>Nothing is here</h1>" in answer.text


def test_filters_hold_on_the_way_and_can_be_taken_off(
    unsure: TestClient, colour_photo: Callable[..., Path]
) -> None:
    other = colour_photo("other/9.png", (140, 110, 90)).parent
    service = unsure.app.state.service  # type: ignore[attr-defined]
    service.catalogue.scan(other, classifier=service.classifier)
    page = page_of(unsure, folder=str(other))
    assert photo(page) == "9.png"
    assert "1 photo left" in page
    (address,) = set(re.findall(r'<form method="post" action="(/review\?.*?)"', page))
    form = {"session": SESSION, "number": number(page), "act": "breed", "breed": PUG}
    after = unsure.post(unescape(address), data=form).text
    assert "<h1>All done</h1>" in after
    assert "1 done here" in after
    (chip,) = re.findall(r'<li><a href="(.*?)" aria-label="Take off: Folder other"', after)
    assert chip == f"/review?session={SESSION}"


def test_a_page_that_is_left_gives_its_photo_back(unsure: TestClient) -> None:
    given = re.findall(r'data-given="(.*?)"', page_of(unsure))[0]
    answer = unsure.post("/review/leave", data={"session": SESSION, "given": given})
    assert (answer.status_code, answer.content) == (204, b"")
    assert photo(page_of(unsure, "another-session")) == "0.png"


def test_a_page_that_was_loaded_anew_keeps_its_photo(unsure: TestClient) -> None:
    given = re.findall(r'data-given="(.*?)"', page_of(unsure))[0]
    assert photo(page_of(unsure)) == "0.png"  # before the browser tells that the old one goes
    unsure.post("/review/leave", data={"session": SESSION, "given": given})
    assert photo(page_of(unsure, "another-session")) == "1.png"
    unsure.post("/review/leave", data={"session": SESSION})
    assert photo(page_of(unsure, "third-session")) == "0.png"


@pytest.mark.parametrize("given", ["soon", "-1", "nan", "inf", "1e12"])
def test_a_moment_that_is_none_is_refused(unsure: TestClient, given: str) -> None:
    answer = unsure.post("/review/leave", data={"session": SESSION, "given": given})
    assert answer.status_code == 422


def test_a_name_is_kept_in_the_browser_and_stands_beside_what_is_said(unsure: TestClient) -> None:
    answer = unsure.post(
        "/review/name", data={"session": SESSION, "name": " Zoé; <b> "}, follow_redirects=False
    )
    assert answer.headers["location"] == f"/review?session={SESSION}"
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("barkive_name=Zo%C3%A9%3B%20%3Cb%3E;")
    assert {"httponly", "samesite=lax"} <= {one.strip().lower() for one in cookie.split(";")}
    asked = page_of(unsure)
    assert 'value="Zoé; &lt;b&gt;"' in asked
    say(unsure, "breed", breed=PUG)
    (change,) = catalogue_of(unsure).history(int(number(asked)))
    assert change.by == "Zoé; <b>"
    unsure.post("/review/name", data={"session": SESSION, "name": ""})
    assert "barkive_name" not in unsure.cookies


def link_to_no_dogs(page: str) -> tuple[str, str]:
    """Where the link goes, and what it says; empty where there is none."""
    found = re.findall(r'<a href="([^"]*)" id="no-dogs">(.*?)</a>', page) or [("", "")]
    return unescape(found[0][0]), unescape(found[0][1])


def test_a_link_leads_through_the_photos_without_a_dog(
    unsure: TestClient, colour_photo: Callable[..., Path]
) -> None:
    assert link_to_no_dogs(page_of(unsure)) == ("", "")
    folder = colour_photo("dark/night.png", (9, 9, 9)).parent
    colour_photo("dark/dusk.png", (30, 20, 5))
    service = unsure.app.state.service  # type: ignore[attr-defined]
    service.catalogue.scan(folder, classifier=service.classifier)
    assert link_to_no_dogs(page_of(unsure)) == (
        f"/review?status=not_dog&session={SESSION}",
        "Look through 2 photos on which Barkive sees no dog",
    )
    done = page_of(unsure, folder=str(folder), lang="fr")
    assert "<h1>C'est fini</h1>" in unescape(done)
    address, text = link_to_no_dogs(done)
    expected = {"folder": str(folder), "status": "not_dog", "session": SESSION}
    assert dict(parse_qsl(urlsplit(address).query)) == expected
    assert text == "Revoir 2 photos sur lesquelles Barkive ne voit pas de chien"

    page = unescape(page_of(unsure, "another-session", status="not_dog", lang="en"))
    assert photo(page) == "dusk.png"
    assert "<h2>Is this a dog?</h2>" in page
    assert "Barkive sees no dog. If there is one, it may be:" in page
    guesses = re.findall(r'value="(\w+)" data-key="([\dn])">', page)
    assert guesses == [(CHIHUAHUA, "1"), (PUG, "2"), (MALTESE, "3"), ("not_dog", "n")]
    assert "2 photos left" in page
    assert link_to_no_dogs(page) == ("", "")
    assert said(unsure) == {}

    for act in ({"act": "breed", "breed": PUG}, {"act": "not_dog"}):
        form = {"session": "another-session", "number": number(page), **act}
        page = unescape(unsure.post("/review?status=not_dog", data=form).text)
    assert said(unsure) == {"dusk": (PUG,), "night": ()}
    assert "No such photo is left to review." in page


def test_photos_that_can_not_be_read_are_not_reviewed(unsure: TestClient) -> None:
    answer = unsure.get("/review", params={"session": SESSION, "status": "failed", "lang": "fr"})
    assert answer.status_code == 422
    assert "demandez uncertain, not_dog ou dog." in unescape(answer.text)


def test_it_tells_how_often_the_first_guess_was_right(unsure: TestClient) -> None:
    say(unsure, "breed", breed=CHIHUAHUA)
    page = unescape(say(unsure, "breed", breed=MALTESE))
    assert (
        "People checked 2 photos, and the first guess was right on 1 (50%); the breed was "
        "among the first five on 2."
    ) in page


@pytest.mark.parametrize(
    ("lang", "sentences"),
    [
        ("en", ("0 photos left", "1 photo left", "2 photos left")),
        ("fr", ("0 photo restante", "1 photo restante", "2 photos restantes")),
    ],
)
def test_what_is_left_is_counted_as_the_language_counts(
    lang: str, sentences: tuple[str, ...]
) -> None:
    assert tuple(Messages(lang)("review.left", n=n) for n in range(3)) == sentences


def test_one_photo_that_was_checked_is_one_in_both_languages() -> None:
    once = {"n": 1, "right": 0, "share": "0%", "listed": 1}
    assert Messages("en")("review.right", **once) == (
        "People checked 1 photo, and the first guess was right on 0 (0%); the breed was among "
        "the first five on 1."
    )
    assert Messages("fr")("review.right", **once) == (
        "Sur 1 photo vérifiée, le premier choix était bon 0 fois (0%)\N{NARROW NO-BREAK SPACE}; "
        "la race était parmi les cinq premières 1 fois."
    )


def test_filters_are_chosen_on_the_page(unsure: TestClient) -> None:
    closed = page_of(unsure, text="unsure")
    assert 'name="folder"' not in closed
    (opened,) = re.findall(r'id="narrow" href="(.*?)"', closed)
    page = unescape(unsure.get(unescape(opened)).text)
    # The session is the same, and so is the photo.
    assert photo(page) == photo(closed)
    (form,) = re.findall(r'<form method="get".*?</form>', page, re.S)
    kept = re.findall(r'type="hidden" name="(.*?)" value="(.*?)"', form)
    assert kept == [("session", SESSION), ("text", "unsure")]
    options = re.findall(r'<option value="(.*?)"', form)
    assert options[:5] == ["", "not_dog", "dog", "uncertain,not_dog,dog", ""]
    assert options[5:] == [one.path for one in catalogue_of(unsure).folders()]
    none = unsure.get("/review?status=not_dog&breed=&folder=")
    assert "No such photo is left to review." in none.text


def test_it_is_opened_from_a_filtered_gallery(unsure: TestClient) -> None:
    def link(query: str) -> str:
        found = re.findall(r'id="review-these" href="(.*?)"', unsure.get(f"/photos{query}").text)
        return unescape(found[0]) if found else ""

    assert link("") == ""
    assert link("?missing=true") == link("?corrected=true") == link("?status=failed") == ""
    address = link("?text=unsure&corrected=false")
    assert address == "/review?text=unsure&status=dog%2Cuncertain%2Cnot_dog"
    page = unsure.get(address).text
    assert photo(page) == "0.png"
    assert "3 photos left" in page
    assert link("?status=uncertain") == "/review?status=uncertain"


def test_an_empty_catalogue_leads_to_the_scan(server: TestClient) -> None:
    page = page_of(server)
    assert "<h1>Nothing to review yet</h1>" in page
    assert '<a class="button" href="/scan">' in page


def test_it_is_in_french(unsure: TestClient) -> None:
    page = unescape(page_of(unsure, lang="fr"))
    assert "<h2>Quelle est cette race\N{NARROW NO-BREAK SPACE}?</h2>" in page
    assert "<span>Carlin</span>" in page
    assert "3 photos restantes" in page
    asked = number(page)
    form = {"session": SESSION, "number": asked, "act": "breed", "breed": "qqqqqq"}
    refused = unescape(unsure.post("/review", data=form).text)
    space = "\N{NARROW NO-BREAK SPACE}"
    assert f"Barkive ne connaît aucune race appelée «{space}qqqqqq{space}»." in refused
    assert f"Tel quel{space}: «{space}qqqqqq{space}»</button>" in refused
    page = unescape(say(unsure, "breed", breed="carlin"))
    assert saved(page) == f"0.png{space}: Carlin, c'est enregistré."
