"""The first page as a person uses it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

expect = pytest.importorskip("playwright.sync_api").expect

RED, GREEN, GREY, BLACK = (250, 10, 10), (10, 250, 10), (120, 110, 90), (9, 9, 9)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "broken.jpg"
    path.write_bytes(b"\xff\xd8\xffnothing more")
    return path


def drop(page: Any, carried: Any, on: str = "body") -> None:
    for kind in ("dragenter", "dragover", "drop"):
        page.dispatch_event(on, kind, {"dataTransfer": carried})


def card(page: Any, name: str) -> Any:
    return page.locator("#cards > li", has_text=name)


def test_photos_are_dropped_judged_looked_into_and_added(
    visit: Callable[..., Any], site: Any, carry: Callable[..., Any], broken: Path
) -> None:
    page = visit().page()
    photos = [
        site.paint(f"drop/{name}.png", colour)
        for name, colour in (("rex", RED), ("mix", GREY), ("night", BLACK))
    ]
    page.dispatch_event("body", "dragenter", {"dataTransfer": carry(page, *photos)})
    expect(page.get_by_text("Let go to look at them")).to_be_visible()
    drop(page, carry(page, *photos, broken), "#drop")

    expect(page.locator("#done")).to_have_text("4 of 4 photos")
    rex = card(page, "rex.png")
    expect(rex.locator(".status")).to_have_text("Named")
    expect(rex.get_by_role("heading")).to_have_text("Chihuahua")
    expect(rex.locator(".likelihood")).to_have_text("very likely · 92%")
    expect(rex.get_by_role("img", name="Chihuahua, rex.png")).to_be_visible()
    expect(card(page, "mix.png").get_by_role("heading")).to_have_text("Not sure. It may be:")
    expect(card(page, "mix.png").locator(".candidates li").first).to_contain_text("Chihuahua")
    expect(card(page, "night.png").get_by_role("heading")).to_have_text("No dog here")
    told = card(page, "broken.jpg")
    expect(told.get_by_role("heading")).to_have_text("This photo can't be read")
    expect(told.locator(".likelihood")).to_contain_text("JPEG")
    expect(told.get_by_role("button", name="Add to the catalogue")).to_be_hidden()

    assert rex.locator("img.heat").count() == 0
    rex.get_by_role("button", name="What did it look at?").click()
    map_of = rex.get_by_role("img", name="The photo in grey; in colour what spoke for Chihuahua")
    expect(map_of).to_be_visible()
    rex.get_by_role("button", name="Show the photo").click()
    expect(rex.get_by_role("img", name="Chihuahua, rex.png")).to_be_visible()

    rex.get_by_role("button", name="Add to the catalogue").click()
    rex.get_by_role("link", name="In the catalogue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Chihuahua")
    expect(page.locator("dl.facts")).to_contain_text("rex")


def test_photos_are_chosen_and_all_are_added_or_cleared(
    visit: Callable[..., Any], site: Any, broken: Path
) -> None:
    page = visit().page()
    photos = [site.paint("choose/a.png", GREEN), site.paint("choose/b.png", GREEN), broken]
    with page.expect_file_chooser() as chooser:
        page.get_by_text("Choose photos").click()
    chooser.value.set_files(photos)
    expect(page.locator("#done")).to_have_text("3 of 3 photos")
    page.get_by_role("button", name="Add all to the catalogue").click()
    expect(page.get_by_role("link", name="In the catalogue")).to_have_count(2)
    told = page.locator("#told")
    expect(told).to_have_text("2 photos added. 1 could not be added.")
    page.get_by_role("button", name="Add all to the catalogue").click()
    expect(told).to_have_text(
        "0 photos added. 2 were in the catalogue already. 1 could not be added."
    )
    expect(page.get_by_role("link", name="Review them")).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#cards > li")).to_have_count(0)
    expect(page.locator("#files")).to_be_focused()


def test_a_photo_is_pasted(visit: Callable[..., Any], site: Any, carry: Callable[..., Any]) -> None:
    page = visit().page()
    page.evaluate(
        """(carried) => document.body.dispatchEvent(new ClipboardEvent("paste",
             { clipboardData: carried, bubbles: true, cancelable: true }))""",
        carry(page, site.paint("paste/copied.png", GREEN)),
    )
    expect(card(page, "copied.png").get_by_role("heading")).to_have_text("Pug")


def test_a_folder_is_dropped_as_the_desktop_drops_it(visit: Callable[..., Any], site: Any) -> None:
    page = visit().page()
    folder = site.paint("dropped/rex.png", RED).parent
    site.paint("dropped/inner/mila.png", GREEN)
    (folder / "notes.txt").write_text("not a photo")
    desktop = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        carried = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
        desktop.send("Input.dispatchDragEvent", {"type": kind, "x": 400, "y": 400, "data": carried})
    expect(card(page, "mila.png").get_by_role("heading")).to_have_text("Pug")
    expect(page.locator("#done")).to_have_text("2 of 2 photos")


def test_a_phone_in_french(
    visit: Callable[..., Any], site: Any, phone: dict[str, Any], broken: Path
) -> None:
    page = visit(**phone).page()
    expect(page.get_by_role("heading", level=1)).to_contain_text("De quelle race est ce chien")
    expect(page.get_by_text("Prendre une photo")).to_be_visible()
    page.locator("#files").set_input_files([site.paint("phone/mila.png", GREEN), broken])
    expect(card(page, "mila.png").get_by_role("heading")).to_have_text("Carlin")
    expect(card(page, "mila.png").locator(".likelihood")).to_have_text(
        "très probable · 92\N{NARROW NO-BREAK SPACE}%"
    )
    expect(card(page, "broken.jpg").locator(".likelihood")).to_contain_text("JPEG")
    page.wait_for_function("() => document.documentElement.scrollWidth === 390")
    card(page, "mila.png").get_by_role("button", name="Ajouter au catalogue").tap()
    expect(card(page, "mila.png").get_by_role("link", name="Dans le catalogue")).to_be_visible()


def test_the_language_is_switched_and_stays(visit: Callable[..., Any]) -> None:
    page = visit().page()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.get_by_role("link", name="Français").click()
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Vérifier").click()
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    page.get_by_role("link", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_results_stay_in_their_tab_until_they_are_cleared(
    visit: Callable[..., Any], site: Any, broken: Path
) -> None:
    someone = visit()
    page = someone.page()
    photos = [site.paint("stay/mila.png", GREEN), site.paint("stay/night.png", BLACK), broken]
    page.locator("#files").set_input_files(photos)
    expect(page.locator("#done")).to_have_text("3 of 3 photos")
    mila = card(page, "mila.png")
    mila.get_by_role("button", name="Add to the catalogue").click()
    expect(mila.get_by_role("link", name="In the catalogue")).to_be_visible()

    page.get_by_role("link", name="Français").click()
    expect(page.locator("#done")).to_have_text("3 sur 3 photos")
    expect(mila.get_by_role("heading")).to_have_text("Carlin")
    expect(mila.get_by_role("img", name="Carlin, mila.png")).to_be_visible()
    expect(card(page, "broken.jpg").locator(".likelihood")).to_contain_text("endommagé")
    mila.get_by_role("link", name="Dans le catalogue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Carlin")
    page.go_back()
    expect(page.locator("#cards > li")).to_have_count(3)
    expect(mila.get_by_role("link", name="Dans le catalogue")).to_be_visible()
    night = card(page, "night.png")
    night.get_by_role("button", name="Ajouter au catalogue").click()
    expect(night.get_by_role("link", name="Dans le catalogue")).to_be_visible()

    other = someone.page()
    other.wait_for_load_state()
    expect(other.locator("#results")).to_be_hidden()
    page.get_by_role("button", name="Effacer").click()
    expect(page.locator("#cards > li")).to_have_count(0)
    page.wait_for_function("""async () => {
          const [{ name }] = await indexedDB.databases();
          const open = indexedDB.open(name);
          await new Promise((ready) => (open.onsuccess = ready));
          const count = open.result.transaction("files").objectStore("files").count();
          await new Promise((ready) => (count.onsuccess = ready));
          return count.result === 0;
        }""")
    page.reload()
    page.wait_for_load_state()
    expect(page.locator("#results")).to_be_hidden()


def test_a_server_that_is_away_is_waited_for(
    visit: Callable[..., Any], make_site: Callable[..., Any]
) -> None:
    site = make_site()
    page = visit(url=site.url).page()
    page.wait_for_load_state()
    site.stop()
    page.locator("#files").set_input_files(site.paint("away/rex.png", RED))
    expect(page.locator("#held")).to_contain_text("The server does not answer.")
    expect(card(page, "rex.png").locator(".status")).to_have_text("Waiting")
    expect(page.locator("#done")).to_have_text("0 of 1 photo")
    expect(page.locator('[data-sum="failed"]')).to_be_hidden()
    site.again()
    expect(card(page, "rex.png").get_by_role("heading")).to_have_text("Chihuahua")
    expect(page.locator("#held")).to_be_hidden()


def test_results_are_downloaded_as_a_table_in_the_pages_language(
    visit: Callable[..., Any], site: Any, phone: dict[str, Any]
) -> None:
    page = visit(**phone).page()
    page.locator("#files").set_input_files(
        [site.paint("table/mila.png", GREEN), site.paint("table/=1.png", GREY)]
    )
    expect(page.locator("#done")).to_have_text("2 sur 2 photos")
    with page.expect_download() as saved:
        page.locator('[data-save="csv"]').click()
    assert saved.value.suggested_filename == "races.csv"
    header, mila, grey, _ = Path(saved.value.path()).read_bytes().decode().split("\r\n")
    assert header.startswith("\ufefffichier;statut;race;probabilité;")
    assert mila.startswith("mila.png;chien;Carlin;0,9194;;;;")
    assert grey.startswith("'=1.png;pas sûr;;;Chihuahua 37")
    with page.expect_download() as saved:
        page.locator('[data-save="json"]').click()
    first, _ = json.loads(Path(saved.value.path()).read_text())
    assert (first["file"], first["breeds"][0]["name"]) == ("mila.png", "Carlin")


def test_a_folder_is_chosen(visit: Callable[..., Any], site: Any) -> None:
    page = visit().page()
    folder = site.paint("chosen/rex.png", RED).parent
    site.paint("chosen/inner/mila.png", GREEN)
    (folder / "notes.txt").write_text("not a photo")
    page.locator("#folder").set_input_files(folder)
    expect(page.locator("#done")).to_have_text("2 of 2 photos")


def test_the_answer_comes_into_view_on_a_phone(
    visit: Callable[..., Any], site: Any, phone: dict[str, Any]
) -> None:
    page = visit(**phone).page()
    for name in ("one", "two", "three"):
        page.locator("#camera").set_input_files(site.paint(f"phone/{name}.png", RED))
        expect(card(page, f"{name}.png").get_by_role("heading")).to_be_in_viewport()
