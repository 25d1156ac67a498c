import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from starlette.testclient import TestClient

from barkive.web import Limits, Settings, create_app

ADDRESS = "/api/v1/identify"


@pytest.fixture
def red(colour_photo: Callable[..., Path]) -> bytes:
    return colour_photo("red.png", (250, 10, 10)).read_bytes()


def files(*photos: tuple[str, bytes]) -> list[tuple[str, tuple[str, bytes]]]:
    return [("files", photo) for photo in photos]


def test_many_photos_are_answered_in_order_with_one_verdict_each(
    server: TestClient, red: bytes, colour_photo: Callable[..., Path]
) -> None:
    grey = colour_photo("grey.png", (120, 110, 90)).read_bytes()
    dark = colour_photo("dark.png", (9, 9, 9)).read_bytes()
    answer = server.post(
        ADDRESS,
        files=files(("rex.png", red), ("b.jpg", b"no photo"), ("m.png", grey), ("n.png", dark)),
    )
    assert answer.status_code == 200
    first, broken, unsure, nothing = answer.json()
    assert first == {
        "file": "rex.png",
        "status": "dog",
        "breeds": [
            {"id": "n02085620", "name": "Chihuahua", "probability": 0.9194},
            {"id": "n02110958", "name": "Pug", "probability": 0.0403},
            {"id": "n02085936", "name": "Maltese", "probability": 0.0403},
        ],
        "error": None,
        "error_code": None,
        "model": server.app.state.service.classifier.bundle.model,  # type: ignore[attr-defined]
        "dogs": [],
    }
    assert (broken["file"], broken["status"], broken["breeds"]) == ("b.jpg", "failed", [])
    assert broken["error"].startswith("It is not a photo in a format that Barkive reads")
    assert (unsure["status"], nothing["status"]) == ("uncertain", "not_dog")


@pytest.mark.parametrize(
    "kind", ["image/png", "application/octet-stream", "application/x-www-form-urlencoded", ""]
)
def test_one_photo_may_be_the_body_whatever_it_calls_itself(
    server: TestClient, red: bytes, kind: str
) -> None:
    answer = server.post(ADDRESS, content=red, headers={"Content-Type": kind} if kind else {})
    (verdict,) = answer.json()
    assert (verdict["file"], verdict["status"]) == (None, "dog")


def test_names_and_reasons_are_in_the_language_asked_for(server: TestClient, red: bytes) -> None:
    answer = server.post(
        f"{ADDRESS}?lang=fr&top=2", files=files(("rex.png", red), ("b.jpg", b""))
    ).json()
    assert [one["name"] for one in answer[0]["breeds"]] == ["Chihuahua", "Carlin"]
    assert answer[1]["error"] == "Le fichier est vide."


@pytest.mark.parametrize(
    ("query", "where", "detail"),
    [
        ("top=0", "query.top", "“top” is 0; give at least 1."),
        ("top=x", "query.top", "“top” is “x”; give a whole number."),
        ("lang=de", "query.lang", "“lang” is “de”; give one of en, fr."),
    ],
)
def test_a_wrong_value_is_a_problem_that_names_it(
    server: TestClient, red: bytes, query: str, where: str, detail: str
) -> None:
    answer = server.post(f"{ADDRESS}?{query}", content=red)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["title"], problem["status"]) == ("Unprocessable Entity", 422)
    assert problem["detail"] == detail
    assert problem["errors"] == [{"where": where, "what": detail}]


@pytest.mark.parametrize("body", [{"content": b""}, {"data": {"other": "x"}}])
def test_a_request_without_a_photo_says_how_to_send_one(
    server: TestClient, body: dict[str, object]
) -> None:
    answer = server.post(ADDRESS, **body)  # type: ignore[arg-type]
    assert answer.status_code in (200, 422)
    if answer.status_code == 422:
        assert "send some in the field “files” of a form" in answer.json()["detail"]


def test_limits_are_told(settings: Settings, red: bytes) -> None:
    limits = Limits(photos=2, photo_bytes=1 << 20, request_bytes=3 << 20)
    app = create_app(replace(settings, limits=limits))
    large = red + bytes(1 << 20)
    with TestClient(app, base_url="http://127.0.0.1") as server:
        many = server.post(ADDRESS, files=files(*[("a.png", red)] * 3))
        assert many.status_code == 413
        assert "more than 2 photos, which is the limit" in many.json()["detail"]
        one_large = server.post(ADDRESS, files=files(("large.png", large), ("a.png", red)))
        assert [one["status"] for one in one_large.json()] == ["failed", "dog"]
        assert one_large.json()[0]["error"] == "The photo has more than 1 MB, which is the limit."
        raw = server.post(ADDRESS, content=large)
        assert raw.status_code == 413
        huge = server.post(ADDRESS, content=bytes(5 << 20))
        assert (huge.status_code, huge.headers["connection"]) == (413, "close")


def test_a_picture_of_too_many_pixels_fails_alone(server: TestClient, red: bytes) -> None:
    file = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(file, "PNG")
    bomb, fine = server.post(
        ADDRESS, files=files(("bomb.png", file.getvalue()), ("rex.png", red))
    ).json()
    assert (bomb["status"], fine["status"]) == ("failed", "dog")
    assert "megapixels; the limit is 250" in bomb["error"] or "more pixels" in bomb["error"]


