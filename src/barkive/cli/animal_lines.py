"""How animals, and what was done to them, are printed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from click import style

from barkive.cli.options import Format
from barkive.cli.output import (
    candidate_in_words,
    csv_row,
    json_line,
    padded,
    print_header,
    print_line,
    print_styled,
    printable,
)
from barkive.cli.saying import say, text
from barkive.clock import local
from barkive.messages import Language, Messages
from barkive.verdicts import Candidate, Status

if TYPE_CHECKING:
    from barkive.catalogue import Act, Animal, Catalogue, View

_TITLE_WIDTH = 24
_WORTH_SHOWING = 0.01
# Of an act on more animals it is not told what changed of each.
_MOST_ANIMALS = 3
_BEFORE_BREEDS = ("id", "code", "name", "species", "sex", "birth", "birth_is_estimate", "status")
_BREEDS = ("breed_status", "breed", "breed2", "probability", "breed_origin", "breed_disagrees")
_BEHIND_BREEDS = (
    *("notes", "arrived", "left", "photos", "main_photo", "version", "made_at", "changed_at"),
)
COLUMNS = (*_BEFORE_BREEDS, *_BREEDS, *_BEHIND_BREEDS)
"""The columns of an animal in CSV: the fields of its JSON form, with its breeds in three."""


def animal_writer(form: Format, lang: Language) -> Callable[[Animal], None]:
    """A function that prints an animal on standard output at once: see `output.writer`."""
    if form is Format.JSON:
        return lambda animal: print_line(json_line(dict(animal.to_json(lang))))
    if form is Format.CSV:
        print_header(COLUMNS)
        return lambda animal: print_line(csv_row(animal_cells(animal, lang)))
    return lambda animal: print_styled(animal_line(animal, lang))


def animal_cells(animal: Animal, lang: Language) -> Iterator[object]:
    """The cells of an animal's row in CSV."""
    record: dict[str, Any] = dict(animal.to_json(lang))
    names = [label.name(lang) for label in animal.verdict.labels]
    record["breed"], record["breed2"] = (*names, None, None)[:2]
    record["probability"] = animal.verdict.breeds[0].probability if names else None
    for name in COLUMNS:
        value = record[name]
        yield str(value).lower() if isinstance(value, bool) else value


def animal_line(animal: Animal, lang: Language) -> str:
    """An animal for people, on one line."""
    line = f"{padded(printable(animal.title), _TITLE_WIDTH)}  "
    line += style(_known("status", animal.status, lang), dim=True)
    line += f"  {breed_words(animal, lang)}"
    if animal.photos:
        line += style(f"  {text('animals_photos', n=animal.photos)}", dim=True)
    return line


def breed_words(animal: Animal, lang: Language) -> str:
    """What is said of an animal's breed, in a few words."""
    from barkive.catalogue import Origin

    verdict = animal.verdict
    if verdict.labels and verdict.origin is not Origin.MODEL:
        names = " x ".join(label.name(lang) for label in verdict.labels)
        words = style(printable(names), bold=True) + style("  ✓", fg="green")
    else:
        words = _judged(verdict.status, verdict.breeds, lang)
    if verdict.disagrees:
        words += style(f"  {text('animals_disagrees')}", fg="yellow")
    return words


def print_record(catalogue: Catalogue, animal: Animal, lang: Language) -> None:
    """Prints all that is known of an animal: the record, its photos, its history."""
    number = "" if animal.title == str(animal.id) else f"  {animal.id}"
    print_styled(style(printable(animal.title), bold=True) + style(number, dim=True))
    print_styled(f"  {', '.join(_facts(animal, lang))}")
    print_styled(f"  {breed_words(animal, lang)}")
    for line in (animal.notes or "").splitlines():
        print_styled(style(f"  {printable(line)}", dim=True))
    shown = catalogue.animals.views(animal)
    count, counting = len(shown), animal.verdict.views
    if counting not in (0, count):
        views = text("animals_views", n=counting)
        say("animals_photos_of_views", n=count, views=views)
    elif shown:
        say("animals_photos_of", n=count)
    for view in shown:
        print_styled(view_line(view, lang, is_main=view.entry.id == animal.main_photo))
    print_acts(catalogue, catalogue.animals.history(animal), lang)


def _facts(animal: Animal, lang: Language) -> Iterator[str]:
    """What is known of it beside its breed."""
    yield _known("species", animal.species, lang)
    if animal.sex is not None:
        yield Messages(lang)(f"animals.sex_{animal.sex.value}")
    if animal.birth is not None:
        key = "animals_born_about" if animal.birth_is_estimate else "animals_born"
        yield text(key, day=animal.birth)
    yield _known("status", animal.status, lang)
    if animal.arrived is not None:
        yield text("animals_arrived", day=animal.arrived.isoformat())
    if animal.left is not None:
        yield text("animals_left", day=animal.left.isoformat())


