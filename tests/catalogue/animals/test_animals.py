"""The record of an animal: made, changed, merged, split, undone; on both databases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

import barkive.catalogue.animals.animals as animals_module
from barkive.catalogue import (
    STATUSES,
    ActKind,
    Animal,
    AnimalFields,
    AnimalFilter,
    Catalogue,
    Filter,
    Kind,
    Label,
    Order,
    Sex,
    known_word,
)
from barkive.classifier import Classifier
from barkive.errors import (
    AnimalChangedMeanwhileError,
    AnimalCodeTakenError,
    NothingToSayError,
    UnknownAnimalError,
    UnknownBreedError,
    UnknownPhotoError,
    UsageError,
)


@pytest.fixture
def scanned(catalogue: Catalogue, kennel: Path, classifier: Classifier) -> Catalogue:
    """A catalogue of the kennel's photos."""
    catalogue.scan(kennel, classifier=classifier)
    return catalogue


def photos(catalogue: Catalogue) -> dict[str, int]:
    """The numbers of the photos by their files' names."""
    return {Path(one.file).name: one.id for one in catalogue.search()}


def shown(catalogue: Catalogue, animal: Animal) -> set[str]:
    """The names of the files of an animal."""
    return {Path(one.file).name for one in catalogue.search(Filter(animal=animal.id))}


def test_new(scanned: Catalogue, kennel: Path) -> None:
    """An animal is made of what is said and of photos, by path or number."""
    fields = AnimalFields(
        code="2026-113",
        name="  Rex ",
        sex="M",
        birth="2021-05",
        birth_is_estimate=True,
        status="Au refuge",
        species="Chien",
        arrived="2026-05-31",
        notes="Two\nlines\x00",
        breeds=["Boxer", "Carlin"],
    )
    rex = scanned.animals.new(fields, [kennel / "rex.png", photos(scanned)["mix.png"]], by="Ada")
    assert rex == scanned.animals.get("2026-113") == scanned.animals.get("rex")
    assert (rex.code, rex.name, rex.sex) == ("2026-113", "Rex", Sex.MALE)
    assert (rex.birth, rex.birth_is_estimate) == ("2021-05", True)
    assert (rex.status, rex.species, rex.arrived) == ("in_care", "dog", date(2026, 5, 31))
    assert rex.notes == "Two\nlines"
    assert rex.photos == 2
    assert shown(scanned, rex) == {"rex.png", "mix.png"}
    assert scanned.count(Filter(grouped=True)) == 2
    assert scanned.count(Filter(grouped=False)) == len(photos(scanned)) - 2
    assert scanned.counts("status", Filter(grouped=True)) == {"dog": 1, "uncertain": 1}
    assert scanned.counts("status", Filter(grouped=False)) == scanned.counts("status") - Counter(
        dog=1, uncertain=1
    )
    assert scanned.animals.of_photos([photos(scanned)["rex.png"], 1]) == {
        photos(scanned)["rex.png"]: [rex]
    }
    (act,) = scanned.animals.history(rex)
    assert (act.kind, act.by, act.animals, act.photos) == (ActKind.NEW, "Ada", (rex.id,), 2)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        (AnimalFields(birth="31.5.2021"), "animal_birth_invalid"),
        (AnimalFields(birth="2021-13"), "animal_birth_invalid"),
        (AnimalFields(birth="1850"), "animal_birth_too_early"),
        (
            AnimalFields(birth=(date.today() + timedelta(2)).isoformat()),
            "animal_birth_in_future",
        ),
        (AnimalFields(sex="x"), "animal_sex_invalid"),
        (AnimalFields(arrived="yesterday"), "animal_day_invalid"),
        (AnimalFields(name="x" * 201), "animal_field_too_long"),
        (AnimalFields(breeds=("Pug", "Carlin")), "label_cross_same_breed"),
    ],
)
def test_values_refused(
    write_catalogue: Callable[[Path], Path], tmp_path: Path, fields: AnimalFields, code: str
) -> None:
    """A value that can't be taken is refused, and nothing is written."""
    with Catalogue(write_catalogue(tmp_path / "one.sqlite")) as catalogue:
        with pytest.raises(UsageError) as caught:
            catalogue.animals.new(fields)
        assert caught.value.code == code
        assert catalogue.animals.acts() == []
        assert catalogue.animals.list() == []


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("in care", "in_care"),
        ("In-Care", "in_care"),
        ("Adoptée", "adopted"),
        ("adopte", "adopted"),
        ("perdue", "lost"),
        ("FOUND", "found"),
        ("décédé", "deceased"),
        ("en pension", "en pension"),
    ],
)
def test_known_words(written: str, kept: str) -> None:
    """A status that Barkive knows is known in each language, without accents and of females."""
    assert known_word(written, STATUSES, "status") == kept


