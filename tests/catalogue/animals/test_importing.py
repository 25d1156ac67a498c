"""Animals of a file come into the catalogue: made, changed, left, or told; on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from barkive.catalogue import (
    ActKind,
    AnimalFields,
    AnimalFilter,
    Catalogue,
    Export,
    FieldChange,
    Filter,
    Imported,
    ImportedRow,
    Sex,
)
from barkive.catalogue.animals import importing
from barkive.classifier import Classifier
from barkive.errors import UnknownAnimalError, UsageError


@pytest.fixture
def scanned(
    catalogue: Catalogue,
    kennel: Path,
    colour_photo: Callable[..., Path],
    classifier: Classifier,
) -> Catalogue:
    """A catalogue of the kennel's photos, and of others in folders of animals."""
    folders = ("2026-113 Rex/may", "Bo", "2026-114", "Bo/2026-115_Zoé")
    for red, folder in enumerate(folders, 200):
        colour_photo(f"kennel/{folder}/a.png", (red, 10, 10))
    catalogue.scan(kennel, classifier=classifier)
    return catalogue


def bring(catalogue: Catalogue, text: str, match: str = "code", **options: object) -> Imported:
    return catalogue.animals.import_csv(text.encode(), match=match, **options)  # type: ignore[arg-type]


def outcomes(found: Imported) -> list[tuple[int, str, str]]:
    return [(one.line, one.title, one.outcome) for one in found.rows]


def told(found: Imported) -> list[tuple[int, str]]:
    return [(one.line, one.why.text()) for one in found.problems]


def shown(catalogue: Catalogue, animal: str) -> set[str]:
    """The folders of the photos of an animal."""
    number = catalogue.animals.get(animal).id
    return {Path(one.file).parent.name for one in catalogue.search(Filter(animal=number))}


SHEET = (
    "code,name,sex,born,breed,status,notes,arrived\n"
    "2026-113,Rex,m,2021-05-31,Beagle,adopted,shy,2026-01-02\n"
    "2026-114,Bo,f,,,,,\n"
)


def test_a_dry_run_shows_what_is_done_then(catalogue: Catalogue) -> None:
    dry = bring(catalogue, SHEET, dry_run=True)

    assert catalogue.animals.count() == 0
    assert dry.act is None
    assert dry.rows == (
        ImportedRow(
            2,
            None,
            "2026-113 Rex",
            True,
            (
                FieldChange("code", None, "2026-113"),
                FieldChange("name", None, "Rex"),
                FieldChange("sex", None, "male"),
                FieldChange("birth", None, "2021-05-31"),
                FieldChange("breeds", [], ["n02088364"]),
                FieldChange("status", "in_care", "adopted"),
                FieldChange("notes", None, "shy"),
                FieldChange("arrived", None, "2026-01-02"),
            ),
            0,
        ),
        ImportedRow(
            3,
            None,
            "2026-114 Bo",
            True,
            (
                FieldChange("code", None, "2026-114"),
                FieldChange("name", None, "Bo"),
                FieldChange("sex", None, "female"),
            ),
            0,
        ),
    )
    done = bring(catalogue, SHEET, by="Ada")
    assert [one.changes for one in done.rows] == [one.changes for one in dry.rows]
    assert done.act is not None
    assert (done.act.kind, done.act.by) == (ActKind.IMPORT, "Ada")
    rex = catalogue.animals.get("2026-113")
    assert (rex.name, rex.sex, rex.birth, rex.status) == ("Rex", Sex.MALE, "2021-05-31", "adopted")
    assert (rex.notes, rex.arrived, rex.version) == ("shy", date(2026, 1, 2), done.act.id)
    assert [one.animal for one in done.rows] == [rex.id, catalogue.animals.get("bo").id]
    assert (done.made, done.changed, done.unchanged, done.left_out) == (2, 0, 0, 0)


def test_done_twice_it_is_the_same_as_once(catalogue: Catalogue) -> None:
    bring(catalogue, SHEET)
    again = bring(catalogue, SHEET)

    assert again.act is None
    assert (again.made, again.changed, again.unchanged) == (0, 0, 2)
    assert len(catalogue.animals.acts()) == 1


