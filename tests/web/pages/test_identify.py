import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from barkive.web import Limits, Settings, create_app


def test_the_page_is_in_the_visitors_language(server: TestClient) -> None:
    english = server.get("/", headers={"Accept-Language": "de, en;q=0.5"})
    assert '<html lang="en">' in english.text
    assert "<h1>What breed is this dog?</h1>" in english.text
    french = server.get("/", headers={"Accept-Language": "fr-CA, en;q=0.5"})
    assert '<html lang="fr">' in french.text
    assert "<h1>De quelle race est ce chien\u202f?</h1>" in french.text
    assert french.headers["vary"] == "Accept-Language, Cookie"
    chosen = server.get("/?lang=fr", headers={"Accept-Language": "en"})
    assert "barkive_lang=fr" in chosen.headers["set-cookie"]
    assert '<html lang="fr">' in server.get("/", headers={"Accept-Language": "en"}).text


def test_without_script_the_form_comes_back_with_verdicts(
    server: TestClient, colour_photo: Callable[..., Path]
) -> None:
    sent = [
        ("files", ("rex.png", colour_photo("a.png", (250, 10, 10)).read_bytes())),
        ("files", ("mix.png", colour_photo("b.png", (120, 110, 90)).read_bytes())),
        ("files", ("night.png", colour_photo("c.png", (9, 9, 9)).read_bytes())),
        ("files", ("<b>.jpg", b"")),
    ]
    page = server.post("/identify", files=sent)
    assert page.status_code == 200
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page.text))
    for said in (
        "rex.png Named Chihuahua very likely · 92% Chihuahua 92%",
        "mix.png Not sure Not sure. It may be: Chihuahua",
        "night.png No dog No dog here",
        "Can't be read This photo can't be read The file is empty.",
    ):
        assert said in words.replace("&#39;", "'")
    assert "&lt;b&gt;.jpg" in page.text
    back = server.get("/identify?lang=fr")
    assert back.url.path == "/"
    assert '<html lang="fr">' in back.text


def test_without_script_each_dog_has_a_line(
    pairs: TestClient, pair_photo: Callable[..., Path]
) -> None:
    photo = pair_photo("pair.png", (10, 250, 10), (160, 90, 90)).read_bytes()
    page = pairs.post("/identify?lang=fr", files=[("files", ("pair.png", photo))])
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page.text))
    assert ("pair.png Race nommée 2 chiens 1 Carlin 84 % 2 Chihuahua ? 43 %") in words


def test_a_form_without_photos_shows_the_page_again(server: TestClient) -> None:
    # As browsers send a field in which nothing was chosen.
    body = b'--x\r\nContent-Disposition: form-data; name="files"; filename=""\r\n\r\n\r\n--x--\r\n'
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    page = server.post("/identify", content=body, headers=kind)
    assert page.status_code == 200
    assert 'class="results"' in page.text
    assert "Can't be read" not in page.text.split("<template")[0].split('id="cards"')[1]


def test_too_many_photos_are_told_on_the_page(settings: Settings) -> None:
    app = create_app(replace(settings, limits=Limits(photos=1)))
    with TestClient(app, base_url="http://127.0.0.1") as server:
        page = server.post("/identify?lang=fr", files=[("files", ("a", b"a"))] * 2)
    assert page.status_code == 413
    assert "La demande envoie plus de 1 photos, la limite" in page.text


def test_a_phone_is_asked_for_what_can_be_read(
    server: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert server.get("/").text.count('accept="image/*,.heic,.heif,.avif"') == 2
    monkeypatch.setattr("barkive.web.rendering.reads_heic", lambda: False)
    for address in ("/", "/animals/which"):
        page = server.get(address).text
        assert "heic" not in page
        assert 'accept="image/jpeg,image/png,' in page


def test_no_visitor_is_told_to_run_a_command(
    server: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    photo = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100)
    page = server.post("/identify", files=[("files", ("a.heic", photo))])
    said = "A HEIC photo needs the extra “heic”, which is not installed where Barkive runs."
    assert said in page.text
    (verdict,) = server.post("/api/v1/identify", content=photo).json()
    assert verdict["error"].startswith(said)
    assert verdict["error_code"] == "missing_extra"
    for told in (page.text, verdict["error"]):
        assert "pip" not in told
