"""The review as people do it, with keys, with fingers, and several at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from barkive.catalogue import Filter, Kind, Label
from barkive.catalogue.annotations.review_queue import ReviewQueue

expect = pytest.importorskip("playwright.sync_api").expect

CHIHUAHUA, PUG, MALTESE = "n02085620", "n02110958", "n02085936"
NAME = ".reviewing figcaption a"


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set whenever a page that was left has said so."""
    said = threading.Event()
    leave = ReviewQueue.leave

    def told(*args: Any) -> None:
        leave(*args)
        said.set()

    monkeypatch.setattr(ReviewQueue, "leave", told)
    return said


def review(folder: Path) -> str:
    return f"/review?folder={quote(str(folder))}"


def shown(page: Any) -> Any:
    return page.locator(NAME)


def name(page: Any) -> str:
    return Path(shown(page).inner_text()).stem


def press(page: Any, *keys: str) -> None:
    """Presses keys, and waits for what the last of them brings."""
    part = page.locator("#review").element_handle()
    for key in keys:
        page.keyboard.press(key)
    page.wait_for_function("(part) => !part.isConnected", arg=part)
    page.wait_for_selector("#review:not(.busy)")


def test_ten_photos_by_the_keyboard_alone(visit: Callable[..., Any], site: Any) -> None:
    folder = site.unsure("keys", 10)
    page = visit().page(review(folder))
    expect(page.get_by_role("heading", name="Which breed is this?").last).to_be_visible()
    expect(page.locator("#left")).to_have_text("10 photos left")
    expect(shown(page)).to_have_text("unsure00.png")
    press(page, "1")
    press(page, "2")
    expect(page.locator("#saved")).to_contain_text("unsure01.png: saved as Pug.")
    # Nothing is chosen, so nothing is saved.
    page.keyboard.press("Enter")
    press(page, "1")
    expect(shown(page)).to_have_text("unsure03.png")
    press(page, "n")
    press(page, "?")
    press(page, "s")
    expect(shown(page)).to_have_text("unsure06.png")
    press(page, "u")
    expect(shown(page)).to_have_text("unsure05.png")
    press(page, "3")
    press(page, "u")
    expect(shown(page)).to_have_text("unsure05.png")
    press(page, "1")

    page.keyboard.press("b")
    expect(page.locator("#breed")).to_be_focused()
    page.keyboard.type("carl")
    expect(page.get_by_role("option", name="Carlin")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox", name="Another breed")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.locator("#breed")).not_to_be_focused()
    page.keyboard.press("b")
    page.keyboard.type("carlin")
    expect(page.get_by_role("option", name="Carlin")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#breed")).to_have_value("Pug")
    press(page, "Enter")
    expect(shown(page)).to_have_text("unsure07.png")

    page.keyboard.press("x")
    expect(page.locator("#breed")).to_be_focused()
    page.keyboard.type("pug")
    expect(page.get_by_role("option", name="Pug").first).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("#second").focus()
    page.keyboard.type("maltese")
    expect(page.get_by_role("option", name="Maltese").first).to_be_visible()
    page.keyboard.press("Escape")
    press(page, "Enter")
    press(page, "1")
    press(page, "1")

    expect(page.get_by_role("heading", level=1)).to_have_text("All done")
    expect(page.get_by_text("10 done here")).to_be_visible()
    assert site.said(folder) == {
        "unsure00": [CHIHUAHUA],
        "unsure01": [PUG],
        "unsure02": [CHIHUAHUA],
        "unsure03": ["not_dog"],
        "unsure04": ["uncertain"],
        "unsure05": [CHIHUAHUA],
        "unsure06": [PUG],
        "unsure07": [PUG, MALTESE],
        "unsure08": [CHIHUAHUA],
        "unsure09": [CHIHUAHUA],
    }


def test_skipped_photos_are_looked_at_again(visit: Callable[..., Any], site: Any) -> None:
    page = visit().page(review(site.unsure("skip", 2)))
    press(page, "s")
    press(page, "ArrowRight")
    expect(page.get_by_text("You have passed over 2 photos.")).to_be_visible()
    page.get_by_role("button", name="Look at them again").click()
    expect(shown(page)).to_have_text("unsure00.png")


def test_a_phone_in_french(visit: Callable[..., Any], site: Any, phone: dict[str, Any]) -> None:
    folder = site.unsure("phone", 3)
    page = visit(**phone).page(review(folder))
    expect(page.get_by_role("button", name="Carlin")).to_be_visible()
    page.wait_for_function("() => document.documentElement.scrollWidth === 390")
    page.get_by_role("button", name="Carlin").tap()
    expect(shown(page)).to_have_text("unsure01.png")
    page.get_by_role("combobox", name="Une autre race").tap()
    page.keyboard.type("bichon m")
    page.get_by_role("option", name="Bichon maltais").first.tap()
    page.get_by_role("button", name="C'est celle-ci").tap()
    expect(shown(page)).to_have_text("unsure02.png")
    page.get_by_role("button", name="Pas un chien").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("C'est fini")
    assert site.said(folder) == {
        "unsure00": [PUG],
        "unsure01": [MALTESE],
        "unsure02": ["not_dog"],
    }


def test_two_pages_never_have_the_same_photo_before_them(
    visit: Callable[..., Any], site: Any
) -> None:
    folder = site.unsure("two", 8)
    ada, bo = visit(), visit()
    pages = [ada.page(review(folder)), bo.page(review(folder))]
    seen: list[str] = []
    for turn in range(6):
        assert name(pages[0]) != name(pages[1])
        page = pages[turn % 2]
        seen.append(name(page))
        press(page, "1")
    assert name(pages[0]) != name(pages[1])
    seen += [name(page) for page in pages]
    press(pages[0], "1")
    expect(pages[0].get_by_text("1 photo is in front of somebody else just now.")).to_be_visible()
    press(pages[1], "2")
    expect(pages[1].get_by_role("heading", level=1)).to_have_text("All done")
    assert sorted(seen) == [f"unsure{i:02}" for i in range(8)]
    assert sorted(site.said(folder)) == sorted(seen)


def test_a_page_that_is_loaded_anew_keeps_its_photo(
    visit: Callable[..., Any], site: Any, left: threading.Event
) -> None:
    folder = site.unsure("anew", 3)
    page = visit().page(review(folder))
    expect(shown(page)).to_have_text("unsure00.png")
    page.reload()
    assert left.wait(60)
    expect(shown(page)).to_have_text("unsure00.png")
    expect(shown(visit().page(review(folder)))).to_have_text("unsure01.png")


def test_a_page_that_is_left_gives_its_photo_back(
    visit: Callable[..., Any], site: Any, left: threading.Event
) -> None:
    folder = site.unsure("left", 3)
    page = visit().page(review(folder))
    expect(shown(page)).to_have_text("unsure00.png")
    page.get_by_role("link", name="Scan", exact=True).click()
    assert left.wait(60)
    expect(shown(visit().page(review(folder)))).to_have_text("unsure00.png")
    page.go_back()
    expect(shown(page)).to_have_text("unsure01.png")


def test_an_answer_that_comes_too_late_is_told_and_not_written(
    visit: Callable[..., Any], site: Any
) -> None:
    folder = site.unsure("late", 2)
    page = visit().page(review(folder))
    catalogue = site.app.state.service.catalogue
    catalogue.label(folder / "unsure00.png", Label(Kind.BREED, ("pug",)))
    press(page, "1")
    expect(page.get_by_role("status")).to_contain_text("Somebody answered that photo just before")
    expect(shown(page)).to_have_text("unsure01.png")
    assert site.said(folder) == {"unsure00": [PUG]}


def test_a_breed_that_is_not_known_is_told_and_what_was_typed_is_kept(
    visit: Callable[..., Any], site: Any
) -> None:
    folder = site.unsure("unknown", 1)
    page = visit().page(review(folder))
    page.keyboard.press("b")
    page.keyboard.type("qqqqqqqq")
    press(page, "Enter")
    expect(page.get_by_role("alert")).to_contain_text("qqqqqqqq")
    press(page, "Enter")
    expect(page.locator("#breed")).to_have_value("qqqqqqqq")
    expect(page.locator("#breed")).to_be_focused()
    assert site.said(folder) == {}


def test_a_name_stands_beside_what_is_said(visit: Callable[..., Any], site: Any) -> None:
    folder = site.unsure("name", 2)
    page = visit().page(review(folder))
    field = page.get_by_label("Your name, to stand beside your answers")
    field.fill("Zoé 1")
    with page.expect_navigation():
        field.press("Enter")
    expect(field).to_have_value("Zoé 1")
    expect(shown(page)).to_have_text("unsure00.png")
    press(page, "1")
    catalogue = site.app.state.service.catalogue
    (entry,) = catalogue.search(Filter(folder=str(folder), corrected=True))
    assert [one.by for one in catalogue.history(entry.id)] == ["Zoé 1"]


def test_the_keys_can_be_switched_off(visit: Callable[..., Any], site: Any) -> None:
    folder = site.unsure("off", 1)
    page = visit().page(review(folder))
    page.get_by_text("How it works").click()
    page.get_by_label("Use the keys").uncheck()
    page.locator("#content").focus()
    page.keyboard.press("1")
    page.reload()
    page.keyboard.press("1")
    expect(shown(page)).to_have_text("unsure00.png")
    assert site.said(folder) == {}


def test_letters_and_enter_show_choices_and_save_nothing(
    visit: Callable[..., Any], site: Any
) -> None:
    folder = site.unsure("letters", 2)
    page = visit().page(review(folder))
    page.keyboard.press("b")
    page.keyboard.type("bulldog")
    expect(page.get_by_role("option", name="French Bulldog")).to_be_visible()
    press(page, "Enter")
    expect(page.locator("#breed")).to_be_focused()
    press(page, "Enter")
    assert site.said(folder) == {}
    page.get_by_role("button", name="As written: “bulldog”").click()
    expect(page.locator("#saved")).to_contain_text("unsure00.png: saved as bulldog.")
    expect(page.locator("#saved")).to_be_in_viewport()
    page.get_by_role("button", name="Undo what was saved of unsure00.png").click()
    expect(page.locator("#saved")).to_contain_text("unsure00.png: taken back")
    assert site.said(folder) == {}


def test_a_fault_stands_at_its_field_in_view_of_a_phone(
    visit: Callable[..., Any], site: Any, phone: dict[str, Any]
) -> None:
    site.paint("same/0.png", (120, 110, 90))
    folder = site.catalogued("same")
    page = visit(**phone).page(f"/review?folder={folder}")
    page.locator("#cross summary").click()
    page.fill("#breed", "Carlin")
    page.fill("#second", "Pug")
    page.get_by_role("button", name="C'est ce croisement").click()
    expect(page.get_by_role("alert")).to_contain_text("la même race")
    expect(page.locator("#second")).to_be_focused()
    expect(page.locator("#second")).to_be_in_viewport()
    expect(page.locator("#second")).to_have_attribute("aria-describedby", "fault")
    expect(page.locator("#breed")).to_have_value("Carlin")
