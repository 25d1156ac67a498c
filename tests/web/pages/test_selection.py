"""What is done with many photos of the gallery at once, as a browser sends it."""

from __future__ import annotations

import csv
import io
import re
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from starlette.testclient import TestClient

from barkive.catalogue import AnimalFields, AnimalFilter, Catalogue, Filter, Kind, Label
from barkive.web.pages import acts, exports, selection

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is, what is done is waited for."""
    for page in (acts, exports, selection):
        monkeypatch.setattr(page, "PATIENCE", 60.0)


@pytest.fixture
def catalogue(filled: TestClient) -> Catalogue:
    """That of the server whose kennel is catalogued."""
    catalogue: Catalogue = filled.app.state.service.catalogue  # type: ignore[attr-defined]
    return catalogue


@pytest.fixture
def numbers(catalogue: Catalogue) -> dict[str, int]:
    """The numbers of the photos by the names of their files."""
    return {Path(one.file).stem: one.id for one in catalogue.search()}


def sent(numbers: dict[str, int], *names: str) -> dict[str, str]:
    """The field that says which photos are selected."""
    return {"photos": " ".join(str(numbers[name]) for name in names)}


def files(catalogue: Catalogue, **asked: Any) -> set[str]:
    return {Path(one.file).stem for one in catalogue.search(Filter(**asked))}


def said(catalogue: Catalogue) -> dict[str, list[str]]:
    """What people said of photos."""
    return {
        Path(one.file).stem: [label.en for label in one.labels] or [one.status.value]
        for one in catalogue.search(Filter(corrected=True))
    }


def fields(page: str) -> dict[str, str]:
    """The hidden fields of the last form of a page."""
    found = re.findall(r'<input type="hidden" name="(\w+)" value="(.*?)">', page)
    return {name: unescape(value) for name, value in found}


def notice(page: str) -> str:
    """What was just done, as the gallery says it."""
    (told,) = re.findall(r'id="said">\s*<p role="status">(.*?)</p>', page)
    return unescape(re.sub(r"<.*?>", "", told)).strip().removesuffix(".")


def done_last(page: str) -> list[str]:
    """What was done last, as the page lists it."""
    told = re.findall(r'<span class="what">(.*?)</span>', page)
    return [unescape(re.sub(r"<.*?>", "", one)) for one in told]


def alert(page: str) -> str:
    (told,) = re.findall(r'role="alert".*?>(.*?)</p>', page)
    return unescape(told)


def undone(server: TestClient, page: str) -> str:
    """The page after its button `Undo` was pressed."""
    (act,) = re.findall(r'name="act" value="(\d+)"', page)
    (back,) = re.findall(r'name="back" value="(.*?)"', page)
    answer = server.post("/acts/undo", data={"act": act, "back": unescape(back)})
    assert answer.status_code == 200
    return answer.text


def test_a_photo_can_be_ticked_without_script(filled: TestClient, numbers: dict[str, int]) -> None:
    page = filled.get("/photos").text
    boxes = re.findall(r'name="photo" value="(\d+)" form="selection"', page)
    assert [int(one) for one in boxes] == list(numbers.values())
    answer = filled.post("/selection", data={"photo": boxes[:2], "step": "label", "since": "0"})
    assert answer.status_code == 200
    assert "<h1>Label 2 photos</h1>" in answer.text
    assert fields(answer.text)["photos"] == " ".join(boxes[:2])
    assert "style=" not in answer.text
    assert "<script>" not in answer.text


def test_an_animal_is_made_and_undone(
    filled: TestClient, catalogue: Catalogue, numbers: dict[str, int]
) -> None:
    data = {**sent(numbers, "rex", "mix"), "name": "<b>Rex</b>", "code": "2026-113"}
    page = filled.post("/selection/new", data=data)
    assert page.status_code == 200
    rex = catalogue.animals.get("2026-113")
    assert str(page.url).endswith(f"/animals/{rex.id}?act={rex.version}")
    assert files(catalogue, animal=rex.id) == {"rex", "mix"}
    shown = filled.get("/photos", params={"animal": rex.id, "act": rex.version})
    assert notice(shown.text) == "New animal 2026-113 <b>Rex</b>, with 2 photos"
    assert (
        re.findall(r'class="animal">.*?</span>(.*?)</span>', shown.text)
        == ["&lt;b&gt;Rex&lt;/b&gt;"] * 2
    )
    page_after = undone(filled, filled.get("/photos", params={"act": rex.version}).text)
    assert notice(page_after) == "Undone: New animal 2026-113 <b>Rex</b>, with 2 photos"
    assert catalogue.animals.count() == 0
    assert "There is no animal" in alert(filled.get(str(shown.url)).text)


def test_a_code_that_is_taken_is_told_beside_its_field(
    filled: TestClient, catalogue: Catalogue, numbers: dict[str, int]
) -> None:
    catalogue.animals.new(AnimalFields(code="A1", name="Rex"))
    data = {**sent(numbers, "mix"), "name": "Mila", "code": "a1"}
    page = filled.post("/selection/new", data=data)
    assert page.status_code == 409
    assert alert(page.text) == (
        "The code “a1” is already that of A1 Rex; give each animal its own."
    )
    assert re.search(r'id="name".*value="Mila"', page.text)
    assert re.search(r'id="code".*value="a1".*aria-invalid="true"', page.text)
    assert fields(page.text)["photos"] == str(numbers["mix"])
    assert catalogue.animals.count() == 1


def test_photos_are_added_to_an_animal_that_is_searched(
    filled: TestClient, catalogue: Catalogue, numbers: dict[str, int]
) -> None:
    rex = catalogue.animals.new(AnimalFields(code="A1", name="Rex"), [numbers["rex"]])
    catalogue.animals.new(AnimalFields(name="Mila"))
    data = sent(numbers, "rex", "mix")
    page = filled.post("/selection", data={**data, "step": "add"}).text
    assert re.findall(r"<strong>(.*?)</strong>", page) == ["Mila", "A1 Rex"]
    assert "1 photo to A1 Rex." in page
    page = filled.post("/selection", data={**data, "step": "add", "text": "re"}).text
    assert re.findall(r"<strong>(.*?)</strong>", page) == ["A1 Rex"]
    page = filled.post("/selection", data={**data, "step": "add", "text": "zeppelin"}).text
    assert "No animal fits." in page
    added = filled.post("/selection/add", data={**data, "animal": str(rex.id)})
    assert notice(added.text) == "1 photo added to A1 Rex"
    assert files(catalogue, animal=rex.id) == {"rex", "mix"}
    assert notice(undone(filled, added.text)).startswith("Undone: 1 photo added")
    assert files(catalogue, animal=rex.id) == {"rex"}


def test_an_animal_that_is_gone_is_told(filled: TestClient, numbers: dict[str, int]) -> None:
    page = filled.post("/selection/add", data={**sent(numbers, "rex"), "animal": "17"})
    assert page.status_code == 404
    assert alert(page.text).startswith("There is no animal “17”")


def test_photos_are_labelled_and_it_is_undone_as_one(
    filled: TestClient, catalogue: Catalogue, numbers: dict[str, int]
) -> None:
    filled.cookies.set("barkive_name", "Ada")
    data = {**sent(numbers, "rex", "mix", "night"), "kind": "breed", "breed": "boxer"}
    page = filled.post("/selection/label?status=dog&page=1", data=data)
    assert page.status_code == 200
    assert dict(page.url.params) == {"status": "dog", "act": "1"}
    assert notice(page.text) == "3 photos labelled: Boxer"
    assert said(catalogue) == {"rex": ["Boxer"], "mix": ["Boxer"], "night": ["Boxer"]}
    assert notice(filled.get(str(page.url)).text) == "3 photos labelled: Boxer"
    after = undone(filled, page.text)
    assert notice(after) == "Undone: 3 photos labelled: Boxer"
    assert said(catalogue) == {}
    assert notice(filled.get(str(page.url)).text) == "3 photos labelled: Boxer undone"


@pytest.mark.parametrize(
    ("form", "expected", "told"),
    [
        ({"kind": "breed", "breed": "pug", "second": "boxer"}, ["Pug", "Boxer"], "Pug × Boxer"),
        ({"kind": "not_dog"}, ["not_dog"], "no dog"),
        ({"kind": "unsure"}, ["uncertain"], "can't be told"),
    ],
)
def test_all_that_can_be_said_of_many(
    form: dict[str, str],
    expected: list[str],
    told: str,
    filled: TestClient,
    catalogue: Catalogue,
    numbers: dict[str, int],
) -> None:
    page = filled.post("/selection/label", data={**sent(numbers, "rex"), **form}).text
    found = catalogue.photo(numbers["rex"])
    assert ([one.en for one in found.labels] or [found.status.value]) == expected
    assert notice(page) == f"1 photo labelled: {told}"


def test_a_breed_that_may_be_meant_is_asked_for_and_the_photos_stay_chosen(
    filled: TestClient, catalogue: Catalogue, numbers: dict[str, int]
) -> None:
    data = {**sent(numbers, "rex", "mix"), "kind": "breed", "breed": "bulldogg"}
    page = filled.post("/selection/label", data=data)
    assert page.status_code == 422
    assert "bulldogg" in alert(page.text)
    forms = re.findall(r'<form.*?class="actions">(.*?)</form>', page.text, re.S)
    (name, value) = re.findall(r'name="(\w+)" value="(.*?)">As written', forms[1])[0] or ("", "")
    again = {**fields(forms[1]), name: value}
    assert again["photos"] == data["photos"]
    done = filled.post("/selection/label", data=again)
    assert notice(done.text) == "2 photos labelled: bulldogg"
    assert said(catalogue) == {"rex": ["bulldogg"], "mix": ["bulldogg"]}


def test_a_note_alone_is_written_beside_what_was_said(
    filled: TestClient, catalogue: Catalogue, numbers: dict[str, int]
) -> None:
    catalogue.label(numbers["rex"], Label(Kind.BREED, ("pug",)))
    data = {**sent(numbers, "rex", "mix"), "kind": "note", "note": "from the fair"}
    page = filled.post("/selection/label", data=data).text
    assert notice(page) == "2 photos labelled: the note “from the fair”"
    assert {catalogue.photo(numbers[name]).note for name in ("rex", "mix")} == {"from the fair"}
    assert said(catalogue) == {"rex": ["Pug"]}
    undone(filled, page)
    assert catalogue.photo(numbers["mix"]).note is None


@pytest.mark.parametrize(
    ("form", "field", "told"),
    [
        ({"kind": "breed", "breed": "pug", "second": "carlin"}, "second", "are the same breed"),
        ({"kind": "breed", "breed": "", "note": "lame"}, "breed", "The name of the breed is empty"),
        ({"kind": "note"}, "note", "The note is empty"),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_nothing_is_lost(
    form: dict[str, str],
    field: str,
    told: str,
    filled: TestClient,
    catalogue: Catalogue,
    numbers: dict[str, int],
) -> None:
    answer = filled.post("/selection/label", data={**sent(numbers, "rex", "mix"), **form})
    assert answer.status_code == 422
    assert told in alert(answer.text)
    (wrong,) = re.findall(r"<input[^>]*aria-invalid[^>]*>", answer.text)
    assert f'name="{field}"' in wrong
    for name, value in form.items():
        assert name == "kind" or f'name="{name}"' in answer.text
        assert name == "kind" or f'value="{value}"' in answer.text
    assert said(catalogue) == {}


def test_what_could_not_be_labelled_is_told_with_its_reason(
    filled: TestClient, catalogue: Catalogue, numbers: dict[str, int], kennel: Path
) -> None:
    (kennel / "mix.png").write_bytes((kennel / "night.png").read_bytes())
    data = {**sent(numbers, "rex", "mix"), "kind": "breed", "breed": "pug"}
    page = filled.post("/selection/label?folder=", data=data)
    assert page.status_code == 200
    assert '<h1 aria-live="polite">1 photo labelled</h1>' in page.text
    assert "1 photo was left out" in page.text
    assert re.search(r"<li>\S+mix\.png holds another picture than when it was scanned", page.text)
    assert said(catalogue) == {"rex": ["Pug"]}
    undone(filled, page.text)
    assert said(catalogue) == {}


def test_what_somebody_said_meanwhile_stays_unless_it_is_meant(
    filled: TestClient, catalogue: Catalogue, numbers: dict[str, int]
) -> None:
    catalogue.label(numbers["rex"], Label(Kind.BREED, ("Boxer",), by="Ada"))
    since = re.findall(r'name="since" value="(\d+)"', filled.get("/photos").text)[0]
    catalogue.label(numbers["mix"], Label(Kind.BREED, ("Boxer",), by="Bo"))
    data = {**sent(numbers, "rex", "mix"), "since": since}
    asked = filled.post("/selection", data={**data, "step": "label"}).text
    assert "Somebody has named 1 of these photos since you opened the list." in asked
    assert re.findall(r'<li>(.*mix\.png) <span class="soft">Boxer</span>', asked)
    page = filled.post("/selection/label", data={**data, "kind": "breed", "breed": "pug"}).text
    assert re.search(r"<li>Somebody has named \S+mix\.png since you opened the list\.</li>", page)
    assert said(catalogue) == {"rex": ["Pug"], "mix": ["Boxer"]}
    meant = {**data, "kind": "breed", "breed": "pug", "others": "true"}
    assert notice(filled.post("/selection/label", data=meant).text) == "2 photos labelled: Pug"
    assert said(catalogue) == {"rex": ["Pug"], "mix": ["Pug"]}


def test_all_of_a_filter_without_those_taken_out(
    filled: TestClient, catalogue: Catalogue, numbers: dict[str, int]
) -> None:
    data = {**sent(numbers, "rex"), "every": "true", "matching": "2"}
    page = filled.post("/selection?status=dog", data={**data, "step": "label"}).text
    assert "<h1>Label 1 photo</h1>" in page
    assert {name: fields(page)[name] for name in ("photos", "every", "matching")} == data
    done = filled.post("/selection/label?status=dog", data={**data, "kind": "not_dog"})
    assert notice(done.text) == "1 photo labelled: no dog"
    assert said(catalogue) == {"mila": ["not_dog"]}


def goes_to(server: TestClient, query: str = "", **data: str) -> tuple[str, dict[str, str]]:
    """Where somebody is led who wants to review what they selected."""
    answer = server.post(
        f"/selection{query}", data={**data, "step": "review"}, follow_redirects=False
    )
    assert answer.status_code == 303
    target = urlsplit(answer.headers["location"])
    return target.path, dict(parse_qsl(target.query))


def test_what_is_selected_is_reviewed(filled: TestClient, numbers: dict[str, int]) -> None:
    two = sent(numbers, "rex", "mix")
    assert goes_to(filled, "?status=dog", **two) == ("/review", {"numbers": two["photos"]})
    page = filled.get("/review", params={"numbers": two["photos"]}).text
    assert "2 photos selected" in page
    assert "2 photos left" in page
    assert "2 photos selected" in filled.get("/photos", params={"numbers": two["photos"]}).text
    # All that are listed are named by what lists them.
    every = {"every": "true", "matching": "3"}
    folder = {"folder": "/", "status": "dog"}
    assert goes_to(filled, "?folder=/&status=dog", **every) == ("/review", folder)


def test_more_than_an_address_holds_are_not_reviewed_one_by_one(filled: TestClient) -> None:
    many = {"photos": " ".join(map(str, range(1, 302))), "step": "review"}
    answer = filled.post("/selection", data=many)
    assert answer.status_code == 422
    assert alert(answer.text).startswith("301 photos can't be picked for a review one by one")
    assert filled.get("/photos", params={"numbers": many["photos"]}).status_code == 422
    nothing = filled.post("/selection", data={"step": "review"})
    assert nothing.status_code == 422
    assert "Review 0 photos" in nothing.text


def test_other_photos_than_the_visitor_saw_are_asked_after_again(
    filled: TestClient, catalogue: Catalogue
) -> None:
    data = {"every": "true", "matching": "3", "kind": "not_dog"}
    page = filled.post("/selection/label?status=dog", data=data)
    assert page.status_code == 409
    assert alert(page.text) == (
        "The number of photos that fit the filters was 3 when you selected all, and is 2 now. "
        "Nothing was done: "
        "look at the number, and say again what you mean."
    )
    assert said(catalogue) == {}
    again = {**fields(page.text), "kind": "not_dog"}
    assert again["matching"] == "2"
    done = filled.post("/selection/label?status=dog", data=again)
    assert notice(done.text) == "2 photos labelled: no dog"


def test_many_photos_are_asked_after_once_more(
    filled: TestClient, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "MANY", 4)
    data = {"every": "true", "matching": "5", "name": "Pack"}
    page = filled.post("/selection", data={**data, "step": "new"}).text
    assert 'name="sure" value="true" required> Yes, all 5 photos' in page
    refused = filled.post("/selection/new", data=data)
    assert refused.status_code == 422
    assert alert(refused.text) == "Nothing was done yet: say that you mean all 5 photos."
    assert catalogue.animals.count() == 0
    filled.post("/selection/new", data={**data, "sure": "true"})
    assert catalogue.animals.get("Pack").photos == 5


def test_a_selection_is_exported(filled: TestClient, numbers: dict[str, int]) -> None:
    data = {**sent(numbers, "mix", "rex"), "form": "csv"}
    answer = filled.post("/selection/export", data=data)
    assert answer.headers["content-disposition"] == 'attachment; filename="barkive.csv"'
    rows = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert {Path(row["file"]).stem for row in rows} == {"rex", "mix"}
    sheet = filled.post("/selection/export", data={**data, "form": "contact-sheet"})
    assert sheet.content[:5] == b"%PDF-"
    again = filled.post("/selection/export", data={**data, "form": "nothing"})
    assert "<h1>Export 2 photos</h1>" in again.text
    assert "no form was chosen" in again.text
    odd = filled.post("/selection/export", data={**data, "form": "crops", "margin": "wide"})
    assert odd.status_code == 422
    assert "The margin is “wide”; give a number of per cent from 0 to 100." in odd.text
    assert 'name="margin" inputmode="decimal" maxlength="20" value="wide"' in odd.text
    assert 'value="crops" required checked' in odd.text


@pytest.mark.parametrize("path", ["", "/new", "/label", "/export"])
def test_without_photos_nothing_is_done(path: str, filled: TestClient) -> None:
    answer = filled.post(f"/selection{path}", data={"kind": "not_dog"})
    assert answer.status_code == 422
    assert alert(answer.text) == "No photo is selected. Go back to the photos, and tick some."


@pytest.mark.parametrize(
    "data",
    [
        {"photos": "12 abc"},
        {"photos": "9" * 19},
        {"photo": "-1"},
        {"photos": "1", "matching": "-1"},
        {"photos": "1", "kind": "undo"},
    ],
)
def test_what_no_page_sends_is_refused(data: dict[str, str], filled: TestClient) -> None:
    answer = filled.post("/selection/label", data={"kind": "not_dog", **data})
    assert answer.status_code == 422


def test_a_photo_that_is_not_there_is_told(filled: TestClient) -> None:
    answer = filled.post("/selection/label", data={"photos": "12", "kind": "not_dog"})
    assert answer.status_code == 404
    assert "12" in alert(answer.text)


def test_a_filter_with_a_mistake_selects_nothing(filled: TestClient) -> None:
    data = {"every": "true", "matching": "5", "kind": "not_dog"}
    answer = filled.post("/selection/label?before=never", data=data)
    assert answer.status_code == 409


def test_the_numbers_of_a_part_of_the_list(filled: TestClient, numbers: dict[str, int]) -> None:
    listed = list(numbers.values())
    path = "/selection/numbers"
    assert filled.get(path, params={"first": 1, "last": 3}).json() == listed[1:4]
    dogs = [numbers["rex"], numbers["mila"]]
    asked = f"{path}?status=dog&first=0&last=99"
    assert sorted(filled.get(asked).json()) == sorted(dogs)
    assert filled.get(f"{asked}&before=never").json() == []
    assert filled.get(path, params={"first": -1, "last": 3}).status_code == 422


@pytest.mark.parametrize("path", ["", "/new", "/add", "/label", "/export"])
def test_the_address_of_a_form_leads_to_the_photos(path: str, filled: TestClient) -> None:
    answer = filled.get(f"/selection{path}?status=dog&page=2&lang=fr", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/photos?status=dog&page=2&lang=fr"


def test_what_takes_long_is_watched(
    filled: TestClient,
    catalogue: Catalogue,
    numbers: dict[str, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import threading

    jobs = filled.app.state.service.label_jobs  # type: ignore[attr-defined]
    go_on = threading.Event()
    label = catalogue.animals.label

    def wait(*given: Any, **options: Any) -> Any:
        options["on_progress"](0, 2)
        assert go_on.wait(30)
        return label(*given, **options)

    monkeypatch.setattr(type(catalogue.animals), "label", lambda _, *a, **o: wait(*a, **o))
    monkeypatch.setattr(selection, "PATIENCE", 0.0)
    data = {**sent(numbers, "rex", "mix"), "kind": "not_dog"}
    page = filled.post("/selection/label?status=dog", data=data)
    assert '<h1 aria-live="polite">Working…</h1>' in page.text
    assert '<meta http-equiv="refresh" content="2">' in page.text
    (events,) = re.findall(r'data-events="(.*?)"', page.text)
    go_on.set()
    told = filled.get(events).text
    assert told.endswith("event: end\ndata: {}\n\n")
    (job,) = jobs._jobs.values()
    assert not jobs.wait(job, 30).is_at_work
    after = filled.get(str(page.url))
    assert notice(after.text) == "2 photos labelled: no dog"
    assert dict(after.url.params) == {"status": "dog", "act": "1"}


def test_a_job_that_nobody_remembers_leads_to_what_was_done(filled: TestClient) -> None:
    answer = filled.get("/selection/jobs/3f2a", follow_redirects=False)
    assert answer.headers["location"] == "/acts"
    assert filled.get("/selection/jobs/3f2a/events").status_code == 404


def test_the_last_changes_are_listed_and_undone(
    filled: TestClient, catalogue: Catalogue, numbers: dict[str, int]
) -> None:
    assert "Nothing was changed yet." in filled.get("/acts").text
    rex = catalogue.animals.new(AnimalFields(name="Rex"), [numbers["rex"]], by="Ada")
    catalogue.animals.add(rex, [numbers["mix"]])
    page = filled.get("/acts").text
    assert done_last(page) == [
        "1 photo added to Rex",
        "New animal Rex, with 1 photo",
    ]
    first = re.findall(r'name="act" value="(\d+)"', page)[1]
    catalogue.animals.edit(rex, AnimalFields(name="Max"))
    refused = filled.post("/acts/undo", data={"act": first})
    assert refused.status_code == 409
    assert alert(refused.text).startswith("Somebody has changed since")
    assert catalogue.animals.count() == 1
    catalogue.animals.remove(rex)
    assert done_last(filled.get("/acts?lang=en").text)[0] == "Animal Max removed"
    assert done_last(filled.get("/acts?lang=fr").text)[0] == "Animal Max supprimé"
    assert filled.post("/acts/undo", data={"act": "999"}).status_code == 409
    assert filled.get("/acts/undo", follow_redirects=False).headers["location"] == "/acts"


def test_whoever_wants_an_act_that_there_is_not_sees_no_notice(filled: TestClient) -> None:
    for value in ("999", "x", "9" * 40, "-1"):
        assert 'id="said"' not in filled.get("/photos", params={"act": value}).text


def test_the_gallery_is_filtered_by_animals(
    filled: TestClient, catalogue: Catalogue, numbers: dict[str, int]
) -> None:
    rex = catalogue.animals.new(AnimalFields(code="A1", name="Rex"), [numbers["rex"]])

    def shown(**asked: str) -> list[str]:
        page = filled.get("/photos", params=asked).text
        return re.findall(r'<span class="file">(.*?)</span>', page)

    assert shown(animal=str(rex.id)) == ["rex.png"]
    assert shown(grouped="yes") == shown(grouped="true") == ["rex.png"]
    assert len(shown(grouped="no")) == 4
    page = filled.get("/photos", params={"animal": str(rex.id), "grouped": "yes"}).text
    chips = re.findall(r'aria-label="Take off: (.*?)"', page)
    assert chips == ["A1 Rex", "Of an animal"]
    assert f'<input type="hidden" name="animal" value="{rex.id}" form="search">' in page
    wrong = filled.get("/photos", params={"animal": "17"})
    assert wrong.status_code == 422
    assert alert(wrong.text) == "There is no animal “17”; choose one of the animals."
    for value in ("x", "9" * 30, "-1", "1_0"):
        assert filled.get("/photos", params={"animal": value}).status_code == 422
    exported = filled.get("/api/v1/export", params={"as": "csv", "grouped": "false"}).text
    assert exported.count("\r\n") == 5
    assert catalogue.animals.count(AnimalFilter(has_photos=True)) == 1


def test_every_act_has_a_sentence_in_its_language(
    filled: TestClient, catalogue: Catalogue, numbers: dict[str, int]
) -> None:
    one = catalogue.animals.new(AnimalFields(name="Rex"), [numbers["rex"], numbers["mix"]])
    two = catalogue.animals.split(one, [numbers["mix"]], AnimalFields(name="Mila"))
    catalogue.animals.edit(two, AnimalFields(status="adopted"))
    catalogue.animals.move([numbers["mix"]], two, one)
    catalogue.animals.take_away(one, [numbers["mix"]])
    catalogue.animals.merge([two], one)
    page = filled.get("/acts?lang=fr").text
    what = done_last(page)
    assert what[0] == "Fusion de Mila avec Rex"
    assert what[1] == "1 photo retirée de Rex"
    assert what[2] == "1 photo déplacée de Mila à Rex"
    assert what[4] == "Nouvel animal Mila, fait de 1 photo de Rex"
    assert what[-1] == "Nouvel animal Rex, avec 2 photos"


def test_photos_are_chosen_for_an_animal_that_is_known_beforehand(
    filled: TestClient, catalogue: Catalogue, numbers: dict[str, int]
) -> None:
    rex = catalogue.animals.new(AnimalFields(name="Rex"), [numbers["rex"]])
    (link,) = re.findall(r'href="(/photos\?grouped=.*?)"', filled.get(f"/animals/{rex.id}").text)
    page = filled.get(unescape(link)).text
    assert re.findall(r'aria-label="Take off: (.*?)"', page) == ["Of no animal", "For Rex"]
    (action,) = re.findall(rf'name="animal" value="{rex.id}" formaction="(.*?)">Add to Rex<', page)
    assert "add_to" not in re.findall(r'action="(/exports.*?)"', page)[0]
    added = filled.post(unescape(action), data={**sent(numbers, "mix"), "animal": str(rex.id)})
    assert notice(added.text) == "1 photo added to Rex"
    assert "Add to Rex" in added.text
    assert files(catalogue, animal=rex.id) == {"rex", "mix"}
    assert filled.get("/photos", params={"add_to": "17"}).status_code == 422


def test_photos_are_taken_out_with_their_copies(
    filled: TestClient, catalogue: Catalogue, numbers: dict[str, int], kennel: Path
) -> None:
    (kennel / "copy.png").write_bytes((kennel / "rex.png").read_bytes())
    service = filled.app.state.service  # type: ignore[attr-defined]
    catalogue.scan(kennel, classifier=service.classifier)
    catalogue.animals.label([numbers["rex"]], Label(Kind.BREED, ("Pug",)))
    filled.get(f"/api/v1/photos/{numbers['rex']}/thumbnail")
    page = filled.post("/selection", data={"step": "forget", "photo": numbers["rex"]}).text
    assert "With 1 copy of the same picture." in page
    assert "Take 2 photos out" in page
    assert "Delete what people said of 1 picture as well" in page
    page = filled.post("/selection/forget", data=fields(page)).text
    assert "2 photos taken out" in page
    assert "What people said of 1 picture stays" in page
    assert "1 photo labelled: …" in filled.get("/acts").text
    assert "copy" not in files(catalogue)
    assert "rex" not in files(catalogue)
    assert filled.get(f"/photos/{numbers['rex']}").status_code == 404
    cache = service.thumbnails._database
    assert cache.execute("SELECT count(*) FROM preview").fetchone() == (0,)


def test_who_leaves_a_photo_as_it_is_comes_back_to_it(
    filled: TestClient, numbers: dict[str, int]
) -> None:
    here = f"/photos/{numbers['rex']}?breed=chihuahua&order=name"
    page = filled.get(here).text
    (form,) = re.findall(r'<form class="out".*?</form>', page)
    (action,) = re.findall(r'action="(.*?)"', form)
    page = filled.post(unescape(action), data={**fields(form), "step": "forget"}).text
    assert "‹ Back to the photo<" in page
    links = re.findall(r'<a[^>]* href="([^"]*)"[^>]*>(?:‹ |Leave)', page)
    assert [unescape(one) for one in links] == [here, here]
    form = {"step": "forget", "photo": numbers["rex"], "back": "https://else.where/"}
    elsewhere = filled.post("/selection", data=form).text
    assert "else.where" not in "".join(re.findall(r"<a .*?>", elsewhere))
    (sending,) = re.findall(r'<form class="card does".*?</form>', page, re.S)
    done = filled.post("/selection/forget?breed=chihuahua&order=name", data=fields(sending)).text
    assert "1 photo taken out" in done
    assert 'href="/photos?breed=chihuahua&amp;order=name"' in done


def test_all_that_are_gone_are_taken_out(
    filled: TestClient, catalogue: Catalogue, numbers: dict[str, int], kennel: Path
) -> None:
    (kennel / "rex.png").unlink()
    (kennel / "mix.png").unlink()
    service = filled.app.state.service  # type: ignore[attr-defined]
    catalogue.scan(kennel, classifier=service.classifier, gone=True)
    page = filled.get("/photos?missing=true").text
    assert "Take all 2 photos out…" in page
    form = {"every": "true", "matching": "2", "step": "forget"}
    page = filled.post("/selection?missing=true", data=form).text
    assert "the copy stays" in page
    page = filled.post("/selection/forget?missing=true", data=fields(page)).text
    assert "2 photos taken out" in page
    assert catalogue.count(Filter(missing=True)) == 0
    assert filled.get("/selection/forget/none", follow_redirects=False).status_code == 303


def test_a_photo_is_taken_out_by_the_api(
    filled: TestClient, catalogue: Catalogue, numbers: dict[str, int]
) -> None:
    answer = filled.delete(f"/api/v1/photos/{numbers['rex']}?labels=true&by=Ada")
    assert answer.json()["photos"] == 1
    assert filled.delete(f"/api/v1/photos/{numbers['rex']}").status_code == 404
    many = "/api/v1/photos/forget"
    assert filled.post(many, json={"photos": [numbers["mix"]]}).json()["photos"] == 1
    assert filled.post(f"{many}?status=failed", json={}).json()["photos"] == 1
    assert filled.post(many, json={}).status_code == 422
    assert files(catalogue) == {"mila", "night"}
