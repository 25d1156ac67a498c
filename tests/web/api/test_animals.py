"""The API of animals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from barkive.messages import Messages

ANIMALS = "/api/v1/animals"
SHEET = "Code;Nom;Sexe;Né le\n7;Rex;M;31/05/2021\n8;Mila;F;\n;;M;\n".encode()


@pytest.fixture
def photos(filled: TestClient) -> dict[str, int]:
    """The photos' numbers, by their names."""
    found = filled.get("/api/v1/photos").json()["photos"]
    return {Path(one["file"]).name: one["id"] for one in found}


@pytest.fixture
def rex(filled: TestClient, photos: dict[str, int]) -> dict[str, Any]:
    """An animal of two photos, a Chihuahua's and an unsure one."""
    said = {"code": "7", "name": "Rex", "photos": [photos["rex.png"], photos["mix.png"]]}
    answer = filled.post(ANIMALS, json=said | {"by": "Ada"})
    assert answer.status_code == 200
    made: dict[str, Any] = answer.json()
    return made


@pytest.fixture
def mila(filled: TestClient, photos: dict[str, int]) -> dict[str, Any]:
    """An animal of one photo, a Pug's."""
    said = {"name": "Mila", "photos": [photos["mila.png"]]}
    made: dict[str, Any] = filled.post(ANIMALS, json=said).json()
    return made


def test_an_animal_is_made(rex: dict[str, Any], photos: dict[str, int]) -> None:
    assert (rex["code"], rex["name"], rex["species"], rex["status"]) == (
        *("7", "Rex"),
        *("dog", "in_care"),
    )
    assert (rex["photos"], rex["main_photo"]) == (2, photos["rex.png"])
    assert rex["breeds"][0]["name"] == "Chihuahua"
    assert rex["breed_origin"] == "model"


def test_one_has_its_views(filled: TestClient, rex: dict[str, Any], photos: dict[str, int]) -> None:
    answer = filled.get(f"{ANIMALS}/{rex['id']}?lang=fr")
    one = answer.json()
    assert answer.headers["ETag"] == f'"{rex["version"]}"'
    assert [view["id"] for view in one["views"]] == [photos["rex.png"], photos["mix.png"]]
    assert one["views"][0]["photo"] == f"/api/v1/photos/{photos['rex.png']}"
    assert filled.get(one["views"][0]["thumbnail"]).headers["content-type"] == "image/jpeg"
    assert [view["status"] for view in one["views"]] == ["dog", "uncertain"]


def test_animals_are_listed_filtered_and_paged(
    filled: TestClient, rex: dict[str, Any], mila: dict[str, Any]
) -> None:
    page = filled.get(f"{ANIMALS}?limit=1").json()
    assert (page["total"], [one["name"] for one in page["animals"]]) == (2, ["Mila"])
    following = filled.get(page["next"]).json()
    assert ([one["name"] for one in following["animals"]], following["next"]) == (["Rex"], None)
    for query, names in (
        ("text=re", ["Rex"]),
        ("breed=carlin", ["Mila"]),
        ("sex=unknown&order=code", ["Rex", "Mila"]),
        ("status=adopted", []),
        ("has_photos=false", []),
        ("removed=true", []),
    ):
        found = filled.get(f"{ANIMALS}?{query}").json()["animals"]
        assert [one["name"] for one in found] == names, query


def test_edits_do_not_overwrite_each_other(filled: TestClient, rex: dict[str, Any]) -> None:
    address = f"{ANIMALS}/{rex['id']}"
    seen = rex["version"]
    edited = filled.patch(address, json={"status": "adopted", "version": seen, "by": "Ben"})
    assert (edited.status_code, edited.json()["status"]) == (200, "adopted")
    refused = filled.patch(address, json={"name": "Max", "version": seen})
    assert (refused.status_code, refused.json()["code"]) == (409, "animal_changed_since_seen")
    cleared = filled.patch(address, json={"code": "", "breeds": ["pug", "maltese"]}).json()
    assert (cleared["code"], cleared["name"]) == (None, "Rex")
    assert [one["name"] for one in cleared["breeds"]] == ["Pug", "Maltese"]


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        ({"code": "7"}, 409, "animal_code_taken"),
        ({"sex": "x"}, 422, "request_invalid"),
        ({"birth": "2021-13"}, 422, "animal_birth_invalid"),
        ({"birth": "2999"}, 422, "animal_birth_in_future"),
        ({"arrived": "2026-02-31"}, 422, "animal_day_invalid"),
        ({"breeds": ["pugg"]}, 422, "breed_unknown"),
        ({"photos": [17]}, 404, "catalogue_photo_number_unknown"),
        ({"nickname": "Rexi"}, 422, "request_invalid"),
    ],
)
def test_what_is_wrong_is_refused(
    filled: TestClient, rex: dict[str, Any], said: dict[str, Any], status: int, code: str
) -> None:
    answer = filled.post(ANIMALS, json=said)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert filled.get(ANIMALS).json()["total"] == 1


