"""Scanning a folder as a person does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

expect = pytest.importorskip("playwright.sync_api").expect

GREEN, GREY = (10, 250, 10), (120, 110, 90)
HELD_AT = 6


@pytest.fixture
def held(site: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Scans come as far as six photos, and wait there until this is set."""
    gate = threading.Event()
    classifier = site.app.state.service.classifier
    judge = classifier.judge

    def slowly(*args: Any, **options: Any) -> Iterator[Any]:
        for number, one in enumerate(judge(*args, **options)):
            if number == HELD_AT:
                gate.wait(60)
            yield one

    monkeypatch.setattr(classifier, "judge", slowly)
    monkeypatch.setattr("barkive.catalogue.scan.pipeline._BATCH", 1)
    monkeypatch.setattr("barkive.web.services.scan_jobs._TELL_SECONDS", 0.0)
    yield gate
    gate.set()


@pytest.fixture
def album(site: Any, request: pytest.FixtureRequest) -> Path:
    """Eight photos of a Pug, four unsure ones and a broken one, in folders in a folder."""
    name = f"Album {request.node.name}"
    (site.folder / name).mkdir()
    (site.folder / name / "00-broken.jpg").write_bytes(b"\xff\xd8\xffnothing more")
    for i in range(8):
        site.paint(f"{name}/2026/pug{i}.png", GREEN)
    for i in range(4):
        site.paint(f"{name}/2026/spring/mix{i}.png", GREY)
    return site.folder / name


def test_a_folder_is_found_by_clicking_and_its_scan_watched_to_the_end(
    visit: Callable[..., Any], album: Path, held: threading.Event
) -> None:
    page = visit().page("/scan")
    page.get_by_role("link", name="Photos", exact=True).last.click()
    page.get_by_role("link", name=album.name).click()
    expect(page.locator(".chosen .path")).to_have_text(str(album))
    expect(page.get_by_text("1 photo directly in this folder")).to_be_visible()
    page.get_by_role("link", name="2026").click()
    expect(page.get_by_text("8 photos directly in this folder")).to_be_visible()
    expect(page.get_by_role("link", name="spring")).to_be_visible()
    way = page.get_by_role("navigation", name="Where you are")
    way.get_by_role("link", name=album.name).click()
    page.get_by_role("button", name="Scan this folder").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Running")
    expect(page.locator("#done")).to_have_text(f"{HELD_AT} of 13 photos")
    progress = page.locator("#progress")
    expect(progress).to_have_js_property("value", HELD_AT)
    expect(progress).to_have_js_property("max", 13)
    expect(page.locator("[data-status=failed]")).to_have_text("1")
    expect(page.locator(".failures")).to_contain_text("00-broken.jpg")
    page.evaluate("window.isSame = true")
    held.set()
    expect(page.get_by_role("heading", level=1)).to_have_text("Done")
    expect(page.locator("#done")).to_have_text("13 of 13 photos")
    expect(page.locator("[data-status=dog]")).to_have_text("8")
    expect(page.locator("[data-status=uncertain]")).to_have_text("4")
    expect(page.locator("dl.facts")).to_have_text("New13")
    page.get_by_role("link", name="See the photos").click()
    expect(page.locator("#found")).to_have_text("13 photos")


def test_the_failures_are_told_in_french_while_it_runs(
    visit: Callable[..., Any], album: Path, held: threading.Event, phone: dict[str, Any]
) -> None:
    page = visit(**phone).page("/scan")
    page.get_by_label("Ou écrivez son emplacement").fill(str(album))
    page.get_by_role("button", name="Analyser", exact=True).tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("En cours")
    expect(page.locator("#done")).to_have_text(f"{HELD_AT} sur 13 photos")
    live = page.locator(".failures").inner_text()
    page.wait_for_function("() => document.documentElement.scrollWidth === 390")
    held.set()
    expect(page.get_by_role("heading", level=1)).to_have_text("Terminée")
    expect(page.locator(".failures")).to_have_text(live, use_inner_text=True)


def test_a_scan_is_stopped(
    visit: Callable[..., Any], album: Path, held: threading.Event, site: Any
) -> None:
    page = visit().page("/scan")
    page.get_by_label("Or type where it is").fill(str(album))
    page.get_by_role("button", name="Scan", exact=True).click()
    expect(page.locator("#done")).to_have_text(f"{HELD_AT} of 13 photos")
    with page.expect_navigation():
        page.get_by_role("button", name="Stop").click()
    held.set()
    expect(page.get_by_role("heading", level=1)).to_have_text("Stopped")
    expect(page.get_by_role("button", name="Scan again")).to_be_visible()


def test_a_folder_that_is_not_there_is_told_beside_the_field(
    visit: Callable[..., Any], site: Any
) -> None:
    page = visit().page("/scan")
    field = page.get_by_label("Or type where it is")
    field.fill(f"{site.folder}/nowhere")
    field.press("Enter")
    told = f"There is no folder {site.folder}/nowhere; check the name."
    expect(page.get_by_role("alert")).to_have_text(told)
    expect(field).to_have_value(f"{site.folder}/nowhere")
    expect(field).to_have_accessible_description(f"Such as /home/ada/Pictures {told}")
    field.fill("/etc")
    field.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("is not among those that may be scanned")
