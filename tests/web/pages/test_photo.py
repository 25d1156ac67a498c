"""A photo's own page as a browser gets it."""

import io
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from html import unescape
from pathlib import Path

import pytest
from PIL import Image
from starlette.testclient import TestClient

from barkive.catalogue import Catalogue, Kind, Label
from barkive.web import Settings, create_app
from barkive.web.services import state

pytestmark = pytest.mark.slow

PUG, MALTESE = "n02110958", "n02085936"


def catalogue_of(server: TestClient) -> Catalogue:
    catalogue: Catalogue = server.app.state.service.catalogue  # type: ignore[attr-defined]
    return catalogue


def number(server: TestClient, name: str) -> int:
    (found,) = server.get("/api/v1/photos", params={"text": name}).json()["photos"]
    return int(found["id"])


def say(server: TestClient, name: str, query: str = "", **form: str) -> str:
    """Sends the form of a photo's page, and gives the page that comes of it."""
    answer = server.post(f"/photos/{number(server, name)}/corrections{query}", data=form)
    assert answer.status_code == 200, answer.text
    return answer.text


def heading(page: str) -> str:
    (found,) = re.findall(r"<h1>(.*?)</h1>", page)
    return unescape(found)


def history(page: str) -> list[str]:
    (found,) = re.findall(r'<ol class="history">(.*?)</ol>', page, re.S) or [""]
    return [unescape(one).strip() for one in re.findall(r"<li><div>(.*?), <span", found)]


def rows(page: str) -> dict[str, list[str]]:
    """The names of the photos under each heading of what resembles one."""
    found = re.findall(r'id="r-(\w+)">.*?<ul class="tiles">(.*?)</ul>', page, re.S)
    return {kind: re.findall(r'<span class="file">(.*?)</span>', row) for kind, row in found}


def test_it_says_what_the_model_says_in_words_and_numbers(filled: TestClient, kennel: Path) -> None:
    answer = filled.get(f"/photos/{number(filled, 'rex')}")
    assert answer.status_code == 200
    page = answer.text
    assert heading(page) == "Chihuahua"
    assert '<p class="status dog">Named</p>' in page
    assert '<span class="how">very likely</span> · 92%' in page
    listed = re.findall(r'class="what">(.*?)</span> <span class="share">(.*?)</span>', page)
    assert listed == [("Chihuahua", "92%"), ("Pug", "4%"), ("Maltese", "4%")]
    assert page.count("<meter ") == 3
    assert f'src="/api/v1/photos/{number(filled, "rex")}/image"' in page
    assert 'alt="The photo rex.png: Chihuahua" width="40" height="30"' in page
    assert f"<dd>{'40 × 30 pixels'}</dd>" in page
    assert f">{kennel}</a>" in page
    assert "<dd>PNG</dd>" in page
    assert "style=" not in page
    assert "<script>" not in page


def test_it_says_so_where_the_model_is_not_sure(filled: TestClient) -> None:
    page = filled.get(f"/photos/{number(filled, 'mix')}").text
    assert heading(page) == "Chihuahua?"
    assert "It isn't sure. It may be:" in unescape(page)
    page = filled.get(f"/photos/{number(filled, 'mix')}?lang=fr").text
    assert heading(page) == "Chihuahua\N{NARROW NO-BREAK SPACE}?"


def test_where_there_is_no_dog_nothing_is_listed(filled: TestClient) -> None:
    page = filled.get(f"/photos/{number(filled, 'night')}").text
    assert heading(page) == "No dog"
    assert "There is no dog here: almost certain." in page
    assert '<span class="share">&gt;99%</span>' in page
    assert "<meter" not in page
    assert "heatmap" not in page


def test_one_that_can_not_be_read_says_why_and_what_to_do(filled: TestClient) -> None:
    page = filled.get(f"/photos/{number(filled, 'broken')}").text
    assert heading(page) == "Can't be read"
    assert "The file starts as JPEG does, but is damaged or cut off." in page
    assert '<a class="button second" href="/scan">' in page
    assert "/corrections" not in page
    assert "<dd>15 bytes</dd>" in page
    page = filled.get(f"/photos/{number(filled, 'broken')}?lang=fr").text
    assert "Le fichier commence comme un JPEG, mais il est endommagé ou coupé." in page


def test_one_whose_file_is_gone_says_since_when(filled: TestClient, kennel: Path) -> None:
    rex = number(filled, "rex")
    (kennel / "rex.png").unlink()
    shared = filled.app.state.service  # type: ignore[attr-defined]
    shared.catalogue.scan(kennel, classifier=shared.classifier)
    page = filled.get(f"/photos/{rex}").text
    assert re.search(
        r"The scan of <time [^>]*>\d+ \w+ \d{4}</time> did not find this file any more\.", page
    )
    assert heading(page) == "Chihuahua"
    assert "What did it look at?" not in page


