"""`barkive review`: go through photos and say what is on them, a key each."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from barkive.cli.filters import filtered
from barkive.cli.label import By
from barkive.cli.opening import reading
from barkive.cli.options import CatalogueAt, Lang, LangOption

if TYPE_CHECKING:
    from rich.console import Console

    from barkive.catalogue import Catalogue, Entry, Filter, Label

_HELP = (
    "1 to 5 one of these, b another breed, c a cross, n no dog, ? can't be told, s skip, "
    "u undo, o open, q quit"
)
# Where the catalogue can only be read.
_LOOKING = ("s", "o")
_HELP_TO_LOOK = "Nothing can be saved: s next, o open, q quit"
_NOTHING = "the model is sure of the rest, or people said it"
_WIDTH = 48
# One key each.
_CHOICES = 9


@filtered
def review(
    wanted: Filter,
    by: By = None,
    picture: Annotated[
        bool, typer.Option("--picture/--no-picture", help="Draw each photo in the terminal.")
    ] = True,
    lang: LangOption = Lang.EN,
    catalogue: CatalogueAt = None,
) -> None:
    """Go through the photos that the model is not sure of, the most useful first.

    With --status not_dog, go through those on which it sees no dog.

    Each answer is one key, kept at once; q ends it, and the next time goes on from there.
    """
    from rich.console import Console

    with reading(catalogue) as opened:
        session = _Session(opened, Console(highlight=False), lang, by, picture)
        waiting = wanted.to_review()
        left = opened.count(waiting)
        if not left:
            why = "no photo of that status is left" if wanted.status else _NOTHING
            typer.echo(f"Nothing to review: {why}.")
            return
        typer.echo(f"{left} to review. {session.help}.", err=True)
        session.go_through(wanted, left)
        typer.echo(f"{session.answered} answered, {opened.count(waiting)} left.")


@dataclass(slots=True)
class _Session:
    """One person at one terminal: a session of the queue that the pages share as well."""

    catalogue: Catalogue
    console: Console
    lang: Lang
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
        return _HELP if self.saves else _HELP_TO_LOOK

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
                place = "again" if entry.id == again else f"{number} of {left}"
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
                self.console.print(str(error), style="red", markup=False)
                if key != "u":
                    return "next"
            except BarkiveError as error:
                self.console.print(str(error), style="red", markup=False)

    def _press(self, entry: Entry, key: str) -> Literal["next"] | int | None:
        """Does what a key says: see `_ask`; None where the photo is asked for still."""
        if not self.saves and key not in _LOOKING:
            self.console.print(f"{self.help}.", style="dim", markup=False)
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
        self._tell(f"Taken back: {_name(entry.file)}.")
        return entry.id

    def _take(self, entry: Entry, key: str) -> bool:
        """Does what a key says; whether the photo is answered by it."""
        said = self._label(entry, key)
        if said is None:
            return False
        after = self.catalogue.review.answer(self.name, entry.id, said)
        self.answered += 1
        self._tell(f"Saved: {_name(after.file)}: {self._said(after)}; u takes it back.")
        return True

    def _label(self, entry: Entry, key: str) -> Label | None:
        """What a key says of a photo; None where it says nothing of it."""
        from barkive.catalogue import Kind, Label

        kind, breeds = Kind.BREED, list[str]()
        if key.isdigit() and 1 <= int(key) <= len(entry.guesses):
            breeds.append(entry.guesses[int(key) - 1].label.id)
        elif key in ("b", "c"):
            kind = Kind.BREED if key == "b" else Kind.CROSS
            for question in ("Breed",) if key == "b" else ("First breed", "Second breed"):
                if (meant := self._meant(_line(question))) is None:
                    self._tell("Nothing is saved.")
                    return None
                breeds.append(meant)
        elif key == "n":
            kind = Kind.NOT_DOG
        elif key == "?":
            kind = Kind.UNSURE
        elif key == "o":
            typer.launch(entry.file)
            return None
        else:
            self._tell(f"{self.help}.")
            return None
        # What is no breed's name was chosen to be taken as it is written.
        return Label(kind, tuple(breeds), by=self.by, other=True, seen=entry.version)

    def _meant(self, typed: str) -> str | None:
        """The breed that somebody has typed, or chooses then; None where they choose none."""
        from barkive.errors import UnknownBreedError

        names = self.catalogue.models.names
        try:
            return names.find(typed) if typed.strip() else typed
        except UnknownBreedError:
            choices = names.choices(typed, limit=_CHOICES)
        self._tell(f"No breed is called exactly “{typed}”. Which one is meant?")
        for i, label in enumerate(choices, 1):
            self.console.print(f"  {i}  {label.name(self.lang.value)}", markup=False)
        self.console.print(f"  w  as written: “{typed}”", markup=False)
        key = _key()
        if key == "w":
            return typed
        if key.isdigit() and 1 <= int(key) <= len(choices):
            return choices[int(key) - 1].id
        self.pending = key.strip() or None
        return None

    def _said(self, entry: Entry) -> str:
        """What a person said of a photo, in a few words."""
        if entry.labels:
            return " x ".join(label.name(self.lang.value) for label in entry.labels)
        return "no dog" if entry.status == "not_dog" else "can't be told"

    def _tell(self, text: str) -> None:
        self.console.print(text, style="dim", markup=False, soft_wrap=True)

    def _show(self, entry: Entry, place: str) -> None:
        self.console.print()
        self.console.print(f"{place}  {_name(entry.file)}", style="bold", markup=False)
        if self.picture:
            self._draw(entry.file)
        if entry.status == "not_dog":
            self.console.print("No dog, the model says; if there is one, it may be:")
        for i, candidate in enumerate(entry.guesses, 1):
            name = candidate.label.name(self.lang.value)
            self.console.print(f"  {i}  {candidate.probability:4.0%}  {name}", markup=False)

    def _draw(self, file: str) -> None:
        """The photo in half blocks: two pixels a character, one above the other."""
        import numpy as np
        from PIL import Image
        from rich.style import Style
        from rich.text import Text

        from barkive.errors import PhotoError
        from barkive.images import decode

        if not self.console.is_terminal:
            return
        try:
            photo = Image.fromarray(decode(file, shorter_side=_WIDTH))
        except PhotoError as error:
            self.console.print(str(error), style="red", markup=False)
            return
        photo.thumbnail((_WIDTH, _WIDTH))
        pixels = np.asarray(photo)
        for upper, lower in zip(pixels[::2], pixels[1::2], strict=False):
            line = Text("  ")
            for (r, g, b), (r2, g2, b2) in zip(upper.tolist(), lower.tolist(), strict=True):
                line.append("▀", Style.parse(f"rgb({r},{g},{b}) on rgb({r2},{g2},{b2})"))
            self.console.print(line)


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
    return str(typer.prompt(question))


def _name(file: str) -> str:
    from barkive.cli.output import printable

    return printable(file)