def test_a_form_that_is_cut_off_is_refused(server: TestClient, red: bytes) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n' + red
    answer = server.post(
        ADDRESS, content=body, headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert answer.status_code == 400
    assert answer.json()["detail"] == "The form is cut off: its last boundary is missing."


def test_too_much_at_once_is_told_to_come_back(
    settings: Settings, red: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(replace(settings, limits=Limits(waiting=0)))
    with TestClient(app, base_url="http://127.0.0.1") as server:
        answer = server.post(ADDRESS, content=red)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert "which is the limit; try again in a moment" in answer.json()["detail"]


def test_nothing_is_kept(server: TestClient, red: bytes, settings: Settings) -> None:
    server.post(ADDRESS, files=files(("rex.png", red)))
    assert settings.ingest_folder is not None
    assert not settings.ingest_folder.exists()
    assert server.get("/api/v1/photos").json()["total"] == 0


def test_a_heat_map_shows_what_was_looked_at(server: TestClient, red: bytes) -> None:
    answer = server.post("/api/v1/heatmap?breed=n02085620", files=files(("rex.png", red)))
    assert answer.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(answer.content)).size == Image.open(io.BytesIO(red)).size
    for query, body, status, detail in (
        ("breed=n00000000", red, 422, "Barkive knows no breed called “n00000000”"),
        ("breed=n02085620", b"no photo", 422, "It is not a photo in a format"),
    ):
        refused = server.post(f"/api/v1/heatmap?{query}", content=body)
        assert refused.status_code == status
        assert refused.json()["detail"].startswith(detail)
    two = server.post("/api/v1/heatmap?breed=n02085620", files=files(("a", red), ("b", red)))
    assert two.json()["detail"] == "There are 2 photos in the request; send one."


def test_each_dog_of_a_photo_is_named_with_its_box(
    pairs: TestClient, pair_photo: Callable[..., Path]
) -> None:
    photo = pair_photo("pair.png", (10, 250, 10), (250, 10, 10)).read_bytes()
    (verdict,) = pairs.post(f"{ADDRESS}?top=1&lang=fr", content=photo).json()
    assert verdict["dogs"] == [
        {
            "box": {"x": 0, "y": 0, "width": 0.5, "height": 1},
            "score": 0.9,
            "status": "dog",
            "breeds": [{"id": "n02110958", "name": "Carlin", "probability": 0.8315}],
        },
        {
            "box": {"x": 0.5, "y": 0.1, "width": 0.5, "height": 0.9},
            "score": 0.8,
            "status": "dog",
            "breeds": [{"id": "n02085620", "name": "Chihuahua", "probability": 0.8315}],
        },
    ]
    assert (verdict["status"], verdict["breeds"]) == ("dog", verdict["dogs"][0]["breeds"])
    assert verdict["model"].endswith("+dogs-c0105c")

    (whole,) = pairs.post(f"{ADDRESS}?dogs=false", content=photo).json()
    assert (whole["dogs"], whole["status"]) == (None, "uncertain")
    assert "dogs" not in whole["model"]


def test_a_heat_map_of_a_dog_lies_over_the_dog(
    pairs: TestClient, pair_photo: Callable[..., Path]
) -> None:
    photo = pair_photo("pair.png", (10, 250, 10), (250, 10, 10))
    address = "/api/v1/heatmap?breed=n02085620"
    answer = pairs.post(f"{address}&box=0.5,0.1,0.5,0.9", content=photo.read_bytes())
    picture = Image.open(io.BytesIO(answer.content))
    assert picture.size == (90, 30)
    left = picture.crop((0, 0, 40, 30)).convert("RGB")
    assert all(low == high for low, high in left.getextrema()) is True
    assert left.getpixel((5, 5)) == (151,) * 3
    for box, code in (
        ("0.5,0.1,0.6,0.9", "box_outside_photo"),
        ("0,0,0,1", "box_outside_photo"),
        ("0,0,1..,1", "box_outside_photo"),
        ("0,0,1", "request_invalid"),
        ("nan,0,1,1", "request_invalid"),
    ):
        refused = pairs.post(f"{address}&box={box}", content=photo.read_bytes())
        assert (refused.status_code, refused.json()["code"]) == (422, code)


def test_what_is_judged_is_counted(server: TestClient, red: bytes) -> None:
    server.post(ADDRESS, content=red)
    figures = server.get("/metrics").text
    assert 'barkive_photos_total{status="dog"} 1.0' in figures
    assert (
        'barkive_requests_total{method="POST",route="/api/v1/identify",status="200"} 1.0' in figures
    )
    assert "barkive_photos_waiting 0.0" in figures


def test_the_answer_is_what_the_command_line_says(
    server: TestClient, red: bytes, colour_photo: Callable[..., Path]
) -> None:
    service = server.app.state.service  # type: ignore[attr-defined]
    (verdict,) = service.classifier.predict(red)
    assert server.post(ADDRESS, content=red).json() == [json.loads(json.dumps(verdict.to_json()))]
