"""The gallery as a browser gets it."""

import os
import re
import sys
from collections.abc import Callable
from html import unescape
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as property_settings
from hypothesis import strategies as st
from PIL import Image
from starlette.datastructures import QueryParams
from starlette.testclient import TestClient

from barkive.catalogue import Catalogue, Kind, Label
from barkive.messages import Messages
from barkive.web.pages.gallery import _way
from barkive.web.pages.views import FIELDS, View

pytestmark = pytest.mark.slow

PUG = "n02110958"
RED, GREEN = (250, 10, 10), (10, 250, 10)
Colour = tuple[int, int, int]


def catalogue_of(server: TestClient) -> Catalogue:
    catalogue: Catalogue = server.app.state.service.catalogue  # type: ignore[attr-defined]
    return catalogue


def files(page: str) -> list[str]:
    return [unescape(name) for name in re.findall(r'<span class="file">(.*?)</span>', page)]


def titles(page: str) -> list[str]:
    return [unescape(name) for name in re.findall(r'tile.*?class="what">(.*?)</span>', page, re.S)]


def part(page: str, name: str) -> dict[str, tuple[str, str]]:
    """A list of counts: each name with the number and the address."""
    (section,) = re.findall(rf'<section aria-labelledby="s-{name}">(.*?)</section>', page, re.S)
    rows = re.findall(r'href="([^"]*)".*?what">(.*?)</span> <span.*?>(.*?)</span>', section)
    return {unescape(what): (photos, unescape(address)) for address, what, photos in rows}


def chips(page: str) -> dict[str, str]:
    """Each filter's name, with the address without it."""
    (row,) = re.findall(r'<ul class="chips">(.*?)</ul>', page, re.S) or [""]
    found = re.findall(r'href="([^"]*)" aria-label=".*?">(.*?) <span', row)
    return {unescape(name): unescape(address) for address, name in found}


def asked(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query))


@pytest.fixture
def many(server: TestClient, kennel: Path) -> TestClient:
    """A server with 125 photos of a Pug, and the five of the kennel before them."""
    service = server.app.state.service  # type: ignore[attr-defined]
    service.catalogue.scan(kennel, classifier=service.classifier)
    content = (kennel / "annex" / "mila.png").read_bytes()
    for number in range(1, 126):
        (kennel / f"pug{number:03}.png").write_bytes(content)
    service.catalogue.scan(kennel, classifier=service.classifier)
    return server


def test_it_shows_every_photo_with_what_is_said_of_it(filled: TestClient) -> None:
    answer = filled.get("/photos")
    assert answer.status_code == 200
    shown = dict(zip(files(answer.text), titles(answer.text), strict=True))
    assert shown == {
        "rex.png": "Chihuahua",
        "mila.png": "Pug",
        "mix.png": "Chihuahua?",
        "night.png": "No dog",
        "broken.jpg": "Can't be read",
    }
    assert '<h2 id="found" class="number">5 photos</h2>' in answer.text
    numbers = re.findall(r'id="photo-(\d+)" href="/photos/(\d+)"', answer.text)
    thumbnails = re.findall(r'src="/api/v1/photos/(\d+)/thumbnail" alt="" width="320"', answer.text)
    assert [(one, one) for one in thumbnails] == numbers
    can_be_read = [
        filled.get(f"/api/v1/photos/{number}/thumbnail").status_code for number in thumbnails
    ]
    assert can_be_read.count(200) == 4
    assert "Checked by a person" not in answer.text.partition('id="list"')[2]
    assert "style=" not in answer.text
    assert "<script>" not in answer.text


def test_it_speaks_french(filled: TestClient) -> None:
    page = filled.get("/photos?lang=fr").text
    assert sorted(titles(page)) == [
        "Carlin",
        "Chihuahua",
        "Chihuahua\N{NARROW NO-BREAK SPACE}?",
        "Illisible",
        "Pas de chien",
    ]
    assert part(page, "status")["Race nommée"][0] == "2"


