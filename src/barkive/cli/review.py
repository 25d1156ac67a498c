"""`barkive review`: go through photos and say what is on them, a key each."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import click

from barkive.cli.filters import animal_option, filtered, of_animal
from barkive.cli.label import by_option
from barkive.cli.opening import reading
from barkive.cli.options import catalogue_option, lang_option
from barkive.cli.saying import in_words, percent, say, text
from barkive.messages import Language

if TYPE_CHECKING:
    from rich.console import Console

    from barkive.catalogue import Catalogue, Entry, EntryDog, Filter, Label

# Where the catalogue can only be read.
_LOOKING = ("s", "o")
_WIDTH = 48
# A photo of which one dog is drawn has so many times the pixels.
_SHARP = 4
# One key each.
_CHOICES = 9


@click.command()
@filtered
@click.argument("text", metavar="[TEXT]...", nargs=-1, help="Words, as for `barkive search`.")
@animal_option
@by_option
@click.option("--picture/--no-picture", default=True, help="Draw each photo in the terminal.")
@lang_option
@catalogue_option
def review(
    wanted: Filter,
    animal: str | None,
    by: str | None,
    picture: bool,
    lang: Language,
    catalogue: str | None,
) -> None:
    """Go through the photos that the model is not sure of, the most useful first.

    With --status not_dog, go through those on which it sees no dog.

    Each answer is one key, kept at once; q ends it, and the next time goes on from there.
    """
    from rich.console import Console

    from barkive.catalogue import Filter

    with reading(catalogue) as opened:
        wanted = of_animal(opened, wanted, animal)
        session = _Session(opened, Console(highlight=False), lang, by, picture)
        left = opened.review.left(wanted)
        if not left:
            say("review_none" if wanted == Filter() else "review_none_status")
            return
        click.echo(f"{text('review_waiting', n=left)} {session.help}", err=True)
        session.go_through(wanted, left)
        answered = text("review_answered", n=session.answered)
        say("sum", parts=[answered, text("review_left", n=opened.review.left(wanted))])


@dataclass(slots=True)
class _Session:
    """One person at one terminal: a session of the queue that the pages share as well."""

    catalogue: Catalogue
    console: Console
    lang: Language
    by: str | None
    picture: bool
    answered: int = 0
    # A key that was pressed where a choice was asked for, and is none.
    pending: str | None = None
    name: str = field(default_factory=lambda: f"terminal-{secrets.token_urlsafe(9)}")
    saves: bool = field(init=False)

    def __post_init__(self) -> None:
        self.saves = self.catalogue.read_only is None

    @property
    def help(self) -> str:
        """What the keys do."""
        return text("review_keys" if self.saves else "review_keys_to_look")

    def go_through(self, wanted: Filter, left: int) -> None:
        """Asks for one photo after the other until none is left, or the person ends it.

        Args:
            wanted: Which photos.
            left: How many there are to begin with.
        """
        places: dict[int, int] = {}
        again: int | None = None
        try:
            while (entry := self._next(wanted, len(places))) is not None:
                number = places.setdefault(entry.id, len(places) + 1)
                place = text("review_place", number=number, n=left)
                if entry.id == again:
                    place = text("review_again")
                match self._ask(entry, place):
                    case "quit":
                        return
                    case "next":
                        again = None
                    case undone:
                        again = undone
        finally:
            if self.saves:
                self.catalogue.review.leave(self.name)

    def _next(self, wanted: Filter, seen: int) -> Entry | None:
        """The photo that comes next; where nothing can be saved, the one behind those seen."""
        queue = self.catalogue.review
        if self.saves:
            found = queue.take(self.name, wanted, count=1)
        else:
            found = queue.look(wanted, offset=seen, count=1)
        return found[0] if found else None

    def _ask(self, entry: Entry, place: str) -> Literal["next", "quit"] | int:
        """Asks until a photo is settled; the number of the one that was taken back, if any."""
        from barkive.errors import BarkiveError, ReviewedMeanwhileError

        self._show(entry, place)
        while True:
            key, self.pending = self.pending or _key(), None
            if key in ("q", ""):
                return "quit"
            try:
                if (settled := self._press(entry, key)) is not None:
                    return settled
            except ReviewedMeanwhileError as error:
                self.console.print(in_words(error), style="red", markup=False)
                if key != "u":
                    return "next"
            except BarkiveError as error:
                self.console.print(in_words(error), style="red", markup=False)

    def _press(self, entry: Entry, key: str) -> Literal["next"] | int | None:
        """Does what a key says: see `_ask`; None where the photo is asked for still."""
        if not self.saves and key not in _LOOKING:
            self.console.print(self.help, style="dim", markup=False)
            return None
        if key == "u" and (undone := self._undo()) is not None:
            return undone
        if key == "s":
            if self.saves:
                self.catalogue.review.skip(self.name, entry.id)
            return "next"
        return "next" if self._take(entry, key) else None

    def _undo(self) -> int | None:
        """Takes back what was done last; the photo's number, None where nothing was done."""
        queue = self.catalogue.review
        last = queue.last(self.name)
        entry = queue.undo(self.name, self.by)
        if entry is None:
            return None
        self.answered -= last is not None and last.change is not None
        self._tell(text("review_taken_back", file=_name(entry.file)))
        return entry.id

    def _take(self, entry: Entry, key: str) -> bool:
        """Does what a key says; whether the photo is answered by it."""
        said = self._label(entry, key)
        if said is None:
            return False
        after = self.catalogue.review.answer(self.name, entry.id, said)
        self.answered += 1
        told = self._said(after, said.dog)
        self._tell(text("review_saved", file=_name(after.file), said=told))
        return True

    def _label(self, entry: Entry, key: str) -> Label | None:
        """What a key says of a photo; None where it says nothing of it."""
        from barkive.catalogue import Kind, Label

        kind, breeds = Kind.BREED, list[str]()
        dog = _asked(entry)
        guesses = entry.guesses if dog is None else dog.guesses
        if key.isdigit() and 1 <= int(key) <= len(guesses):
            breeds.append(guesses[int(key) - 1].label.id)
        elif key in ("b", "c"):
            kind = Kind.BREED if key == "b" else Kind.CROSS
            questions = ("breed",) if key == "b" else ("first_breed", "second_breed")
            for question in questions:
                if (meant := self._meant(_line(text(f"review_{question}")))) is None:
                    self._tell(text("review_not_saved"))
                    return None
                breeds.append(meant)
        elif key == "n":
            kind = Kind.NOT_DOG
        elif key == "?":
            kind = Kind.UNSURE
        elif key == "o":
            click.launch(entry.file)
            return None
        else:
            self._tell(self.help)
            return None
        # What is no breed's name was chosen to be taken as it is written.
        own = dog.id if dog is not None else None
        said = tuple(breeds)
        return Label(kind, said, by=self.by, other=True, seen=entry.version, dog=own)

    def _meant(self, typed: str) -> str | None:
        """The breed that somebody has typed, or chooses then; None where they choose none."""
        from barkive.errors import UnknownBreedError

        names = self.catalogue.models.names
        try:
            return names.find(typed) if typed.strip() else typed
        except UnknownBreedError:
            choices = names.choices(typed, limit=_CHOICES)
        self._tell(text("review_which", typed=typed))
        for i, label in enumerate(choices, 1):
            self.console.print(f"  {i}  {label.name(self.lang)}", markup=False)
        self.console.print(f"  w  {text('review_as_written', typed=typed)}", markup=False)
        key = _key()
        if key == "w":
            return typed
        if key.isdigit() and 1 <= int(key) <= len(choices):
            return choices[int(key) - 1].id
        self.pending = key.strip() or None
        return None

    def _said(self, entry: Entry, dog: int | None) -> str:
        """What a person said of a photo, or of a dog in it, in a few words."""
        meant = next((one for one in entry.dogs or () if one.id == dog), None)
        labels = entry.labels if dog is None else meant.labels if meant is not None else ()
        if labels:
            return " x ".join(label.name(self.lang) for label in labels)
        is_none = entry.status == "not_dog" if dog is None else meant is None
        return text(f"review_said_{'not_dog' if is_none else 'unsure'}")

    def _tell(self, sentence: str) -> None:
        self.console.print(sentence, style="dim", markup=False, soft_wrap=True)

    def _show(self, entry: Entry, place: str) -> None:
        dog = _asked(entry)
        if dog is not None:
            dogs = entry.dogs or ()
            place += f", {text('review_dog', number=dogs.index(dog) + 1, n=len(dogs))}"
        self.console.print()
        self.console.print(
            f"{place}  {_name(entry.file)}", style="bold", markup=False, soft_wrap=True
        )
        if self.picture:
            self._draw(entry.file, dog)
        if entry.status == "not_dog":
            self.console.print(text("review_no_dog"))
        for i, candidate in enumerate(entry.guesses if dog is None else dog.guesses, 1):
            name = candidate.label.name(self.lang)
            share = percent(candidate.probability).rjust(len(percent(1)))
            self.console.print(f"  {i}  {share}  {name}", markup=False)

    def _draw(self, file: str, dog: EntryDog | None) -> None:
        """A photo or a dog of it in half blocks: two pixels a character, one above the other."""
        import numpy as np
        from PIL import Image
        from rich.style import Style
        from rich.text import Text

        from barkive.detection.views import crop
        from barkive.errors import PhotoError
        from barkive.images import decode

        if not self.console.is_terminal:
            return
        try:
            decoded = decode(file, shorter_side=_WIDTH if dog is None else _SHARP * _WIDTH)
        except PhotoError as error:
            self.console.print(in_words(error), style="red", markup=False)
            return
        photo = Image.fromarray(decoded if dog is None else crop(decoded, dog.box))
        photo.thumbnail((_WIDTH, _WIDTH))
        pixels = np.asarray(photo)
        for upper, lower in zip(pixels[::2], pixels[1::2], strict=False):
            line = Text("  ")
            for (r, g, b), (r2, g2, b2) in zip(upper.tolist(), lower.tolist(), strict=True):
                line.append("▀", Style.parse(f"rgb({r},{g},{b}) on rgb({r2},{g2},{b2})"))
            self.console.print(line)


def _asked(entry: Entry) -> EntryDog | None:
    """The dog that is asked about, where a photo has several; None where the photo is."""
    return entry.open_dog if len(entry.dogs or ()) > 1 else None


def _key() -> str:
    """One key; empty at the end of the input."""
    import sys

    if not sys.stdin.isatty():
        # A line a key, so that answers can be piped in.
        line = sys.stdin.readline()
        return line.strip()[:1] or ("s" if line else "")
    if sys.platform == "win32":
        import msvcrt

        return msvcrt.getwch().lower()
    import termios
    import tty

    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    try:
        tty.setcbreak(terminal)
        return sys.stdin.read(1).lower()
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _line(question: str) -> str:
    import sys

    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    return str(click.prompt(question, prompt_suffix=" "))


def _name(file: str) -> str:
    from barkive.cli.output import printable

    return printable(file)
