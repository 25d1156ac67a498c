import io
import itertools
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image
from starlette.testclient import TestClient

from barkive.bundle import BundleInfo
from barkive.catalogue.db.database import Database
from barkive.verdicts import BreedName
from barkive.web import Settings, create_app

pytestmark = pytest.mark.slow

GPS = 0x8825


def names(answer: object) -> list[str]:
    return [Path(one["file"]).stem for one in answer["photos"]]  # type: ignore[index]


def number(server: TestClient, name: str) -> int:
    (found,) = server.get("/api/v1/photos", params={"text": name}).json()["photos"]
    return int(found["id"])


def test_a_search_takes_the_filters_of_the_command_line(filled: TestClient, kennel: Path) -> None:
    def search(**filters: object) -> list[str]:
        return sorted(names(filled.get("/api/v1/photos", params=filters).json()))

    assert search() == ["broken", "mila", "mix", "night", "rex"]
    assert search(breed="pug") == ["mila"]
    assert search(breed="carlin") == ["mila"]
    assert search(status=["dog", "failed"]) == ["broken", "mila", "rex"]
    assert search(text="annex") == ["mila"]
    assert search(group=9, min_probability=0.9) == ["mila", "rex"]
    assert search(folder=str(kennel / "annex")) == ["mila"]
    assert search(corrected=True) == []
    assert search(missing=True) == []
    assert search(after="2026-01-01") == []


def test_pages_follow_each_other(filled: TestClient) -> None:
    found, address = [], "/api/v1/photos?limit=2"
    while address:
        page = filled.get(address).json()
        assert page["total"] == 5
        assert page["offset"] == len(found)
        found += names(page)
        address = page["next"]
        assert address is None or urlsplit(address).netloc == ""
    assert sorted(found) == ["broken", "mila", "mix", "night", "rex"]


@pytest.mark.parametrize(
    ("query", "status", "detail"),
    [
        ("breed=cat", 422, "Barkive knows no breed called “cat”."),
        ("group=11", 422, "“group” is 11; give at most 10."),
        ("limit=501", 422, "“limit” is 501; give at most 500."),
        ("after=yesterday", 422, "“after” is “yesterday”; give a day, such as 2026-05-31."),
        ("status=cat", 422, "“status[0]” is “cat”; give one of dog, uncertain, "),
    ],
)
def test_a_wrong_filter_is_named(filled: TestClient, query: str, status: int, detail: str) -> None:
    answer = filled.get(f"/api/v1/photos?{query}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"].startswith(detail)


def test_one_photo(filled: TestClient, kennel: Path) -> None:
    rex = filled.get(f"/api/v1/photos/{number(filled, 'rex')}?lang=fr").json()
    assert rex["file"] == str(kennel / "rex.png")
    assert (rex["status"], rex["breeds"][0]["name"], rex["corrected"]) == (
        "dog",
        "Chihuahua",
        False,
    )
    for missing in ("999", "0", "x", str(2**63)):
        answer = filled.get(f"/api/v1/photos/{missing}")
        assert answer.status_code in (404, 422)
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_correction_stands_and_has_a_history(filled: TestClient) -> None:
    mix = number(filled, "mix")
    said = {"kind": "cross", "breeds": ["pug", "bichon maltais"], "note": "papers", "by": "Ada"}
    entry = filled.post(f"/api/v1/photos/{mix}/corrections", json=said).json()
    assert [one["name"] for one in entry["breeds"]] == ["Pug", "Maltese"]
    assert (entry["corrected"], entry["note"], entry["model_status"]) == (
        True,
        "papers",
        "uncertain",
    )
    (change,) = filled.get(f"/api/v1/photos/{mix}/history").json()
    assert (change["kind"], change["breeds"], change["by"], change["was"]) == (
        "cross",
        ["Pug", "Maltese"],
        "Ada",
        "uncertain",
    )
    filled.post(f"/api/v1/photos/{mix}/corrections", json={"kind": "undo"})
    assert filled.get(f"/api/v1/photos/{mix}").json()["corrected"] is False
    assert len(filled.get(f"/api/v1/photos/{mix}/history").json()) == 2


