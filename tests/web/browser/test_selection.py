"""Many photos of the gallery, selected by mouse, finger and keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from barkive.catalogue import Filter

expect = pytest.importorskip("playwright.sync_api").expect

RED, GREEN = (250, 10, 10), (10, 250, 10)


@pytest.fixture
def pack(site: Any, request: pytest.FixtureRequest) -> Path:
    """Six Pugs in a folder of their own, catalogued."""
    name = request.node.name.removeprefix("test_")
    for i in range(6):
        site.paint(f"{name}/pug{i}.png", GREEN)
    return site.catalogued(name)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def long(site: Any) -> Path:
    """Four chunks of the list."""
    for i in range(400):
        site.paint(f"long/pug{i:03}.png", GREEN)
    return site.catalogued("long")  # type: ignore[no-any-return]


def gallery(folder: Path, **more: str) -> str:
    asked = "".join(f"&{name}={value}" for name, value in more.items())
    return f"/photos?folder={quote(str(folder))}{asked}"


def link(page: Any, name: str) -> Any:
    return page.get_by_role("link", name=f"{name}.png")


def selected(page: Any) -> Any:
    """The photos in the page that are selected."""
    return page.locator(".tile:has(:checked) .file")


def animals(site: Any) -> Any:
    return site.app.state.service.catalogue.animals


def test_shift_and_click_select_a_range_and_escape_nothing(
    visit: Callable[..., Any], pack: Path
) -> None:
    page = visit().page(gallery(pack))
    bar = page.get_by_role("form", name="Selected photos")
    expect(bar).to_be_hidden()
    page.get_by_label("Select pug1.png").click()
    expect(page.get_by_role("status")).to_have_text("1 photo selected")
    expect(bar).to_be_in_viewport()
    link(page, "pug4").click(modifiers=["Shift"])
    expect(page.get_by_role("status")).to_have_text("4 photos selected")
    link(page, "pug2").click(modifiers=["Shift"])
    expect(page.get_by_role("status")).to_have_text("2 photos selected")
    expect(selected(page)).to_have_text(["pug1.png", "pug2.png"])
    page.get_by_label("Select pug5.png").click()
    page.get_by_label("Select pug1.png").click()
    expect(page.get_by_role("status")).to_have_text("2 photos selected")
    expect(selected(page)).to_have_text(["pug2.png", "pug5.png"])
    page.keyboard.press("Escape")
    expect(page.get_by_role("status")).to_have_text("Nothing is selected")
    expect(bar).to_be_hidden()
    expect(selected(page)).to_have_text([])


def test_everything_goes_by_the_keyboard(visit: Callable[..., Any], site: Any, pack: Path) -> None:
    page = visit(viewport={"width": 1280, "height": 800}).page(gallery(pack))
    page.get_by_text("Export", exact=True).first.focus()
    page.keyboard.press("Tab")
    expect(link(page, "pug0")).to_be_focused()
    expect(page.get_by_text("Space selects, the arrows move")).to_have_css("opacity", "1")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowLeft")
    expect(page.get_by_role("status")).to_have_text("2 photos selected")
    expect(link(page, "pug2")).to_be_focused()
    page.keyboard.press("ArrowUp")  # there is none above
    expect(link(page, "pug2")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Space")
    expect(page.get_by_role("status")).to_have_text("1 photo selected")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Select all 6 photos")).to_be_focused()
    page.keyboard.press("Control+a")
    expect(page.get_by_role("status")).to_have_text("6 photos selected")
    page.get_by_role("button", name="New animal").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Make an animal of 6 photos")
    expect(page.get_by_label("Name")).to_be_focused()
    page.wait_for_load_state()  # scripts have run
    page.keyboard.type("Rex")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Rex")
    assert animals(site).get("Rex").photos == 6
    page.goto(f"{site.url}/acts")
    page.get_by_role("button", name="Undo: New animal Rex").press("Enter")
    expect(page.get_by_role("status")).to_have_text("Undone: New animal Rex, with 6 photos.")
    assert animals(site).count() == 0
    page.goto(site.url + gallery(pack))
    expect(link(page, "pug0")).to_be_visible()
    expect(selected(page)).to_have_text([])


def test_the_mouse_sweeps_over_photos(visit: Callable[..., Any], pack: Path) -> None:
    page = visit().page(gallery(pack))
    start = link(page, "pug1").locator("img").bounding_box()
    end = link(page, "pug3").locator("img").bounding_box()
    middle = start["y"] + start["height"] / 2
    page.mouse.move(start["x"] + 60, middle)
    page.mouse.down()
    page.mouse.move(start["x"] + 90, middle)
    page.mouse.move(end["x"] + 40, middle, steps=8)
    expect(page.get_by_role("status")).to_have_text("3 photos selected")
    page.mouse.up()
    expect(selected(page)).to_have_text(["pug1.png", "pug2.png", "pug3.png"])
    expect(page).to_have_url(re.compile(r"/photos\?"))
    link(page, "pug1").click()  # and a click opens again
    expect(page.locator("dl.facts")).to_contain_text("pug1.png")
    page.get_by_role("link", name="Back to the photos").click()
    expect(page.get_by_role("status")).to_have_text("3 photos selected")
    expect(selected(page)).to_have_text(["pug1.png", "pug2.png", "pug3.png"])


def test_a_finger_that_rests_selects_and_goes_on(
    visit: Callable[..., Any], pack: Path, phone: dict[str, Any]
) -> None:
    page = visit(**phone).page(gallery(pack))
    places = [link(page, name).locator("img").bounding_box() for name in ("pug0", "pug1")]
    points = [{"x": one["x"] + 80, "y": one["y"] + 80} for one in places]
    touch = page.context.new_cdp_session(page)

    def send(kind: str, *at: dict[str, float]) -> None:
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(at)})

    send("touchStart", points[0])
    expect(page.get_by_role("status")).to_have_text("1 photo sélectionnée")
    send("touchMove", {"x": points[0]["x"] + 20, "y": points[0]["y"]})
    send("touchMove", points[1])
    send("touchEnd")
    expect(page.get_by_role("status")).to_have_text("2 photos sélectionnées")
    expect(selected(page)).to_have_text(["pug0.png", "pug1.png"])
    page.get_by_label("Sélectionner pug1.png").tap()
    expect(page.get_by_role("status")).to_have_text("1 photo sélectionnée")
    page.wait_for_function("() => document.documentElement.scrollWidth === 390")
    page.get_by_role("button", name="Nommer").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("Nommer 1 photo")


def test_a_range_goes_over_what_the_page_does_not_hold(
    visit: Callable[..., Any], long: Path
) -> None:
    page = visit().page(gallery(long))
    page.get_by_label("Select pug000.png").click()
    last = link(page, "pug399")
    expect(page.locator("#list.virtual")).to_be_visible()
    for _ in range(100):  # a page that is busy may pass over a key
        page.keyboard.press("End")
        page.wait_for_timeout(200)
        if last.is_visible():
            break
    expect(last).to_be_visible()
    assert page.locator(".tile").count() < 400
    last.click(modifiers=["Shift"])
    expect(page.get_by_role("status")).to_have_text("400 photos selected")
    page.get_by_label("Select pug398.png").click()
    page.keyboard.press("Home")
    expect(page.get_by_label("Select pug000.png")).to_be_checked()
    expect(page.get_by_role("status")).to_have_text("399 photos selected")


def test_the_arrows_go_from_chunk_to_chunk(visit: Callable[..., Any], long: Path) -> None:
    page = visit().page(gallery(long, page="1"))
    link(page, "pug000").focus()
    for row in range(1, 31):
        page.keyboard.press("ArrowDown")
        expect(page.locator(f'.tile[data-place="{5 * row}"] a')).to_be_focused()
        expect(page.locator(":focus")).to_be_in_viewport()


def test_all_of_a_filter_are_labelled_and_it_is_undone(
    visit: Callable[..., Any], site: Any, long: Path
) -> None:
    page = visit().page(gallery(long, text="pug"))
    page.get_by_label("Select pug000.png").click()
    page.get_by_role("button", name="Select all 400 photos").click()
    page.get_by_label("Select pug001.png").click()
    expect(page.get_by_role("status")).to_have_text("399 photos selected")
    page.get_by_role("button", name="Label").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Label 399 photos")
    page.get_by_role("combobox", name="Breed").press_sequentially("chih")
    page.get_by_role("option", name="Chihuahua").click()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#said")).to_contain_text("399 photos labelled: Chihuahua")
    expect(page.get_by_role("form", name="Selected photos")).to_be_hidden()
    catalogue = site.app.state.service.catalogue
    labelled = Filter(folder=str(long), corrected=True)
    assert catalogue.count(labelled) == 399
    page.reload()
    page.get_by_role("button", name="Undo: 399 photos labelled").click()
    expect(page.locator("#said")).to_contain_text("Undone: 399 photos labelled: Chihuahua")
    assert catalogue.count(labelled) == 0


def test_other_filters_clear_what_is_selected_and_say_so(
    visit: Callable[..., Any], pack: Path
) -> None:
    page = visit().page(gallery(pack))
    for i in range(3):
        page.get_by_label(f"Select pug{i}.png").click()
    expect(page.get_by_role("status")).to_have_text("3 photos selected")
    page.get_by_role("region", name="Breeds").get_by_role("link", name="Pug").click()
    expect(page.get_by_role("status")).to_have_text(
        "The filters have changed: 3 photos are not selected any more."
    )
    expect(page.get_by_role("status")).to_be_visible()
    expect(selected(page)).to_have_text([])


def test_without_script_boxes_are_ticked(visit: Callable[..., Any], site: Any, pack: Path) -> None:
    rex = animals(site).new()
    page = visit(java_script_enabled=False).page(gallery(pack))
    page.get_by_label("Select pug0.png").check()
    page.get_by_label("Select pug2.png").check()
    page.get_by_role("button", name="Add to an animal").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Add 2 photos to an animal")
    page.get_by_role("button", name=str(rex.id)).click()
    expect(page.locator("#said")).to_contain_text(f"2 photos added to {rex.id}")
    page.get_by_role("link", name="Last changes").click()
    page.get_by_role("button", name="Undo: 2 photos added").click()
    expect(page.get_by_role("status")).to_contain_text("Undone: 2 photos added")
    assert animals(site).get(rex).photos == 0
    animals(site).remove(rex)