def test_there_is_no_such_animal(filled: TestClient) -> None:
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/history"), ("GET", "/card")):
        answer = filled.request(method, f"{ANIMALS}/17{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "animal_unknown")


def test_photos_are_added_taken_away_and_moved(
    filled: TestClient, rex: dict[str, Any], mila: dict[str, Any], photos: dict[str, int]
) -> None:
    address = f"{ANIMALS}/{rex['id']}/photos"
    night = {"photos": [photos["night.png"]]}
    assert filled.post(address, json=night).json()["photos"] == 3
    assert filled.post(f"{address}/take-away", json=night).json()["photos"] == 2
    moved = filled.post(f"{address}/move", json={"photos": [photos["mix.png"]], "to": mila["id"]})
    assert (moved.json()["name"], moved.json()["photos"]) == ("Mila", 2)
    shown = filled.get(f"/api/v1/photos?animal={mila['id']}").json()["photos"]
    assert {Path(one["file"]).name for one in shown} == {"mila.png", "mix.png"}
    alone = filled.get("/api/v1/photos?grouped=false&status=not_dog").json()
    assert [Path(one["file"]).name for one in alone["photos"]] == ["night.png"]


def test_split_merged_removed_and_taken_back(
    filled: TestClient, rex: dict[str, Any], mila: dict[str, Any], photos: dict[str, int]
) -> None:
    address = f"{ANIMALS}/{rex['id']}"
    said = {"photos": [photos["mix.png"]], "name": "Mix"}
    mix = filled.post(f"{address}/split", json=said).json()
    assert (mix["name"], mix["photos"]) == ("Mix", 1)
    nothing = filled.post(f"{address}/split", json=said)
    assert (nothing.status_code, nothing.json()["code"]) == (409, "animal_split_nothing")
    merged = filled.post(f"{address}/merge", json={"animals": [mix["id"], mila["id"]]}).json()
    assert merged["photos"] == 3
    assert filled.get(f"{ANIMALS}/{mix['id']}").json()["id"] == rex["id"]
    acts = filled.get("/api/v1/acts?limit=1").json()
    assert [(one["kind"], one["id"]) for one in acts] == [("merge", merged["version"])]
    undone = filled.post(f"/api/v1/acts/{merged['version']}/undo?by=Ada").json()
    assert (undone["kind"], undone["undoes"], undone["by"]) == ("undo", merged["version"], "Ada")
    again = filled.post(f"/api/v1/acts/{merged['version']}/undo")
    assert (again.status_code, again.json()["code"]) == (409, "act_undone_already")
    assert filled.get(f"{ANIMALS}/{mix['id']}").json()["name"] == "Mix"
    removed = filled.delete(f"{ANIMALS}/{mix['id']}?by=Ada").json()
    assert filled.get(f"{ANIMALS}/{mix['id']}").status_code == 404
    filled.post(f"/api/v1/acts/{removed['version']}/undo")
    assert filled.get(f"{ANIMALS}/{mix['id']}").json()["photos"] == 1


def test_history(filled: TestClient, rex: dict[str, Any]) -> None:
    filled.patch(f"{ANIMALS}/{rex['id']}", json={"name": "Max", "by": "Ben"})
    found = filled.get(f"{ANIMALS}/{rex['id']}/history").json()
    assert [(one["kind"], one["by"]) for one in found] == [("edit", "Ben"), ("new", "Ada")]
    assert found[0]["changes"] == [
        {"animal": rex["id"], "field": "name", "photo": None, "was": "Rex", "now": "Max"}
    ]


@pytest.mark.slow
def test_a_card(filled: TestClient, rex: dict[str, Any]) -> None:
    card = filled.get(f"{ANIMALS}/{rex['id']}/card?size=a4&lang=fr")
    assert (card.status_code, card.headers["content-type"]) == (200, "application/pdf")
    assert card.content.startswith(b"%PDF-")


def test_suggestions(server: TestClient, colour_photo: Any, tmp_path: Path) -> None:
    for shade in range(2):
        colour_photo(f"shelter/2026-113 Rex/{shade}.png", (250, 10, 10 + shade))
        colour_photo(f"shelter/2026-114 Mila/{shade}.png", (10, 250, 10 + shade))
    service = server.app.state.service  # type: ignore[attr-defined]
    service.catalogue.scan(tmp_path / "shelter", classifier=service.classifier)
    done = server.post(f"{ANIMALS}/suggestions").json()
    assert (done["found"], done["patterns"][0]["pattern"]) == (2, "{code} {name}/*")
    page = server.get(f"{ANIMALS}/suggestions").json()
    first, second = page["suggestions"]
    assert (page["total"], first["name"], first["kind"], len(first["photos"])) == (
        *(2, "Rex"),
        *("new", 2),
    )
    assert first["reason"] == "Same folder name “2026-113 Rex”"
    address = f"{ANIMALS}/suggestions/{first['id']}"
    made = server.post(f"{address}/accept", json={"sex": "male", "by": "Ada"}).json()
    assert (made["code"], made["sex"], made["photos"]) == ("2026-113", "male", 2)
    gone = server.post(f"{address}/accept", json={})
    assert (gone.status_code, gone.json()["code"]) == (409, "animal_suggestion_gone")
    refused = server.post(f"{ANIMALS}/suggestions/{second['id']}/refuse?by=Ada").json()
    assert (refused["kind"], refused["by"]) == ("refuse", "Ada")
    assert server.get(f"{ANIMALS}/suggestions").json()["total"] == 0
    server.post(f"/api/v1/acts/{refused['id']}/undo")
    accepted = server.post(f"{ANIMALS}/suggestions/accept?by=Ada").json()
    assert (accepted["new"], accepted["photos"], accepted["left_out"]) == (1, 2, [])
    wrong = server.post(f"{ANIMALS}/suggestions?pattern=*")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "animal_pattern_nameless")