ADDRESSES = [
    ("", ["broken", "mila", "mix", "night", "rex"]),
    ("text=&breed=&group=&status=&after=&before=&corrected=", "broken mila mix night rex"),
    ("text=+&folder=&missing=", "broken mila mix night rex"),
    ("text=annex", "mila"),
    ("text=Carlin", "mila"),
    ("breed=pug", "mila"),
    (f"breed={PUG}", "mila"),
    ("breed=carlin&group=9", "mila"),
    ("breed=carlin&group=1", ""),
    ("group=9", "mila mix rex"),
    ("status=uncertain", "mix"),
    ("status=failed&text=broken", "broken"),
    ("after=2026-01-01", ""),
    ("corrected=true", "night"),
    ("corrected=false", "broken mila mix rex"),
    ("missing=true", ""),
    ("missing=false", "broken mila mix night rex"),
    ("page=7", "broken mila mix night rex"),
    ("page=cat", "broken mila mix night rex"),
]


def test_the_filters_stand_in_the_address(
    filled: TestClient, kennel: Path, subtests: pytest.Subtests
) -> None:
    catalogue_of(filled).label(kennel / "night.png", Label(Kind.NOT_DOG))
    for query, found in ADDRESSES:
        with subtests.test(query):
            answer = filled.get(f"/photos?{query}")
            assert answer.status_code == 200
            wanted = found.split() if isinstance(found, str) else found
            assert sorted(Path(one).stem for one in files(answer.text)) == wanted


def test_a_folder_holds_those_inside_it(filled: TestClient, kennel: Path) -> None:
    answer = filled.get("/photos", params={"folder": str(kennel / "annex")})
    assert files(answer.text) == ["mila.png"]


WRONG = [
    ("breed", "pgu", "Barkive knows no breed called “pgu”. The nearest names: Pug", "pgu"),
    ("breed", "xyzzy", "Barkive knows no breed called “xyzzy”.", "ne connaît pas de race"),
    ("breed", "x" * 201, "is too long for a breed", "est trop long pour une race"),
    ("text", "x" * 501, "is too long to search for", "est trop long à chercher"),
    ("folder", "x" * 4097, "is too long for a folder", "trop long pour un dossier"),
    ("dogs", "two", "“two” is no number of dogs; write it as 2", "n'est pas un nombre"),
    ("dogs", "3-1", "“3-1” is no number of dogs; write it as 2", "n'est pas un nombre"),
    ("group", "11", "There is no group “11”", "Il n'y a pas de groupe"),
    ("group", "cat", "There is no group “cat”", "Il n'y a pas de groupe"),
    ("status", "cat", "There is no status “cat”", "Il n'y a pas de statut"),
    ("after", "yesterday", "“yesterday” is no date; write it as 2026-05-31.", "une date"),
    ("before", "2026-13-01", "“2026-13-01” is no date; write it as 2026-05-31.", "une date"),
    ("corrected", "perhaps", "“perhaps” says neither yes nor no", "ne dit ni oui ni non"),
    ("missing", "perhaps", "“perhaps” says neither true nor false", "ni true ni false"),
]


def test_with_a_wrong_filter_nothing_is_shown_and_it_is_told(
    filled: TestClient, subtests: pytest.Subtests
) -> None:
    for field, value, english, french in WRONG:
        with subtests.test(f"{field}={value[:20]}"):
            filled.cookies.clear()  # of the language that the one before asked for
            answer = filled.get(
                "/photos", params={field: value, "text" if field != "text" else "group": 9}
            )
            assert answer.status_code == 422
            told = re.findall(r'<p role="alert">(.*?)</p>', answer.text)
            assert len(told) == 1
            assert english in unescape(told[0])
            assert files(answer.text) == []
            assert "/exports" not in answer.text
            assert filled.get("/exports", params={field: value}).url.path == "/photos"
            assert 'name="text" type="search"' in answer.text
            tiles = filled.get("/photos/tiles", params={field: value})
            assert (tiles.status_code, files(tiles.text)) == (422, [])
            alone = filled.get("/photos", params={field: value, "lang": "fr"})
            assert french in unescape(alone.text)
            # The only ways on are to another breed, or to all photos.
            links = re.findall(r'<a [^>]*href="(/photos[^"]*)"(?! lang)', alone.text)
            assert not [one for one in links if asked(unescape(one)).get(field) == value]


