"""A photo's page: what its scripts add."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from barkive.catalogue import Kind, Label

expect = pytest.importorskip("playwright.sync_api").expect

GREEN, RED = (10, 250, 10), (250, 10, 10)


def test_a_finger_turns_the_page_and_the_photo_is_shown_at_full_size(
    visit: Callable[..., Any], site: Any
) -> None:
    paths = site.paint("turned/a.png", RED), site.paint("turned/b.png", GREEN)
    site.catalogued("turned")
    first, second = (site.app.state.service.catalogue.photo(path).id for path in paths)
    page = visit(has_touch=True, viewport={"width": 390, "height": 844}).page(
        f"/photos/{first}?folder={site.folder / 'turned'}"
    )
    page.wait_for_load_state()
    page.locator("#boxed").evaluate(
        """(frame) => {
          const event = (type, x) => new PointerEvent(type, { pointerType: "touch", isPrimary: true,
            pointerId: 1, clientX: x, clientY: 200, bubbles: true });
          frame.dispatchEvent(event("pointerdown", 300));
          frame.dispatchEvent(event("pointerup", 120));
        }"""
    )
    expect(page).to_have_url(re.compile(f"/photos/{second}"))
    page.wait_for_load_state("load")
    page.get_by_role("link", name="Full size").click()
    shown = page.get_by_role("dialog", name="The photo at full size")
    expect(shown.get_by_role("img")).to_have_css("transform", "matrix(1, 0, 0, 1, 0, 0)")
    shown.get_by_role("button", name="Larger").click()
    expect(shown.get_by_role("img")).to_have_css("transform", "matrix(1.5, 0, 0, 1.5, 0, 0)")
    page.keyboard.press("Escape")
    expect(shown).to_be_hidden()


def test_a_refused_form_can_be_gone_back_to_and_hours_are_the_readers(
    visit: Callable[..., Any], site: Any
) -> None:
    path = site.paint("said/a.png", RED)
    site.catalogued("said")
    said = Label(Kind.NOTE, note="shy", by="Ada")
    number = site.app.state.service.catalogue.label(path, said).id
    page = visit(timezone_id="Asia/Kolkata").page(f"/photos/{number}")
    told = page.locator(".history time")
    expect(told).to_have_text(
        page.evaluate(
            """(utc) => new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit",
              hourCycle: "h23", timeZone: "Asia/Kolkata" }).format(new Date(utc))""",
            told.get_attribute("datetime"),
        )
    )
    page.get_by_role("button", name="Write the note only").click()
    expect(page.locator("#fault")).to_contain_text("The note is empty")
    expect(page).to_have_url(site.url + f"/photos/{number}")
    page.goto(site.url + "/photos")
    page.go_back()
    expect(page.locator(".history")).to_contain_text("Ada wrote a note")