def test_code_is_given_once(scanned: Catalogue) -> None:
    """Codes are told apart without regard to case, accents and blanks; names need not differ."""
    animals = scanned.animals
    first = animals.new(AnimalFields(code="É 12", name="René"))
    second = animals.new(AnimalFields(name="Rene"))
    with pytest.raises(AnimalCodeTakenError, match="É 12 René"):
        animals.edit(second.id, AnimalFields(code="e  12"))
    with pytest.raises(UsageError) as caught:
        animals.get("RENÉ")
    assert caught.value.code == "animal_ambiguous"
    assert animals.get("E 12") == first
    assert animals.edit(second.id, AnimalFields(code="E 13")).code == "E 13"


def test_edit_and_seen(scanned: Catalogue) -> None:
    """What is None stays, what is empty goes; what others did meanwhile is not overwritten."""
    animals = scanned.animals
    rex = animals.new(AnimalFields(code="1", name="Rex", sex="male", notes="shy"))
    bold = animals.edit(rex.id, AnimalFields(notes="", status="adopted"), seen=rex.version)
    assert bold == replace(
        rex, notes=None, status="adopted", version=bold.version, changed_at=bold.changed_at
    )
    with pytest.raises(AnimalChangedMeanwhileError):
        animals.edit(rex.id, AnimalFields(name="Max"), seen=rex.version)
    assert animals.get(rex.id) == bold
    with pytest.raises(UnknownBreedError):
        animals.edit(rex.id, AnimalFields(breeds=["Griffon de Nulle Part"]))
    wild = AnimalFields(breeds=["Griffon de Nulle Part"], other=True)
    assert animals.edit(rex.id, wild).id == rex.id


def test_unknown(scanned: Catalogue) -> None:
    """What there is not is said, and nothing is written."""
    animals = scanned.animals
    with pytest.raises(UnknownAnimalError):
        animals.get("nobody")
    with pytest.raises(UnknownAnimalError):
        animals.add(5, [])
    with pytest.raises(UnknownPhotoError):
        animals.new(AnimalFields(name="Rex"), ["/nowhere.jpg"])
    assert animals.list() == []


def test_photos_come_and_go(scanned: Catalogue) -> None:
    """Photos are added, taken away and moved; one photo may show several animals."""
    animals, numbers = scanned.animals, photos(scanned)
    rex = animals.new(AnimalFields(name="Rex"), [numbers["rex.png"], numbers["mix.png"]])
    bella = animals.new(AnimalFields(name="Bella"), [numbers["mix.png"]])
    assert [one.name for one in animals.of_photos([numbers["mix.png"]])[numbers["mix.png"]]] == [
        "Rex",
        "Bella",
    ]
    assert animals.take_away(rex.id, [numbers["mix.png"]]).photos == 1
    assert animals.move([numbers["rex.png"]], "Rex", "Bella").photos == 2
    assert shown(scanned, bella) == {"rex.png", "mix.png"}
    assert animals.get("Rex").photos == 0
    with pytest.raises(UsageError):
        animals.move([numbers["rex.png"]], "Bella", "Bella")
    split = animals.split("Bella", [numbers["mix.png"]], AnimalFields(name="Luna"))
    assert (split.photos, animals.get("Bella").photos) == (1, 1)
    with pytest.raises(NothingToSayError):
        animals.split("Bella", [numbers["mix.png"]])