@pytest.mark.parametrize(
    ("query", "told", "french"),
    [
        ("after=2026-05-02&before=2026-05-01", "taken on 2026-05-02", "prise le 2026-05-02"),
        (
            "added_after=2026-05-01&added_before=2026-05-01",
            "added on 2026-05-01",
            "ajoutée le 2026-05-01",
        ),
    ],
)
def test_days_that_leave_nothing_are_told_and_not_called_no_dates(
    query: str, told: str, french: str, filled: TestClient
) -> None:
    answer = filled.get(f"/photos?{query}")
    assert answer.status_code == 422
    assert told in answer.text
    assert "no date" not in answer.text
    assert french in unescape(filled.get(f"/photos?{query}&lang=fr").text)


def test_a_wrong_breed_leads_to_what_may_be_meant(filled: TestClient) -> None:
    page = filled.get("/photos", params={"breed": "carl", "status": "dog"}).text
    (mistakes,) = re.findall(r'id="mistakes">(.*?)</div>', page, re.S)
    assert re.findall(r'<a href="(.*?)">Pug</a>', mistakes) == [
        f"/photos?breed={PUG}&amp;status=dog"
    ]
    assert 'value="carl"' in page


def test_around_a_photo_nothing_is_shown_where_a_filter_is_wrong(filled: TestClient) -> None:
    page = filled.get("/photos/1?breed=pgu").text
    assert 'rel="next"' not in page
    assert 'href="/photos?breed=pgu#photo-1"' in page


def test_each_filter_can_be_taken_off(filled: TestClient, kennel: Path) -> None:
    asked_for = {"text": "png", "breed": "carlin", "status": "dog", "folder": str(kennel)}
    page = filled.get("/photos", params=asked_for | {"lang": "en", "page": "1"}).text
    found = chips(page)
    assert list(found) == ["“png”", "Pug", "Folder kennel", "Named"]
    for field, name in zip(("text", "breed", "folder", "status"), found, strict=True):
        assert asked(found[name]) == {k: v for k, v in asked_for.items() if k != field}
    assert 'class="every" href="/photos"' in page
    assert "<title>“png” · Pug · Folder kennel · Named · Photos · Barkive</title>" in page
    # What a form of the page sends once more.
    assert f'name="folder" value="{kennel}" form="search"' in page
    assert '<input type="hidden" name="status" value="dog" form="search">' in page
    assert re.search(r'id="f-breed"[^>]* value="Pug"', page)


def test_dates_and_words_have_names(filled: TestClient) -> None:
    query = "after=2026-01-05&before=2026-02-01&corrected=false&group=9&missing=true"
    assert list(chips(filled.get(f"/photos?{query}").text)) == [
        "Group 9: Companion and Toy Dogs",
        "from 5 Jan 2026",
        "before 1 Feb 2026",
        "Not checked yet",
        "Files that are gone",
    ]
    assert list(chips(filled.get(f"/photos?{query}&lang=fr").text))[1:4] == [
        "à partir du 5 janv. 2026",
        "avant le 1er févr. 2026",
        "Pas encore vérifiées",
    ]


def test_counts_tell_what_is_left_under_the_other_filters(filled: TestClient, kennel: Path) -> None:
    page = filled.get("/photos").text
    assert part(page, "status") == {
        "Named": ("2", "/photos?status=dog"),
        "Not sure": ("1", "/photos?status=uncertain"),
        "No dog": ("1", "/photos?status=not_dog"),
        "Can't be read": ("1", "/photos?status=failed"),
    }
    assert part(page, "breeds") == {
        "Chihuahua": ("2", "/photos?breed=n02085620"),
        "Pug": ("1", f"/photos?breed={PUG}"),
    }
    page = filled.get("/photos?status=uncertain").text
    assert {name: n for name, (n, _) in part(page, "status").items()} == {
        "Named": "2",
        "Not sure": "1",
        "No dog": "1",
        "Can't be read": "1",
    }
    assert part(page, "breeds") == {"Chihuahua": ("1", "/photos?status=uncertain&breed=n02085620")}
    assert '<h2 id="found" class="number">1 photo</h2>' in page
    # What is chosen is taken off by choosing it again.
    assert part(page, "status")["Not sure"] == ("1", "/photos")
    assert 'href="/photos" aria-current="true"><span class="mark uncertain">' in page