def test_one_undo_takes_all_of_it_back(catalogue: Catalogue) -> None:
    old = catalogue.animals.new(AnimalFields(code="2026-114", name="Beau", sex="male"))
    done = bring(catalogue, SHEET)
    assert (done.made, done.changed) == (1, 1)
    assert catalogue.animals.get(old.id).name == "Bo"

    catalogue.animals.undo(done.act.id if done.act else None)
    assert [one.title for one in catalogue.animals.list()] == ["2026-114 Beau"]
    assert catalogue.animals.get(old.id).sex is Sex.MALE
    with pytest.raises(UnknownAnimalError):
        catalogue.animals.get("2026-113")


def test_empty_cells_change_nothing_and_case_and_accents_are_no_change(
    catalogue: Catalogue,
) -> None:
    catalogue.animals.new(AnimalFields(code="D 1", name="Éva", status="Réservée", notes="kind"))

    found = bring(catalogue, "code,name,status,notes,sex\nd  1,EVA,reservee,,\n")
    assert outcomes(found) == [(2, "D 1 Éva", "unchanged")]
    eva = catalogue.animals.get("D 1")
    assert (eva.name, eva.status, eva.notes) == ("Éva", "Réservée", "kind")


def test_a_birth_that_follows_from_an_age_is_told_where_none_is_known(
    catalogue: Catalogue,
) -> None:
    catalogue.animals.new(AnimalFields(code="1", birth="2020-01-01"))
    bring(catalogue, "code,age\n1,3\n2,3\n")

    known, new = catalogue.animals.get("1"), catalogue.animals.get("2")
    assert (known.birth, known.birth_is_estimate) == ("2020-01-01", False)
    assert (new.birth, new.birth_is_estimate) == (str(date.today().year - 3), True)
    bring(catalogue, "code,born\n2,2022-02-03\n")
    new = catalogue.animals.get("2")
    assert (new.birth, new.birth_is_estimate) == ("2022-02-03", False)


def test_breeds_as_shelters_write_them(catalogue: Catalogue) -> None:
    found = bring(
        catalogue,
        "code;nom;race;race 2\n"
        "1;a;Retriever, Golden;\n"
        "2;b;Boxer x Beagle;\n"
        "3;c;Boxer croisé Beagle;\n"
        "4;d;Carlin;Boxer\n"
        "5;e;Mixed Breed;\n"
        "6;f;Boxer;Mixed Breed\n"
        "7;g;Zebra;\n",
    )

    breeds = {
        one.name: [label.en for label in one.verdict.labels] for one in catalogue.animals.list()
    }
    assert {one.title for one in found.rows} == {"1 a", "2 b", "3 c", "4 d", "5 e", "6 f", "7 g"}
    changed = {
        one.title: change.becomes
        for one in found.rows
        for change in one.changes
        if change.field == "breeds"
    }
    assert changed == {
        "1 a": ["n02099601"],
        "2 b": ["n02108089", "n02088364"],
        "3 c": ["n02108089", "n02088364"],
        "4 d": ["n02110958", "n02108089"],
    }
    assert len(breeds) == 7
    assert told(found) == [
        (7, "“Boxer”, “Mixed Breed” is not one breed, nor a cross of two."),
        (8, "Barkive knows no breed called “Zebra”. `barkive breeds` lists all it knows."),
    ]


def test_further_rows_of_an_animal_may_say_more_and_nothing_else(catalogue: Catalogue) -> None:
    found = bring(catalogue, "code,name,sex\n1,Rex,\n1,Rex,m\n 1,REX,\n1,Rex,f\n1,Bo,\n")

    assert outcomes(found) == [(2, "1 Rex", "made")]
    assert catalogue.animals.get("1").sex is Sex.MALE
    assert told(found) == [
        (5, "It says otherwise of the animal of line 2 (sex)."),
        (6, "It says otherwise of the animal of line 2 (name)."),
    ]
    assert found.left_out == 2


def test_by_code_a_row_needs_one(catalogue: Catalogue) -> None:
    found = bring(catalogue, "code,name\n,Rex\n1,Bo\n")

    assert outcomes(found) == [(3, "1 Bo", "made")]
    assert told(found) == [(2, "It has no code; give it one, or tell animals by name.")]


def test_by_name(catalogue: Catalogue) -> None:
    for code, name in ((None, "Éva"), ("7", "Max"), ("8", "Rex"), ("9", "rex")):
        catalogue.animals.new(AnimalFields(code=code, name=name))

    found = bring(
        catalogue,
        "code,name,sex\n5,eva,f\n6,Max,m\n,Rex,m\n9,REX,f\n,Nova,f\n10,,m\n7,Other,f\n",
        "name",
    )
    assert outcomes(found) == [
        (2, "5 Éva", "changed"),
        (5, "9 rex", "changed"),
        (6, "Nova", "made"),
    ]
    assert told(found) == [
        (3, "The animal that is called “max” has the code 7, and not 6."),
        (
            4,
            "2 animals are called “rex”: 8 Rex, 9 rex. Give the row the code of one of them.",
        ),
        (7, "It has no name, by which animals are to be told."),
        (8, "The code 7 is that of another animal: 7 Max."),
    ]
    eva = catalogue.animals.get("5")
    assert (eva.name, eva.sex) == ("Éva", Sex.FEMALE)