def test_all_of_a_filter(scanned: Catalogue) -> None:
    """A filter stands for the photos that it means."""
    rex = scanned.animals.new(AnimalFields(name="Rex"), Filter(breed="Pug"))
    assert shown(scanned, rex) == {
        Path(one.file).name for one in scanned.search(Filter(breed="Pug"))
    }


def test_main_photo(scanned: Catalogue) -> None:
    """People choose the photo that stands for an animal; it goes with the photo."""
    animals, numbers = scanned.animals, photos(scanned)
    rex = animals.new(AnimalFields(name="Rex"), [numbers["rex.png"], numbers["mix.png"]])
    with pytest.raises(UsageError) as caught:
        animals.edit(rex.id, AnimalFields(main_photo=numbers["night.png"]))
    assert caught.value.code == "animal_main_photo_of_another"
    shown = AnimalFields(main_photo=numbers["mix.png"])
    assert animals.new(shown, [numbers["mix.png"]]).is_main_chosen
    chosen = animals.edit(rex.id, shown)
    assert (chosen.main_photo, chosen.is_main_chosen) == (numbers["mix.png"], True)
    animals.take_away(rex.id, [numbers["mix.png"]])
    assert animals.get(rex.id).main_photo == numbers["rex.png"]


def test_merge(scanned: Catalogue) -> None:
    """What is merged gives its photos and what the other lacks, and leads to it from then on."""
    animals, numbers = scanned.animals, photos(scanned)
    old = animals.new(
        AnimalFields(code="7", name="Rexy", sex="male", notes="old"), [numbers["rex.png"]]
    )
    new = animals.new(AnimalFields(name="Rex", notes="new"), [numbers["mix.png"]])
    both = animals.merge([old.id], "Rex")
    assert (both.id, both.code, both.name, both.sex) == (new.id, "7", "Rex", Sex.MALE)
    assert (both.notes, both.photos) == ("new\nold", 2)
    assert animals.get(old.id) == both
    assert animals.list() == [both]
    assert [one.id for one in animals.list(AnimalFilter(removed=True))] == [old.id]
    with pytest.raises(UsageError) as caught:
        animals.merge([old.id], new.id)
    assert caught.value.code == "animal_merged_already"
    animals.undo()
    assert animals.get("7").photos == 1
    assert animals.get(new.id).notes == "new"


def test_remove(scanned: Catalogue) -> None:
    """A removed animal frees its code and its photos, and comes back."""
    animals, numbers = scanned.animals, photos(scanned)
    rex = animals.new(AnimalFields(code="7", name="Rex"), [numbers["rex.png"]])
    assert animals.remove("7").removed
    with pytest.raises(UnknownAnimalError) as caught:
        animals.get(rex.id)
    assert caught.value.code == "animal_removed"
    assert animals.of_photos([numbers["rex.png"]]) == {}
    assert animals.count() == 0
    animals.undo()
    assert animals.get("7").photos == 1


def test_undo(scanned: Catalogue) -> None:
    """Acts are taken back one after the other, each as a whole, with who did so."""
    animals, numbers = scanned.animals, photos(scanned)
    rex = animals.new(AnimalFields(code="7", name="Rex"), [numbers["rex.png"]], by="Ada")
    animals.edit("7", AnimalFields(name="Max", sex="male"), by="Ben")
    animals.add("7", [numbers["mix.png"]], by="Ada")
    assert animals.undo(by="Ben").kind is ActKind.UNDO
    changed = animals.get("7")
    assert (changed.name, changed.sex, changed.photos) == ("Rex", None, 2)
    animals.undo()
    animals.undo()
    assert animals.list() == []
    with pytest.raises(NothingToSayError):
        animals.undo()
    kinds = [one.kind for one in animals.acts()]
    assert kinds == ["undo", "undo", "undo", "add", "edit", "new"]
    assert [one.is_undone for one in animals.acts()] == [False, False, False, True, True, True]
    assert rex.code == "7"