def test_breeds_beyond_the_first_twelve_are_folded_away(filled: TestClient, kennel: Path) -> None:
    catalogue = catalogue_of(filled)
    for number in range(13):
        file = kennel / f"other{number}.png"
        Image.new("RGB", (40, 30), (250, number, 10)).save(file)
        catalogue.scan(file, classifier=filled.app.state.service.classifier)  # type: ignore[attr-defined]
        catalogue.label(file, Label(Kind.BREED, (f"Mutt {number:02}",), other=True))
    page = filled.get("/photos").text
    (section,) = re.findall(r'aria-labelledby="s-breeds">(.*?)</section>', page, re.S)
    shown, _, folded = section.partition('<details class="all"><summary>Show 3 more</summary>')
    assert shown.count("<li>") == 12
    assert folded.count("<li>") == 3


def test_folders_lead_down_and_up_again(filled: TestClient, kennel: Path) -> None:
    page = filled.get("/photos?status=dog").text
    down = part(page, "folders")
    assert {name: n for name, (n, _) in down.items()} == {"annex": "1"}
    address = down["annex"][1]
    assert asked(address) == {"status": "dog", "folder": str(kennel / "annex")}
    page = filled.get(address).text
    assert files(page) == ["mila.png"]
    (way,) = re.findall(r'<ol class="way">(.*?)</ol>', page, re.S)
    assert re.findall(r">([^<>]+)</a>", way) == ["kennel", "annex"]
    up, here = re.findall(r'href="([^"]*)"', way)
    assert unescape(up) == "/photos?status=dog"
    assert asked(unescape(here)) == asked(address)
    assert f'{here}" aria-current="location"' in way


def test_the_folders_of_a_store_lead_down_and_up_again(server: TestClient, kennel: Path) -> None:
    fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    for name in ("rex.png", "annex/a.png", "annex/deep/b.png"):
        memory.pipe(f"/bucket/kennel/{name}", (kennel / "rex.png").read_bytes())
    service = server.app.state.service  # type: ignore[attr-defined]
    service.catalogue.scan("memory://bucket", classifier=service.classifier)
    folder = "memory://bucket/kennel"
    (number, down) = part(server.get("/photos").text, "folders")["annex"]
    assert (number, asked(down)) == ("2", {"folder": f"{folder}/annex"})
    page = server.get(part(server.get(down).text, "folders")["deep"][1]).text
    assert files(page) == ["b.png"]
    (way,) = re.findall(r'<ol class="way">(.*?)</ol>', page, re.S)
    assert re.findall(r">([^<>]+)</a>", way) == ["kennel", "annex", "deep"]
    addresses = [asked(unescape(one)) for one in re.findall(r'href="([^"]*)"', way)]
    assert addresses == [{}, {"folder": f"{folder}/annex"}, {"folder": f"{folder}/annex/deep"}]
    memory.store.clear()


def test_an_export_takes_exactly_these_photos_out(filled: TestClient) -> None:
    page = filled.get("/photos?breed=pug&lang=fr").text
    exports = re.findall(r'action="(/exports[^"]*)"><button name="form" value="([^"]*)"', page)
    assert [form for _, form in exports] == [
        *("csv", "json", "jsonl", "parquet", "md-json", "coco", "asm3", "contact-sheet"),
    ]
    (action,) = {unescape(one) for one, _ in exports}
    assert asked(action) == {"breed": "pug"}
    assert "1 photo\u202f: Carlin" in filled.get(action).text
    table = filled.post(action, data={"form": "csv"})
    assert table.status_code == 200
    assert table.text.count("mila.png") == 1
    assert "Carlin" in table.text
    assert "rex.png" not in table.text


def test_a_long_list_has_pages(many: TestClient) -> None:
    page = many.get("/photos?text=kennel").text
    assert len(files(page)) == 120
    assert "Page 1 of 2" in page
    assert 'rel="prev"' not in page
    following = unescape(re.findall(r'rel="next" href="([^"]*)"', page)[0])
    assert asked(following) == {"text": "kennel", "page": "2"}
    page = many.get(following).text
    assert files(page) == [f"pug{number}.png" for number in range(116, 126)]
    assert asked(unescape(re.findall(r'rel="prev" href="([^"]*)"', page)[0]))["page"] == "1"
    assert 'rel="next"' not in page
    assert many.get("/photos?text=kennel&page=99").text.count('class="file"') == 10
    # What the script needs: how many there are, and where this part of them lies.
    assert (
        'data-total="130" data-chunk="120" data-page="2" data-tiles="/photos/tiles?text=kennel"'
        in page
    )