def view_line(view: View, lang: Language, *, is_main: bool = False) -> str:
    """A photo of an animal, and what it says, on one line."""
    line = f"  {view.entry.id:>12}  {printable(view.entry.file)}  "
    if view.corrected and view.status is Status.DOG:
        names = " x ".join(one.label.name(lang) for one in view.breeds)
        line += style(names, bold=True) + style("  ✓", fg="green")
    else:
        line += _judged(view.status, view.breeds, lang)
    if is_main:
        line += style(f"  {text('animals_main_photo')}", dim=True)
    if view.same_as is not None:
        line += style(f"  {text('animals_same_as', photo=view.same_as)}", dim=True)
    if view.entry.missing_since is not None:
        line += style(f"  {text('animals_photo_gone')}", dim=True)
    if view.disagrees:
        line += style(f"  {text('animals_view_disagrees')}", fg="yellow")
    return line


def _judged(status: Status | None, breeds: tuple[Candidate, ...], lang: Language) -> str:
    """What the model says, in a few words."""
    if status is None:
        return style(text("animals_breed_unknown"), dim=True)
    shown = [one for one in breeds if one.probability >= _WORTH_SHOWING] or list(breeds)
    words = ", ".join(candidate_in_words(one, lang) for one in shown)
    if status is Status.DOG:
        return style(candidate_in_words(breeds[0], lang), bold=True)
    if status is Status.UNCERTAIN:
        said = f"{text(status)} {words}" if words else text("dog_uncertain")
        return style(said, fg="yellow")
    return style(text(status).removesuffix(":").rstrip(), dim=True)


def print_acts(
    catalogue: Catalogue, acts: Iterable[Act], lang: Language, form: Format = Format.TABLE
) -> None:
    """Prints what people did, an act a line."""
    if form is Format.CSV:
        print_header(("id", "at", "by", "kind", "undoes", "is_undone", "photos", "changes"))
    for act in acts:
        record = act.to_json()
        if form is Format.JSON:
            print_line(json_line(dict(record)))
        elif form is Format.CSV:
            changes = json_line({"changes": record["changes"]})
            cells = [act.id, record["at"], act.by, act.kind.value, act.undoes]
            print_line(csv_row([*cells, str(act.is_undone).lower(), act.photos, changes]))
        else:
            print_line(_act_in_words(catalogue, act, lang))


def _act_in_words(catalogue: Catalogue, act: Act, lang: Language) -> str:
    values: dict[str, Any] = {
        "act": act.id,
        "at": str(local(act.at)),
        "done": text(f"act_{act.kind}"),
    }
    if act.undoes is not None:
        values["done"] = text("act_undo_of", act=act.undoes)
    key = "act_line"
    if act.by:
        key, values["by"] = "act_line_by", printable(act.by)
    parts = [text(key, **values), *_changes(catalogue, act, lang)]
    if act.is_undone:
        parts.append(text("act_undone"))
    return "  ".join(parts)


def _changes(catalogue: Catalogue, act: Act, lang: Language) -> Iterator[str]:
    """Which fields have changed, and how many photos came and went; of many animals how many."""
    if len({one.animal for one in act.changes}) > _MOST_ANIMALS:
        yield text("act_animals", n=len(act.animals))
        if act.photos:
            yield text("animals_photos", n=act.photos)
        return
    came = went = 0
    for change in act.changes:
        match change.field:
            case "photo":
                came += change.was is None
                went += change.now is None
            case "label" | "refused" | "removed":
                pass
            case _:
                was, now = (
                    _value(catalogue, change.field, value, lang)
                    for value in (change.was, change.now)
                )
                field = text(f"act_field_{change.field}")
                yield text("act_change", field=field, was=was, now=now)
    if bool(came) != bool(went) and len(act.animals) == 1:
        # The changes of an act of very many photos are not all listed.
        came, went = (act.photos if one else 0 for one in (came, went))
    if came:
        yield text("act_photos_came", n=came)
    if went:
        yield text("act_photos_went", n=went)


def _value(catalogue: Catalogue, field: str, value: Any, lang: Language) -> str:
    """A field's value for people."""
    if value in (None, [], ""):
        return text("act_nothing")
    if field in ("species", "sex", "status"):
        return _known(field, value, lang)
    if field == "breeds":
        names = catalogue.models.names
        return printable(" x ".join(names.label(names.meant(one)).name(lang) for one in value))
    if isinstance(value, bool):
        return text("act_yes" if value else "act_no")
    return printable(str(value))


def _known(section: str, word: str, lang: Language) -> str:
    """A species, sex or status in the language of this run; others as they were written."""
    words, key = Messages(lang), f"animals.{section}_{word}"
    return words(key) if words.has(key) else printable(word)