def test_merged_and_removed_animals(catalogue: Catalogue) -> None:
    one = catalogue.animals.new(AnimalFields(code="1", name="Rex"))
    two = catalogue.animals.new(AnimalFields(code="2", name="Max"))
    gone = catalogue.animals.new(AnimalFields(code="3", name="Bo"))
    catalogue.animals.merge([two.id], one.id)
    catalogue.animals.remove(gone.id)

    found = bring(
        catalogue,
        f"id,code,name,sex\n,2,,m\n{two.id},,,m\n{gone.id},,,m\n,3,Bo,f\n123456789012,4,Zoé,f\n",
    )
    assert outcomes(found) == [
        (2, "1 Rex", "changed"),
        (5, "3 Bo", "made"),
        (6, "4 Zoé", "made"),
    ]
    assert told(found) == [(4, "The animal Bo was removed.")]
    assert catalogue.animals.get("3").id != gone.id


def test_a_code_of_another_row(catalogue: Catalogue) -> None:
    known = catalogue.animals.new(AnimalFields(name="Rex"))

    found = bring(catalogue, f"id,code,name\n{known.id},A1,Rex\n,a1,Bo\n")
    assert outcomes(found) == [(2, "A1 Rex", "changed")]
    assert told(found) == [(3, "The code a1 is that of another animal, of line 2.")]


def test_by_folder(scanned: Catalogue, kennel: Path) -> None:
    sheet = "code,name\n2026-113,Rex\n2026-114,Max\n,Bo\n2026-115,Zoé\n2026-116,Nova\n"

    found = bring(scanned, sheet, "folder")
    assert [(one.title, one.photos) for one in found.rows] == [
        ("2026-113 Rex", 1),
        ("2026-114 Max", 1),
        ("Bo", 1),
        ("2026-115 Zoé", 1),
    ]
    assert told(found) == [(6, "No folder of photos is called “2026-116 Nova”.")]
    assert shown(scanned, "2026-113") == {"may"}
    assert shown(scanned, "2026-114") == {"2026-114"}
    # What is in a folder of another animal is that one's.
    assert shown(scanned, "Bo") == {"Bo"}
    assert shown(scanned, "2026-115") == {"2026-115_Zoé"}
    assert bring(scanned, sheet, "folder").act is None

    scanned.animals.take_away("Bo", [kennel / "Bo" / "a.png"])
    assert bring(scanned, sheet, "folder").act is None


