import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from barkive.catalogue.scan.listing import Listing
from barkive.web import Settings, create_app


def start(server: TestClient, *folders: object) -> dict[str, Any]:
    answer = server.post("/api/v1/scans", json={"folders": [str(one) for one in folders]})
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/api/v1/scans/{answer.json()['id']}"
    return answer.json()  # type: ignore[no-any-return]


def ended(server: TestClient, scan: dict[str, Any]) -> dict[str, Any]:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        now = server.get(f"/api/v1/scans/{scan['id']}").json()
        if now["finished_at"]:
            return now  # type: ignore[no-any-return]
        time.sleep(0.02)
    raise AssertionError("it did not end")


def test_a_scan_fills_the_catalogue(server: TestClient, kennel: Path) -> None:
    done = ended(server, start(server, kennel))
    assert (done["state"], done["done"], done["total"], done["new"]) == ("finished", 5, 5, 5)
    assert done["statuses"] == {"dog": 2, "uncertain": 1, "not_dog": 1, "failed": 1}
    assert [Path(one["file"]).name for one in done["failed"]] == ["broken.jpg"]
    assert server.get("/api/v1/photos").json()["total"] == 5
    assert [one["id"] for one in server.get("/api/v1/scans").json()] == [done["id"]]


def test_its_progress_comes_as_events(server: TestClient, kennel: Path) -> None:
    scan = start(server, kennel)
    with server.stream("GET", f"/api/v1/scans/{scan['id']}/events") as answer:
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        events = answer.read().decode().split("\n\n")
    progress = [json.loads(one.split("data: ")[1]) for one in events if "progress" in one]
    assert progress[-1]["state"] == "finished"
    assert progress[-1]["done"] == 5
    assert events[-2] == "event: end\ndata: {}"


def test_a_folder_that_is_not_there_is_told(server: TestClient, tmp_path: Path) -> None:
    answer = server.post("/api/v1/scans", json={"folders": [str(tmp_path / "no")]})
    assert answer.status_code == 422
    assert answer.json()["detail"] == f"There is no folder {tmp_path}/no; check the name."
    assert server.get("/api/v1/scans").json() == []


def test_a_list_or_a_pattern_is_not_scanned(
    settings: Settings, kennel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a list names may lie beside the folders that may be scanned, or on another host."""
    (kennel / "all.txt").write_text("/etc/rex.jpg\nhttp://127.0.0.1:1/rex.jpg\n")
    app = create_app(replace(settings, folders=(str(kennel),)))
    with TestClient(app, base_url="http://127.0.0.1") as server:

        def refused(folder: str) -> str:
            answer = server.post("/api/v1/scans", json={"folders": [str(kennel), folder]})
            assert answer.status_code == 422
            return answer.json()["detail"]  # type: ignore[no-any-return]

        assert refused(f"{kennel}/all.txt") == (
            f"{kennel}/all.txt is no folder or photo; what a list names can only be scanned with "
            "`barkive scan` on the server's machine."
        )
        assert refused(f"{kennel}/*.png") == f"There is no folder {kennel}/*.png; check the name."
        assert server.get("/api/v1/scans").json() == []
        assert ended(server, start(server, kennel / "rex.png"))["new"] == 1

        def shut(folder: str, passing: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("barkive.web.services.scan_jobs.open_source", shut)
        assert refused(str(kennel)) == f"The folder {kennel} can't be opened: Permission denied."


def test_only_allowed_folders_are_scanned(settings: Settings, kennel: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc")
    (kennel / "link").symlink_to("/etc")
    app = create_app(replace(settings, folders=(str(kennel),)))
    with TestClient(app, base_url="http://127.0.0.1") as server:
        for folder in ("/etc", str(tmp_path), f"{kennel}/../..", f"{kennel}/link", "kennel", "\0"):
            answer = server.post("/api/v1/scans", json={"folders": [folder]})
            assert answer.status_code in (403, 422), folder
        assert ended(server, start(server, kennel / "annex"))["new"] == 1
        assert server.get("/scan", params={"folder": "/etc"}).status_code == 422


def test_a_scan_is_stopped(server: TestClient, kennel: Path) -> None:
    scan = start(server, kennel)
    assert server.post(f"/api/v1/scans/{scan['id']}/cancel").status_code == 200
    assert ended(server, scan)["state"] in ("cancelled", "finished")


def test_unknown_scans_are_told(server: TestClient) -> None:
    for method, path in (("GET", "x"), ("POST", "x/cancel"), ("GET", "x/events")):
        answer = server.request(method, f"/api/v1/scans/{path}")
        assert answer.status_code == 404
        assert answer.json()["detail"] == "There is no scan “x”; it may be long past."
    assert server.post("/api/v1/scans", json={"folders": []}).status_code == 422


def test_what_is_passed_over_is_told(
    server: TestClient, kennel: Path, colour_photo: Callable[..., Path]
) -> None:
    colour_photo("kennel/@eaDir/rex.png/SM.png", (250, 10, 10))
    wish = {"folders": [str(kennel)], "exclude": ["annex/"]}
    done = ended(server, server.post("/api/v1/scans", json=wish).json())
    assert (done["new"], done["passed_over"]) == (4, {"@eaDir": 1, "excluded": 1})
    wrong = server.post("/api/v1/scans", json=wish | {"exclude": ["!"]})
    assert wrong.status_code == 422
    assert wrong.json()["detail"].startswith("What is to be left out is said in patterns as ")
    nothing = ended(server, server.post("/api/v1/scans", json=wish | {"exclude": ["*"]}).json())
    assert nothing["state"] == "failed"
    assert nothing["error"].startswith(f"Nothing is left of {kennel}: what is to be left out, ")


@pytest.mark.parametrize("follow", [False, True])
def test_no_link_leads_out_of_the_folders_that_may_be_scanned(
    settings: Settings, kennel: Path, colour_photo: Callable[..., Path], follow: bool
) -> None:
    private = colour_photo("private/far.png", (10, 10, 250))
    (kennel / "annex" / "far").symlink_to(private.parent)
    (kennel / "annex" / "far.png").symlink_to(private)
    (kennel / "annex" / "near").symlink_to(kennel)
    app = create_app(replace(settings, folders=(str(kennel),)))
    with TestClient(app, base_url="http://127.0.0.1") as server:
        wish = {"folders": [str(kennel / "annex")], "follow_links": follow}
        done = ended(server, server.post("/api/v1/scans", json=wish).json())
    # With links there are the kennel's own four; never those outside.
    assert (done["new"], done["passed_over"]) == ((5, {"link": 2}) if follow else (1, {"link": 3}))


def test_a_folder_that_becomes_a_link_before_it_is_scanned_leads_nowhere(
    settings: Settings, kennel: Path, colour_photo: Callable[..., Path]
) -> None:
    private = colour_photo("private/far.png", (10, 10, 250)).parent
    rules = replace(settings, folders=(str(kennel),)).passing()
    (kennel / "late").symlink_to(private)
    listing = Listing([str(kennel / "late")], rules)
    assert list(listing.batches()) == []
    assert listing.passed_over() == {"link": 1}