def test_a_note_alone_changes_nothing_else(filled: TestClient) -> None:
    mix = number(filled, "mix")
    before = filled.get(f"/api/v1/photos/{mix}").json()
    said = {"kind": "note", "note": "shy", "by": "Ada"}
    after = filled.post(f"/api/v1/photos/{mix}/corrections", json=said).json()
    assert after["note"] == "shy"
    assert {**after, "note": None, "version": before["version"]} == before
    many = {"kind": "note", "note": "open day", "photos": [mix]}
    assert filled.post("/api/v1/photos/labels", json=many).json()["photos"] == 1
    assert "the note “open day”" in filled.get("/acts").text
    assert [one["note"] for one in filled.get(f"/api/v1/photos/{mix}/history").json()] == [
        "shy",
        "open day",
    ]


@pytest.mark.parametrize(
    ("said", "status", "detail"),
    [
        ({"kind": "breed", "breeds": ["cat"]}, 422, "Barkive knows no breed called “cat”."),
        ({"kind": "breed", "breeds": [" "]}, 422, "“breeds[0]” is empty; give a text, "),
        ({"kind": "breed"}, 422, "“breeds” is missing; send it."),
        ({"kind": "cross", "breeds": ["pug"]}, 422, "“breeds” holds fewer than 2; send more."),
        ({"kind": "cross", "breeds": ["pug", "carlin"]}, 422, "pug and carlin are the same breed"),
        ({"kind": "undo"}, 409, "Nobody has corrected"),
        ({"kind": "meow"}, 422, "“kind” is “meow”; give one of breed, cross, "),
        ({"kind": "not_dog", "more": 1}, 422, "There is no “more” here; check the spelling"),
        ({"kind": "not_dog", "note": "\0"}, 422, "“note” is “�”, which holds something "),
        ({"kind": "note"}, 422, "“note” is missing; send it."),
        ({"kind": "note", "note": " "}, 422, "The note is empty"),
        ([], 422, "“body” is []; send an object in JSON"),
    ],
)
def test_a_correction_that_makes_no_sense_is_refused(
    filled: TestClient, said: object, status: int, detail: str
) -> None:
    mix = number(filled, "mix")
    answer = filled.post(f"/api/v1/photos/{mix}/corrections", json=said)
    assert answer.status_code == status
    assert answer.json()["detail"].startswith(detail)
    assert filled.get(f"/api/v1/photos/{mix}/history").json() == []


def test_photos_are_added_once_and_bad_ones_not(
    server: TestClient, colour_photo: Callable[..., Path], tmp_path: Path
) -> None:
    red = colour_photo("elsewhere/rex.png", (250, 10, 10)).read_bytes()
    sent = [("files", ("rex.png", red)), ("files", ("b.jpg", b"no photo"))]
    good, bad = server.post("/api/v1/photos", files=sent).json()
    assert good["photo"]["breeds"][0]["name"] == "Chihuahua"
    kept = Path(good["photo"]["file"])
    assert kept.is_relative_to(tmp_path / "added")
    assert kept.read_bytes() == red
    assert (bad["file"], bad["photo"]) == ("b.jpg", None)
    assert bad["error"].startswith("It is not a photo")
    (french,) = server.post("/api/v1/photos?lang=fr", files=[("files", ("b.jpg", b""))]).json()
    assert french["error"] == "Le fichier est vide."
    (again,) = server.post("/api/v1/photos", files=sent[:1]).json()
    assert again["photo"]["id"] == good["photo"]["id"]
    assert [path for path in (tmp_path / "added").rglob("*") if path.is_file()] == [kept]


