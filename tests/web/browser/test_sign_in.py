"""Signing in where the server asks for a password."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from barkive.web.passwords import Passwords

expect = pytest.importorskip("playwright.sync_api").expect

PASSWORD = "correct <horse>"


class Known(Passwords):
    """Knows a password without the time that a hash takes."""

    def verify(self, password: str) -> bool:
        return password == PASSWORD


@pytest.fixture(scope="module")
def site(make_site: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    return make_site(password=Known(tmp_path_factory.mktemp("settings") / "password.json"))


@pytest.mark.parametrize("script", [True, False])
def test_a_visitor_signs_in_comes_where_they_wanted_and_signs_out(
    visit: Callable[..., Any], script: bool
) -> None:
    visitor = visit(java_script_enabled=script)
    page = visitor.page("/photos?text=a%26b")
    field = page.get_by_label("Password")
    expect(field).to_be_focused()
    field.fill("wrong")
    field.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("That is not the password.")
    field.fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The catalogue is empty")
    expect(page).to_have_url(f"{visitor.url}/photos?text=a%26b")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.goto(f"{visitor.url}/review")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_a_key_that_was_pressed_after_the_session_ended_is_saved_once_somebody_signs_in(
    visit: Callable[..., Any], site: Any
) -> None:
    folder = site.unsure("ended", 2)
    visitor = visit()
    page = visitor.page("/review")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".reviewing figcaption a")).to_have_text("unsure00.png")
    page.wait_for_load_state()
    visitor.context.clear_cookies()
    page.keyboard.press("2")
    kept = "What you said of unsure00.png is kept in this tab until it is saved."
    expect(page.get_by_role("alert")).to_have_text(f"You are no longer signed in. {kept}")
    assert site.said(folder) == {}
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#saved")).to_contain_text("unsure00.png: saved as Pug.")
    expect(page.locator(".reviewing figcaption a")).to_have_text("unsure01.png")
    assert site.said(folder) == {"unsure00": ["n02110958"]}


def test_the_page_is_in_french_for_those_who_read_french(
    visit: Callable[..., Any], phone: dict[str, Any]
) -> None:
    page = visit(**phone).page("/scan")
    page.get_by_label("Mot de passe").fill("faux")
    page.get_by_role("button", name="Se connecter").tap()
    expect(page.get_by_role("alert")).to_contain_text("Ce n'est pas le mot de passe.")


def test_photos_wait_until_their_sender_is_signed_in_again(
    visit: Callable[..., Any], site: Any
) -> None:
    someone = visit()
    page = someone.page()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What breed is this dog?")
    page.wait_for_load_state()
    someone.context.clear_cookies()
    page.locator("#files").set_input_files(site.paint("late/mila.png", (10, 250, 10)))
    expect(page.locator("#held")).to_contain_text("The session is over.")
    expect(page.locator("#cards .status")).to_have_text("Waiting")
    page.locator("#held").get_by_role("link", name="Sign in").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#cards").get_by_role("heading")).to_have_text("Pug")
    expect(page.locator("#held")).to_be_hidden()
