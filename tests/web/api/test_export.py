import csv
import json
from pathlib import Path

import pytest
from starlette.testclient import TestClient


@pytest.mark.parametrize(
    ("form", "kind", "name"),
    [
        ("csv", "text/csv; charset=utf-8", "barkive.csv"),
        ("json", "application/json", "barkive.json"),
        ("jsonl", "application/jsonl", "barkive.jsonl"),
        ("md-json", "application/json", "barkive-md-json.json"),
        ("asm3", "text/csv; charset=utf-8", "barkive-asm3.csv"),
        ("contact-sheet", "application/pdf", "barkive-contact-sheet.pdf"),
        ("parquet", "application/vnd.apache.parquet", "barkive.parquet"),
    ],
)
def test_each_form_is_sent_as_a_file(filled: TestClient, form: str, kind: str, name: str) -> None:
    answer = filled.get("/api/v1/export", params={"as": form})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == kind
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert answer.content


def test_only_what_is_meant_is_sent(filled: TestClient, kennel: Path) -> None:
    lines = filled.get("/api/v1/export?as=jsonl&breed=pug&lang=fr").text.splitlines()
    (row,) = map(json.loads, lines)
    assert (row["file"], row["breeds"][0]["name"]) == (str(kennel / "annex/mila.png"), "Carlin")
    table = filled.get("/api/v1/export?as=csv").text.lstrip("\ufeff")
    assert len(list(csv.DictReader(table.splitlines()))) == 5


@pytest.mark.parametrize("form", ["xmp", "folders", "training-set"])
def test_a_form_that_writes_beside_the_photos_is_refused(filled: TestClient, form: str) -> None:
    answer = filled.get("/api/v1/export", params={"as": form})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("query.as: Input should be 'csv', 'json'")


def test_an_unknown_form_or_breed_is_told_before_anything_is_sent(filled: TestClient) -> None:
    assert filled.get("/api/v1/export?as=word").status_code == 422
    assert filled.get("/api/v1/export?breed=cat").status_code == 422
