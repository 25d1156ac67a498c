"""What is proposed among photos: by name, by bursts, by likeness; and what speaks against it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from barkive.catalogue.animals.grouping import (
    LARGE,
    Known,
    Proposal,
    Shot,
    bursts,
    propose,
)
from barkive.catalogue.animals.patterns import Pattern

NOON = datetime(2026, 5, 31, 12)
ONE, OTHER = 0, 90


def shot(number: int, path: str, **more: Any) -> Shot:
    """A photo; `at` is in seconds after noon."""
    if (seconds := more.pop("at", None)) is not None:
        more["taken_at"] = NOON + timedelta(seconds=seconds)
    return Shot(number, 100 + number, path, **more)


def found(
    shots: Sequence[Shot],
    angles: Sequence[float] = (),
    known: Known | None = None,
    pattern: str | None = None,
) -> list[Proposal]:
    """What is proposed, where each photo's vector has an angle in degrees."""

    def vectors(places: Sequence[int]) -> NDArray[np.float32]:
        turned = np.radians([angles[place] if angles else 120.0 * place for place in places])
        return np.stack([np.cos(turned), np.sin(turned)], axis=1).astype(np.float32)

    parsed = Pattern.parse(pattern) if pattern is not None else None
    return propose(shots, vectors, known or Known(), parsed)


def said(proposals: Sequence[Proposal]) -> list[tuple[tuple[int, ...], str]]:
    return [(one.photos, one.reason.text()) for one in proposals]


def test_by_folder_and_by_file() -> None:
    shots = [
        *(shot(i, f"/p/2026-113 Rex/IMG_{i}.jpg") for i in (1, 2)),
        *(shot(i, f"/p/Luna_{i}.jpg") for i in (3, 4)),
        shot(5, "/p/Nala_1.jpg"),
        shot(6, "/p/2026-9 Zoé/1.jpg"),
        shot(7, "/p/IMG_0007.jpg"),
    ]
    proposals = found(shots)
    assert said(proposals) == [
        ((0, 1), "Same folder name “2026-113 Rex”"),
        ((2, 3), "Same file name “Luna”"),
        ((5,), "Same folder name “2026-9 Zoé”"),
    ]
    assert [(one.code, one.name, one.animal, one.pattern) for one in proposals] == [
        ("2026-113", "Rex", None, "{code} {name}/*"),
        (None, "Luna", None, "{name}_{n}.*"),
        ("2026-9", "Zoé", None, "{code} {name}/*"),
    ]
    assert proposals[0].reason.text("fr") == "Même nom de dossier «\u202f2026-113 Rex\u202f»"


def test_by_a_given_pattern_alone() -> None:
    shots = [shot(1, "/p/Rex/1.jpg"), shot(2, "/p/Rex/2.jpg"), shot(3, "/p/Luna_3.jpg")]
    assert said(found(shots)) == []
    assert said(found(shots, pattern="{name}/*")) == [((0, 1), "Same folder name “Rex”")]
    assert said(found(shots, pattern="{name}_{n}.*")) == [((2,), "Same file name “Luna”")]


def test_a_code_with_several_names_is_none() -> None:
    shots = [shot(1, "/p/B12 Rex/1.jpg"), shot(2, "/p/B12 Luna/1.jpg"), shot(3, "/p/B13 Zoé/1.jpg")]
    assert [(one.code, one.name) for one in found(shots)] == [
        (None, "Rex"),
        (None, "Luna"),
        ("B13", "Zoé"),
    ]


def test_a_large_group_is_marked() -> None:
    shots = [shot(i, f"/p/2026-1 Rex/{i}.jpg") for i in range(LARGE + 1)]
    assert [one.is_large for one in found(shots)] == [True]
    assert [one.is_large for one in found(shots[1:])] == [False]


def test_files_of_one_picture_are_one_photo() -> None:
    shots = [shot(i, f"/p/2026-1 Rex/{i}.jpg") for i in range(3)]
    shots[2] = shots[2]._replace(picture=shots[0].picture)
    assert [one.photos for one in found(shots)] == [(0, 1)]


