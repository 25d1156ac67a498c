"""The animals as people use them: with keys, with fingers, and without script."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from barkive.catalogue import AnimalFields
from barkive.web.services.suggestion_job import Looked

expect = pytest.importorskip("playwright.sync_api").expect

RED, GREEN = (250, 10, 10), (10, 250, 10)


@pytest.fixture
def shelter(make_site: Callable[..., Any]) -> Any:
    """A server with folders of Rex, Tom and Mila, of two photos each; groups were looked for."""
    site = make_site()
    for folder, colour in (("2026-1 Rex", RED), ("2026-2 Tom", GREEN), ("2026-3 Mila", RED)):
        for i in range(2):
            site.paint(f"shelter/{folder}/{i}.png", colour)
    site.catalogued("shelter")
    animals_of(site).suggest()
    return site


def animals_of(site: Any) -> Any:
    return site.app.state.service.catalogue.animals


def names(site: Any) -> list[str]:
    return [one.name for one in animals_of(site).list()]


def press(page: Any, key: str, left: int) -> None:
    """Presses a key, and waits until so many suggestions are left."""
    page.keyboard.press(key)
    expect(page.locator(".suggestion")).to_have_count(left)
    page.wait_for_selector("#suggestions:not(.busy)")


def test_suggestions_by_the_keyboard_alone(visit: Callable[..., Any], shelter: Any) -> None:
    page = visit(url=shelter.url).page("/animals/suggestions")
    expect(page.locator(".suggestion")).to_have_count(3)
    page.keyboard.press("j")
    expect(page.locator(".suggestion").nth(0)).to_be_focused()
    page.keyboard.press("j")
    expect(page.locator(".suggestion").nth(1)).to_be_focused()
    page.keyboard.press("k")
    press(page, "a", 2)
    expect(page.get_by_role("status").first).to_contain_text("Suggestion of 2 photos accepted")
    # The next one has the focus, and so the keys.
    expect(page.locator(".suggestion").nth(0)).to_be_focused()
    assert names(shelter) == ["Rex"]
    press(page, "r", 1)
    press(page, "u", 2)
    press(page, "m", 0)
    # Tom, of whom the refusal was undone, is the last now.
    assert {one.name: one.photos for one in animals_of(shelter).list()} == {"Rex": 2, "Mila": 4}
    press(page, "u", 2)
    assert names(shelter) == ["Rex"]


def test_keys_are_letters_in_a_field_and_can_be_turned_off(
    visit: Callable[..., Any], shelter: Any
) -> None:
    page = visit(url=shelter.url).page("/animals/suggestions")
    field = page.get_by_label("Name").first
    field.press("a")
    field.press("Escape")
    expect(page.locator(".suggestion").first).to_be_focused()
    page.locator("#keys").uncheck()
    page.keyboard.press("a")
    page.keyboard.press("r")
    expect(page.locator(".suggestion")).to_have_count(3)
    assert animals_of(shelter).count() == 0


def test_a_taken_code_is_told_where_it_stands(visit: Callable[..., Any], shelter: Any) -> None:
    animals_of(shelter).new(AnimalFields(code="B1"))
    page = visit(url=shelter.url).page("/animals/suggestions")
    card = page.locator(".suggestion").nth(1)
    card.get_by_label("Code").fill("b1")
    card.get_by_role("button", name="Accept").click()
    expect(page.get_by_label("Code").nth(1)).to_be_focused()
    expect(page.get_by_role("alert")).to_contain_text("The code “b1” is already that of B1")
    expect(page.get_by_label("Code").nth(1)).to_have_value("b1")


def test_without_script_all_of_it_is_forms(visit: Callable[..., Any], shelter: Any) -> None:
    page = visit(url=shelter.url, java_script_enabled=False).page("/animals/suggestions")
    page.locator(".suggestion").first.get_by_role("checkbox").last.uncheck()
    page.get_by_role("button", name="Accept").first.click()
    assert [one.photos for one in animals_of(shelter).list()] == [1]
    page.get_by_role("button", name="Undo: ").click()
    assert animals_of(shelter).count() == 0
    page.get_by_role("button", name="Look for groups anew").click()
    expect(page.locator(".suggestion")).to_have_count(3)
    page.goto(f"{shelter.url}/animals?new=1")
    page.get_by_label("Name", exact=True).fill("Max")
    page.get_by_role("button", name="Make the animal").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Max")
    page.get_by_label("Is it the same as another animal?").fill("nobody")
    page.get_by_role("button", name="Show both").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Which animal is meant?")
    page.get_by_role("link", name="Back to the animals").click()
    page.get_by_text("Remove this animal").click()
    page.get_by_role("button", name="Remove Max").click()
    expect(page.get_by_role("status").first).to_contain_text("Animal Max removed")


def test_what_is_looked_for_comes_by_itself(visit: Callable[..., Any], shelter: Any) -> None:
    job = shelter.app.state.service.suggestion_job
    job._last = Looked(done=1, total=6, is_running=True)
    page = visit(url=shelter.url).page("/animals/suggestions")
    expect(page.get_by_role("progressbar", name="Looking for groups…")).to_be_visible()
    expect(page.locator(".suggestion")).to_have_count(0)
    job._last = Looked()
    expect(page.locator(".suggestion")).to_have_count(3)


def test_photos_are_moved_to_an_animal_that_is_found_by_letters(
    visit: Callable[..., Any], shelter: Any
) -> None:
    for one in animals_of(shelter).suggestions():
        animals_of(shelter).accept(one.id)
    rex = animals_of(shelter).get("Rex")
    page = visit(url=shelter.url).page(f"/animals/{rex.id}")
    page.get_by_role("checkbox", name="Select 0.png").check()
    expect(page.locator("#selected")).to_have_text("(1)")
    field = page.get_by_role("combobox", name="Move to another animal")
    field.press_sequentially("mi")
    options = page.get_by_role("listbox", name="Move to another animal").get_by_role("option")
    expect(options).to_have_text(["2026-3 Mila looks like a Chihuahua"])
    field.press("ArrowDown")
    field.press("Enter")
    expect(field).to_have_value("2026-3")
    field.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text(
        "1 photo moved from 2026-1 Rex to 2026-3 Mila"
    )
    assert animals_of(shelter).get("Mila").photos == 3
    expect(page.get_by_role("heading", name="Animals that look like this one")).to_be_visible()
    expect(page).to_have_url(f"{shelter.url}/animals/{rex.id}")  # what was said is said once


def test_a_photo_that_is_chosen_is_compared(visit: Callable[..., Any], shelter: Any) -> None:
    for one in animals_of(shelter).suggestions():
        animals_of(shelter).accept(one.id)
    page = visit(url=shelter.url).page("/animals/which")
    page.get_by_label("A photo").set_input_files(shelter.folder / "shelter/2026-2 Tom/0.png")
    expect(page.get_by_alt_text("The photo that you chose")).to_be_visible()
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", name="The likest animals")).to_be_focused()
    expect(page.locator(".matches h3").first).to_have_text("2026-2 Tom")
    page.get_by_label("A photo").set_input_files(Path(__file__))
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("alert")).to_contain_text("test_animals.py can't be compared")


def test_a_long_list_goes_on_as_one_scrolls(
    visit: Callable[..., Any], make_site: Callable[..., Any]
) -> None:
    site = make_site()
    for i in range(400):
        animals_of(site).new(AnimalFields(name=f"Dog {i:03}"))
    page = visit(url=site.url).page("/animals")
    expect(page.locator("#turn")).to_be_hidden()
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(page.get_by_text("Dog 399")).to_be_visible()
    expect(page.get_by_text("Dog 000")).to_have_count(0)
    assert page.locator(".tile").count() <= 360
