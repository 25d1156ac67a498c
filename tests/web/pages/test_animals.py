"""The pages of the animals, as a browser gets them."""

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from barkive.catalogue import Animal, AnimalFields, Animals, Filter

pytestmark = pytest.mark.slow


def text(page: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", page))).strip()


def part(page: str, start: str, end: str) -> str:
    (found,) = re.findall(rf"{start}(.*?){end}", page, re.S)
    return text(found)


def animals(server: TestClient) -> Animals:
    return server.app.state.service.catalogue.animals  # type: ignore[attr-defined,no-any-return]


def number(server: TestClient, name: str) -> int:
    """The number of a photo of the kennel."""
    entries = server.app.state.service.catalogue.search()  # type: ignore[attr-defined]
    return next(one.id for one in entries if Path(one.file).stem == name)


def new(server: TestClient, *photos: str, **fields: Any) -> Animal:
    numbers = [number(server, one) for one in photos]
    return animals(server).new(AnimalFields(**fields), numbers, by="Ada")


def cards(server: TestClient, **query: Any) -> list[str]:
    """What each card of the list says."""
    answer = server.get("/animals", params=query)
    assert answer.status_code == 200
    return [
        text(one) for one in re.findall(r'<li class="tile animal">(.*?)</li>', answer.text, re.S)
    ]


def post(server: TestClient, path: str, **form: Any) -> str:
    """Sends a form that leads to another page; gives what is said there."""
    answer = server.post(path, data=form, follow_redirects=False)
    assert answer.status_code == 303, text(answer.text)
    page = server.get(answer.headers["location"])
    assert page.status_code == 200
    said = re.sub(r"</?a\b[^>]*>", "", page.text)
    return part(said, r'id="said">\s*<p role="status">', "</p>")


def test_without_animals_the_page_says_what_to_do(server: TestClient, filled: TestClient) -> None:
    page = filled.get("/animals").text
    assert "No animals yet" in page
    assert '<a class="button" href="/animals/suggestions">Suggest groups</a>' in page
    assert '<a class="button second" href="/photos">Select photos</a>' in page
    assert "barkive animals import" in page


def test_without_photos_it_leads_to_a_scan(server: TestClient) -> None:
    assert '<a class="button" href="/scan">Scan a folder</a>' in server.get("/animals").text


def test_animals_are_cards(filled: TestClient) -> None:
    rex = new(filled, "rex", name="Rex", code="2026-113")
    new(filled, name="Mila", status="foster home")
    new(filled, code="A7", breeds=("Boxer",), status="adopted")
    page = filled.get("/animals").text
    assert '<h2 id="found" class="number">3 animals</h2>' in page
    assert cards(filled) == [
        "No photo yet Mila foster home breed not known",
        "No picture Rex 2026-113 · in care looks like a Chihuahua",
        "No photo yet A7 adopted Boxer",
    ]
    photo = number(filled, "rex")
    assert f'<img src="/api/v1/photos/{photo}/thumbnail"' in page
    assert f'id="animal-{rex.id}" href="/animals/{rex.id}"' in page
    assert '<a href="/animals" aria-current="page">Animals</a>' in page


def test_the_list_is_narrowed_by_the_address(filled: TestClient) -> None:
    new(filled, "rex", name="Rex", code="B1", sex="male")
    new(filled, name="Rexona", code="A1", sex="female", species="cat", status="lost")
    assert len(cards(filled, text="rex")) == 2
    (one,) = cards(filled, text="rexo")
    assert "Rexona" in one
    for query in ({"status": "lost"}, {"sex": "female"}, {"species": "cat"}, {"photos": "none"}):
        (one,) = cards(filled, **query)
        assert "Rexona" in one
    (one,) = cards(filled, breed="Chihuahua")
    assert "Rex B1" in one
    assert "Rexona" in cards(filled, order="code")[0]
    page = filled.get("/animals?status=lost&text=rex").text
    assert part(page, '<ul class="chips counts"[^>]*>', "</ul>") == "in care 1 lost 1 ×"
    assert '<a href="/animals?text=rex" aria-label="Take off: lost">' in page


def test_what_can_not_be_understood_counts_as_not_there(filled: TestClient) -> None:
    new(filled, name="Rex")
    assert len(cards(filled, sex="x", verdict="x", order="x", photos="x", page="x")) == 1


def test_an_unknown_breed_is_told_and_nothing_is_listed(filled: TestClient) -> None:
    new(filled, name="Rex")
    answer = filled.get("/animals?breed=Zeppelin")
    assert answer.status_code == 422
    assert "Barkive knows no breed called “Zeppelin”." in answer.text
    assert 'class="tile animal"' not in answer.text
    page = unescape(filled.get("/animals?breed=malteser&lang=fr").text)
    assert '<li><a href="/animals?breed=n02085936">Bichon maltais</a></li>' in page


def test_many_animals_come_in_chunks(server: TestClient) -> None:
    for i in range(125):
        animals(server).new(AnimalFields(name=f"Dog {i:03}"))
    page = server.get("/animals").text
    assert page.count('class="tile animal"') == 120
    assert 'data-total="125" data-chunk="120" data-page="1" data-tiles="/animals/tiles"' in page
    assert '<a class="button second" rel="next" href="/animals?page=2">' in page
    rest = server.get("/animals/tiles?page=2").text
    assert re.findall(r"Dog \d+", rest) == [f"Dog {i}" for i in range(120, 125)]


def test_it_speaks_french(filled: TestClient) -> None:
    new(filled, "rex", name="Rex", sex="male")
    filled.headers["Accept-Language"] = "fr"
    assert cards(filled) == ["Pas d'image Rex au refuge ressemble à un Chihuahua"]
    assert '<a href="/animals" aria-current="page">Animaux</a>' in filled.get("/animals").text


def test_an_animal_is_made(filled: TestClient) -> None:
    filled.cookies.set("barkive_name", "Ada")
    rex = number(filled, "rex")
    form = {"name": "Rex", "code": "B1", "birth": "2021-05", "photo": [rex], "status": "lost"}
    assert post(filled, "/animals", **form) == (
        "New animal B1 Rex, with 1 photo. Code: B1. Name: Rex. Born: May 2021. "
        "Status: in care → lost."
    )
    (made,) = animals(filled).list()
    assert (made.name, made.code, made.birth, made.status) == ("Rex", "B1", "2021-05", "lost")


@pytest.mark.parametrize(
    ("form", "field", "said"),
    [
        ({"code": "b1"}, "code", "The code “b1” is already that of B1 Rex;"),
        ({"birth": "May"}, "birth", "“May” is no date of birth;"),
        ({"arrived": "soon"}, "arrived", "“soon” is no day;"),
        ({"left": "late"}, "left", "“late” is no day;"),
        ({"breed": "Zeppelin"}, "breed", "Barkive knows no breed called “Zeppelin”."),
        ({"breed": "Pug", "second": "Zeppelin"}, "second", "Barkive knows no breed called"),
        ({"name": "x" * 201}, "name", "The limit of the name is 200 characters; this has 201."),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    server: TestClient, form: dict[str, str], field: str, said: str
) -> None:
    animals(server).new(AnimalFields(code="B1", name="Rex"))
    answer = server.post("/animals", data={"notes": "<kept>", **form})
    assert answer.status_code == (409 if field == "code" else 422)
    assert "&lt;kept&gt;</textarea>" in answer.text
    assert f'name="{field}"' in answer.text
    assert re.findall(r'name="(\w+)"[^>]*aria-invalid="true"', answer.text) == [field]
    (found,) = re.findall(rf'id="a-{field}-fault" role="alert">(.*?)</p>', answer.text, re.S)
    assert unescape(found).startswith(said)
    assert animals(server).count() == 1


def test_a_breed_that_barkive_has_no_name_for_is_taken_as_written(server: TestClient) -> None:
    refused = server.post("/animals", data={"breed": "Zeppelin"})
    assert 'name="other" value="true"' in refused.text
    post(server, "/animals", breed="Zeppelin", other="true")
    (made,) = animals(server).list()
    assert [one.en for one in made.verdict.labels] == ["Zeppelin"]


def test_a_breed_that_may_be_meant_can_be_chosen(server: TestClient) -> None:
    refused = server.post("/animals", data={"breed": "malteser"}).text
    assert '<input type="radio" name="breed" value="Maltese"> Maltese</label>' in refused
    post(server, "/animals", breed=["malteser", "Maltese"])
    (made,) = animals(server).list()
    assert [one.en for one in made.verdict.labels] == ["Maltese"]


def test_an_animals_page_tells_what_is_known(filled: TestClient) -> None:
    fields = {"name": "Rex", "code": "B1", "sex": "male", "birth": "2021", "arrived": "2026-10-03"}
    rex = new(filled, "rex", "mila", "mix", **fields, birth_is_estimate=True, notes="Kind.")
    page = filled.get(f"/animals/{rex.id}").text
    assert "<h1>B1 Rex</h1>" in page
    assert part(page, '<dl class="facts">', "</dl>") == (
        "Code B1 Status in care Species dog Sex male Born 2021 (estimate) Came on 3 Oct 2026"
    )
    assert '<blockquote class="written">Kind.</blockquote>' in page
    assert page.count('<li class="tile view">') == 3
    assert f'href="/animals/{rex.id}/card.pdf?size=a5&amp;lang=en"' in page
    assert part(page, '<ol class="history">', "</li>").startswith(
        "New animal B1 Rex, with 3 photos Code: B1 Name: Rex "
    )


def test_the_record_is_changed(filled: TestClient) -> None:
    rex = new(filled, name="Rex", breeds=("Boxer",))
    page = filled.get(f"/animals/{rex.id}").text
    assert 'name="breed" type="text" value="Boxer"' in page
    form = {"name": "Max", "breed": "Boxer", "status": "Adopted", "seen": str(rex.version)}
    assert post(filled, f"/animals/{rex.id}/edit", **form) == (
        "Record of Max changed. Name: Rex → Max. Status: in care → adopted."
    )
    assert animals(filled).get(rex.id).status == "adopted"


def test_what_somebody_else_did_meanwhile_is_told_and_nothing_is_lost(filled: TestClient) -> None:
    rex = new(filled, name="Rex")
    now = animals(filled).edit(rex.id, AnimalFields(name="Max"), by="Ben")
    answer = filled.post(f"/animals/{rex.id}/edit", data={"name": "Tom", "seen": str(rex.version)})
    assert answer.status_code == 409
    assert "Record of Max changed · Ben" in part(
        answer.text, 'class="notice warning" role="alert">', "</ul>"
    )
    assert "Name: Rex → Max" in text(answer.text)
    assert 'name="name" type="text" value="Tom"' in answer.text
    assert f'name="seen" value="{now.version}"' in answer.text
    assert animals(filled).get(rex.id).name == "Max"
    post(filled, f"/animals/{rex.id}/edit", name="Tom", seen=str(now.version))
    assert animals(filled).get(rex.id).name == "Tom"


def test_a_main_photo_is_chosen_and_left_to_barkive(filled: TestClient) -> None:
    rex = new(filled, "rex", "mila", name="Rex")
    photos = f"/animals/{rex.id}/photos"
    mila = number(filled, "mila")
    assert post(filled, photos, main=mila) == "Record of Rex changed. Another main photo."
    assert animals(filled).get(rex.id).main_photo == mila
    assert "Let Barkive choose the main photo" in filled.get(f"/animals/{rex.id}").text
    assert post(filled, photos, main=0).endswith("No chosen main photo any more.")


def test_photos_are_taken_away_moved_and_split_off(filled: TestClient) -> None:
    rex = new(filled, "rex", "mila", "mix", name="Rex")
    tom = new(filled, name="Tom", code="T1")
    photos = f"/animals/{rex.id}/photos"
    mila, mix = number(filled, "mila"), number(filled, "mix")
    answer = filled.post(photos, data={"act": "take_away"})
    assert answer.status_code == 422
    assert "No photo is selected." in answer.text
    assert post(filled, photos, act="take_away", photo=mila) == "1 photo taken away from Rex."
    assert post(filled, photos, act="move", photo=mix, target="t1") == (
        "1 photo moved from Rex to T1 Tom."
    )
    assert animals(filled).get(tom.id).photos == 1
    history = part(filled.get(f"/animals/{tom.id}").text, '<ol class="history">', "</ol>")
    assert "1 photo moved from Rex to T1 Tom" in history
    said = post(filled, photos, act="split", photo=number(filled, "rex"))
    (made,) = {one.id for one in animals(filled).list()} - {rex.id, tom.id}
    assert said == f"New animal {made}, made of 1 photo of Rex."
    assert animals(filled).get(rex.id).photos == 0


def test_whom_a_name_means_is_asked_where_several_have_it(filled: TestClient) -> None:
    rex = new(filled, "rex", name="Rex")
    first, second = new(filled, name="Tom"), new(filled, name="Tom", code="T2")
    photos = f"/animals/{rex.id}/photos"
    form = {"act": "move", "photo": str(number(filled, "rex"))}
    answer = filled.post(photos, data={**form, "target": "tom"})
    assert answer.status_code == 422
    assert "“tom” is not the code, the number or the only name of one animal." in answer.text
    offered = re.findall(r'<button class="second" name="target" value="(\d+)">', answer.text)
    assert {int(one) for one in offered} == {first.id, second.id}
    assert f'name="photo" value="{form["photo"]}"' in answer.text
    post(filled, photos, **form, target=second.id)
    assert animals(filled).get(second.id).photos == 1


def test_two_animals_are_shown_before_they_become_one(filled: TestClient) -> None:
    rex, tom = new(filled, "rex", name="Rex"), new(filled, "mila", name="Tom", code="T1")
    merge = f"/animals/{rex.id}/merge"
    assert filled.get(merge, params={"other": "nobody"}).status_code == 422
    page = filled.get(merge, params={"other": "T1"}).text
    assert '<h2 id="side-1"><a href="' in page
    assert f'name="keep" value="{rex.id}">One animal: keep Rex</button>' in page
    assert f'name="keep" value="{tom.id}">One animal: keep T1 Tom</button>' in page
    said = post(filled, merge, other=tom.id, keep=rex.id)
    assert said == "Tom merged into T1 Rex. Code: T1."
    moved = filled.get(f"/animals/{tom.id}", follow_redirects=False)
    assert (moved.status_code, moved.headers["location"]) == (303, f"/animals/{rex.id}")


def test_what_was_done_is_undone(filled: TestClient) -> None:
    rex = new(filled, "rex", name="Rex")
    edited = animals(filled).edit(rex.id, AnimalFields(name="Max"), by="Ben")
    said = post(filled, "/acts/undo", act=edited.version, back=f"/animals/{rex.id}")
    assert said == "Undone: Record of Rex changed."
    assert animals(filled).get(rex.id).name == "Rex"
    page = filled.get(f"/animals/{rex.id}").text
    assert '<span class="tag wait">undone</span>' in page
    again = filled.post("/acts/undo", data={"act": edited.version, "back": f"/animals/{rex.id}"})
    assert again.status_code == 409
    assert f'<a href="/animals/{rex.id}">‹ Back</a>' in again.text
    assert f"Act {edited.version} was taken back already." in again.text
    renamed = animals(filled).edit(rex.id, AnimalFields(name="Max"))
    data = {"act": renamed.version, "back": "//elsewhere.example/"}
    away = filled.post("/acts/undo", data=data, follow_redirects=False)
    assert away.headers["location"].startswith("/acts?act=")


def test_a_removed_animal_says_so_and_comes_back(filled: TestClient) -> None:
    rex = new(filled, "rex", name="Rex")
    said = post(filled, f"/animals/{rex.id}/remove")
    assert said == "Animal Rex removed."
    gone = filled.get(f"/animals/{rex.id}")
    assert gone.status_code == 404
    assert "Rex was removed" in gone.text
    (act,) = re.findall(r'name="act" value="(\d+)"', gone.text)
    post(filled, "/acts/undo", act=act, back=f"/animals/{rex.id}")
    assert animals(filled).get(rex.id).photos == 1
    assert filled.get("/animals/12345").status_code == 404


def test_a_kennel_card_is_a_pdf(filled: TestClient) -> None:
    rex, tom = new(filled, "rex", name="Rex"), new(filled, name="Tom")
    for path in (f"/animals/{rex.id}/card.pdf?size=a5", f"/animals/{tom.id}/card.pdf?size=a4"):
        answer = filled.get(path)
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.content.startswith(b"%PDF-")
    assert filled.get(f"/animals/{rex.id}/card.pdf?size=a3").status_code == 422


def test_animals_are_found_by_a_few_letters(filled: TestClient) -> None:
    rex = new(filled, name="Rex")
    new(filled, name="Réxane", code="B2")
    assert filled.get("/animals/names?search=rex").json() == [
        {"name": str(rex.id), "title": "Rex", "more": "breed not known"},
        {"name": "B2", "title": "B2 Réxane", "more": "breed not known"},
    ]


def test_addresses_of_refused_forms_lead_back(filled: TestClient) -> None:
    rex = new(filled, name="Rex")
    for path in ("edit", "photos", "remove"):
        answer = filled.get(f"/animals/{rex.id}/{path}?lang=fr", follow_redirects=False)
        assert answer.headers["location"] == f"/animals/{rex.id}?lang=fr"


def test_the_photos_of_an_animal_are_still_in_the_catalogue(filled: TestClient) -> None:
    rex = new(filled, "rex", name="Rex")
    animals(filled).remove(rex.id)
    assert filled.app.state.service.catalogue.count(Filter()) == 5  # type: ignore[attr-defined]


def views(server: TestClient, animal: Animal) -> list[str]:
    """What is said of each photo of an animal, without what can be done with it."""
    page = server.get(f"/animals/{animal.id}").text
    found = re.findall(r'<li class="tile view">(.*?)<span class="do">', page, re.S)
    return [text(one) for one in found]


def test_each_photo_says_what_it_shows(filled: TestClient, kennel: Path) -> None:
    rex = new(filled, "rex", "mila", name="Rex")
    assert views(filled, rex) == [
        "No picture Chihuahua 92% rex.png Main photo",
        "No picture Pug 92% mila.png disagrees",
    ]
    page = filled.get(f"/animals/{rex.id}").text
    assert "Its photos contradict each other." in page
    (card,) = cards(filled)
    assert "photos disagree" in card
    assert len(cards(filled, verdict="disagrees")) == 1


def test_a_photo_tells_which_animals_it_shows(filled: TestClient) -> None:
    photo = number(filled, "rex")
    path = f"/photos/{photo}"
    assert "No animal has this photo yet." in filled.get(path).text
    rex = new(filled, name="Rex", code="B1")
    answer = filled.post(f"{path}/animals", data={"animal": "b1"}, follow_redirects=False)
    assert answer.status_code == 303
    page = filled.get(answer.headers["location"].partition("#")[0]).text
    assert "1 photo added to B1 Rex" in text(page)
    assert f'<li><a href="/animals/{rex.id}">B1 Rex</a>' in page
    answer = filled.post(
        f"{path}/animals", data={"act": "take_away", "animal": rex.id}, follow_redirects=False
    )
    assert answer.status_code == 303
    assert animals(filled).get(rex.id).photos == 0
    unknown = filled.post(f"{path}/animals", data={"animal": "nobody"})
    assert unknown.status_code == 422
    assert "“nobody” is not the code, the number or the only name" in unknown.text
    back = filled.get(f"{path}/animals?lang=fr", follow_redirects=False)
    assert back.headers["location"] == f"{path}?lang=fr"


def test_which_of_ours_a_photo_shows(filled: TestClient) -> None:
    rex, tom = new(filled, "rex", name="Rex"), new(filled, "mila", name="Tom")
    photo = number(filled, "mix")
    page = filled.get(f"/animals/which?photo={photo}").text
    found = re.findall(r'<h3><a href="/animals/(\d+)">', page)
    assert {int(one) for one in found} == {rex.id, tom.id}
    assert "Likeness is no proof" in page
    assert f'action="/photos/{photo}/animals"' in page
    assert "Add this photo to Rex" in page
    assert filled.get("/animals/which?photo=12345").status_code == 404


def test_a_photo_that_is_sent_is_compared_and_not_kept(filled: TestClient, kennel: Path) -> None:
    rex = new(filled, "rex", name="Rex")
    before = filled.app.state.service.catalogue.count()  # type: ignore[attr-defined]
    red = (kennel / "rex.png").read_bytes()
    page = filled.post("/animals/which", files={"files": ("found.png", red)}).text
    assert re.findall(r'<h3><a href="/animals/(\d+)">', page) == [str(rex.id)]
    assert "nearly the same" in page
    assert "Add this photo" not in page
    assert filled.app.state.service.catalogue.count() == before  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (["a.txt"], "a.txt can't be compared. It is not a photo in a format that Barkive reads"),
        (["a.png", "b.png"], "There are 2 photos in the request; send one."),
    ],
)
def test_what_is_no_photo_is_refused(filled: TestClient, files: list[str], said: str) -> None:
    sent = [("files", (name, b"no photo")) for name in files]
    answer = filled.post("/animals/which", files=sent)
    assert answer.status_code == 422
    (found,) = re.findall(r'role="alert">(.*?)</p>', answer.text)
    assert unescape(found).startswith(said)
