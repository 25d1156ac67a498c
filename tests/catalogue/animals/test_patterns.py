"""Patterns: what folders and files say of an animal, and what they only seem to say."""

from __future__ import annotations

import os
import unicodedata
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from barkive.catalogue.animals.patterns import (
    Pattern,
    find_patterns,
    is_animal,
    read,
    read_all,
    same_code,
    same_name,
)
from barkive.errors import UsageError

SAYS = [
    ("/p/2026-113 Rex/IMG_1.jpg", "{code} {name}/*", "2026-113", "Rex"),
    ("/p/2026-113_Rex/IMG_1.jpg", "{code}_{name}/*", "2026-113", "Rex"),
    ("/p/2026-113 - Rex/IMG_1.jpg", "{code} - {name}/*", "2026-113", "Rex"),
    ("/p/2026-113/IMG_1.jpg", "{code}/*", "2026-113", None),
    ("/p/2026-113 Boxer/IMG_1.jpg", "{code} {name}/*", "2026-113", None),
    ("/p/Rex (A12345)/1.jpg", "{name} ({code})/*", "A12345", "Rex"),
    ("/p/Rex - 2026-113/mai/1.jpg", "{name} - {code}/*/*", "2026-113", "Rex"),
    ("/p/2026-113 Rex/chez Paul/1.jpg", "{code} {name}/*/*", "2026-113", "Rex"),
    ("/p/2026-113/mai 2026/1.jpg", "{code}/*/*", "2026-113", None),
    ("/p/113 Rex/1.jpg", "{code} {name}/*", "113", "Rex"),
    ("/p/2026-11 Rex/1.jpg", "{code} {name}/*", "2026-11", "Rex"),
    ("/p/2026-2044 Rex/1.jpg", "{code} {name}/*", "2026-2044", "Rex"),
    ("/p/250269812345678/1.jpg", "{code}/*", "250269812345678", None),
    ("/p/D2026-113b Luna/a.jpg", "{code} {name}/*", "D2026-113b", "Luna"),
    ("/p/A12345-Rex-1.jpg", "{code}-{name}-{n}.*", "A12345", "Rex"),
    ("/p/26-113 Rex 1.jpg", "{code} {name} {n}.*", "26-113", "Rex"),
    ("/p/2026-113_1.jpg", "{code}_{n}.*", "2026-113", None),
    ("/p/2026-113-1.jpg", "{code}-{n}.*", "2026-113", None),
    ("/p/Rex_A12345_2.jpg", "{name}_{code}_{n}.*", "A12345", "Rex"),
    ("/p/Rex_03.jpg", "{name}_{n}.*", None, "Rex"),
    ("/p/Rex (2).JPG", "{name} ({n}).*", None, "Rex"),
    ("/p/Rex 3.jpg", "{name} {n}.*", None, "Rex"),
    ("/p/Rex3.jpg", "{name}{n}.*", None, "Rex"),
    ("/p/Rex.jpg", "{name}.*", None, "Rex"),
    ("/p/Jean-Luc_02.jpg", "{name}_{n}.*", None, "Jean-Luc"),
    ("/p/Belle et Sébastien 2.jpg", "{name} {n}.*", None, "Belle et Sébastien"),
    ("/p/2026-05-31 Rex 1.jpg", "* {name} {n}.*", None, "Rex"),
    ("/p/Chiens/Rex/Rex_1.jpg", "{name}/*", None, "Rex"),
    ("s3://kennel/2026-113 Rex/1.jpg", "{code} {name}/*", "2026-113", "Rex"),
    ("s3://kennel/May/Rex_1.jpg", "{name}_{n}.*", None, "Rex"),
]

SAYS_NOTHING = [
    "2026-05-31/IMG_1.jpg",
    "31-05-2026/IMG_1.jpg",
    "05-2026/IMG_1.jpg",
    "2026-05/IMG_1.jpg",
    "26-05/IMG_1.jpg",
    "20260531/IMG_1.jpg",
    "2026/IMG_1.jpg",
    "Mai 2026/IMG_1.jpg",
    "12 Mai/1.jpg",
    "2026-11 Mai/1.jpg",
    "DCIM/100CANON/IMG_1.jpg",
    "Boxer/1.jpg",
    "Chenil A12/1.jpg",
    "jd94/Photos/IMG_1.jpg",
    "Box 12/1.jpg",
    "n02085620-Chihuahua/n02085620_10074.jpg",
    "Adoptions/DSC_1.jpg",
    "IMG_0001.jpg",
    "IMG_E0001.JPG",
    "_MG_1234.jpg",
    "DSC00012 (2).jpg",
    "P1010001.jpg",
    "100_0001.jpg",
    "20260531_120311.jpg",
    "PXL_20260531_120311222.jpg",
    "IMG-20260531-WA0001.jpg",
    "WhatsApp Image 2026-05-31 at 12.03.11 (2).jpeg",
    "signal-2026-05-31-120311_002.jpeg",
    "photo-1543466835-00a7907e9de1.jpg",
    "12345678_1234567_n.jpg",
    "3F2504E0-4F89-11D3-9A0C-0305E82C3301.jpg",
    "Screenshot_20260531-120311.png",
    "Capture d’écran 3.png",
    "image0 (2).jpg",
    "golden_12.jpg",
    "Boxers 2.jpg",
    "A12 Refuge/Paul/IMG_1.jpg",
    "A12/Paul/IMG_1.jpg",
    "Re\udcff_1.jpg",
    "Re\x07_1.jpg",
]


