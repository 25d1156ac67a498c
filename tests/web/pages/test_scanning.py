"""The pages of scans as a browser gets them."""

import getpass
import json
import os
import re
import shutil
import socket
import threading
import time
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from starlette.testclient import TestClient

from barkive.catalogue import ScanOrigin, ScanRequest
from barkive.web import Settings, create_app

pytestmark = pytest.mark.slow


@pytest.fixture
def allowed(settings: Settings, kennel: Path) -> Iterator[TestClient]:
    """A server that may scan the kennel alone."""
    app = create_app(replace(settings, folders=(str(kennel),)))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        yield client


def links(page: str, part: str) -> dict[str, str]:
    """The folders of a list, each with the folder that its link leads to."""
    (found,) = re.findall(rf'<{part}">(.*?)</[uo]l>', page, re.S) or [""]
    rows = re.findall(r'<a href="(.*?)".*?>(?:<svg.*?</svg>)?([^<]*)</a>', found)
    return {
        unescape(name): dict(parse_qsl(urlsplit(unescape(address)).query)).get("folder", "")
        for address, name in rows
    }


def inside(page: str) -> dict[str, str]:
    return links(page, 'ul class="folders')


def heading(page: str) -> str:
    (found,) = re.findall(r"<h1.*?>(.*?)</h1>", page)
    return unescape(found)


def fault(page: str) -> str:
    (found,) = re.findall(r'role="alert" id="fault">(.*?)</p>', page) or [""]
    return unescape(found)


def scanned(server: TestClient, folder: object, **form: str) -> str:
    """Has a folder scanned by the form, and gives the page of the scan when it is over."""
    answer = server.post("/scan", data={"folder": str(folder), **form})
    assert answer.status_code == 200, answer.text
    end = time.monotonic() + 60
    while 'data-ended="no"' in (page := server.get(answer.url.path).text):
        assert time.monotonic() < end, "it did not end"
        time.sleep(0.02)
    return page


def facts(page: str) -> dict[str, str]:
    return dict(re.findall(r'<dt>(\w+)</dt><dd class="number">(\d+)</dd>', page))


def failures(page: str) -> list[str]:
    """The files that could not be read; none where their part is not shown."""
    (found,) = re.findall(r'<section id="failures">(.*?)</section>', page, re.S) or [""]
    return [unescape(file) for file in re.findall(r'<span class="path">(.*?)</span>', found)]