def test_similar_photos_duplicates_and_counts(
    filled: TestClient, kennel: Path, colour_photo: Callable[..., Path]
) -> None:
    rex = number(filled, "rex")
    alike = filled.get(f"/api/v1/photos/{rex}/similar?limit=2").json()
    assert len(alike) == 2
    assert alike[0]["similarity"] >= alike[1]["similarity"]
    assert rex not in [one["id"] for one in alike]
    assert filled.get(f"/api/v1/photos/{rex}/duplicates").json() == []
    (kennel / "copy.png").write_bytes((kennel / "rex.png").read_bytes())
    service = filled.app.state.service  # type: ignore[attr-defined]
    service.catalogue.scan(kennel, classifier=service.classifier)
    (group,) = filled.get(f"/api/v1/photos/{rex}/duplicates").json()
    assert (group["kind"], names(group)) == ("exact", ["copy"])
    assert filled.get("/api/v1/counts").json()[0] == {
        "id": "n02085620",
        "name": "Chihuahua",
        "photos": 3,
    }
    statuses = filled.get("/api/v1/counts?by=status").json()
    assert {one["id"]: one["photos"] for one in statuses} == {
        "dog": 3,
        "uncertain": 1,
        "not_dog": 1,
        "failed": 1,
    }
    broken = number(filled, "broken")
    assert filled.get(f"/api/v1/photos/{broken}/similar").status_code == 404


def test_pictures_hold_nothing_that_the_camera_wrote(
    server: TestClient, tmp_path: Path, make_photo: Callable[..., Path]
) -> None:
    exif = Image.Exif()
    exif[271] = "Maker"
    exif.get_ifd(GPS)[2] = (48.0, 51.0, 30.0)
    photo = make_photo("trip/rex.jpg", size=(2000, 1000), exif=exif.tobytes())
    assert b"Maker" in photo.read_bytes()
    (added,) = server.post(
        "/api/v1/photos", files={"files": ("rex.jpg", photo.read_bytes())}
    ).json()
    one = added["photo"]["id"]
    for address, size in (("thumbnail", (320, 320)), ("image", (1600, 800))):
        answer = server.get(f"/api/v1/photos/{one}/{address}")
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["cache-control"] == "private, max-age=86400"
        picture = Image.open(io.BytesIO(answer.content))
        assert picture.size == size
        assert not picture.getexif()
        assert b"Maker" not in answer.content
        tag = {"If-None-Match": answer.headers["etag"]}
        again = server.get(f"/api/v1/photos/{one}/{address}", headers=tag)
        assert (again.status_code, again.content) == (304, b"")
    heat = server.get(f"/api/v1/photos/{one}/heatmap?breed=n02085620")
    assert heat.headers["content-type"] == "image/png"


def test_a_picture_that_can_t_be_made_is_a_problem(filled: TestClient, kennel: Path) -> None:
    broken, night = number(filled, "broken"), number(filled, "night")
    for address, detail in (
        (f"{broken}/thumbnail", "The file starts as JPEG does, but is damaged or cut off."),
        (f"{night}/heatmap", "The model has named no breed on this photo; give one."),
    ):
        answer = filled.get(f"/api/v1/photos/{address}")
        assert (answer.status_code, answer.json()["detail"]) == (404, detail)
    (kennel / "night.png").unlink()
    gone = filled.get(f"/api/v1/photos/{night}/image")
    assert (gone.status_code, gone.json()["detail"]) == (404, "The file does not exist.")


def test_breeds_are_suggested_by_a_few_letters(server: TestClient) -> None:
    def search(**query: object) -> list[str]:
        return [one["name"] for one in server.get("/api/v1/breeds", params=query).json()]

    assert len(search()) == 121
    assert search(search="berger all", lang="fr") == ["Berger allemand"]
    assert search(search="labr", limit=1) == ["Labrador Retriever"]
    assert search(search="zzz") == []