def test_match(
    filled: TestClient,
    rex: dict[str, Any],
    mila: dict[str, Any],
    photos: dict[str, int],
    colour_photo: Any,
) -> None:
    found = colour_photo("found.png", (240, 20, 20)).read_bytes()
    matches = filled.post(f"{ANIMALS}/match", files={"files": ("found.png", found)}).json()
    assert [one["animal"]["name"] for one in matches] == ["Rex", "Mila"]
    assert matches[0]["photo"] == photos["rex.png"]
    assert matches[0]["similarity"] > 0.9
    alone = filled.post(f"{ANIMALS}/match?limit=1", content=found).json()
    assert alone == matches[:1]
    broken = filled.post(f"{ANIMALS}/match", content=b"none")
    assert broken.status_code == 422
    ours = filled.get(f"/api/v1/photos/{photos['mix.png']}/match?text=mila").json()
    assert [one["animal"]["name"] for one in ours] == ["Mila"]
    similar = filled.get(f"{ANIMALS}/{mila['id']}/similar").json()
    assert [one["animal"]["name"] for one in similar] == ["Rex"]


def test_a_spreadsheet_is_brought_in(filled: TestClient) -> None:
    sent = {"table": ("dogs.csv", SHEET)}
    looked = filled.post(f"{ANIMALS}/import?dry_run=true", files=sent).json()
    assert (looked["made"], looked["left_out"], looked["act"]) == (2, 1, None)
    assert looked["problems"] == [
        {
            "line": 4,
            "left_out": "row",
            "error": "It has no code and no name.",
            "error_code": "animals_row_nameless",
        }
    ]
    assert filled.get(ANIMALS).json()["total"] == 0
    done = filled.post(f"{ANIMALS}/import?by=Ada", files=sent).json()
    assert [row["title"] for row in done["rows"]] == ["7 Rex", "8 Mila"]
    assert filled.get(f"{ANIMALS}?order=code").json()["animals"][0]["birth"] == "2021-05-31"
    filled.post(f"/api/v1/acts/{done['act']}/undo")
    assert filled.get(ANIMALS).json()["total"] == 0
    none = filled.post(f"{ANIMALS}/import", content=SHEET)
    assert (none.status_code, none.json()["code"]) == (422, "upload_no_table")
    no_table = filled.post(f"{ANIMALS}/import", files={"table": ("dogs.csv", b"%PDF-1.7")})
    assert (no_table.status_code, no_table.json()["code"]) == (422, "animals_file_other")


def test_many_photos_are_labelled_as_one_act(filled: TestClient, photos: dict[str, int]) -> None:
    said = {"kind": "breed", "breeds": ["boxer"], "by": "Ada"}
    numbers = [photos["rex.png"], photos["mix.png"]]
    done = filled.post("/api/v1/photos/labels", json=said | {"photos": numbers}).json()
    assert (done["photos"], done["left_out"], done["act"]["kind"]) == (2, [], "label")
    boxers = filled.get("/api/v1/photos?breed=boxer").json()
    assert boxers["total"] == 2
    filled.post(f"/api/v1/acts/{done['act']['id']}/undo")
    assert filled.get("/api/v1/photos?breed=boxer").json()["total"] == 0
    by_filter = filled.post("/api/v1/photos/labels?status=not_dog", json=said | {"kind": "breed"})
    assert by_filter.json()["photos"] == 1
    for query, more in (("", {}), ("?status=dog", {"photos": numbers})):
        refused = filled.post(f"/api/v1/photos/labels{query}", json=said | more)
        assert (refused.status_code, refused.json()["code"]) == (422, "act_photos_or_filter")


def test_a_photo_that_cannot_be_labelled_is_left_out(
    filled: TestClient, photos: dict[str, int]
) -> None:
    labels = "/api/v1/photos/labels"
    filled.post(labels, json={"kind": "unsure", "photos": [photos["rex.png"]]})
    numbers = [photos["night.png"], photos["rex.png"]]
    done = filled.post(f"{labels}?lang=fr", json={"kind": "undo", "photos": numbers}).json()
    assert done["photos"] == 1
    (left_out,) = done["left_out"]
    assert left_out["file"].endswith("night.png")
    assert left_out["error_code"] == "label_none_to_undo"
    assert left_out["error"] == Messages("fr")("error.label_none_to_undo", file=left_out["file"])