@pytest.mark.parametrize("path", ["/photos/999", "/photos/999/related", "/photos/999?lang=en"])
def test_an_unknown_number_is_told(filled: TestClient, path: str) -> None:
    answer = filled.get(path)
    assert answer.status_code == 404
    assert "The catalogue holds no photo number 999" in answer.text
    posted = filled.post("/photos/999/corrections", data={"kind": "not_dog"})
    assert posted.status_code == 404


def test_the_way_leads_on_within_the_filters_and_back_to_the_place(filled: TestClient) -> None:
    dogs = [one["id"] for one in filled.get("/api/v1/photos?status=dog").json()["photos"]]
    page = filled.get(f"/photos/{dogs[0]}?status=dog&page=3").text
    assert 'rel="prev"' not in page
    assert f'rel="next" href="/photos/{dogs[1]}?status=dog&amp;page=3"' in page
    assert f'href="/photos?status=dog&amp;page=3#photo-{dogs[0]}"' in page
    page = filled.get(f"/photos/{dogs[1]}?status=dog").text
    assert f'rel="prev" href="/photos/{dogs[0]}?status=dog"' in page
    assert 'rel="next"' not in page
    assert f'action="/photos/{dogs[1]}/corrections?status=dog"' in page


def test_a_correction_stands_over_the_model_which_is_still_heard(filled: TestClient) -> None:
    filled.cookies.set("barkive_name", "Zo%C3%A9")
    page = say(filled, "rex", breed="Bichon maltais", kind="breed", note="la puce le dit")
    assert heading(page) == "Maltese"
    (saved,) = re.findall(r'id="said">(.*?)</div>', page, re.S)
    assert "<strong>rex.png</strong>: saved as Maltese." in saved
    assert 'name="kind" value="undo" aria-label="Undo what was saved of rex.png"' in saved
    assert re.search(r"Checked by Zoé, <time [^>]*>\d+ \w+ \d{4}</time>", page)
    assert "<blockquote>la puce le dit</blockquote>" in page
    assert '<h2 class="by">What the model says</h2>' in page
    assert "Chihuahua: very likely." in page
    assert history(page) == ["Zoé changed Chihuahua to Maltese"]
    page = say(filled, "rex", kind="undo")
    assert heading(page) == "Chihuahua"
    assert "<strong>rex.png</strong>: the last word was taken back." in page
    assert history(page) == ["Zoé changed Chihuahua to Maltese", "Zoé took back: Maltese"]
    assert "Checked by" not in page


def test_of_several_words_the_last_holds_and_an_undo_gives_way_to_the_one_before(
    filled: TestClient,
) -> None:
    say(filled, "rex", kind="breed", breed="pug", note="first")
    say(filled, "rex", kind="not_dog", note="second")
    page = say(filled, "rex", kind="undo")
    assert heading(page) == "Pug"
    assert re.search(r"Checked by a person, <time [^>]*>\d+ \w+ \d{4}</time>", page)
    assert "<blockquote>first</blockquote>" in page.partition("<h2>")[0]
    assert history(page) == [
        "Somebody changed Chihuahua to Pug",
        "Somebody said it is no dog",
        "Somebody took back: no dog",
    ]


def test_the_answer_leads_back_to_the_photo_within_its_filters(filled: TestClient) -> None:
    rex = number(filled, "rex")
    answer = filled.post(
        f"/photos/{rex}/corrections?status=dog&page=2",
        data={"kind": "breed", "breed": PUG},
        follow_redirects=False,
    )
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/photos/{rex}?status=dog&page=2&said=saved"
    assert filled.get(f"/photos/{rex}?said=<b>").text.count('id="said"') == 0


def test_each_of_the_short_list_can_be_accepted(filled: TestClient) -> None:
    page = filled.get(f"/photos/{number(filled, 'mix')}").text
    (form,) = re.findall(r'<input type="hidden" name="kind" value="breed">(.*?)</form>', page, re.S)
    buttons = re.findall(r'name="breed" value="(\w+)" aria-label="(.*?)"', unescape(form))
    assert buttons == [
        ("n02085620", "That's it: Chihuahua"),
        (PUG, "That's it: Pug"),
        (MALTESE, "That's it: Maltese"),
    ]
    assert heading(say(filled, "mix", kind="breed", breed=PUG)) == "Pug"