def test_what_contradicts_the_name_is_left_out() -> None:
    shots = [shot(i, f"/p/2026-1 Rex/{i}.jpg") for i in range(5)]
    breeds = ["pug", "pug", "boxer", None, "pug"]
    shots = [one._replace(breed=breed) for one, breed in zip(shots, breeds, strict=True)]
    shots[4] = shots[4]._replace(has_several=True)
    (one,) = found(shots)
    assert one.photos == (0, 1, 3)
    assert one.reason.text() == (
        "Same folder name “2026-1 Rex”; 2 photos are left out because they show several dogs or "
        "seem to show another one"
    )


def test_what_contradicts_the_photos_of_an_animal_is_not_proposed_to_it_later() -> None:
    """What was left out stays so when the others have become an animal; all alone as well."""
    shots = [shot(i, f"/p/2026-1 Rex/{i}.jpg") for i in range(4)]
    shots[0] = shots[0]._replace(breed="pug", animal=7)
    shots[1] = shots[1]._replace(breed="boxer")
    assert found(shots[:2], known=Known(codes={"2026-1": 7})) == []
    shots[2] = shots[2]._replace(breed="boxer", animal=7)
    (one,) = found(shots, known=Known(codes={"2026-1": 7}))
    assert (one.photos, one.animal) == ((1, 3), 7)


@pytest.mark.parametrize(
    ("angles", "seconds", "groups"),
    [
        ([0, 20, 40], [0, 30, 90], [(0, 1, 2)]),
        ([0, 90, 10, 100], [0, 10, 20, 30], [(0, 2), (1, 3)]),
        ([0, 60], [0, 30], []),
        ([0, 40], [0, 61], []),
        ([0, 20], [0, 61], [(0, 1)]),
        ([0, 40], [None, None], []),
        ([0, 20], [None, None], [(0, 1)]),
        ([0, 20], [0, 86400], []),
    ],
)
def test_by_bursts_and_by_likeness(
    angles: list[float], seconds: list[float | None], groups: list[tuple[int, ...]]
) -> None:
    shots = [shot(i, f"/p/IMG_{i:04}.jpg", at=at) for i, at in enumerate(seconds)]
    assert [one.photos for one in found(shots, angles)] == groups


def test_reasons_of_likeness() -> None:
    together = [shot(i, f"/p/IMG_{i}.jpg", at=20 * i) for i in range(3)]
    assert said(found(together, [0, 5, 10])) == [
        ((0, 1, 2), "Taken within 40 s in one folder, and alike")
    ]
    hours = [shot(i, f"/p/IMG_{i}.jpg", at=3600 * i) for i in range(2)]
    assert said(found(hours, [0, 5])) == [((0, 1), "Nearly the same, in one folder on one day")]
    undated = [shot(i, f"/p/IMG_{i}.jpg") for i in range(2)]
    assert said(found(undated, [0, 5])) == [((0, 1), "Nearly the same, in one folder")]
    elsewhere = [shot(i, f"/p{i}/IMG_{i}.jpg", at=i) for i in range(2)]
    assert said(found(elsewhere, [0, 0])) == []


