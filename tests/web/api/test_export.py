from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Callable, Iterator
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import ZipFile

import pytest
from starlette.testclient import TestClient

from barkive.catalogue import AnimalFields, Entry
from barkive.catalogue.export import (
    ExportContext,
    FileExporter,
    FolderExporter,
    Outcome,
    TextExporter,
)
from barkive.web import Settings, create_app


class DoorList(TextExporter):
    """A form of text, as a shelter would write it."""

    description = "the list at the kennel's <door>"
    media_type = "text/markdown; charset=utf-8"
    suffix = ".md"

    def pieces(self, entries: Iterator[Entry], context: ExportContext) -> Iterator[str]:
        for entry in entries:
            for label in entry.labels:
                yield f"- {label.name(context.lang)}\n"


class Cards(FileExporter):
    """A form of one file that says nothing of itself."""

    suffix = ".cards"

    def write(self, entries: Iterator[Entry], file: BinaryIO, context: ExportContext) -> None:
        assert context.out is not None
        file.write(f"{context.out.suffix} {sum(1 for _ in entries)}".encode())


class Cupboard(FolderExporter):
    """A form of many files."""

    def write(self, entries: Iterator[Entry], context: ExportContext) -> Outcome:
        assert context.out is not None
        (context.out / "drawer").mkdir(parents=True)
        photos = list(entries)
        for entry in photos:
            (context.out / "drawer" / f"{entry.id}.txt").write_text(entry.status)
        return Outcome(len(photos))


class Away(TextExporter):
    """A form that needs what is not installed."""

    description = "away"

    def is_available(self) -> bool:
        return False

    def pieces(self, entries: Iterator[Entry], context: ExportContext) -> Iterator[str]:
        yield "here"


@pytest.fixture
def with_others(
    install_exporters: Callable[..., None], settings: Settings, kennel: Path
) -> Iterator[TestClient]:
    """A server beside which packages with five forms are installed, of which one is broken."""
    install_exporters(
        {"door": DoorList, "éclair card": Cards, "cupboard": Cupboard, "away": Away, "bad": 3}
    )
    app = create_app(settings)
    app.state.service.catalogue.scan(kennel, classifier=app.state.service.classifier)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        yield client


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
    assert answer.json()["detail"].startswith(f"“as” is “{form}”; give one of csv, json")


def test_an_unknown_form_or_breed_is_told_before_anything_is_sent(filled: TestClient) -> None:
    assert filled.get("/api/v1/export?as=word").status_code == 422
    assert filled.get("/api/v1/export?breed=cat").status_code == 422


def test_a_form_of_another_package_is_sent_like_barkives_own(with_others: TestClient) -> None:
    answer = with_others.get("/api/v1/export?as=door&lang=fr&breed=pug")
    assert (answer.status_code, answer.text) == (200, "- Carlin\n")
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="barkive-door.md"'
    answer = with_others.get("/api/v1/export", params={"as": "éclair card"})
    assert (answer.status_code, answer.text) == (200, ".cards 5")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == (
        "attachment; filename*=UTF-8''barkive-%C3%A9clair%20card.cards"
    )


def test_the_page_offers_what_can_be_sent_from_here(with_others: TestClient) -> None:
    page = with_others.get("/photos?lang=fr").text
    menu = page.partition('id="export"')[2].partition("</details>")[0]
    lines = [line for line in menu.splitlines() if line.startswith("<li>")]
    assert [unescape(re.sub("<[^>]*>", "", line)) for line in lines] == [
        "Tableur (CSV)",
        "Pour programmes (JSON)",
        "Pour programmes (JSON, ligne par ligne)",
        "Analyse de données (Parquet)",
        "Pièges photo (JSON de MegaDetector)",
        "Cadres (COCO)",
        "Logiciel de refuge (ASM3)",
        "Planche à imprimer (PDF)",
        "the list at the kennel's <door>",
        "éclair card",
    ]
    assert 'action="/exports"><button name="form" value="éclair card">' in menu
    page = with_others.get("/exports?lang=fr").text
    forms = re.findall(r'name="form" value="([^"]*)" required', page)
    assert forms == [
        *("csv", "json", "jsonl", "parquet", "xmp", "asm3", "rescuegroups"),
        *("folders", "crops", "training-set", "contact-sheet"),
        *("md-json", "coco", "yolo", "label-studio"),
        *("cupboard", "door", "éclair card"),
    ]