@pytest.mark.parametrize("kind", ["breed", "cross"])
def test_two_breeds_are_a_cross(filled: TestClient, kind: str) -> None:
    page = say(filled, "rex", kind=kind, breed="carlin", second="chihuahua")
    assert heading(page) == "Pug × Chihuahua"
    assert history(page) == ["Somebody changed Chihuahua to Pug × Chihuahua"]


def test_no_dog_and_doubt_can_be_said(filled: TestClient) -> None:
    assert heading(say(filled, "rex", kind="not_dog")) == "No dog"
    filled.cookies.set("barkive_lang", "fr")
    page = say(filled, "rex", kind="unsure")
    assert heading(page) == "Pas sûr"
    assert history(page) == [
        "Quelqu'un a dit que ce n'est pas un chien",
        "Quelqu'un a dit que c'est impossible à dire",
    ]


def test_the_language_can_be_changed_where_a_form_was_refused(
    filled: TestClient,
) -> None:
    rex = number(filled, "rex")
    answer = filled.get(f"/photos/{rex}/corrections?status=dog&lang=fr", follow_redirects=False)
    assert answer.headers["location"] == f"/photos/{rex}?status=dog&lang=fr"
    assert '<html lang="fr">' in filled.get(answer.headers["location"]).text


@pytest.mark.parametrize(
    ("form", "fault"),
    [
        (
            {"breed": "xyzzy"},
            "Barkive knows no breed called “xyzzy”. It can be taken as it is written.",
        ),
        ({"breed": "pgu"}, "No breed is called exactly “pgu”. Which one is meant?"),
        ({"breed": ""}, "The name of the breed is empty; give a name or an id."),
        ({"breed": "pug", "second": "xyzzy"}, "Barkive knows no breed called “xyzzy”."),
        ({"breed": "pug", "second": "Carlin"}, "pug and Carlin are the same breed"),
    ],
)
def test_a_breed_that_is_not_known_is_told_and_what_was_typed_is_kept(
    filled: TestClient, form: dict[str, str], fault: str
) -> None:
    rex = number(filled, "rex")
    address = f"/photos/{rex}/corrections?status=dog"
    answer = filled.post(address, data=form | {"kind": "breed", "note": 'a "note"'})
    assert answer.status_code == 422
    (told,) = re.findall(r'role="alert"(?: id="fault")?>(.*?)</p>', answer.text)
    assert unescape(told).startswith(fault)
    for name, value in form.items():
        assert re.search(rf'<input id="{name}"[^>]* value="{value}"', answer.text)
    assert 'value="a &#34;note&#34;"' in answer.text
    assert ('name="written"' in answer.text) == ("xyzzy" in fault or "pgu" in fault)
    assert ("Pug</button>" in answer.text) == ("pgu" in fault)
    assert heading(answer.text) == "Chihuahua"
    assert catalogue_of(filled).history(rex) == []
    # Who loads that address anew, or switches the language there, is led to the photo.
    back = filled.get(address, follow_redirects=False)
    assert (back.status_code, back.headers["location"]) == (303, f"/photos/{rex}?status=dog")


def test_a_name_can_be_taken_as_it_is_written(filled: TestClient) -> None:
    mutt = "<i>Mutt</i>"
    page = say(filled, "rex", kind="breed", breed=mutt, written=mutt, note="<b>!</b>")
    assert heading(page) == "<i>Mutt</i>"
    assert "<i>Mutt</i>" not in page
    assert "<blockquote>&lt;b&gt;!&lt;/b&gt;</blockquote>" in page


@pytest.mark.parametrize("form", [{"kind": "cat"}, {}, {"kind": "breed", "breed": "x" * 201}])
def test_a_form_of_another_make_is_refused(filled: TestClient, form: dict[str, str]) -> None:
    answer = filled.post(f"/photos/{number(filled, 'rex')}/corrections", data=form)
    assert answer.status_code == 422
    assert catalogue_of(filled).history(number(filled, "rex")) == []


def test_nothing_can_be_undone_that_was_not_said(filled: TestClient) -> None:
    rex = number(filled, "rex")
    answer = filled.post(f"/photos/{rex}/corrections", data={"kind": "undo"})
    assert answer.status_code == 422
    assert "so there is nothing to take back." in answer.text