def test_pictures_that_are_nearly_the_same_are_alike_whatever_a_model_sees() -> None:
    phash = np.arange(1, 5, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    shots = [shot(i, f"/p/IMG_{i}.jpg", phash=phash) for i in range(2)]
    assert [one.photos for one in found(shots, [ONE, OTHER])] == [(0, 1)]
    shots[1] = shots[1]._replace(phash=phash ^ np.uint64(0x0123456789ABCDEF))
    assert found(shots, [ONE, OTHER]) == []


@pytest.mark.parametrize(
    "change",
    [
        {"breed": "boxer"},
        {"has_several": True},
        {"not_with": frozenset({7})},
    ],
)
def test_what_speaks_against_likeness(change: dict[str, Any]) -> None:
    shots = [
        shot(0, "/p/IMG_0.jpg", at=0, breed="pug", not_with=frozenset({7})),
        shot(1, "/p/IMG_1.jpg", at=1),
    ]
    assert [one.photos for one in found(shots, [0, 0])] == [(0, 1)]
    assert found([shots[0], shots[1]._replace(**change)], [0, 0]) == []


def test_photos_named_after_two_animals_are_not_one() -> None:
    shots = [shot(0, "/p/Rex_0.jpg", at=0), shot(1, "/p/IMG_1.jpg", at=1)]
    assert [one.photos for one in found(shots, [0, 0])] == [(0, 1)]
    named = [shots[0], shots[1]._replace(path="/p/Luna_1.jpg")]
    assert found(named, [0, 0]) == []


def test_what_was_refused_together_is_left_out() -> None:
    shots = [shot(i, f"/p/2026-1 Rex/{i}.jpg") for i in range(4)]
    refused = [one._replace(not_with=frozenset({7})) for one in shots[:2]]
    (one,) = found([*refused, *shots[2:]])
    assert one.photos == (2, 3)
    assert found([*refused]) == []
    once = shots[0]._replace(not_with=frozenset({8}))
    assert [one.photos for one in found([once, *shots[1:]])] == [(0, 1, 2, 3)]


def test_photos_come_to_the_animal_whose_photos_are_named_so() -> None:
    shots = [
        shot(1, "/p/Rex_1.jpg", animal=50),
        shot(2, "/p/Rex_2.jpg"),
        shot(3, "/p/Luna_1.jpg", not_of=frozenset({50})),
        shot(4, "/p/Rex_4.jpg", not_of=frozenset({50})),
    ]
    proposals = found(shots)
    assert [(one.photos, one.animal) for one in proposals] == [((1,), 50)]
    assert proposals[0].reason.text() == "Same file name “Rex”"
    both = [*shots, shot(5, "/p/Rex_5.jpg", animal=51)]
    assert [one.animal for one in found(both)] == [None]


def test_photos_come_to_the_animal_whose_code_or_name_they_have() -> None:
    known = Known({"2026-113": 50}, {"luna": 51, "rex": 50})
    shots = [
        shot(1, "/new/2026-113 Rexy/1.jpg"),
        shot(2, "/new/LUNA_1.jpg"),
        shot(3, "/new/2026-200 Luna/1.jpg"),
    ]
    assert [(one.photos, one.animal, one.reason.text()) for one in found(shots, known=known)] == [
        ((0,), 50, "The folder or file has the code “2026-113”"),
        ((1,), 51, "The folder or file has the name “LUNA”"),
        ((2,), None, "Same folder name “2026-200 Luna”"),
    ]


def test_photos_come_to_the_animal_of_their_burst() -> None:
    shots = [
        shot(0, "/p/IMG_0.jpg", at=0, animal=50),
        shot(1, "/p/IMG_1.jpg", at=10, animal=51),
        shot(2, "/p/IMG_2.jpg", at=20),
        shot(3, "/p/IMG_3.jpg", at=30),
        shot(4, "/p/IMG_4.jpg", at=40, not_of=frozenset({50})),
    ]
    proposals = found(shots, [0, 90, 10, 100, 5])
    assert [(one.photos, one.animal) for one in proposals] == [((2,), 50), ((3,), 51)]


def test_bursts_are_in_the_order_of_time() -> None:
    photos = [
        ("/p/b.jpg", NOON + timedelta(seconds=60)),
        ("/p/a.jpg", NOON),
        ("/q/c.jpg", NOON),
        ("/p/d.jpg", None),
        ("/p/e.jpg", NOON + timedelta(seconds=121)),
    ]
    assert list(bursts(photos)) == [[1, 0], [4], [2]]


def test_ten_thousand_photos_of_one_folder_are_gone_through_in_parts() -> None:
    """No more than 500 vectors are asked for at once."""
    asked: list[int] = []

    def vectors(places: Sequence[int]) -> NDArray[np.float32]:
        asked.append(len(places))
        return np.zeros((len(places), 4), np.float32)

    shots = [shot(i, f"/p/IMG_{i:05}.jpg", at=i) for i in range(1200)]
    assert propose(shots, vectors, Known()) == []
    assert asked == [500, 500, 200] * 2