def test_a_catalogue_that_is_gone_is_told_and_the_server_stays(
    filled: TestClient, tmp_path: Path
) -> None:
    assert filled.get("/readyz").status_code == 200
    files = [tmp_path / f"c.sqlite{ending}" for ending in ("", "-wal", "-shm")]
    contents = [file.read_bytes() if file.exists() else None for file in files]
    for file in files:
        file.unlink(missing_ok=True)
    for address in ("/api/v1/photos", "/api/v1/counts", "/api/v1/photos/1", "/readyz"):
        answer = filled.get(address)
        assert answer.status_code == 503
        assert "is gone; put it back, or start again" in answer.json()["detail"]
    page = filled.get("/photos", headers={"Accept-Language": "fr"})
    assert page.status_code == 503
    assert "a disparu\N{NARROW NO-BREAK SPACE}; remettez-le en place" in page.text
    assert filled.get("/healthz").text == "ok"
    for file, content in zip(files, contents, strict=True):
        if content is not None:
            file.write_bytes(content)
    assert filled.get("/api/v1/photos").json()["total"] == 5


def test_a_locked_catalogue_is_told_after_a_moment(
    filled: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mix = number(filled, "mix")
    database = filled.app.state.service.catalogue._database  # type: ignore[attr-defined]
    monkeypatch.setattr(database, "_patience", 0.2)
    database._reopen()
    writing, done = threading.Event(), threading.Event()

    def write() -> None:
        other = Database(tmp_path / "c.sqlite")
        with other.write():
            writing.set()
            done.wait(60)
        other.close()

    thread = threading.Thread(target=write)
    thread.start()
    writing.wait(60)
    answer = filled.post(f"/api/v1/photos/{mix}/corrections", json={"kind": "not_dog"})
    assert filled.get(f"/api/v1/photos/{mix}").status_code == 200
    done.set()
    thread.join()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert "being written by another program; try again" in answer.json()["detail"]
    assert filled.get(f"/api/v1/photos/{mix}/history").json() == []


def test_a_name_that_is_no_breed_s_brings_choices_and_how_to_take_it(filled: TestClient) -> None:
    mix = number(filled, "mix")
    address = f"/api/v1/photos/{mix}/corrections"
    said = {"kind": "breed", "breeds": ["carl"], "by": "Ada"}
    answer = filled.post(address, json=said, params={"lang": "fr"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["detail"].startswith("Barkive ne connaît pas de race appelée")
    assert problem["choices"][0] == {"id": "n02110958", "name": "Carlin"}
    assert problem["as_written"] == {"breeds": ["carl"], "other": True}
    assert filled.get(f"/api/v1/photos/{mix}/history").json() == []
    taken = filled.post(address, json=said | problem["as_written"])
    assert taken.json()["breeds"] == [{"id": "carl", "name": "carl", "probability": 1.0}]


def test_an_added_breed_is_found_counted_and_suggested(filled: TestClient) -> None:
    address = f"/api/v1/photos/{number(filled, 'mix')}/corrections"
    said = {"kind": "breed", "breeds": ["Jack Russell"], "other": True}
    assert filled.post(address, json=said).status_code == 200
    found = filled.get("/api/v1/photos", params={"breed": "jack  RUSSELL"}).json()
    assert found["total"] == 1
    counts = filled.get("/api/v1/counts").json()
    assert {"id": "Jack Russell", "name": "Jack Russell", "photos": 1} in counts
    (suggested,) = filled.get("/api/v1/breeds", params={"search": "jack r"}).json()
    assert (suggested["id"], suggested["name"]) == ("Jack Russell", "Jack Russell")
    assert suggested["added"] is True
    assert filled.get("/api/v1/breeds").json()[-1] == suggested
    page = filled.get("/photos", params={"breed": "Jack Russell"})
    assert page.status_code == 200
    assert "mix.png" in page.text


def test_a_breed_is_added_with_its_names_number_and_group(filled: TestClient) -> None:
    said = {"en": "Dachshund", "fr": "Teckel", "fci": 148}
    assert filled.post("/api/v1/breeds", json=said).status_code == 200
    added = filled.post("/api/v1/breeds?lang=fr", json={"en": "dachs hund", "group": 4}).json()
    assert added == {
        "id": "Dachshund",
        "name": "Teckel",
        "en": "Dachshund",
        "fr": "Teckel",
        "aliases": [],
        "fci": 148,
        "group": 4,
        "group_name": "Teckels",
        "added": True,
    }
    known = filled.get("/api/v1/breeds?lang=fr").json()
    assert known[-1] == added
    assert [one["added"] for one in known] == [False] * 121 + [True]
    address = f"/api/v1/photos/{number(filled, 'mix')}/corrections"
    assert filled.post(address, json={"kind": "breed", "breeds": ["teckel"]}).status_code == 200
    assert filled.get("/api/v1/counts?group=4&lang=fr").json() == [
        {"id": "Dachshund", "name": "Teckel", "photos": 1}
    ]
    assert "mix.png" in filled.get("/photos?group=4").text


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"en": "Carlin"}, "breed_add_built_in"),
        ({"en": "Whipador", "fr": "Carlin"}, "breed_french_taken"),
        ({"en": "?!"}, "breed_name_without_letters"),
        ({"en": " "}, "request_invalid"),
        ({"en": "Whipador", "fci": 1000}, "request_invalid"),
        ({"en": "Whipador", "group": "x"}, "request_invalid"),
        ({"fr": "Teckel"}, "request_invalid"),
        ({"en": "Whipador", "size": 1}, "request_invalid"),
    ],
)
def test_a_breed_that_can_t_be_added_is_a_problem(
    server: TestClient, said: dict[str, object], code: str
) -> None:
    answer = server.post("/api/v1/breeds", json=said)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert len(server.get("/api/v1/breeds").json()) == 121