def test_a_chunk_is_a_part_of_the_page_with_its_place_in_every_link(many: TestClient) -> None:
    answer = many.get("/photos/tiles?status=dog&page=2")
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert len(files(answer.text)) == 7
    links = {
        unescape(one).partition("?")[2] for one in re.findall(r'href="(/photos[^"]*)"', answer.text)
    }
    assert links == {"status=dog&page=2"}
    assert files(many.get("/photos/tiles?page=3").text) == []


def test_what_people_said_is_shown_with_a_tick(filled: TestClient, kennel: Path) -> None:
    catalogue = catalogue_of(filled)
    catalogue.label(kennel / "rex.png", Label(Kind.CROSS, ("Pug", "Maltese")))
    catalogue.label(kennel / "night.png", Label(Kind.UNSURE))
    page = filled.get("/photos?corrected=true").text
    assert sorted(titles(page)) == ["Not sure", "Pug × Maltese"]
    assert page.partition('id="list"')[2].count("Checked by a person") == 4


def test_an_empty_catalogue_invites_to_fill_it(server: TestClient) -> None:
    page = server.get("/photos")
    assert page.status_code == 200
    assert "The catalogue is empty" in page.text
    assert 'href="/scan">Scan a folder</a>' in page.text
    assert 'href="/">Drop photos</a>' in page.text
    assert "Le catalogue est vide" in server.get("/photos?lang=fr&status=dog").text


def test_where_nothing_is_found_it_says_for_what(filled: TestClient) -> None:
    answer = filled.get("/photos?text=zebra&status=dog")
    assert answer.status_code == 200
    assert "No photo fits" in answer.text
    assert chips(answer.text) == {"“zebra”": "/photos?status=dog", "Named": "/photos?text=zebra"}
    assert "Export" not in answer.text


def test_photos_whose_files_are_gone_are_told_of(filled: TestClient, kennel: Path) -> None:
    (kennel / "rex.png").unlink()
    service = filled.app.state.service  # type: ignore[attr-defined]
    service.catalogue.scan(kennel, classifier=service.classifier)
    page = filled.get("/photos").text
    assert part(page, "status")["Files that are gone"] == ("1", "/photos?missing=true")
    page = filled.get("/photos?missing=true").text
    assert files(page) == ["rex.png"]
    assert '<span class="none">File gone</span>' in page
    for file in kennel.rglob("*.*"):
        file.unlink()
    service.catalogue.scan(kennel, classifier=service.classifier, gone=True)
    page = filled.get("/photos").text
    assert "The files of all photos were gone at the last scan." in page
    assert '<a class="button second" href="/photos?missing=true">' in page


def test_names_are_shown_as_they_are_written(
    filled: TestClient, kennel: Path, colour_photo: Callable[..., Path]
) -> None:
    colour_photo("kennel/a & <b>/<script>alert(1)<'\">.png", (250, 20, 10))
    service = filled.app.state.service  # type: ignore[attr-defined]
    service.catalogue.scan(kennel, classifier=service.classifier)
    service.catalogue.label(kennel / "rex.png", Label(Kind.BREED, ("<i>Mutt</i>",), other=True))
    page = filled.get("/photos", params={"text": '"><script>alert(2)</script>'}).text
    assert "<script>alert" not in page
    page = filled.get("/photos").text
    assert "<script>alert" not in page
    assert "<script>alert(1)<'\">.png" in files(page)
    assert "<i>Mutt</i>" in titles(page)
    address = part(page, "folders")["a & <b>"][1]
    assert files(filled.get(address).text) == ["<script>alert(1)<'\">.png"]


