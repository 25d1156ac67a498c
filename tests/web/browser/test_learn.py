"""The model learns as a person has it: from the review, by the mouse, the keyboard and a phone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from barkive.catalogue import Catalogue, Kind, Label

expect = pytest.importorskip("playwright.sync_api").expect
axe = pytest.importorskip("axe_playwright_python.sync_playwright")

STILL = {"reduced_motion": "reduce", "bypass_csp": True}
SHIBA = Label(Kind.BREED, ("Shiba Inu",), by="Ada", other=True)


@pytest.fixture(scope="module")
def site(
    make_site: Callable[..., Any],
    remembering_bundle: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Any]:
    """A server with a model that can learn, and unsure photos of which five have a label."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("user-cache")))
        site = make_site(model=remembering_bundle)
        for i in range(8):
            site.paint(f"yellow/IMG_{i}.png", (240 - i, 238 - i, 10))
        folder = site.catalogued("yellow")
        for i in range(5):
            site.app.state.service.catalogue.label(folder / f"IMG_{i}.png", SHIBA)
        yield site


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Learning tells of its first step, and then waits until this is set."""
    opened = threading.Event()
    learn = Catalogue.learn

    def slowly(self: Catalogue, **options: Any) -> Any:
        options["on_progress"](1, 1)
        opened.wait(60)
        return learn(self, **options)

    monkeypatch.setattr(Catalogue, "learn", slowly)
    yield opened
    opened.set()


def test_what_one_says_in_the_review_is_learned_put_to_use_and_taken_back(
    visit: Callable[..., Any], gate: threading.Event
) -> None:
    page = visit().page("/review")
    taught = page.locator("#taught")
    expect(taught).to_contain_text("You have labelled 5 photos that")
    page.keyboard.press("b")
    page.keyboard.type("shiba inu")
    page.keyboard.press("Enter")
    expect(taught).to_contain_text("You have labelled 6 photos that")

    taught.get_by_role("button", name="Learn now").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Learning from your labels")
    expect(page.get_by_role("progressbar", name="How far it is")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Learning from your labels")
    gate.set()
    expect(page.get_by_role("heading", level=1)).to_have_text("What it would gain")
    expect(page.get_by_text("Right on 6 of 6 photos of yours instead of 0.")).to_be_visible()
    expect(page.get_by_role("row", name="Shiba Inu new 6 of 6, before 0")).to_be_visible()
    page.get_by_role("button", name="Use it").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("The new model is in use")
    expect(page.get_by_text("8 photos judged again.")).to_be_visible()

    page.get_by_role("link", name="See the breeds").click()
    expect(page.get_by_text("Barkive names 4 breeds. 1 was added here.")).to_be_visible()
    page.get_by_role("button", name="Undo learning").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "The model from before is in use again"
    )
    page.get_by_role("link", name="Go on reviewing").click()
    expect(taught).to_contain_text("You have labelled 6 photos that")


def test_on_a_phone_in_french_the_old_model_is_kept(
    visit: Callable[..., Any], phone: dict[str, Any]
) -> None:
    narrow = phone | {"viewport": {"width": 360, "height": 740}}
    page = visit(**narrow, **STILL).page("/review")
    page.get_by_role("button", name="Apprendre maintenant").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ce qu'il y gagnerait")
    page.wait_for_function("() => document.documentElement.scrollWidth === 360")
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        assert axe.Axe().run(page).response["violations"] == []
    page.get_by_role("link", name="Garder l'ancien").tap()
    expect(page.get_by_role("button", name="Apprendre maintenant")).to_be_visible()


def test_a_breed_is_added_and_changed(visit: Callable[..., Any]) -> None:
    page = visit(**STILL).page("/breeds")
    page.get_by_text("Add a breed").press("Enter")
    page.get_by_label("Name in English").first.fill("Pug")
    page.get_by_role("button", name="Add it").click()
    wrong = page.get_by_label("Name in English").first
    expect(wrong).to_have_attribute("aria-invalid", "true")
    expect(wrong).to_have_accessible_description(
        "“Pug” need not be added: it is “Pug”, a breed of Barkive's own table, whose names and "
        "FCI number stay as they are."
    )
    wrong.fill("Akita")
    page.get_by_label("FCI group").first.select_option("5")
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_role("status")).to_have_text("“Akita” is saved.")
    page.locator(".find select").select_option("Added here")
    page.get_by_role("button", name="Search").click()
    row = page.locator(".breeds > li").filter(has_text="Akita")
    row.get_by_text("Change").click()
    assert axe.Axe().run(page).response["violations"] == []
    row.get_by_label("Name in French").fill("Akita Inu")
    row.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("Akita Inu")