def test_a_heat_map_is_of_a_breed_of_the_model_as_people_call_it(
    settings: Settings,
    kennel: Path,
    write_bundle: Callable[..., Path],
    colour_info: BundleInfo,
    tmp_path: Path,
) -> None:
    own = BreedName("my-mutt", "my-mutt", "my-mutt")
    info = replace(colour_info, labels=(own, *colour_info.labels[1:]))
    model = write_bundle(tmp_path / "own.onnx", info.to_metadata())
    app = create_app(replace(settings, model=model))
    service = app.state.service
    service.catalogue.scan(kennel, classifier=service.classifier)
    service.catalogue.add_breed("Whipador")
    service.catalogue.rename_breed("my-mutt", "Whipador", merge=True)
    with TestClient(app, base_url="http://127.0.0.1") as server:
        (rex,) = server.get("/api/v1/photos?text=rex").json()["photos"]
        assert rex["breeds"][0]["id"] == "Whipador"
        for breed, status in (("Whipador", 200), ("my-mutt", 200), ("n02108089", 422)):
            answer = server.get(f"/api/v1/photos/{rex['id']}/heatmap?breed={breed}")
            assert answer.status_code == status


def test_a_wrong_filter_gives_nothing(filled: TestClient, subtests: pytest.Subtests) -> None:
    queries = (
        *("breed=cat", "group=11", "status=cat", "after=2026-13-01", "before=x", "folder=%20"),
        *("min_probability=2", "corrected=perhaps", "missing=perhaps"),
    )
    for path, query in itertools.product(("photos", "counts", "export"), queries):
        with subtests.test(f"{path}?{query}"):
            answer = filled.get(f"/api/v1/{path}?as=csv&{query}")
            assert answer.status_code == 422
            assert answer.headers["content-type"] == "application/problem+json"