def test_folders_that_do_not_tell(
    scanned: Catalogue,
    kennel: Path,
    colour_photo: Callable[..., Path],
    classifier: Classifier,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # All photos are in the folder of the kennel, which names no animal; `annex` is one inside.
    found = bring(scanned, f"name\n{kennel.parent.name}\nmay\nMAY\n", "folder")
    assert outcomes(found) == [(3, "may", "made")]
    assert [line for line, _ in told(found)] == [2]

    colour_photo("kennel/2025/Bo/b.png", (220, 10, 10))
    scanned.scan(kennel / "2025", classifier=classifier)
    found = bring(scanned, "name\nBo\n", "folder")
    assert told(found) == [(2, f"2 folders could be of “Bo”: {kennel}/2025/Bo, {kennel}/Bo.")]
    monkeypatch.setattr(importing, "MOST_PHOTOS", 0)
    found = bring(scanned, "name\nannex\n", "folder")
    assert [why for _, why in told(found)] == [
        f"The folder {kennel}/annex has 1 photos, and at most 0 are put to one animal at once; "
        "add them to it by hand if they all show it."
    ]
    assert found.rows == ()


def test_what_can_not_be_kept_is_told(catalogue: Catalogue) -> None:
    long = "x" * 201
    found = bring(catalogue, f"code,name\n1,{long}\n")

    assert outcomes(found) == [(2, "1", "made")]
    assert [one.why.code for one in found.problems] == ["animal_field_too_long"]


def test_another_way_to_tell_animals(catalogue: Catalogue) -> None:
    with pytest.raises(UsageError) as caught:
        bring(catalogue, SHEET, "chip")
    assert str(caught.value) == "Animals can't be told by “chip”; give code, folder or name."


def test_json(catalogue: Catalogue) -> None:
    done = bring(catalogue, "code,name,born,chip\n1,Rex,x,9\n,Bo,,\n")

    assert done.act is not None
    assert done.to_json("en") == {
        "act": done.act.id,
        "made": 1,
        "changed": 0,
        "unchanged": 0,
        "photos": 0,
        "left_out": 1,
        "rows": [
            {
                "line": 2,
                "animal": catalogue.animals.get("1").id,
                "title": "1 Rex",
                "outcome": "made",
                "changes": [
                    {"field": "code", "was": None, "becomes": "1"},
                    {"field": "name", "was": None, "becomes": "Rex"},
                ],
                "photos": 0,
            }
        ],
        "problems": [
            {
                "line": 2,
                "left_out": "cell",
                "error": "“x” is no date; write it as 2021-05-31.",
                "error_code": "animals_cell_date",
            },
            {
                "line": 3,
                "left_out": "row",
                "error": "It has no code; give it one, or tell animals by name.",
                "error_code": "animals_row_without_code",
            },
        ],
        "unknown_columns": ["chip"],
    }


def test_what_animal_shelter_manager_has_from_barkive_is_no_news(
    scanned: Catalogue, kennel: Path
) -> None:
    rex = scanned.animals.new(AnimalFields(name="Rex", birth="2021"), [kennel / "rex.png"])
    breed = rex.verdict.labels[0].en

    heading = "ANIMALCODE,ANIMALNAME,ANIMALBREED1,ANIMALBREED2,ANIMALDOB\n"
    found = bring(scanned, f"{heading}BA{rex.id},Rex,{breed},{breed},2021-11-29\n")
    assert outcomes(found) == [(2, "Rex", "unchanged")]
    found = bring(scanned, f"{heading}BA{rex.id},Rex,Pug,Pug,2021-11-29\n")
    assert [(one.field, one.becomes) for one in found.rows[0].changes] == [
        ("breeds", ["n02110958"])
    ]
    assert scanned.animals.get(rex.id).code is None

    nameless = scanned.animals.new(AnimalFields(code="A7"))
    heading = "ANIMALCODE,ANIMALNAME\n"
    found = bring(scanned, f"{heading}A7,A7\nBA{rex.id},BA{rex.id}\n")
    assert outcomes(found) == [(2, "A7", "unchanged"), (3, "Rex", "unchanged")]
    assert scanned.animals.get(nameless.id).name is None


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_what_is_exported_comes_back(
    scanned: Catalogue, kennel: Path, new_place: Callable[..., str], tmp_path: Path, lang: str
) -> None:
    animals = scanned.animals
    animals.new(
        AnimalFields(
            code="=1+1",
            name="-Éva, “2”",
            species="cat",
            sex="f",
            birth="2021-05",
            birth_is_estimate=True,
            breeds=("pug", "beagle"),
            status="réservée",
            notes='two\nlines, "quoted"; 1',
            arrived="2026-01-02",
            left="2026-03-04",
        ),
        [kennel / "rex.png"],
    )
    animals.new(AnimalFields(name="Rex"), [kennel / "mix.png"])
    animals.new(AnimalFields(name="Rex"))
    file = tmp_path / "animals.csv"
    scanned.export(Export("csv", file, lang=lang, by="animal"))

    back = animals.import_csv(file)
    assert (back.act, back.unchanged, back.problems, back.unknown) == (None, 3, (), ())
    with Catalogue(new_place("sqlite")) as other:
        done = other.animals.import_csv(file, match="name")
        assert outcomes(done)[0] == (2, "=1+1 -Éva, “2”", "made")
        (eva, *_) = (one for one in other.animals.list() if one.code)
        known = animals.get("=1+1")
        same = ("code", "name", "species", "sex", "birth", "birth_is_estimate", "status", "notes")
        for name in (*same, "arrived", "left"):
            assert getattr(eva, name) == getattr(known, name)
        assert {one.id for one in eva.verdict.labels} == {one.id for one in known.verdict.labels}


def test_what_is_in_use_is_found_by_the_words_of_a_file(catalogue: Catalogue) -> None:
    bring(catalogue, SHEET)

    assert [one.name for one in catalogue.animals.list(AnimalFilter(text="rex"))] == ["Rex"]