def test_undo_refused(scanned: Catalogue) -> None:
    """What somebody has changed since is not overwritten by an undo."""
    animals = scanned.animals
    rex = animals.new(AnimalFields(name="Rex"))
    first = animals.history(rex.id)[0]
    animals.edit(rex.id, AnimalFields(name="Max"))
    with pytest.raises(AnimalChangedMeanwhileError):
        animals.undo(first.id)
    assert animals.get(rex.id).name == "Max"
    second = animals.undo()
    with pytest.raises(NothingToSayError):
        animals.undo(second.id)
    with pytest.raises(NothingToSayError):
        animals.undo(999)


def test_undo_does_not_take_a_code(scanned: Catalogue) -> None:
    """A code that another animal got meanwhile is not taken back from it."""
    animals = scanned.animals
    old = animals.new(AnimalFields(code="7"))
    animals.remove(old.id)
    animals.new(AnimalFields(code="7", name="Luna"))
    removed = animals.acts()[1]
    with pytest.raises(AnimalCodeTakenError):
        animals.undo(removed.id)
    assert animals.get("7").name == "Luna"


def test_label_many(scanned: Catalogue, kennel: Path) -> None:
    """Many photos are labelled in one step, and undone in one; unreadable ones are left out."""
    animals, numbers = scanned.animals, photos(scanned)
    scanned.label(numbers["mix.png"], Label(Kind.BREED, ("Beagle",)))
    done = animals.label(Filter(), Label(Kind.BREED, ("Boxer",), by="Ada"))
    assert done.act is not None
    assert done.act.kind is ActKind.LABEL
    assert done.photos == done.act.photos == len(numbers) - len(done.left_out)
    assert {Path(file).name for file, _ in done.left_out} == {
        Path(one.file).name for one in scanned.search(Filter(status=["failed"]))
    }
    assert scanned.count(Filter(breed="Boxer", corrected=True)) == done.photos
    scanned.label(numbers["rex.png"], Label(Kind.BREED, ("Pug",)))
    animals.undo(done.act.id)
    labels = {
        Path(one.file).name: one.labels[0].en for one in scanned.search(Filter(corrected=True))
    }
    assert labels == {"mix.png": "Beagle", "rex.png": "Pug"}
    with pytest.raises(UnknownBreedError):
        animals.label([numbers["rex.png"]], Label(Kind.BREED, ("Nothing Known",)))


