"""The page of photos that show the same, as a browser sends it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from barkive.catalogue import Catalogue, Kind, Label
from barkive.web.pages import duplicates

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "PATIENCE", 60.0)


@pytest.fixture
def catalogue(filled: TestClient, kennel: Path) -> Catalogue:
    """With two copies of one photo, and one of another."""
    for name in ("rex-1.png", "rex-2.png"):
        shutil.copy(kennel / "rex.png", kennel / name)
    shutil.copy(kennel / "mix.png", kennel / "mix-1.png")
    service = filled.app.state.service  # type: ignore[attr-defined]
    service.catalogue.scan(kennel, classifier=service.classifier)
    found: Catalogue = service.catalogue
    return found


def names(catalogue: Catalogue) -> set[str]:
    return {Path(one.file).name for one in catalogue.search()}


def kept(page: str) -> list[str]:
    """The numbers of the photos that are chosen."""
    return re.findall(r'name="keep" value="(\d+)" checked', page)


def test_one_of_a_group_is_kept_and_the_others_are_taken_out(
    filled: TestClient, catalogue: Catalogue, kennel: Path
) -> None:
    assert "Look for duplicates" in filled.get("/duplicates").text
    page = filled.post("/duplicates").text
    assert "2 groups, 5 photos." in page
    assert "Keep this one, take the 2 others out" in page
    number = catalogue.photo(kennel / "rex-2.png").id
    page = filled.post("/duplicates/keep", data={"keep": number, "size": 3}).text
    assert "2 photos taken out. 2 files stay in your folders; scans pass over them." in page
    assert "1 group, 2 photos." in page
    assert names(catalogue) >= {"rex-2.png", "mix.png", "mix-1.png"}
    assert not names(catalogue) & {"rex.png", "rex-1.png"}
    assert (kennel / "rex.png").exists()
    assert filled.get("/duplicates/events").text.endswith("event: end\ndata: {}\n\n")


def test_all_groups_of_a_page_once_that_is_meant(filled: TestClient, catalogue: Catalogue) -> None:
    page = filled.post("/duplicates").text
    form = {"keep": kept(page), "size": 5}
    refused = filled.post("/duplicates/keep", data=form)
    assert refused.status_code == 422
    assert len(names(catalogue)) == 8
    page = filled.post("/duplicates/keep", data={**form, "sure": "true"}).text
    assert "No photo is there twice." in page
    assert len(names(catalogue)) == 5


def test_what_has_changed_meanwhile_is_looked_at_again(
    filled: TestClient, catalogue: Catalogue, kennel: Path
) -> None:
    filled.post("/duplicates")
    number = catalogue.photo(kennel / "rex-2.png").id
    catalogue.forget(kennel / "rex-1.png", copies=False)
    answer = filled.post("/duplicates/keep", data={"keep": number, "size": 3})
    assert answer.status_code == 409
    assert "nothing was taken out" in answer.text
    unknown = filled.post("/duplicates/keep", data={"keep": 7, "size": 3})
    assert unknown.status_code == 409
    assert len(names(catalogue)) == 7
    assert filled.get("/duplicates/keep", follow_redirects=False).status_code == 303


def test_pages_of_groups(
    filled: TestClient, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duplicates, "CHUNK", 1)
    page = filled.post("/duplicates").text
    assert len(kept(page)) == 1
    assert "Page 1 of 2" in page
    assert kept(filled.get("/duplicates?page=2&lang=fr").text) != kept(page)


@pytest.fixture
def rex(
    filled: TestClient, catalogue: Catalogue, kennel: Path, monkeypatch: pytest.MonkeyPatch
) -> int:
    """rex.png, which shows the same as mix.png, and that Ada called a Boxer."""
    rex, mix = (catalogue.photo(kennel / name).id for name in ("rex.png", "mix.png"))
    monkeypatch.setattr(Catalogue, "duplicate_groups", lambda self, **options: [[rex, mix]])
    catalogue.label(mix, Label(Kind.BREED, ("boxer",), by="Ada"))
    filled.post("/duplicates")
    return rex


def test_what_was_said_of_one_that_goes_is_kept(
    filled: TestClient, catalogue: Catalogue, rex: int
) -> None:
    filled.post("/duplicates/keep", data={"keep": rex, "size": 2})
    page = filled.get(f"/photos/{rex}").text
    assert "Ada changed Chihuahua to Boxer" in page
    assert "mix.png" not in names(catalogue)


def test_nothing_goes_where_what_was_said_of_it_can_not_be_kept(
    filled: TestClient, catalogue: Catalogue, kennel: Path, rex: int
) -> None:
    shutil.copy(kennel / "night.png", kennel / "rex.png")
    page = filled.post("/duplicates/keep", data={"keep": rex, "size": 2}).text
    assert "rex.png holds another picture" in page
    assert names(catalogue) >= {"rex.png", "mix.png"}
    assert "1 group, 2 photos." in filled.get("/duplicates").text