@pytest.mark.skipif(sys.platform != "linux", reason="names are text there")
def test_a_name_that_is_no_text_is_shown_escaped(filled: TestClient, kennel: Path) -> None:
    folder = os.path.join(os.fsencode(kennel), b"caf\xe9")  # noqa: PTH118 - bytes
    os.mkdir(folder)  # noqa: PTH102
    (kennel / "annex" / "mila.png").rename(Path(os.fsdecode(folder)) / "mila.png")
    (kennel / "rex.png").rename(Path(os.fsdecode(os.path.join(os.fsencode(kennel), b"\xff.png"))))  # noqa: PTH118
    service = filled.app.state.service  # type: ignore[attr-defined]
    service.catalogue.scan(kennel, classifier=service.classifier)
    page = filled.get("/photos").text
    assert r"\udcff.png" in files(page)
    assert "s-folders" not in page


_WORDS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["pug", "9", "-1", "dog", "2026-02-30", "true", "\0", "٣", "/", "../..", "💥"]),
)


@pytest.mark.slow
@property_settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.dictionaries(st.sampled_from(FIELDS), _WORDS))
def test_any_address_is_understood_or_its_faults_are_named(
    filled: TestClient, query: dict[str, str]
) -> None:
    catalogue = catalogue_of(filled)
    view = View.of(QueryParams(query), catalogue)
    for lang in ("en", "fr"):
        words = Messages(lang)  # type: ignore[arg-type]
        assert all(view.fault(name, words) for name in view.faults)
        assert len(view.chips("/photos", words, catalogue)) == len(view.values) - len(view.faults)
    assert catalogue.count(view.query) == len(catalogue.page(view.query))
    again = View.of(QueryParams(urlsplit(view.address("/photos")).query), catalogue)
    assert (again.query, set(again.faults)) == (view.query, set(view.faults))


@pytest.fixture
def dogs(
    pairs: TestClient, kennel: Path, pair_photo: Callable[[str, Colour, Colour], Path]
) -> TestClient:
    """A server that has catalogued the kennel, two photos of two dogs, and one of two Pugs."""
    pair_photo("kennel/two.png", RED, GREEN)
    pair_photo("kennel/dim.png", GREEN, (160, 90, 90))
    pair_photo("kennel/pugs.png", GREEN, GREEN)
    service = pairs.app.state.service  # type: ignore[attr-defined]
    service.catalogue.scan(kennel, classifier=service.classifier)
    return pairs


def test_photos_with_several_dogs_name_them_and_tell_how_many(dogs: TestClient) -> None:
    page = dogs.get("/photos?dogs=2%2B").text
    shown = dict(zip(files(page), titles(page), strict=True))
    assert shown == {"two.png": "Chihuahua, Pug", "dim.png": "Pug, Chihuahua?", "pugs.png": "Pug"}
    assert page.count('title="2 dogs" aria-hidden="true">2</span>') == 3
    assert page.count('<span class="unseen">2 dogs</span>') == 3
    assert 'class="dogs' not in dogs.get("/photos?dogs=1").text


def test_photos_are_found_by_several_dogs_and_breeds(dogs: TestClient) -> None:
    def found(query: str) -> list[str]:
        return sorted(Path(one).stem for one in files(dogs.get(f"/photos?{query}").text))

    assert found("dogs=2") == ["dim", "pugs", "two"]
    assert found("dogs=1-3&breed=chihuahua") == ["dim", "mix", "rex", "two"]
    assert found("breed=chihuahua&breed=carlin&breed=") == ["dim", "two"]
    assert found("breed=chihuahua&breed=carlin&status=dog&text=two") == ["two"]
    assert found("breed=maltese&breed=carlin") == []


def test_each_of_several_breeds_and_the_number_of_dogs_can_be_taken_off(dogs: TestClient) -> None:
    page = dogs.get("/photos?breed=chihuahua&breed=carlin&dogs=2%2B").text
    assert chips(page) == {
        "Chihuahua": "/photos?breed=carlin&dogs=2%2B",
        "Pug": "/photos?breed=chihuahua&dogs=2%2B",
        "2 dogs or more": "/photos?breed=chihuahua&breed=carlin",
    }
    assert re.findall(r'id="f-breed[^"]*".*? value="(.*?)"', page) == ["Chihuahua", "Pug", ""]
    assert part(page, "breeds")["Pug"] == ("2", "/photos?breed=chihuahua&dogs=2%2B")
    assert '<option value="2+" selected>2 dogs or more</option>' in page
    french = dogs.get("/photos?dogs=1-3&lang=fr").text
    assert list(chips(french)) == ["de 1 à 3 chiens"]
    assert '<option value="1-3" selected>' in french
    assert list(chips(dogs.get("/photos?dogs=1&lang=en").text)) == ["1 dog"]