def test_the_description_has_the_forms_that_are_installed(with_others: TestClient) -> None:
    operation: dict[str, Any] = with_others.get("/openapi.json").json()["paths"]["/api/v1/export"][
        "get"
    ]
    (form,) = [one["schema"] for one in operation["parameters"] if one["name"] == "as"]
    assert form == {
        "type": "string",
        "enum": [
            *("csv", "json", "jsonl", "parquet", "md-json", "coco", "asm3", "contact-sheet"),
            *("away", "door", "éclair card"),
        ],
        "default": "csv",
        "description": "In which form.",
        "title": "As",
    }
    assert sorted(operation["responses"]["200"]["content"]) == [
        "application/json",
        "application/jsonl",
        "application/octet-stream",
        "application/pdf",
        "application/vnd.apache.parquet",
        "text/csv; charset=utf-8",
        "text/markdown; charset=utf-8",
        "text/plain; charset=utf-8",
    ]


@pytest.mark.parametrize("form", ["cupboard", "bad", "xmp", "word"])
def test_what_can_not_be_sent_is_refused_with_what_can(with_others: TestClient, form: str) -> None:
    answer = with_others.get("/api/v1/export", params={"as": form})
    assert (answer.status_code, answer.json()["code"]) == (422, "request_invalid")
    assert answer.json()["detail"] == (
        f"“as” is “{form}”; give one of csv, json, jsonl, parquet, md-json, coco, asm3, "
        "contact-sheet, away, door, éclair card."
    )


def ended(server: TestClient, job: str) -> dict[str, Any]:
    """Waits until an export is over, and gives it."""
    assert server.get(f"/api/v1/exports/{job}/events").text.endswith("event: end\ndata: {}\n\n")
    told: dict[str, Any] = server.get(f"/api/v1/exports/{job}").json()
    return told


def test_shelter_software_gets_no_empty_file(filled: TestClient) -> None:
    answer = filled.get("/api/v1/export", params={"as": "asm3", "status": "not_dog"})
    assert (answer.status_code, answer.json()["code"]) == (422, "export_empty")
    answer = filled.post("/api/v1/export", params={"as": "asm3", "status": "not_dog"})
    job = ended(filled, answer.json()["id"])
    assert job["state"] == "failed"
    assert job["error"].startswith("There is no dog in what you asked for")


def test_shelter_software_gets_all_each_time(filled: TestClient) -> None:
    files = []
    for _ in range(2):
        job = filled.post("/api/v1/export", params={"as": "asm3"}).json()["id"]
        ended(filled, job)
        files.append(filled.get(f"/api/v1/exports/{job}/file").text)
    assert files[0] == files[1]
    assert files[0].count("data:image/jpeg") == 3


@pytest.fixture
def with_rex(filled: TestClient, kennel: Path) -> TestClient:
    """A server whose catalogue has an animal of two photos."""
    catalogue = filled.app.state.service.catalogue  # type: ignore[attr-defined]
    photos = [kennel / "rex.png", kennel / "annex" / "mila.png"]
    catalogue.animals.new(AnimalFields(code="2026-113", name="Rex"), photos)
    return filled