def test_what_shows_the_same_or_resembles_it_has_a_page(
    filled: TestClient, kennel: Path, make_photo: Callable[..., Path]
) -> None:
    make_photo("kennel/beach.png", (200, 150), seed=3)
    with Image.open(kennel / "beach.png") as picture:
        picture.save(kennel / "beach again.bmp")
    (kennel / "annex" / "beach too.png").write_bytes((kennel / "beach.png").read_bytes())
    shared = filled.app.state.service  # type: ignore[attr-defined]
    shared.catalogue.scan(kennel, classifier=shared.classifier)
    beach = shared.catalogue.photo(kennel / "beach.png").id
    page = filled.get(f"/photos/{beach}").text
    assert f'<a href="/photos/{beach}/related">' in page
    answer = filled.get(f"/photos/{beach}/related")
    assert answer.status_code == 200
    found = rows(answer.text)
    assert (found["exact"], found["near"]) == (["beach too.png"], ["beach again.bmp"])
    assert not {"beach too.png", "beach again.bmp"} & set(found["alike"])
    assert len(found["alike"]) == 4
    assert 'id="photo-' not in answer.text
    assert f'href="/photos/{beach}">' in answer.text


def test_what_could_not_be_read_resembles_nothing(filled: TestClient) -> None:
    answer = filled.get(f"/photos/{number(filled, 'broken')}/related")
    assert answer.status_code == 200
    assert "No other photo looks like this one." in answer.text


def test_another_site_can_not_correct(filled: TestClient) -> None:
    rex = number(filled, "rex")
    answer = filled.post(
        f"/photos/{rex}/corrections",
        data={"kind": "not_dog"},
        headers={"Origin": "https://elsewhere.example"},
    )
    assert answer.status_code == 403
    assert catalogue_of(filled).history(rex) == []


@pytest.fixture
def hasty(
    settings: Settings, kennel: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TestClient]:
    """A server that waits only a moment for another program that writes."""
    monkeypatch.setattr(state, "_PATIENCE_SECONDS", 0.1)
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        shared = client.app.state.service  # type: ignore[attr-defined]
        shared.catalogue.scan(kennel, classifier=shared.classifier)
        yield client


def test_while_another_program_writes_what_was_typed_is_kept(
    hasty: TestClient, settings: Settings
) -> None:
    rex = number(hasty, "rex")
    with closing(sqlite3.connect(str(settings.catalogue))) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = hasty.post(
            f"/photos/{rex}/corrections", data={"kind": "breed", "breed": "pug", "note": "mine"}
        )
        assert answer.status_code == 503
        assert re.search(r'role="alert" id="fault">\S', answer.text)
        assert 'value="mine"' in answer.text
        other.rollback()
    assert heading(say(hasty, "rex", kind="breed", breed="pug")) == "Pug"


def version(server: TestClient, found: int) -> str:
    return str(server.get(f"/api/v1/photos/{found}").json()["version"])


def test_a_form_of_another_picture_is_refused_and_both_are_shown(
    filled: TestClient, kennel: Path
) -> None:
    rex = number(filled, "rex")
    seen = version(filled, rex)
    assert f'name="seen" value="{seen}"' in filled.get(f"/photos/{rex}").text
    Image.new("RGB", (40, 30), (9, 250, 9)).save(kennel / "rex.png")
    form = {"kind": "breed", "breed": "boxer", "note": "chip", "seen": seen}
    refused = filled.post(f"/photos/{rex}/corrections", data=form)
    assert refused.status_code == 409
    assert "Under this name there is another picture now" in refused.text
    new = number(filled, "rex")
    assert new != rex
    thumbnails = [f'src="/api/v1/photos/{one}/thumbnail"' for one in (rex, new)]
    assert all(one in refused.text for one in thumbnails)
    # What was typed is kept, and nothing was said of either.
    assert 'value="boxer"' in refused.text
    assert 'value="chip"' in refused.text
    assert [catalogue_of(filled).history(one) for one in (rex, new)] == [[], []]
    # The picture that was seen can still be spoken of.
    assert filled.post(f"/photos/{rex}/corrections", data=form).status_code == 200
    assert catalogue_of(filled).photo(rex).labels[0].en == "Boxer"
    assert not catalogue_of(filled).photo(new).corrected


def test_what_was_said_meanwhile_is_shown_beside_what_was_to_be_said(filled: TestClient) -> None:
    rex = number(filled, "rex")
    seen = version(filled, rex)
    catalogue_of(filled).label(rex, Label(Kind.BREED, ("pug",), note="DNA", by="Ben"))
    form = {"kind": "breed", "breed": MALTESE, "note": "chip", "seen": seen, "asks_name": "true"}
    page = unescape(filled.post(f"/photos/{rex}/corrections?status=dog", data=form).text)
    (shown,) = re.findall(r'<section class="card meanwhile" role="alert".*?</section>', page, re.S)
    assert "Ben changed Chihuahua to Pug, <span" in shown
    assert "You wanted to say: <strong>Maltese</strong>" in shown
    assert 'name="breed" maxlength="200"' in page
    assert 'value="Maltese" aria' in page
    assert f'data-address="/photos/{rex}?status=dog"' in page
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="(.*?)"', shown))
    assert catalogue_of(filled).photo(rex).note == "DNA"
    assert filled.post(f"/photos/{rex}/corrections", data=fields).status_code == 200
    entry = catalogue_of(filled).photo(rex)
    assert (entry.labels[0].en, entry.note) == ("Maltese", "chip")