@pytest.mark.parametrize(("path", "pattern", "code", "name"), SAYS)
def test_names_of_shelters_are_read(
    path: str, pattern: str, code: str | None, name: str | None
) -> None:
    reading = read(path)
    assert reading is not None
    assert (reading.pattern, reading.named.code, reading.named.name) == (pattern, code, name)
    assert Pattern.parse(pattern).match(path) == reading.named


@pytest.mark.parametrize("path", SAYS_NOTHING)
def test_cameras_days_breeds_and_events_are_no_animals(path: str) -> None:
    assert read(f"/photos/{path}") is None


def test_accents_may_be_composed_or_not_and_case_does_not_matter() -> None:
    paths = ["/p/Zoé_1.jpg", unicodedata.normalize("NFD", "/p/Zoé_2.jpg"), "/p/ZOÉ_3.jpg"]
    readings = [read(path) for path in paths]
    assert {one.named.key for one in readings if one is not None} == {("/p/", "zoe")}


@pytest.mark.parametrize(
    ("pattern", "path", "says"),
    [
        ("{name}_{n}.*", "/p/Rex_03.jpg", (None, "Rex")),
        ("{name}_{n}.*", "/p/Rex.jpg", (None, "Rex")),
        ("{name}_{n}", "/p/Rex_03.jpg", (None, "Rex")),
        ("{name}_{n}.png", "/p/Rex_03.jpg", None),
        ("{name}_{n}.*", "/p/IMG_03.jpg", None),
        ("{code}_{n}.*", "/p/2026_113_1.jpg", ("2026_113", None)),
        ("{code}/*", "/p/26-05/1.jpg", ("26-05", None)),
        ("{code}/*", "/p/2026-05-31/1.jpg", None),
        ("{name}/", "/p/Rex/1.jpg", (None, "Rex")),
        ("{name}/*", "/p/Rex/mai/1.jpg", None),
        ("Chiens/{name}/**", "/p/Chiens/Rex/mai/1.jpg", (None, "Rex")),
        ("chiens/{name}/**", "/p/Chiens/Rex/1.jpg", (None, "Rex")),
        ("/p/{name}/*", "/p/Rex/1.jpg", (None, "Rex")),
        ("/p/{name}/*", "/q/p/Rex/1.jpg", None),
        ("s3://kennel/{name}/*", "s3://kennel/Rex/1.jpg", (None, "Rex")),
        ("Chien {name}/*", "/p/Chien Rex/1.jpg", (None, "Rex")),
        ("* {name} {n}", "/p/2026-05-31 Rex 1.jpg", (None, "Rex")),
        ("{code}/{name}/*", "/p/A12/Rex/1.jpg", ("A12", "Rex")),
        ("{name}+{n}.*", "/p/Rex+3.jpg", (None, "Rex")),
    ],
)
def test_a_pattern_is_matched_as_it_is_written(
    pattern: str, path: str, says: tuple[str | None, str | None] | None
) -> None:
    named = Pattern.parse(pattern).match(path)
    assert (None if named is None else (named.code, named.name)) == says


def test_photos_of_one_animal_share_a_key_wherever_a_code_stands() -> None:
    pattern = Pattern.parse("{code} {name}/*")
    one, other = pattern.match("/2025/2025-9 Rex/1.jpg"), pattern.match("/new/2025-9 REX/2.jpg")
    assert one is not None
    assert other is not None
    assert one.key == other.key == ("", "2025-9", "rex")
    assert one.title == "2025-9 Rex"
    by_name = Pattern.parse("{name}/*")
    names = [by_name.match(f"/{folder}/Rex/1.jpg") for folder in ("a", "b")]
    assert [one.key for one in names if one] == [("/a/", "rex"), ("/b/", "rex")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "animal_pattern_nameless"),
        ("*.jpg", "animal_pattern_nameless"),
        ("{n}.*", "animal_pattern_nameless"),
        ("{name}{name}/*", "animal_pattern_twice"),
        ("{name}/{name}_{n}.*", "animal_pattern_twice"),
        ("{code}{name}/*", "animal_pattern_adjacent"),
        ("{name}*/*", "animal_pattern_adjacent"),
        ("{dog}/*", "animal_pattern_braces"),
        ("{name/*", "animal_pattern_braces"),
        ("{{name}}/*", "animal_pattern_braces"),
        ("{name}" + "x" * 200, "animal_pattern_long"),
        ("{name}/*-*", "animal_pattern_long"),
    ],
)
def test_what_is_no_pattern_is_refused(text: str, code: str) -> None:
    with pytest.raises(UsageError) as caught:
        Pattern.parse(text)
    assert caught.value.code == code
    assert caught.value.text("fr") != caught.value.text()