def test_a_correction_of_what_was_not_seen_is_refused(filled: TestClient, kennel: Path) -> None:
    (photo,) = filled.get("/api/v1/photos", params={"text": "rex"}).json()["photos"]
    address = f"/api/v1/photos/{photo['id']}"
    etag = filled.get(address).headers["ETag"]
    assert etag == f'"{photo["version"]}"'
    said = {"kind": "breed", "breeds": ["boxer"], "by": "Ada"}
    first = filled.post(f"{address}/corrections", json=said, headers={"If-Match": etag})
    assert first.status_code == 200
    assert first.headers["ETag"] == f'"{first.json()["version"]}"' != etag
    late = filled.post(f"{address}/corrections", json=said, headers={"If-Match": etag})
    assert (late.status_code, late.json()["photo"]["version"]) == (409, first.json()["version"])
    undo = {"kind": "undo"}
    assert filled.post(f"{address}/corrections", json=undo, headers={"If-Match": etag}).is_error
    odd = filled.post(f"{address}/corrections", json=said, headers={"If-Match": '"x"'})
    assert odd.status_code == 409
    # A program that says nothing of it is heard where the file is as it was.
    assert filled.post(f"{address}/corrections", json=undo).status_code == 200
    Image.new("RGB", (40, 30), (9, 250, 9)).save(kennel / "rex.png")
    replaced = filled.post(f"{address}/corrections", json=said)
    assert replaced.status_code == 409
    assert "holds another picture than when it was scanned" in replaced.json()["detail"]


@pytest.fixture
def pair(pairs: TestClient, pair_photo: Callable[..., Path]) -> int:
    """A photo with a Chihuahua on the left, and a smaller Pug on the right, by its number."""
    photo = pair_photo("kennel/pair.png", (250, 10, 10), (10, 250, 10))
    service = pairs.app.state.service  # type: ignore[attr-defined]
    service.catalogue.scan(photo.parent, classifier=service.classifier)
    return number(pairs, "pair")


def test_a_correction_of_a_dog_is_said_of_that_dog(pairs: TestClient, pair: int) -> None:
    address = f"/api/v1/photos/{pair}"
    large, small = pairs.get(address).json()["dogs"]
    assert [one["breeds"][0]["name"] for one in (large, small)] == ["Chihuahua", "Pug"]
    said = {"kind": "breed", "breeds": ["maltese"], "dog": small["id"], "note": "chip"}
    entry = pairs.post(f"{address}/corrections", json=said).json()
    assert (entry["breeds"][0]["name"], entry["corrected"]) == ("Chihuahua", False)
    assert entry["dogs"][1] == {
        "id": small["id"],
        "box": {"x": 0.5, "y": 0.1, "width": 0.5, "height": 0.9},
        "score": 1,
        "status": "dog",
        "breeds": [{"id": "n02085936", "name": "Maltese", "probability": 1}],
        "corrected": True,
        "note": "chip",
    }
    (change,) = pairs.get(f"{address}/history").json()
    assert (change["dog"], change["box"]) == (small["id"], small["box"])


def test_a_box_that_is_drawn_is_judged_moved_and_taken_away(pairs: TestClient, pair: int) -> None:
    address = f"/api/v1/photos/{pair}"
    corrections = f"{address}/corrections"
    green = {"x": 0.6, "y": 0.2, "width": 0.2, "height": 0.3}
    entry = pairs.post(corrections, json={"kind": "dog", "box": green}).json()
    drawn = entry["dogs"][2]
    assert (drawn["box"], drawn["status"], drawn["corrected"]) == (green, "dog", False)
    assert drawn["breeds"][0]["name"] == "Pug"
    red = {"x": 0.1, "y": 0.2, "width": 0.2, "height": 0.3}
    said = {"kind": "dog", "box": red, "dog": drawn["id"]}
    entry = pairs.post(corrections, json=said).json()
    assert entry["dogs"][2]["id"] == drawn["id"]
    assert entry["dogs"][2]["breeds"][0]["name"] == "Chihuahua"
    entry = pairs.post(corrections, json={"kind": "not_dog", "dog": drawn["id"]}).json()
    assert len(entry["dogs"]) == 2