def test_it_begins_with_the_places_where_people_keep_photos(
    server: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("home/Pictures", "home/Bureau", "home/notes", "media/disk"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    disks = (f"{tmp_path}/media", f"{tmp_path}/nowhere")
    monkeypatch.setattr("barkive.web.pages.scanning._DISKS", disks)
    assert inside(server.get("/scan").text) == {
        "Pictures": f"{tmp_path}/home/Pictures",
        "Bureau": f"{tmp_path}/home/Bureau",
        "home": f"{tmp_path}/home",
        "disk": f"{tmp_path}/media/disk",
    }


def test_a_folder_shows_what_is_inside_and_the_way_to_it(server: TestClient, kennel: Path) -> None:
    (kennel / ".hidden").mkdir()
    (kennel / "Zoo & co <b>").mkdir()
    page = server.get("/scan", params={"folder": str(kennel)}).text
    assert inside(page) == {
        "annex": f"{kennel}/annex",
        "Zoo & co <b>": f"{kennel}/Zoo & co <b>",
    }
    assert "4 photos directly in this folder" in page
    way = links(page, 'ol class="way')
    assert next(iter(way.items())) == ("Places", "")
    assert list(way.items())[-1] == ("kennel", str(kennel))
    assert way[kennel.parent.name] == str(kennel.parent)
    empty = server.get("/scan", params={"folder": f"{kennel}/Zoo & co <b>"}).text
    assert "There are no folders inside." in empty
    assert "0 photos directly in this folder" in empty


def test_only_so_many_photos_are_counted_and_folders_listed(
    server: TestClient, kennel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("b", "c"):
        (kennel / name).mkdir()
    monkeypatch.setattr("barkive.web.pages.scanning._PHOTOS_COUNTED", 3)
    monkeypatch.setattr("barkive.web.pages.scanning._FOLDERS_SHOWN", 2)
    page = server.get("/scan", params={"folder": str(kennel)}).text
    assert "More than 3 photos directly in this folder" in page
    assert list(inside(page)) == ["annex", "b"]


def test_a_scan_is_started_and_tells_what_came_of_it(server: TestClient, kennel: Path) -> None:
    answer = server.post("/scan", data={"folder": f" {kennel} "}, follow_redirects=False)
    assert answer.status_code == 303
    assert re.fullmatch(r"/scan/[0-9a-f]+", answer.headers["location"])
    page = scanned(server, kennel / "annex")
    assert heading(page) == "Done"
    assert "1 of 1 photo" in page
    page = scanned(server, kennel)
    assert "5 of 5 photos" in page
    statuses = dict(re.findall(r'data-status="(\w+)">(\d+)<', page))
    assert statuses == {"dog": "2", "uncertain": "1", "not_dog": "1", "failed": "1"}
    assert facts(page) == {"Unchanged": "5"}
    assert failures(page) == []
    address = re.escape(quote(str(kennel), safe=""))
    assert re.findall(rf'href="(/\w+)\?folder={address}(.*?)"', page) == [
        ("/photos", ""),
        ("/review", ""),
        ("/photos", "&amp;status=failed"),
    ]
    listed = server.get("/scan").text
    assert re.findall(r'<a class="path" href="/scan/\w+">(.*?)</a>', listed) == [
        str(kennel),
        f"{kennel}/annex",
        str(kennel),
    ]


def test_what_could_not_be_read_is_listed_with_the_reason(server: TestClient, kennel: Path) -> None:
    page = scanned(server, kennel)
    assert facts(page) == {"New": "5"}
    assert failures(page) == [f"{kennel}/broken.jpg"]
    assert "See all that could not be read" not in page
    assert '<section id="failures" hidden>' in scanned(server, kennel / "annex")


def test_a_scan_that_runs_is_watched_and_stopped(
    server: TestClient, kennel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    classifier = server.app.state.service.classifier  # type: ignore[attr-defined]
    judge: Callable[..., Iterator[Any]] = classifier.judge

    def slowly(*args: Any, **options: Any) -> Iterator[Any]:
        gate.wait(60)
        yield from judge(*args, **options)

    monkeypatch.setattr(classifier, "judge", slowly)
    page = server.post("/scan", data={"folder": str(kennel)})
    assert heading(page.text) in ("Waiting", "Running")
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in page.text
    assert 'data-ended="no"' in page.text
    waiting = server.post("/scan", data={"folder": f"{kennel}/annex"})
    assert heading(waiting.text) == "Waiting"
    for one in (waiting, page):
        stopped = server.post(f"{one.url.path}/cancel", follow_redirects=False)
        assert stopped.status_code == 303
        assert stopped.headers["location"] == one.url.path
    gate.set()
    for one in (waiting, page):
        end = time.monotonic() + 60
        while heading(text := server.get(one.url.path).text) != "Stopped":
            assert time.monotonic() < end, heading(text)
            time.sleep(0.02)
        assert "refresh" not in text


def test_what_could_not_be_read_is_tried_again_where_it_is_asked_for(
    server: TestClient, kennel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Also try again" not in server.get("/scan", params={"folder": str(kennel)}).text
    scanned(server, kennel)
    assert "Also try again" in server.get("/scan", params={"folder": str(kennel)}).text
    wishes: list[bool] = []
    scan = server.app.state.service.catalogue.scan  # type: ignore[attr-defined]

    def noted(*args: Any, retry_failed: bool, **options: Any) -> Any:
        wishes.append(retry_failed)
        return scan(*args, retry_failed=retry_failed, **options)

    monkeypatch.setattr(type(server.app.state.service.catalogue), "scan", staticmethod(noted))  # type: ignore[attr-defined]
    scanned(server, kennel)
    scanned(server, kennel, retry="true")
    assert wishes == [False, True]


@pytest.mark.parametrize(
    ("folder", "told"),
    [
        ("{kennel}/nowhere", "There is no folder {kennel}/nowhere; check the name."),
        ("{kennel}/rex.png", "{kennel}/rex.png is a file; give the folder in which it lies."),
        (
            "kennel",
            "The folder “kennel” is no absolute path; begin at the top, such as "
            "/home/ada/Pictures.",
        ),
        (
            "<b>",
            "The folder “<b>” is no absolute path; begin at the top, such as /home/ada/Pictures.",
        ),
        (
            "/etc",
            "The folder /etc is not among those that may be scanned here; whoever runs the server "
            "can allow it.",
        ),
    ],
)
def test_a_folder_that_can_not_be_scanned_is_told_beside_the_field(
    allowed: TestClient, kennel: Path, folder: str, told: str
) -> None:
    folder, told = folder.format(kennel=kennel), told.format(kennel=kennel)
    answer = allowed.post("/scan", data={"folder": folder})
    assert answer.status_code == 422
    assert fault(answer.text) == told
    (typed,) = re.findall(r'<input id="folder".*? value="(.*?)"', answer.text)
    assert unescape(typed) == folder
    assert allowed.get("/api/v1/scans").json() == []


def test_a_folder_that_can_not_be_opened_is_told(server: TestClient, kennel: Path) -> None:
    answer = server.get("/scan", params={"folder": f"{kennel}/nowhere"})
    assert answer.status_code == 422
    assert fault(answer.text) == f"There is no folder {kennel}/nowhere; check the name."
    answer = server.get("/scan", params={"folder": f"{kennel}/rex.png"})
    assert fault(answer.text) == f"The folder {kennel}/rex.png can't be opened: Not a directory."
    assert server.get("/scan", params={"folder": "/a\0b"}).status_code == 422
    assert server.post("/scan", data={"folder": "/a\0b"}).status_code == 422
    assert server.post("/scan", data={"folder": "/" + "a" * 4000}).status_code == 422
    assert server.get("/scan", params={"folder": "/" + "a" * 4000}).status_code == 422


def test_nothing_outside_the_allowed_folders_is_shown(
    allowed: TestClient, kennel: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret").mkdir()
    (kennel / "out").symlink_to(tmp_path / "secret")
    assert inside(allowed.get("/scan").text) == {"kennel": str(kennel)}
    page = allowed.get("/scan", params={"folder": f"{kennel}/annex"}).text
    assert list(links(page, 'ol class="way')) == ["Places", "kennel", "annex"]
    for folder in (str(tmp_path), f"{kennel}/..", f"{kennel}/out", "/", f"{kennel}-more"):
        answer = allowed.get("/scan", params={"folder": folder})
        assert answer.status_code == 422, folder
        assert "secret" not in answer.text.replace(fault(answer.text), "")


def test_where_nothing_may_be_scanned_the_page_says_who_can_allow_it(settings: Settings) -> None:
    with TestClient(
        create_app(replace(settings, folders=())), base_url="http://127.0.0.1"
    ) as server:
        page = unescape(server.get("/scan").text)
        assert "No folder may be scanned from here." in page
        assert "<form" not in page
        assert server.post("/scan", data={"folder": "/etc"}).status_code == 422


def test_a_folder_whose_name_is_no_text_is_scanned_with_the_one_around_it(
    server: TestClient, colour_photo: Callable[..., Path], tmp_path: Path
) -> None:
    strange = os.fsdecode(b"caf\xe9")
    colour_photo(f"albums/{strange}/rex.png", (250, 10, 10))
    (tmp_path / "albums" / "plain").mkdir()
    page = server.get("/scan", params={"folder": str(tmp_path / "albums")}).text
    assert list(inside(page)) == ["plain"]
    assert "1 of 1 photo" in scanned(server, tmp_path / "albums")


def test_a_scan_that_is_not_there_is_told(server: TestClient) -> None:
    for answer in (server.get("/scan/x"), server.post("/scan/x/cancel")):
        assert answer.status_code == 404
        assert heading(answer.text) == "Nothing is here"
        assert "There is no scan “x”; it may be long past." in answer.text


def test_it_is_in_french(server: TestClient, kennel: Path) -> None:
    server.cookies.set("barkive_lang", "fr")
    page = unescape(scanned(server, kennel))
    assert heading(page) == "Terminée"
    assert "5 sur 5 photos" in page
    (reason,) = re.findall(r'</span> <span class="soft">(.*?)</span></li>', page)
    scan = re.findall(r'data-events="/api/v1/scans/(\w+)/events\?lang=fr"', page)[0]
    (event, *_) = server.get(f"/api/v1/scans/{scan}/events?lang=fr").text.split("\n\n")
    (failed,) = json.loads(event.split("data: ")[1])["failed"]
    assert failed["error"] == reason
    (english,) = server.get(f"/api/v1/scans/{scan}").json()["failed"]
    assert english["error"] != reason
    wrong = server.post("/scan", data={"folder": "kennel"})
    assert fault(wrong.text).startswith("Le dossier")


def test_what_is_passed_over_is_told(
    server: TestClient, kennel: Path, colour_photo: Callable[..., Path]
) -> None:
    colour_photo("kennel/@eaDir/rex.png/SM.png", (250, 10, 10))
    (kennel / "rex.CR2").touch()
    assert list(inside(server.get("/scan", params={"folder": str(kennel)}).text)) == ["annex"]
    wish = {"folder": str(kennel), "exclude": "annex/\r\n\r\n", "links": "true"}
    where = server.post("/scan", data=wish, follow_redirects=False).headers["location"]
    page = server.get(where).text
    while heading(page) != "Done":
        time.sleep(0.02)
        page = server.get(where).text
    (told,) = re.findall(r"<dt>Passed over</dt><dd.*?>(.*?)</dd>", page)
    assert sorted(told.split(", ")) == ["1 RAW file", "1 excluded", "1 in @eaDir"]
    again = re.findall(r'<input type="hidden" name="(\w+)" value="(.*?)">', page)
    assert dict(again) == {"folder": str(kennel), "exclude": "annex/", "links": "true"}
    page = server.get(where, headers={"Accept-Language": "fr"}).text
    (told,) = re.findall(r"<dt>Laissées de côté</dt><dd.*?>(.*?)</dd>", page)
    assert sorted(told.split(", ")) == ["1 dans @eaDir", "1 exclue", "1 fichier RAW"]


def test_a_pattern_that_is_none_is_told(server: TestClient, kennel: Path) -> None:
    answer = server.post("/scan", data={"folder": str(kennel), "exclude": "!"})
    assert answer.status_code == 422
    assert fault(answer.text).startswith(
        "What is to be left out is said in patterns as gitignore has them"
    )


def test_links_to_folders_that_may_not_be_scanned_are_not_shown(
    allowed: TestClient, kennel: Path, tmp_path: Path
) -> None:
    (kennel / "out").symlink_to(tmp_path)
    (kennel / "annex" / "home").symlink_to(kennel)
    assert list(inside(allowed.get("/scan", params={"folder": str(kennel)}).text)) == ["annex"]
    page = allowed.get("/scan", params={"folder": f"{kennel}/annex"}).text
    assert list(inside(page)) == ["home"]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_folder_is_found_however_its_accents_are_composed(
    form: Literal["NFC", "NFD"], filled: TestClient, colour_photo: Callable[..., Path]
) -> None:
    other = {"NFC": "NFD", "NFD": "NFC"}[form]
    there, typed = (unicodedata.normalize(one, "café") for one in (form, other))
    folder = colour_photo(f"{there}/rex.png", (250, 10, 10)).parent
    asked = str(folder.parent / typed)
    scanned(filled, asked)
    service = filled.app.state.service  # type: ignore[attr-defined]
    (job,) = service.scan_jobs.all()
    assert job.folders == (str(folder),)
    shutil.rmtree(folder)
    assert "1 photo<" in filled.get("/photos", params={"folder": asked}).text
    assert "rex.png" in filled.get("/review", params={"folder": asked, "status": "dog"}).text
    listed = filled.get("/api/v1/photos", params={"folder": asked}).json()
    assert [Path(one["file"]).name for one in listed["photos"]] == ["rex.png"]


def test_known_folders_are_scanned_again_with_one_click(filled: TestClient, kennel: Path) -> None:
    service = filled.app.state.service  # type: ignore[attr-defined]
    service.catalogue.scan(kennel.parent / "kennel" / "annex", classifier=service.classifier)
    page = filled.get("/scan?lang=en").text
    assert page.count('aria-label="Scan again: ') == 1
    assert f'aria-label="Scan again: {kennel}"' in page
    answer = filled.post("/scan/known", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/scan")
    (job,) = service.scan_jobs.all()
    assert (job.folders, job.asked.origin) == ((str(kennel),), ScanOrigin.PAGE)
    shutil.rmtree(kennel)
    gone = filled.post("/scan/known")
    assert gone.status_code == 422
    assert f"There is no folder {kennel}; check the name." in gone.text


def test_the_scans_of_all_are_listed_with_who_and_where(filled: TestClient, kennel: Path) -> None:
    service = filled.app.state.service  # type: ignore[attr-defined]
    asked = ScanRequest(ScanOrigin.COMMAND)
    service.catalogue.scan(kennel / "annex", classifier=service.classifier, asked=asked)
    added = (kennel / "rex.png").read_bytes() + b"more"
    assert filled.post("/api/v1/photos", files={"files": ("new.png", added)}).is_success
    filled.cookies.set("barkive_name", "Ada")
    filled.post("/scan", data={"folder": str(kennel / "annex")})
    (job,) = service.scan_jobs.all()
    filled.get(f"/api/v1/scans/{job.id}/events")
    page = filled.get("/scan?lang=en").text
    listed = re.findall(r'<li>(?:<a|<span) class="path".*?</li>', page.split("Scans so far")[1])
    words = [re.sub("<[^>]*>", "", line) for line in listed]
    assert [re.sub(r" · \d+ \w+ \d{4}, [\d:]+ UTC", "", line) for line in words] == [
        f"{kennel / 'annex'} Done · 1 photo · Ada · page",
        f"{kennel / 'annex'} Done · 1 photo · {own_name()} · command line",
        f"{kennel} Done · 5 photos · {own_name()} · another program",
    ]
    assert re.search(r'<time datetime="\d{4}-\d\d-\d\dT[\d:]+Z"', listed[0])
    assert f'href="/scan/{job.id}"' in listed[0]
    remembered = filled.get("/api/v1/runs").json()
    assert [one["origin"] for one in remembered] == ["page", "upload", "command", "program"]
    assert remembered[0]["started_by"] == "Ada"
    assert len(filled.get("/api/v1/runs?limit=1").json()) == 1


def own_name() -> str:
    return f"{getpass.getuser()}@{socket.gethostname()}"


def test_a_daily_time_is_set_and_taken_back(filled: TestClient, kennel: Path) -> None:
    form = {"folder": str(kennel), "at": "03:30"}
    answer = filled.post("/scan/plan", data=form, follow_redirects=False)
    assert answer.headers["location"] == "/scan"
    page = filled.get("/scan?lang=en").text
    assert "Scanned daily, next <time datetime=" in page
    assert 'type="time" name="at" value="03:30"' in page
    filled.post("/scan/plan", data=form | {"at": ""})
    assert "Scanned daily" not in filled.get("/scan?lang=en").text
    odd = filled.post("/scan/plan?lang=en", data=form | {"at": "25:61"})
    assert odd.status_code == 422
    assert "“25:61” is no time of the day; write hours and minutes, such as 03:30" in odd.text


def test_the_top_of_all_is_opened_but_not_scanned(filled: TestClient) -> None:
    page = filled.get("/scan?folder=/&lang=en")
    assert page.status_code == 200
    assert "Photos are in one of the folders inside: choose it." in page.text
    assert ">Scan this folder<" not in page.text
    assert 'folder=%2Fproc"' not in page.text
    refused = filled.post("/scan?lang=en", data={"folder": "/"})
    assert refused.status_code == 422
    assert "/ is no place for photos: it holds the system and all else" in refused.text
    assert "is no place for photos" in filled.get("/scan?folder=/proc&lang=en").text