def test_by_animal(with_rex: TestClient) -> None:
    (row,) = with_rex.get("/api/v1/export?as=json&by=animal").json()
    assert (row["code"], row["name"], row["photos"]) == ("2026-113", "Rex", 2)
    assert {Path(one["file"]).name for one in row["photo_files"]} == {"rex.png", "mila.png"}
    table = with_rex.get("/api/v1/export?as=csv&by=animal&lang=fr").text.lstrip("\ufeff")
    (cells,) = csv.DictReader(table.splitlines(), delimiter=";")
    assert (cells["code"], cells["nom"], cells["photos"]) == ("2026-113", "Rex", "2")
    assert with_rex.get("/api/v1/export?as=json&by=animal&breed=maltese").json() == []
    catalogue = with_rex.app.state.service.catalogue  # type: ignore[attr-defined]
    catalogue.animals.new(AnimalFields(name="Bello"))
    assert len(with_rex.get("/api/v1/export?as=jsonl&by=animal").text.splitlines()) == 2


@pytest.mark.parametrize("form", ["parquet", "contact-sheet", "jsonl", "asm3"])
def test_other_forms_by_animal(with_rex: TestClient, form: str) -> None:
    answer = with_rex.get("/api/v1/export", params={"as": form, "by": "animal"})
    assert answer.status_code == 200
    assert answer.content


def test_a_form_that_knows_no_animals_is_told(with_others: TestClient) -> None:
    for form in ("coco", "door"):
        answer = with_others.get("/api/v1/export", params={"as": form, "by": "animal"})
        assert (answer.status_code, answer.json()["code"]) == (422, "export_option_unused")
    answer = with_others.get("/api/v1/export?by=breed")
    assert answer.json()["detail"] == "“by” is “breed”; give one of photo, animal."


def test_many_files_come_as_an_archive(with_others: TestClient) -> None:
    begun = with_others.post("/api/v1/export", params={"as": "cupboard"})
    assert begun.status_code == 202
    job = ended(with_others, begun.json()["id"])
    assert {key: job[key] for key in ("state", "written", "failed", "failures")} == {
        **{"state": "finished", "written": 5, "failed": 0, "failures": []},
    }
    answer = with_others.get(f"/api/v1/exports/{job['id']}/file")
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == ('attachment; filename="barkive-cupboard.zip"')
    with ZipFile(BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert sorted(archive.namelist()) == [f"drawer/{n}.txt" for n in range(1, 6)]


def test_the_options_of_archives(filled: TestClient) -> None:
    """A photo that the model takes for no dog has no box, and so stands in YOLO's set alone."""
    begun = filled.post("/api/v1/export", params={"as": "yolo", "confidence": True})
    job = ended(filled, begun.json()["id"])
    assert (job["written"], job["left_out"]) == (1, 4)
    refused = filled.post("/api/v1/export", params={"as": "yolo", "crops": True})
    assert (refused.status_code, refused.json()["detail"]) == (
        422,
        "The form yolo makes no use of “crops”, which is for: training-set; leave it out.",
    )
    refused = filled.post("/api/v1/export", params={"as": "csv", "new": True})
    assert refused.json()["code"] == "export_option_unused"
    refused = filled.post("/api/v1/export", params={"as": "crops", "margin": 1.5})
    assert refused.json()["code"] == "request_invalid"


def test_what_is_new_comes_once(filled: TestClient) -> None:
    new = {"as": "asm3", "new": True}
    job = ended(filled, filled.post("/api/v1/export", params=new).json()["id"])
    assert (job["written"], job["error"]) == (3, None)
    job = ended(filled, filled.post("/api/v1/export", params=new).json()["id"])
    assert (job["written"], job["error_code"]) == (0, "export_no_news")
    # Asked for without that, all comes.
    job = ended(filled, filled.post("/api/v1/export", params={"as": "asm3"}).json()["id"])
    assert job["written"] == 3


def test_parquet_is_offered_only_where_it_is_installed(
    filled: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert 'value="parquet"' not in filled.get("/photos").text
    assert 'value="parquet"' not in filled.get("/exports").text
    answer = filled.get("/api/v1/export?as=parquet")
    assert (answer.status_code, answer.json()["code"]) == (501, "missing_extra")