def test_of_two_who_draw_at_once_the_second_is_refused(pairs: TestClient, pair: int) -> None:
    address = f"/api/v1/photos/{pair}"
    seen = pairs.get(address).headers["etag"]
    said = {"kind": "dog", "box": {"x": 0.1, "y": 0.1, "width": 0.1, "height": 0.1}}
    first, second = (
        pairs.post(f"{address}/corrections", json=said, headers={"If-Match": seen})
        for _ in range(2)
    )
    assert (first.status_code, second.status_code) == (200, 409)
    assert len(second.json()["photo"]["dogs"]) == 3


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"kind": "breed", "breeds": ["pug"], "dog": 7}, "label_dog_unknown"),
        ({"kind": "breed", "breeds": ["pug"], "dog": -1}, "request_invalid"),
        ({"kind": "dog"}, "request_invalid"),
        (
            {"kind": "dog", "box": {"x": 0.5, "y": 0, "width": 0.6, "height": 1}},
            "box_outside_photo",
        ),
        ({"kind": "dog", "box": {"x": 0, "y": 0, "width": 0, "height": 1}}, "request_invalid"),
        ({"kind": "dog", "box": {"x": -1, "y": 0, "width": 1, "height": 1}}, "request_invalid"),
        ({"kind": "dog", "box": {"x": 0, "y": 0, "width": 1}}, "request_invalid"),
        (
            {"kind": "not_dog", "box": {"x": 0, "y": 0, "width": 1, "height": 1}},
            "request_invalid",
        ),
    ],
)
def test_a_dog_or_a_box_that_is_not_there_is_refused(
    pairs: TestClient, pair: int, said: object, code: str
) -> None:
    address = f"/api/v1/photos/{pair}"
    answer = pairs.post(f"{address}/corrections?lang=fr", json=said)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert pairs.get(f"{address}/history").json() == []


def test_a_heat_map_of_a_dog_shows_the_whole_photo(pairs: TestClient, pair: int) -> None:
    address = f"/api/v1/photos/{pair}"
    dog = pairs.get(address).json()["dogs"][1]["id"]
    answer = pairs.get(f"{address}/heatmap?dog={dog}")
    assert Image.open(io.BytesIO(answer.content)).size == (90, 30)
    refused = pairs.get(f"{address}/heatmap?dog=7")
    assert (refused.status_code, refused.json()["code"]) == (422, "label_dog_unknown")


def test_photos_are_found_by_several_dogs(pairs: TestClient, pair: int, kennel: Path) -> None:
    service = pairs.app.state.service  # type: ignore[attr-defined]
    service.catalogue.scan(kennel, classifier=service.classifier)

    def search(query: str) -> list[str]:
        return sorted(names(pairs.get(f"/api/v1/photos?{query}").json()))

    assert search("dogs=2%2B") == search("dogs=2") == ["pair"]
    assert search("dogs=1") == ["mila", "mix", "rex"]
    assert search("breed=pug") == ["mila", "pair"]
    assert search("breed=pug&breed=chihuahua") == ["pair"]
    assert search("breed=carlin&dogs=1-3&breed=chihuahua") == ["pair"]
    assert search("breed=pug&breed=maltese") == []
    for query, code in (("dogs=two", "request_invalid"), ("dogs=3-1", "filter_dogs_invalid")):
        refused = pairs.get(f"/api/v1/photos?{query}")
        assert (refused.status_code, refused.json()["code"]) == (422, code)


def test_photos_are_like_one_dog_of_another(pairs: TestClient, pair: int, kennel: Path) -> None:
    service = pairs.app.state.service  # type: ignore[attr-defined]
    service.catalogue.scan(kennel, classifier=service.classifier)
    address = f"/api/v1/photos/{pair}"
    pug = pairs.get(address).json()["dogs"][1]["id"]

    def likest(query: str) -> str:
        return Path(pairs.get(f"{address}/similar?{query}").json()[0]["file"]).stem

    assert (likest("limit=1"), likest(f"limit=1&dog={pug}")) == ("rex", "mila")
    refused = pairs.get(f"{address}/similar?dog=7")
    assert refused.status_code == 422