def test_a_note_alone_changes_nothing_else_and_has_its_author(filled: TestClient) -> None:
    page = say(filled, "rex", kind="note", note="shy", asks_name="true", by="Ada")
    assert heading(page) == "Chihuahua"
    assert "<strong>rex.png</strong>: the note was saved." in page
    assert "<blockquote>shy</blockquote>" in page.partition("<h2>")[0]
    assert "Checked by" not in page
    assert history(page) == ["Ada wrote a note"]
    assert 'name="by" maxlength="200" value="Ada"' in page
    page = say(filled, "rex", kind="not_dog")
    assert history(page)[1] == "Ada said it is no dog"
    page = say(filled, "rex", kind="undo", asks_name="true", by="")
    assert history(page)[2] == "Somebody took back: no dog"
    assert 'name="by" maxlength="200" value=""' in page
    page = say(filled, "rex", kind="undo")
    assert history(page)[3] == "Somebody took back: the note “shy”"


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"kind": "breed", "breed": ""}, "breed"),
        ({"kind": "breed", "breed": "pug", "second": "Carlin"}, "second"),
        ({"kind": "breed", "breed": "pug", "second": "xyzzy"}, "second"),
        ({"kind": "breed", "breed": "xyzzy", "second": "pug"}, "breed"),
        ({"kind": "note"}, "note"),
    ],
)
def test_a_fault_stands_at_the_field_that_is_wrong(
    filled: TestClient, form: dict[str, str], field: str
) -> None:
    rex = number(filled, "rex")
    page = filled.post(f"/photos/{rex}/corrections", data=form).text
    wrong = re.findall(r'<input id="(\w+)"[^>]* aria-invalid="true"', page)
    assert wrong == [field]
    assert "--" not in re.sub(r"<!--.*?-->|<style.*?</style>", "", page)


def test_breeds_that_may_be_meant_are_named_in_the_language_of_the_page(filled: TestClient) -> None:
    page = unescape(filled.get("/photos?breed=malteser&lang=en").text)
    assert "The nearest names: Maltese" in page
    page = unescape(filled.get("/photos?breed=malteser&lang=fr").text)
    assert "Bichon maltais" in page.partition("plus proches")[2][:40]


def test_a_dog_can_be_said_to_be_there_where_the_model_sees_none(filled: TestClient) -> None:
    page = filled.get(f"/photos/{number(filled, 'night')}").text
    assert "Is there one after all?" in page
    page = say(filled, "night", kind="unsure")
    assert '<p class="status uncertain">' in page
    assert "Is there one after all?" not in page


def test_its_file_can_be_saved_and_seen_at_full_size(filled: TestClient, kennel: Path) -> None:
    rex = number(filled, "rex")
    page = filled.get(f"/photos/{rex}").text
    assert f'href="/api/v1/photos/{rex}/image?size=full"' in page
    assert f'href="/api/v1/photos/{rex}/file" download' in page
    saved = filled.get(f"/api/v1/photos/{rex}/file")
    assert saved.content == (kennel / "rex.png").read_bytes()
    assert saved.headers["content-disposition"] == 'attachment; filename="rex.png"'
    full = filled.get(f"/api/v1/photos/{rex}/image?size=full")
    with Image.open(io.BytesIO(full.content)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (40, 30))
    Image.new("RGB", (40, 30), "blue").save(kennel / "rex.png")
    assert filled.get(f"/api/v1/photos/{rex}/file").status_code == 404


def test_a_word_that_was_said_meanwhile_stands(filled: TestClient) -> None:
    rex = number(filled, "rex")
    seen = version(filled, rex)
    catalogue_of(filled).label(rex, Label(Kind.BREED, ("pug",), note="DNA", by="Ben"))
    form = {"kind": "breed", "breed": "boxer", "seen": seen}
    refused = filled.post(f"/photos/{rex}/corrections", data=form)
    assert refused.status_code == 409
    assert "Somebody has spoken of" in refused.text
    assert 'value="boxer"' in refused.text
    undo = filled.post(f"/photos/{rex}/corrections", data={"kind": "undo", "seen": seen})
    assert undo.status_code == 409
    assert catalogue_of(filled).photo(rex).note == "DNA"