def test_a_wrong_breed_beside_a_right_one_leads_to_both(dogs: TestClient) -> None:
    page = dogs.get("/photos?breed=pug&breed=chihuahu").text
    (mistakes,) = re.findall(r'id="mistakes">(.*?)</div>', page, re.S)
    assert re.findall(r'<a href="(.*?)">Chihuahua</a>', mistakes) == [
        "/photos?breed=pug&amp;breed=n02085620"
    ]
    assert files(dogs.get("/photos?" + "&".join(["breed=pug"] * 99)).text)


def test_the_list_is_sorted_as_the_visitor_wants(
    server: TestClient, colour_photo: Callable[..., Path], tmp_path: Path
) -> None:
    service = server.app.state.service  # type: ignore[attr-defined]
    for name in ("b", "a", "c"):
        colour_photo(f"sorted/{name}.png", RED)
        service.catalogue.scan(tmp_path / "sorted", classifier=service.classifier)
    assert files(server.get("/photos").text) == ["b.png", "a.png", "c.png"]
    assert files(server.get("/photos?order=name").text) == ["a.png", "b.png", "c.png"]
    page = server.get("/photos?order=-added&breed=chihuahua").text
    assert files(page) == ["c.png", "a.png", "b.png"]
    assert '<option value="-added" selected>Added, newest first</option>' in page
    assert files(server.get("/photos/tiles?order=-name").text) == ["c.png", "b.png", "a.png"]
    first, *_ = catalogue_of(server).page()
    turned = server.get(f"/photos/{first.id}?order=name").text
    assert re.search(r'rel="prev" href="[^"]*order=name', turned) or "order=name" in turned
    wrong = server.get("/photos?order=size")
    assert wrong.status_code == 422
    assert "There is no order “size”" in unescape(wrong.text)
    told = server.get("/api/v1/photos?order=-name&limit=2").json()
    assert [Path(one["file"]).name for one in told["photos"]] == ["c.png", "b.png"]
    assert "order=-name" in told["next"]
    assert server.get("/api/v1/photos?added_after=2199-01-01").json()["total"] == 0
    assert files(server.get("/photos?added_before=2199-01-01").text) == ["b.png", "a.png", "c.png"]


def test_searches_are_saved_opened_and_forgotten(
    server: TestClient, colour_photo: Callable[..., Path], tmp_path: Path
) -> None:
    service = server.app.state.service  # type: ignore[attr-defined]
    colour_photo("saved/rex.png", RED)
    service.catalogue.scan(tmp_path / "saved", classifier=service.classifier)
    address = "/photos/searches?breed=chihuahua&order=-added"
    page = server.post(address, data={"name": "Chihuahuas <new>"})
    assert str(page.url).endswith("/photos?breed=chihuahua&order=-added")
    shown = unescape(page.text)
    assert '<a href="/photos?breed=chihuahua&order=-added" aria-current="true">' in shown
    assert "Save this search as" not in shown
    taken = server.post("/photos/searches?breed=pug", data={"name": "Chihuahuas <new>"})
    assert taken.status_code == 422
    assert "There is a search called “Chihuahuas <new>” already" in unescape(taken.text)
    assert "Chihuahuas <new>" not in taken.text
    assert "Chihuahuas &lt;new&gt;" in server.get("/photos").text
    (saved,) = service.catalogue.searches.all()
    gone = server.post(f"/photos/searches/{saved.id}/remove?breed=pug")
    assert str(gone.url).endswith("/photos?breed=pug")
    assert service.catalogue.searches.all() == []
    assert server.post(f"/photos/searches/{10**30}/remove").status_code == 404
    assert server.post("/photos/searches?breed=pug", data={"name": "\0"}).status_code == 422


def test_folders_that_have_nothing_in_common_lie_in_one_for_all() -> None:
    assert _way("/", "/") == []
    assert _way("/", "/home/ada") == ["/", "/home", "/home/ada"]
    assert _way("/home", "/home") == []
    assert _way("/home", "/home/ada") == ["/home", "/home/ada"]
    assert _way("/home", "/srv") == []