def test_undo_of_labels_goes_on_some_at_a_time(
    scanned: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Labels of many photos are taken back in parts, as one act; what is stopped stands."""
    monkeypatch.setattr(animals_module, "_AT_ONCE", 2)
    animals, told = scanned.animals, list[tuple[int, int | None]]()
    done = animals.label(Filter(), Label(Kind.NOT_DOG, by="Ada"))
    assert done.act is not None

    def stop(photos: int, total: int | None) -> None:
        told.append((photos, total))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        animals.undo(done.act.id, by="Bo", on_progress=stop)
    assert told == [(2, done.photos)]
    assert scanned.count(Filter(corrected=True)) == done.photos - 2
    (undone, *_) = animals.acts()
    assert (undone.kind, undone.undoes, undone.by, undone.photos) == (
        *(ActKind.UNDO, done.act.id, "Bo", 2),
    )


def test_list(scanned: Catalogue) -> None:
    """Animals are found by words, breed, status and the rest, in the order that is asked for."""
    animals, numbers = scanned.animals, photos(scanned)
    animals.new(AnimalFields(code="2", name="Élan", status="adopted", breeds=["Boxer"]))
    animals.new(AnimalFields(code="1", name="rex", sex="female", notes="100% shy_"))
    animals.new(AnimalFields(name="Alba", species="cat"), [numbers["rex.png"]])

    def names(query: AnimalFilter, order: Order = Order.NAME) -> list[str | None]:
        found = animals.list(query, order=order)
        assert len(found) == animals.count(query)
        return [one.name for one in found]

    assert names(AnimalFilter()) == ["Alba", "Élan", "rex"]
    assert names(AnimalFilter(), Order.CODE) == ["rex", "Élan", "Alba"]
    assert names(AnimalFilter(), Order.MADE) == ["Élan", "rex", "Alba"]
    assert names(AnimalFilter(text="ela")) == ["Élan"]
    assert names(AnimalFilter(text="lan")) == []
    assert names(AnimalFilter(status=["adopted", "lost"])) == ["Élan"]
    assert names(AnimalFilter(species="cat")) == ["Alba"]
    assert names(AnimalFilter(sex="female")) == ["rex"]
    assert names(AnimalFilter(sex="")) == ["Alba", "Élan"]
    assert names(AnimalFilter(has_photos=True)) == ["Alba"]
    assert animals.counts("status") == {"in_care": 2, "adopted": 1}
    assert animals.counts("species") == {"dog": 2, "cat": 1}
    assert [one.name for one in animals.list(limit=1, offset=1)] == ["Élan"]


def test_stale_when_photos_change(scanned: Catalogue) -> None:
    """A photo of which somebody speaks has its animals derived anew."""
    animals, numbers = scanned.animals, photos(scanned)
    rex = animals.new(AnimalFields(name="Rex"), [numbers["rex.png"]])
    other = animals.new(AnimalFields(name="Max"), [numbers["mix.png"]])
    stale = text("SELECT number FROM animal WHERE stale ORDER BY id")
    with scanned._database.write() as connection:
        connection.execute(text("UPDATE animal SET stale = (1 = 0)"))
    scanned.label(numbers["rex.png"], Label(Kind.BREED, ("Boxer",)))
    with scanned._database.read() as connection:
        assert list(connection.execute(stale).scalars()) == [rex.id]
    assert other.id != rex.id


def test_what_changes_nothing_is_no_act(scanned: Catalogue, kennel: Path) -> None:
    """An edit that says what was so, a photo that it has, one that it has not: no act is kept."""
    rex = scanned.animals.new(AnimalFields(name="Rex"), [kennel / "rex.png"])
    (act,) = scanned.animals.acts()
    assert scanned.animals.edit(rex, AnimalFields(name="Rex", status="in_care")) == rex
    assert scanned.animals.add(rex, [kennel / "rex.png"]) == rex
    assert scanned.animals.take_away(rex, [kennel / "mix.png"]) == rex
    assert scanned.animals.acts() == [act]
    assert scanned.animals.undo().undoes == act.id


def test_the_version_is_the_act_also_where_only_the_other_animal_changes(
    scanned: Catalogue, kennel: Path
) -> None:
    """To undo the version of what a merge or a move gives takes back the merge or the move."""
    animals = scanned.animals
    rex = animals.new(AnimalFields(name="Rex"), [kennel / "rex.png"])
    max_ = animals.new(AnimalFields(name="Max"), [kennel / "rex.png"])
    moved = animals.move([kennel / "rex.png"], max_, rex)
    assert animals.undo(moved.version).undoes == moved.version
    assert animals.get(max_).photos == 1
    merged = animals.merge([max_], rex)
    assert animals.history(rex)[0].id == merged.version
    assert animals.undo(merged.version).undoes == merged.version
    assert animals.get("Max").photos == animals.get("Rex").photos == 1


@pytest.mark.parametrize("number", [0, -1, 2**63, 10**30])
def test_a_number_that_is_no_acts(catalogue: Catalogue, number: int) -> None:
    """Of any number it is told that there is no such act."""
    with pytest.raises(NothingToSayError) as caught:
        catalogue.animals.undo(number)
    assert caught.value.code == "act_unknown"


def test_interrupted_undo_of_labels(scanned: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an undo of many labels did not come to is taken back by the next one."""
    animals = scanned.animals
    monkeypatch.setattr("barkive.catalogue.animals.animals._AT_ONCE", 1)
    act = animals.label(Filter(), Label(Kind.BREED, ("Boxer",))).act
    assert act is not None

    def interrupt(done: int, total: int | None) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        animals.undo(act.id, on_progress=interrupt)
    assert scanned.count(Filter(corrected=True)) == act.photos - 2
    animals.undo(act.id)
    assert scanned.count(Filter(corrected=True)) == 0
    with pytest.raises(NothingToSayError):
        animals.undo(act.id)
