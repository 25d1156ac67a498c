"""Suggestions in a catalogue: found, kept, accepted, refused, undone; on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from barkive.catalogue import (
    ActKind,
    Animal,
    AnimalFields,
    Catalogue,
    Filter,
    Suggestion,
    SuggestionKind,
)
from barkive.catalogue.animals import suggestions
from barkive.classifier import Classifier
from barkive.errors import (
    AnimalChangedMeanwhileError,
    AnimalCodeTakenError,
    UnknownAnimalError,
    UsageError,
)

RED, GREEN, GREY, NIGHT = (250, 10, 10), (10, 250, 10), (120, 110, 90), (9, 9, 9)

Scan = Callable[..., None]


@pytest.fixture
def scan(catalogue: Catalogue, colour_photo: Callable[..., Path], classifier: Classifier) -> Scan:
    """Writes photos, each by its name with its colour, and scans them."""

    def write(names: Iterable[str], colour: tuple[int, int, int] = RED) -> None:
        number = catalogue.count()
        for i, name in enumerate(names):
            # No two of them are one picture.
            colour_photo(f"p/{name}", (colour[0], colour[1], colour[2] + number + i))
        catalogue.scan(colour_photo("p/other/night.png", NIGHT).parents[1], classifier=classifier)

    return write


def names(catalogue: Catalogue, photos: Iterable[int]) -> list[str]:
    """The names of the files of photos."""
    files = {one.id: Path(one.file).name for one in catalogue.search()}
    return [files[photo] for photo in photos]


def shown(catalogue: Catalogue, animal: Animal) -> list[str]:
    return [Path(one.file).name for one in catalogue.search(Filter(animal=animal.id))]


def said(catalogue: Catalogue, found: Iterable[Suggestion]) -> list[tuple[str, list[str]]]:
    return [(one.reason.text(), names(catalogue, one.photos)) for one in found]


def test_what_a_scan_brings_is_suggested(catalogue: Catalogue, scan: Scan) -> None:
    scan(["2026-1 Rex/a.png", "2026-1 Rex/b.png", "q/Luna_1.png", "q/Luna_2.png", "IMG_9.png"])
    found = catalogue.animals.suggestions()
    assert said(catalogue, found) == [
        ("Same folder name “2026-1 Rex”", ["a.png", "b.png"]),
        ("Same file name “Luna”", ["Luna_1.png", "Luna_2.png"]),
    ]
    assert catalogue.animals.count_suggestions() == 2
    assert catalogue.animals.suggestions(limit=1, offset=1) == found[1:]
    assert found[0].to_json("fr") == {
        "id": found[0].id,
        "kind": "new",
        "animal": None,
        "code": "2026-1",
        "name": "Rex",
        "photos": list(found[0].photos),
        "reason": "Même nom de dossier «\u202f2026-1 Rex\u202f»",
        "reason_code": "animal_reason_folder",
        "is_large": False,
    }
    patterns = catalogue.animals.patterns()
    assert [(one.pattern.text, one.photos, one.animals) for one in patterns] == [
        ("{code} {name}/*", 2, 1),
        ("{name}_{n}.*", 2, 1),
    ]


def test_made_anew_they_keep_their_numbers_where_they_are_the_same(
    catalogue: Catalogue, scan: Scan
) -> None:
    scan(["Rex_1.png", "Rex_2.png", "q/Luna_1.png", "q/Luna_2.png"])
    before = catalogue.animals.suggestions()
    assert catalogue.animals.suggest() == before
    scan(["q/Luna_3.png"])
    after = catalogue.animals.suggestions()
    assert after[0] == before[0]
    assert [len(one.photos) for one in after] == [2, 3]


def test_a_filter_leaves_others_as_they_are(
    catalogue: Catalogue, scan: Scan, tmp_path: Path
) -> None:
    scan(["q/Rex/1.png", "q/Rex/2.png", "r/Luna/3.png", "r/Luna/4.png"])
    animals = catalogue.animals
    alike = "Nearly the same, in one folder"
    assert [one.reason.text() for one in animals.suggestions()] == [alike, alike]
    first = animals.suggest(Filter(folder=str(tmp_path / "p/q")), pattern="{name}/*")
    assert [one.reason.text() for one in first] == ["Same folder name “Rex”"]
    assert [one.reason.text() for one in animals.suggestions()] == [alike, first[0].reason.text()]
    assert animals.suggest(Filter(folder=str(tmp_path / "none"))) == []
    assert animals.count_suggestions() == 2
    with pytest.raises(UsageError, match="names no animal"):
        animals.suggest(pattern="*.png")


def test_accepted_whole_and_undone(catalogue: Catalogue, scan: Scan) -> None:
    scan(["2026-1 Rex/a.png", "2026-1 Rex/b.png"])
    animals = catalogue.animals
    (one,) = animals.suggestions()
    rex = animals.accept(one.id, fields=AnimalFields(sex="male"), by="Ada")
    assert (rex.code, rex.name, rex.sex, rex.photos) == ("2026-1", "Rex", "male", 2)
    assert animals.suggestions() == []
    (act,) = animals.history(rex)
    assert (act.kind, act.by, act.photos) == (ActKind.ACCEPT, "Ada", 2)
    with pytest.raises(AnimalChangedMeanwhileError) as caught:
        animals.accept(one.id)
    assert caught.value.code == "animal_suggestion_gone"
    animals.undo()
    with pytest.raises(UnknownAnimalError):
        animals.get("2026-1")
    (again,) = animals.suggestions()
    assert (again.code, again.photos) == (one.code, one.photos)


def test_a_part_is_accepted_and_the_rest_stays(catalogue: Catalogue, scan: Scan) -> None:
    scan([f"2026-1 Rex/{i}.png" for i in range(4)])
    (one,) = catalogue.animals.suggestions()
    rex = catalogue.animals.accept(one.id, one.photos[:2])
    assert shown(catalogue, rex) == ["0.png", "1.png"]
    (rest,) = catalogue.animals.suggestions()
    assert (rest.id, rest.code, rest.name) == (one.id, None, None)
    assert rest.photos == one.photos[2:]
    for photos in ([], [one.photos[0]]):
        with pytest.raises(UsageError) as caught:
            catalogue.animals.accept(one.id, photos)
        assert caught.value.code == "animal_suggestion_other_photos"


def test_several_are_accepted_as_one_animal(catalogue: Catalogue, scan: Scan) -> None:
    scan(["Rex_1.png", "Rex_2.png", "Rexy_1.png", "Rexy_2.png"])
    numbers = [one.id for one in catalogue.animals.suggestions()]
    rex = catalogue.animals.accept(numbers)
    assert (rex.name, rex.photos) == ("Rex", 4)


@pytest.mark.parametrize("few", [0, 500])
def test_photos_of_a_known_animal_are_suggested_to_it(
    catalogue: Catalogue, scan: Scan, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(suggestions, "_FEW_FOLDERS", few)
    scan(["2026-1 Rex/a.png", "Luna_1.png", "Luna_2.png"])
    animals = catalogue.animals
    second, first = animals.suggestions()
    rex, luna = animals.accept(first.id), animals.accept(second.id)
    scan(["2026-1 Rex/c.png", "Luna_3.png", "new/2026-1 Rex/d.png", "new/IMG_1.png"])
    found = sorted(animals.suggestions(), key=lambda one: -len(one.photos))
    assert [(one.kind, one.animal, names(catalogue, one.photos)) for one in found] == [
        (SuggestionKind.ADD, rex.id, ["c.png", "d.png"]),
        (SuggestionKind.ADD, luna.id, ["Luna_3.png"]),
    ]
    assert animals.suggestions(animal="Luna") == found[1:]
    assert animals.accept(found[0].id).photos == 3
    with pytest.raises(UsageError) as caught:
        animals.accept([found[1].id, _new(catalogue, scan, luna, rex)])
    assert caught.value.code == "animal_suggestions_of_two_animals"


def _new(catalogue: Catalogue, scan: Scan, luna: Animal, rex: Animal) -> int:
    """The number of one more suggestion for Rex."""
    scan(["2026-1 Rex/e.png"])
    (one,) = catalogue.animals.suggestions(animal=rex)
    assert one.animal != luna.id
    return one.id


def test_a_scan_says_how_many_photos_are_of_known_animals(
    catalogue: Catalogue,
    scan: Scan,
    colour_photo: Callable[..., Path],
    classifier: Classifier,
) -> None:
    scan(["2026-1 Rex/a.png", "2026-2 Luna/b.png"])
    catalogue.animals.accept_all()
    path = colour_photo("p/2026-1 Rex/c.png", (251, 11, 9))
    colour_photo("p/2026-3 Zoé/d.png", (251, 11, 8))
    assert catalogue.scan(path.parents[1], classifier=classifier).of_animals == 1
    assert catalogue.scan(path.parents[1], classifier=classifier).of_animals == 0


def test_refused_is_not_suggested_again_until_that_is_undone(
    catalogue: Catalogue, scan: Scan
) -> None:
    scan(["2026-1 Rex/a.png", "2026-1 Rex/b.png", "Luna_1.png", "Luna_2.png"])
    animals = catalogue.animals
    second, first = animals.suggestions()
    luna = animals.accept(second.id)
    act = animals.refuse(first.id, by="Ada")
    assert (act.kind, act.by, act.photos, act.animals) == (ActKind.REFUSE, "Ada", 2, ())
    assert animals.suggest() == []
    scan(["Luna_3.png"])
    (one,) = animals.suggestions()
    second_act = animals.refuse(one.id)
    assert animals.suggest() == []
    animals.undo(second_act.id)
    (again,) = animals.suggestions()
    assert (again.animal, again.photos) == (luna.id, one.photos)
    animals.undo(act.id)
    assert len(animals.suggestions()) == 2
    with pytest.raises(AnimalChangedMeanwhileError):
        animals.refuse(first.id)


def test_somebody_else_was_faster(catalogue: Catalogue, scan: Scan) -> None:
    scan([f"2026-1 Rex/{i}.png" for i in range(3)])
    animals = catalogue.animals
    (one,) = animals.suggestions()
    luna = animals.new(AnimalFields(name="Luna"), one.photos[:1])
    with pytest.raises(AnimalChangedMeanwhileError) as caught:
        animals.accept(one.id)
    assert caught.value.code == "animal_suggestion_changed"
    (left,) = animals.suggestions()
    assert left.photos == one.photos[1:]
    assert animals.accept(left.id).photos == 2
    assert animals.get(luna).photos == 1


def test_suggestions_to_an_animal_that_is_gone_go_with_it(catalogue: Catalogue, scan: Scan) -> None:
    scan(["2026-1 Rex/a.png"])
    (one,) = catalogue.animals.suggestions()
    rex = catalogue.animals.accept(one.id)
    scan(["2026-1 Rex/b.png"])
    (one,) = catalogue.animals.suggestions()
    catalogue.animals.remove(rex)
    with pytest.raises(AnimalChangedMeanwhileError):
        catalogue.animals.accept(one.id)
    assert catalogue.animals.suggestions() == []


def test_all_are_accepted_but_large_ones_and_taken_codes(
    catalogue: Catalogue, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("barkive.catalogue.animals.grouping.LARGE", 2)
    scan([f"2026-1 Rex/{i}.png" for i in range(3)])
    scan(["2026-2 Luna/a.png", "2026-3 Zoé/a.png", "Nala_1.png", "Nala_2.png"])
    animals = catalogue.animals
    animals.new(AnimalFields(code="2026-3"))
    large, _, _, zoe = animals.suggestions()
    steps: list[tuple[int, int | None]] = []
    done = animals.accept_all(by="Ada", on_progress=lambda done, total: steps.append((done, total)))
    assert (done.new, done.added, done.photos, len(done.acts)) == (2, 0, 3, 2)
    assert [(number, why.code) for number, why in done.left_out] == [
        (large.id, "animal_suggestion_large"),
        (zoe.id, "animal_suggestion_code_taken"),
    ]
    assert steps == [(4, 4)]
    assert animals.suggestions() == [large, zoe]
    with pytest.raises(AnimalCodeTakenError):
        animals.accept(zoe.id)
    assert animals.accept_all(large=True).new == 1
    assert animals.suggest()[0].kind is SuggestionKind.ADD


def test_photos_that_no_dog_shows_are_left_out(catalogue: Catalogue, scan: Scan) -> None:
    scan(["Rex_1.png"])
    scan(["Rex_2.png", "Rex_3.png"], NIGHT)
    assert catalogue.animals.suggestions() == []


def test_photos_of_different_breeds_are_not_one_animal(catalogue: Catalogue, scan: Scan) -> None:
    scan(["Rex_1.png", "Rex_2.png"])
    scan(["Rex_3.png"], GREEN)
    (one,) = catalogue.animals.suggestions()
    assert one.reason.text().endswith(
        "1 photo is left out because it shows several dogs or seems to show another one"
    )
    assert names(catalogue, one.photos) == ["Rex_1.png", "Rex_2.png"]


def test_photos_that_are_gone_are_left_out(
    catalogue: Catalogue, scan: Scan, tmp_path: Path
) -> None:
    scan(["Rex_1.png", "Rex_2.png", "Luna_1.png", "Luna_2.png", "q/a.png"])
    (tmp_path / "p/Rex_1.png").unlink()
    scan([])
    assert [one.name for one in catalogue.animals.suggest()] == ["Luna"]


def test_large_folders_are_not_gone_through_for_a_single_photo(
    catalogue: Catalogue, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suggestions, "_FEW", 1)
    scan(["Rex_1.png"])
    last = 0
    assert suggestions.renew_after_scan(catalogue._store, last, is_waited_for=True) == 0
    assert catalogue.animals.suggestions() == []
