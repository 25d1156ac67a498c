"""Learning over HTTP."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from barkive.catalogue import Catalogue
from barkive.learning import Report

pytestmark = pytest.mark.slow

Wait = Callable[[TestClient, str], dict[str, Any]]

DACHSHUND = {"id": "Dachshund", "en": "Dachshund", "fr": "Teckel"}
CHIHUAHUA = {"id": "n02085620", "en": "Chihuahua", "fr": "Chihuahua"}
SHIBA = {"id": "Shiba Inu", "en": "Shiba Inu", "fr": "Shiba Inu"}


def start(server: TestClient, **wish: Any) -> str:
    answer = server.post("/api/v1/learn", json=wish)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/api/v1/learn/{answer.json()['id']}"
    return str(answer.json()["id"])


def breed_of(server: TestClient, name: str) -> str:
    photos = server.get("/api/v1/photos").json()["photos"]
    (photo,) = (one for one in photos if Path(one["file"]).name == name)
    return str(photo["breeds"][0]["name"])


def refused(server: TestClient, path: str, **wish: Any) -> tuple[int, str]:
    answer = server.post(f"/api/v1/learn{path}", json=wish)
    return answer.status_code, answer.json()["code"]


def test_what_is_learned_is_told_put_to_use_and_taken_back(
    taught: TestClient, learned: Wait
) -> None:
    (before,) = taught.get("/api/v1/models").json()
    assert breed_of(taught, "IMG_6.png") == "Chihuahua"
    job = learned(taught, start(taught, by="Ada"))
    assert (job["state"], job["use"], job["by"], job["judged"]) == ("learned", False, "Ada", None)
    assert (job["undoes"], job["done"], job["total"], job["finished_at"]) == (False, 6, 6, None)
    assert job["report"] == {
        "photos": 9,
        "fresh": 9,
        "not_dogs": 0,
        "crosses": 0,
        "own": {"photos": 8, "before": 2, "after": 8, "is_worse": False},
        "breeds": [
            {
                "breed": DACHSHUND,
                "is_new": True,
                "photos": 6,
                "before": 0,
                "after": 6,
                "is_worse": False,
            },
            {
                "breed": CHIHUAHUA,
                "is_new": False,
                "photos": 2,
                "before": 2,
                "after": 2,
                "is_worse": False,
            },
        ],
        "remembered": {"photos": 18, "before": 18, "after": 18, "is_worse": False},
        "is_better": True,
        "later": [{"breed": SHIBA, "photos": 1}],
        "contradictions": [],
        "suspects": [],
        "unjudged": 0,
    }
    assert taught.get("/api/v1/models").json() == [before]
    assert breed_of(taught, "IMG_6.png") == "Chihuahua"

    answer = taught.post(f"/api/v1/learn/{job['id']}/use")
    assert (answer.status_code, answer.json()["state"]) == (202, "judging")
    assert answer.headers["location"] == f"/api/v1/learn/{job['id']}"
    used = learned(taught, job["id"])
    assert (used["state"], used["judged"]) == ("finished", {"photos": 11, "left": 0})
    assert used["finished_at"] is not None
    assert breed_of(taught, "IMG_6.png") == "Dachshund"
    after, earlier = taught.get("/api/v1/models").json()
    assert earlier == before | {"in_use": False, "photos": 0}
    del after["digest"], after["learned_at"]
    figures = {name: job["report"][name] for name in ("photos", "fresh", "not_dogs", "crosses")}
    assert after == {
        "name": job["model"],
        "in_use": True,
        "breeds": 4,
        "photos": 11,
        "parent": before["name"],
        "figures": figures
        | {name: job["report"][name] for name in ("own", "breeds", "remembered")},
        "learned_by": "Ada",
        "undone_by": None,
        "undone_at": None,
    }
    assert refused(taught, f"/{job['id']}/use") == (409, "learn_no_result")

    answer = taught.post("/api/v1/learn/undo", params={"by": "Ben"})
    assert (answer.status_code, answer.json()["undoes"], answer.json()["by"]) == (202, True, "Ben")
    undone = learned(taught, answer.json()["id"])
    assert (undone["state"], undone["judged"]) == ("finished", {"photos": 11, "left": 0})
    assert breed_of(taught, "IMG_6.png") == "Chihuahua"
    models = taught.get("/api/v1/models").json()
    assert [one["in_use"] for one in models] == [False, True]
    assert [one["undone_by"] for one in models] == ["Ben", None]
    assert models[0]["undone_at"].endswith("Z")
    assert refused(taught, "/undo") == (409, "model_nothing_to_undo")
    assert [one["id"] for one in taught.get("/api/v1/learn").json()] == [undone["id"], job["id"]]


def test_it_is_put_to_use_at_once_where_that_is_asked_for(
    taught: TestClient, learned: Wait
) -> None:
    job = learned(taught, start(taught, use=True))
    assert (job["state"], job["use"], job["by"]) == ("finished", True, None)
    assert job["judged"] == {"photos": 11, "left": 0}
    # The server identifies by it too, though it was started with another one.
    content = Path(taught.get("/api/v1/photos").json()["photos"][6]["file"]).read_bytes()
    (verdict,) = taught.post("/api/v1/identify", content=content).json()
    assert (verdict["model"], verdict["breeds"][0]["name"]) == (job["model"], "Dachshund")


def test_what_got_worse_is_never_put_to_use(
    taught: TestClient, learned: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Report, "is_better", property(lambda report: False))
    job = learned(taught, start(taught, use=True))
    assert (job["state"], job["error_code"], job["judged"]) == ("refused", "learn_worse", None)
    assert job["error"].startswith("The new model got worse, so the one in use stays: ")
    french = taught.get(f"/api/v1/learn/{job['id']}/events", params={"lang": "fr"}).text
    assert "Le nouveau mod\\u00e8le est moins bon" in french
    assert refused(taught, f"/{job['id']}/use") == (409, "learn_worse")
    assert breed_of(taught, "IMG_6.png") == "Chihuahua"


def test_one_learns_at_a_time(
    taught: TestClient, learned: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    learn = Catalogue.learn

    def slowly(self: Catalogue, **options: Any) -> Any:
        assert gate.wait(60)
        return learn(self, **options)

    monkeypatch.setattr(Catalogue, "learn", slowly)
    job = start(taught)
    answer = taught.post("/api/v1/learn", json={})
    assert (answer.status_code, answer.json()["code"]) == (409, "learn_running")
    assert job in answer.json()["detail"]
    assert refused(taught, f"/{job}/use") == (409, "learn_no_result")
    gate.set()
    assert learned(taught, job)["state"] == "learned"
    assert learned(taught, start(taught))["state"] == "learned"


def test_what_can_not_learn_says_why(filled: TestClient, learned: Wait) -> None:
    job = learned(filled, start(filled))
    assert (job["state"], job["report"], job["error_code"]) == ("failed", None, "learn_no_memory")
    assert refused(filled, f"/{job['id']}/use") == (409, "learn_no_result")


def test_unknown_learnings_are_told(server: TestClient) -> None:
    for method, path in (("GET", "x"), ("POST", "x/use"), ("GET", "x/events")):
        answer = server.request(method, f"/api/v1/learn/{path}")
        assert answer.status_code == 404
        assert answer.json()["detail"] == "There is no learning “x”; it may be long past."
    assert server.get("/api/v1/learn").json() == []
    assert server.get("/api/v1/models").json() == []
    assert server.post("/api/v1/learn", json={"by": " "}).status_code == 422
