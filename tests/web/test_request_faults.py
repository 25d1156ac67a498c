"""What is wrong with a request, in sentences of both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from starlette.testclient import TestClient

NARROW = "\u202f"


@pytest.mark.parametrize(
    ("method", "path", "body", "detail"),
    [
        ("GET", "photos?limit=many", None, "“limit” is “many”; give a whole number."),
        ("GET", "photos?limit=0", None, "“limit” is 0; give at least 1."),
        (
            "GET",
            "photos?min_probability=high",
            None,
            "“min_probability” is “high”; give a number.",
        ),
        (
            "GET",
            "photos?corrected=perhaps",
            None,
            "“corrected” is “perhaps”; give true or false.",
        ),
        (
            "GET",
            "photos?dogs=two",
            None,
            "“dogs” is “two”; give a number of dogs, such as 2, 2-4 or 3+.",
        ),
        ("GET", f"photos?text={'x' * 501}", None, "“text” is longer than 500 characters; "),
        ("GET", "photos?lang=xx", None, "“lang” is “xx”; give one of en, fr."),
        ("POST", "scans", {}, "“folders” is missing; send it."),
        ("POST", "scans", {"folders": []}, "“folders” holds fewer than 1; send more."),
        ("POST", "scans", {"folders": "x"}, "“folders” is x; give a list."),
        ("POST", "scans", {"folders": [7]}, "“folders[0]” is 7; give a text."),
        (
            "POST",
            "scans",
            {"folders": ["Pictures"]},
            "“folders[0]” is “Pictures”; give an absolute path, such as /home/ada/Pictures.",
        ),
        (
            "POST",
            "scans",
            {"folders": ["/x"], "gone": "x", "depth": 2},
            "“gone” is “x”; give true or false. There is no “depth” here; check the spelling, or "
            "leave it out.",
        ),
        ("POST", "animals", {"sex": "x"}, "“sex” is “x”; give one of "),
        ("POST", "animals", {"birth": "May"}, "“birth” is “May”; give a year, a month or a day"),
    ],
)
def test_the_value_what_is_allowed_and_what_to_do(
    method: str, path: str, body: Any, detail: str, server: TestClient
) -> None:
    answer = server.request(method, f"/api/v1/{path}", json=body)
    said = answer.json()
    assert (answer.status_code, said["code"]) == (422, "request_invalid")
    assert said["detail"].startswith(detail), said["detail"]
    assert " ".join(one["what"] for one in said["errors"]) == said["detail"]


def test_what_is_no_json_is_told(server: TestClient) -> None:
    headers = {"Content-Type": "application/json"}
    answer = server.post("/api/v1/scans", content=b"{folders", headers=headers).json()
    assert answer["detail"].startswith("The body is no JSON; send an object in JSON")
    assert answer["errors"][0]["where"].startswith("body")


@pytest.mark.parametrize(
    ("query", "headers"),
    [("", {"Accept-Language": "fr-CA, en;q=0.5"}), ("&lang=fr", {"Accept-Language": "en"})],
)
def test_the_language_is_the_reader_s(
    query: str, headers: Mapping[str, str], server: TestClient
) -> None:
    said = server.get(f"/api/v1/photos?limit=501{query}", headers=headers).json()
    assert said["detail"] == f"«{NARROW}limit{NARROW}» vaut 501{NARROW}; donnez au plus 500."
    unknown = server.get(f"/api/v1/photos/7?x=1{query}", headers=headers).json()
    assert unknown["detail"] == (
        f"Le catalogue n'a pas de photo numéro 7{NARROW}; trouvez-la par une recherche."
    )


def test_a_page_says_it_too(server: TestClient) -> None:
    page = server.get("/photos?group=x&lang=en")
    assert page.status_code in (200, 422)
    assert "Input should be" not in page.text