def test_patterns_are_found_and_counted() -> None:
    paths = [
        f"/p/2026-{n} {name}/IMG_{i}.jpg" for n, name in ((1, "Rex"), (2, "Luna")) for i in (1, 2)
    ]
    paths += ["/p/Nala_1.jpg", "/p/Nala_2.jpg", "/p/Nala.jpg", "/p/Solo_1.jpg"]
    paths += ["/p/IMG_0001.jpg", "/p/2026-05-31/IMG_0002.jpg"]
    found = find_patterns(paths)
    assert [(one.pattern.text, one.photos, one.animals) for one in found] == [
        ("{code} {name}/*", 4, 2),
        ("{name}_{n}.*", 3, 1),
    ]
    assert [(path, named.title) for path, named in found[0].examples] == [
        ("/p/2026-1 Rex/IMG_1.jpg", "2026-1 Rex"),
        ("/p/2026-2 Luna/IMG_1.jpg", "2026-2 Luna"),
    ]


def test_folders_are_animals_where_several_are_side_by_side() -> None:
    paths = [f"/p/{name}/DSC_{i:04}.JPG" for name in ("Rex", "Luna", "Zoé") for i in range(3)]
    assert [one and one.named.name for one in read_all(paths)] == [
        *["Rex"] * 3,
        *["Luna"] * 3,
        *["Zoé"] * 3,
    ]
    assert read_all(paths[:6]) == [None] * 6
    under_dogs = [path.replace("/p/", "/p/Chiens/") for path in paths[:3]]
    assert [one and one.pattern for one in read_all(under_dogs)] == ["{name}/*"] * 3
    deeper = [path.replace("/DSC", "/mai 2026/DSC") for path in under_dogs]
    assert [one and one.pattern for one in read_all(deeper)] == ["{name}/*/*"] * 3
    breeds = [f"/p/{name}/1.jpg" for name in ("Boxer", "Beagle", "Pug", "Akita", "Rex")]
    assert read_all(breeds) == [None] * 5
    buckets = [f"s3://{name}/1.jpg" for name in ("rex", "luna", "zoe")]
    assert read_all(buckets) == [None] * 3


def test_a_folder_of_several_animals_is_none() -> None:
    paths = [f"/p/Chiens/Dupont/{name}_{i}.jpg" for name in ("Rex", "Luna") for i in (1, 2)]
    paths.append("/p/Chiens/Dupont/IMG_0001.jpg")
    named = [one and one.named.name for one in read_all(paths)]
    assert named == ["Rex", "Rex", "Luna", "Luna", None]


@pytest.mark.parametrize(
    ("name", "can_be"),
    [
        *[("Rex", True), ("Rex 2", True), ("Ève", True), ("Ti-Jean", True), ("Noël", True)],
        *[("", False), ("7", False), ("R", False), ("Rex 2026", False), ("Avril", False)],
        *[("Golden Retriever", False), ("Épagneul breton", False), ("Chiens", False)],
        *[("Photo de Rex", False), ("a" * 41, False), ("un deux trois quatre cinq", False)],
    ],
)
def test_what_an_animal_can_be_called(name: str, can_be: bool) -> None:
    assert is_animal(name) is can_be


def test_codes_and_names_are_compared_without_case_and_accents() -> None:
    assert same_code("26/É 12") == same_code("26/e12")
    assert same_name("Ti-JEAN") == same_name("ti jean") == "ti jean"


_parts = st.text(
    st.one_of(st.sampled_from("Rex2026-_ ().é{}*/\\"), st.characters()), max_size=20
).filter(lambda text: "\0" not in text)


@given(st.lists(st.lists(_parts, max_size=4).map("/".join), max_size=6))
@example(["/p/\udcff_1.jpg", "/p/\udcff_2.jpg", "s3://", "/", "", os.sep])
@example(["::/", ":A/", "B\b/"])
def test_any_path_is_read(paths: list[str]) -> None:
    readings = read_all(paths)
    for one in readings:
        assert one is None or Pattern.parse(one.pattern)
    for found in find_patterns(paths):
        assert found.photos >= found.animals >= 1


def test_the_worst_path_does_not_take_for_ever() -> None:
    pattern = Pattern.parse("{code}-{name}-*x")
    assert pattern.match("/p/" + "1-a-" * 60) is None


@given(_parts, _parts)
def test_any_text_is_a_pattern_or_refused(text: str, path: str) -> None:
    for one in (text, f"{text}{{name}}", f"{{code}} {text}"):
        with suppress(UsageError):
            Pattern.parse(one).match(path)
