"""Every page for every eye, hand and screen: axe, keyboard, narrow windows, both themes."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from barkive.catalogue import AnimalFields
from barkive.web.passwords import Passwords
from barkive.web.roles import Role
from barkive.web.users import Users

expect = pytest.importorskip("playwright.sync_api").expect
axe = pytest.importorskip("axe_playwright_python.sync_playwright")

RED, GREEN, GREY, BLACK = (250, 10, 10), (10, 250, 10), (120, 110, 90), (9, 9, 9)
LONG = "a name that goes on and on_" * 6

# A colour on its way from one theme to the other is neither's, and axe is a script.
STILL = {"reduced_motion": "reduce", "bypass_csp": True}


@dataclass(frozen=True)
class Filled:
    """A catalogue with one photo of every kind, some with long names."""

    site: Any
    folder: Path
    numbers: dict[str, int]
    scan: str
    animals: list[int]


@pytest.fixture(scope="module")
def filled(site: Any) -> Filled:
    for name, colour in (("rex", RED), (LONG, GREEN), ("mix", GREY), ("night", BLACK)):
        site.paint(f"all/{name}.png", colour)
    site.paint("all/gone.png", GREEN)
    (site.folder / "all" / "broken.jpg").write_bytes(b"\xff\xd8\xffnothing more")
    folder = site.catalogued("all")
    (folder / "gone.png").unlink()
    for i in range(3):
        site.paint(f"all/{LONG[:80]}/pug{i}.png", GREEN)
    service = site.app.state.service
    scan = service.scan_jobs.start([str(folder)])
    while service.scan_jobs.get(scan.id).finished_at is None:
        time.sleep(0.02)
    service.catalogue.searches.save(LONG[:100], "breed=chihuahua", "Ada")
    numbers = {Path(one.file).stem: one.id for one in service.catalogue.search()}
    for i in range(3):
        site.paint(f"all/2026-7 Mila/mila{i}.png", RED)
    site.catalogued("all/2026-7 Mila")
    return Filled(site, folder, numbers, scan.id, animals_of(service.catalogue, numbers))


def animals_of(catalogue: Any, numbers: dict[str, int]) -> list[int]:
    """Animals: one whose photos disagree, one with a long name, a bare one, a removed one."""
    animals = catalogue.animals
    rex = animals.new(
        AnimalFields(code="B1", name="Rex", notes="Kind.", birth="2021"),
        [numbers["rex"], numbers[LONG], numbers["mix"]],
    )
    long = animals.new(AnimalFields(name=LONG, code=LONG[:150]), [numbers["night"]])
    bare = animals.new(AnimalFields(status="foster home"))
    animals.edit(rex, AnimalFields(name="Rexi"))
    removed = animals.remove(animals.new(AnimalFields(name="Tom")))
    return [rex.id, long.id, bare.id, removed.id]


def open_each(filled: Filled) -> dict[str, str]:
    here = quote(str(filled.folder))
    rex, long, bare, removed = filled.animals
    photo = {name: f"/photos/{number}" for name, number in filled.numbers.items()}
    return {
        "first": "/",
        "gallery": "/photos",
        "gallery filtered": f"/photos?folder={here}&status=dog&group=9&before=never",
        "gallery with a saved search": "/photos?breed=chihuahua",
        "gallery to be saved": "/photos?order=-added",
        "nothing found": "/photos?text=zeppelin",
        "photo": photo[LONG],
        "unsure photo": photo["mix"],
        "no dog": photo["night"],
        "failed photo": photo["broken"],
        "alike": f"{photo['rex']}/related",
        "last changes": "/acts",
        "export": "/exports?status=dog",
        "gone": "/photos?missing=true",
        "duplicates": "/duplicates",
        "phone": "/phone",
        "review": "/review",
        "review of no dogs": "/review?status=not_dog",
        "review with filters": "/review?status=not_dog&filters=open",
        "review done": f"/review?folder={here}/nowhere",
        "scan": "/scan",
        "merge": "/merge",
        "breeds": "/breeds?group=9",
        "breeds not found": "/breeds?text=zeppelin",
        "folder": f"/scan?folder={here}",
        "scan refused": "/scan?folder=/etc",
        "scan done": f"/scan/{filled.scan}",
        "animals": "/animals",
        "animals filtered": "/animals?new=1&text=re&status=in_care&verdict=disagrees",
        "no animal found": "/animals?text=zeppelin",
        "animals mistaken": "/animals?breed=zeppelin",
        "animal": f"/animals/{rex}?act=4",
        "animal with a long name": f"/animals/{long}",
        "bare animal": f"/animals/{bare}",
        "removed animal": f"/animals/{removed}",
        "similar animals": f"/animals/{rex}/similar",
        "two animals": f"/animals/{rex}/merge?other={long}",
        "which animal is meant": f"/animals/{rex}/merge?other=rexi",
        "suggestions": "/animals/suggestions",
        "which of ours": "/animals/which",
        "which of ours, a photo": f"/animals/which?photo={filled.numbers['mix']}",
        "error": "/nowhere",
    }


def found(page: Any) -> list[str]:
    """What axe has to say against a page."""
    answer = axe.Axe().run(page).response
    return [
        f"{one['id']}: {[node['html'] for node in one['nodes']]}" for one in answer["violations"]
    ]


def look(page: Any) -> dict[str, list[str]]:
    """Faults of a page on a screen, on a phone in the other theme, and in a narrow window."""
    faults: dict[str, list[str]] = {}
    for width, theme in ((1280, "light"), (390, "dark"), (320, None)):
        page.set_viewport_size({"width": width, "height": 844})
        faults[f"{width} wide"] = wide(page)
        if theme:
            page.emulate_media(color_scheme=theme)
            faults[f"{width} {theme}"] = found(page)
    return {where: what for where, what in faults.items() if what}


def wide(page: Any) -> list[str]:
    """How much there is to scroll sideways."""
    return page.evaluate(  # type: ignore[no-any-return]
        """() => { const { scrollWidth, clientWidth } = document.documentElement;
             return scrollWidth > clientWidth ? [`${scrollWidth} pixels`] : []; }"""
    )


def test_axe_finds_nothing_on_any_page(visit: Callable[..., Any], filled: Filled) -> None:
    page = visit(**STILL).page(None)
    faults: dict[str, Any] = {}
    for name, path in open_each(filled).items():
        page.goto(filled.site.url + path)
        page.wait_for_function("() => !document.querySelector('[aria-busy=true]')")
        if there := look(page):
            faults[name] = there
    assert faults == {}


def test_axe_finds_nothing_on_what_comes_by_script(
    visit: Callable[..., Any], filled: Filled
) -> None:
    page = visit(locale="fr-FR", **STILL).page()
    names = ("rex", LONG, "mix", "night")
    photos = [filled.folder / f"{name}.png" for name in names] + [filled.folder / "broken.jpg"]
    page.locator("#files").set_input_files(photos)
    expect(page.locator("#done")).to_have_text("5 sur 5 photos")
    page.get_by_role("button", name="Qu'a-t-il regardé").first.click()
    expect(page.locator("img.heat")).to_be_visible()
    assert look(page) == {}
    page.goto(f"{filled.site.url}/photos/{filled.numbers['mix']}")
    page.get_by_role("combobox", name="Race", exact=True).press_sequentially("ber")
    expect(page.get_by_role("option").first).to_be_visible()
    assert look(page) == {}


def test_axe_finds_nothing_where_photos_are_selected(
    visit: Callable[..., Any], filled: Filled
) -> None:
    filled.site.app.state.service.catalogue.animals.new(
        AnimalFields(name="Rex"), [filled.numbers["rex"], filled.numbers[LONG]]
    )
    page = visit(**STILL).page(f"/photos?folder={quote(str(filled.folder))}")
    page.get_by_label("Select rex.png").click()
    page.get_by_label(f"Select {LONG}.png").click()
    faults = {"gallery": look(page)}
    for name in ("Label", "New animal", "Add to an animal", "Export", "Take out"):
        page.locator("#selection").get_by_role("button", name=name).click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("2 photos")
        faults[name] = look(page)
        if name == "New animal":
            page.get_by_label("Name").fill(LONG)
            page.get_by_role("button", name="Make the animal").click()
            expect(page.get_by_role("heading", level=1)).to_have_text(LONG)
            page.goto(f"{filled.site.url}/photos?act=1")
            expect(page.locator("#said")).to_be_visible()
            faults["said"] = look(page)
            page.goto(filled.site.url + "/acts")
            faults["acts"] = look(page)
            page.goto(f"{filled.site.url}/photos?folder={quote(str(filled.folder))}")
            page.get_by_label("Select rex.png").click()
            page.get_by_label(f"Select {LONG}.png").click()
        else:
            page.go_back()
    assert {name: what for name, what in faults.items() if what} == {}


def test_axe_finds_nothing_where_duplicates_are_shown(
    visit: Callable[..., Any], filled: Filled
) -> None:
    twice = filled.site.paint("twice/bo.png", RED)
    shutil.copy(twice, twice.with_name(f"{LONG}.png"))
    filled.site.catalogued("twice")
    page = visit(**STILL).page("/duplicates")
    page.get_by_role("button", name="Look").last.click()
    expect(page.locator(".same")).to_be_visible()
    assert look(page) == {}
    page.get_by_role("button", name="Keep this one").first.click()
    expect(page.get_by_text("1 photo taken out")).to_be_visible()
    assert look(page) == {}


def test_axe_finds_nothing_on_an_empty_catalogue_or_the_sign_in_page(
    visit: Callable[..., Any], make_site: Callable[..., Any], tmp_path: Path
) -> None:
    empty = make_site(folders=())
    page = visit(url=empty.url, **STILL).page(None)
    for path in ("/photos", "/animals", "/animals/suggestions", "/review", "/scan"):
        page.goto(empty.url + path)
        assert look(page) == {}
    signed = make_site(password=Passwords(tmp_path / "password"))
    page = visit(url=signed.url, **STILL).page("/photos")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert look(page) == {}


def test_axe_finds_nothing_on_the_pages_of_users(
    visit: Callable[..., Any], make_site: Callable[..., Any], tmp_path: Path
) -> None:
    users = Users(tmp_path / "users.sqlite")
    users.add(LONG[:100], Role.MANAGE, "correct horse")
    users.add_token(LONG[:100], LONG[:100])
    signed = make_site(users=users)
    page = visit(url=signed.url, **STILL).page("/account")
    page.get_by_label("Name").fill(LONG[:100])
    page.get_by_label("Password").fill("correct horse")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("My account")
    assert look(page) == {}
    for path, heading in (("/users", "Users"), ("/exports", "Export")):
        page.goto(signed.url + path)
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        assert look(page) == {}


def test_everything_is_reached_by_the_keyboard_and_the_focus_is_seen(
    visit: Callable[..., Any], filled: Filled
) -> None:
    page = visit().page("/photos")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    pages = ("Identify", "Photos", "Animals", "Review", "Breeds", "Scan")
    for name in ("Barkive", *pages, "English", "Français"):
        page.keyboard.press("Tab")
        expect(page.locator(":focus")).to_have_accessible_name(name)
        assert (
            page.locator(":focus").evaluate("(one) => getComputedStyle(one).outlineStyle") != "none"
        )
    page.keyboard.press("Tab")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    for _ in range(9):
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_escape_closes_what_is_open_and_the_focus_goes_back(
    visit: Callable[..., Any], filled: Filled
) -> None:
    page = visit().page("/photos")
    sheet = page.locator("#export summary")
    sheet.press("Enter")
    expect(page.get_by_role("button", name="Spreadsheet (CSV)")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Spreadsheet (CSV)")).to_be_hidden()
    expect(sheet).to_be_focused()
    field = page.get_by_role("combobox", name="Breed", exact=True)
    field.press_sequentially("pu")
    expect(page.get_by_role("option", name="Pug").first).to_be_visible()
    field.press("Escape")
    expect(page.get_by_role("listbox", name="Breed")).to_be_hidden()
    expect(field).to_be_focused()
    expect(field).to_have_value("pu")


def test_what_is_pressed_is_large_enough_for_a_finger(
    visit: Callable[..., Any], filled: Filled, phone: dict[str, Any]
) -> None:
    page = visit(**phone).page(None)
    small: dict[str, list[str]] = {}
    for name, path in open_each(filled).items():
        page.goto(filled.site.url + path)
        small[name] = page.evaluate(
            """() => [...document.querySelectorAll("a, button, summary, input, select")]
              .filter((one) => one.checkVisibility())
              .filter((one) => !one.closest("p, dd, .unseen, figcaption"))
              .filter((one) => !one.matches(".skip, .unseen, [type=hidden]"))
              .filter((one) => !one.matches("[type=checkbox], [type=radio]"))
              .filter((one) => { const { width, height } = one.getBoundingClientRect();
                                 return width < 24 || height < 24; })
              .map((one) => one.outerHTML)"""
        )
    assert {name: those for name, those in small.items() if those} == {}


def test_figures_are_not_broken_on_a_phone(
    visit: Callable[..., Any], phone: dict[str, Any]
) -> None:
    page = visit(**phone).page("/merge")
    name = "Numéros qui mènent à des images d'ici"
    lines = page.evaluate(
        """(name) => {
          const main = document.querySelector("main");
          const figures = `<dl class="facts"><dt>${name}</dt><dd>7500</dd></dl>`;
          main.innerHTML = `<section class="card">${figures}</section>`;
          const range = document.createRange();
          range.selectNodeContents(main.querySelector("dd"));
          return range.getClientRects().length;
        }""",
        name,
    )
    assert lines == 1
