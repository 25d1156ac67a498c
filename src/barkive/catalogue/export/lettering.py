"""Text in pictures: which font, what it can show, and how a text is made to fit.

The font that Pillow brings has no accents, and so one of the system's is looked for.
"""

from __future__ import annotations

import importlib.util
import unicodedata
from collections.abc import Iterator
from functools import cached_property, lru_cache
from pathlib import Path

from PIL import ImageDraw, ImageFont

# Regular and bold: of Windows, macOS and Linux.
_FONTS = (
    ("segoeui.ttf", "segoeuib.ttf"),
    ("Arial.ttf", "Arial Bold.ttf"),
    ("arial.ttf", "arialbd.ttf"),
    ("NotoSans-Regular.ttf", "NotoSans-Bold.ttf"),
    ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"),
    ("LiberationSans-Regular.ttf", "LiberationSans-Bold.ttf"),
)
# What to write for characters that a font has not and that Unicode does not take apart.
_PLAIN = {
    **{"œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "ß": "ss", "ø": "o", "Ø": "O", "ł": "l"},
    **{"Ł": "L", "×": "x", "–": "-", "—": "-", "’": "'", "‘": "'", "“": '"', "”": '"'},
    **{"«": '"', "»": '"', "…": "...", "\u202f": " "},
}
_NO_GLYPH = "\uffff"

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


class Lettering:
    """One font in one size."""

    def __init__(self, font: Font) -> None:
        self.font = font
        self._shown = lru_cache(maxsize=4096)(self._show)

    @classmethod
    def of_size(cls, size: int, *, bold: bool = False) -> Lettering:
        """The system's best font, `size` pixels high; else Pillow's own."""
        for pair in _candidates():
            # Not every system has the bold one.
            for name in (pair[1], pair[0]) if bold else (pair[0],):
                try:
                    return cls(ImageFont.truetype(name, size, layout_engine=ImageFont.Layout.BASIC))
                except OSError:
                    continue
        return cls(ImageFont.load_default(size))

    def width(self, text: str) -> float:
        """In pixels, of a text that `legible` gave."""
        return self.font.getlength(text)

    def legible(self, text: str) -> str:
        r"""The text on one line, in characters that the font has.

        An accent that it lacks is left out; any other character that it lacks is an escape
        such as `\u72d7`.
        """
        return "".join(self._shown(character) for character in unicodedata.normalize("NFC", text))

    def fitted(self, text: str, width: float, *, middle: bool = False) -> str:
        """The legible text, shortened to a width with an ellipsis.

        Args:
            text: Any text.
            width: In pixels.
            middle: Take away from the middle, so that a file name keeps its end; else from
                the end.
        """
        text = self.legible(text)
        if self.width(text) <= width:
            return text
        dots = self.legible("…")

        def cut(kept: int) -> str:
            tail = kept // 2 if middle else 0
            return f"{text[: kept - tail].rstrip()}{dots}{text[len(text) - tail :].lstrip()}"

        short, long = 0, len(text)
        while long - short > 1:
            half = (short + long) // 2
            short, long = (half, long) if self.width(cut(half)) <= width else (short, half)
        return cut(short)

    def wrapped(self, text: str, width: float, lines: int) -> list[str]:
        """The legible text in up to so many lines; the last is shortened if need be."""
        words = self.legible(text).split()
        made: list[str] = []
        while words and len(made) < lines - 1:
            line = words.pop(0)
            while words and self.width(f"{line} {words[0]}") <= width:
                line = f"{line} {words.pop(0)}"
            made.append(self.fitted(line, width))
        return [*made, self.fitted(" ".join(words), width)] if words else made

    def write(
        self, draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, colour: str
    ) -> None:
        """Draws a text that `legible` gave, its top left corner at a place."""
        draw.text(at, text, colour, self.font)

    def _show(self, character: str) -> str:
        if character.isspace():
            return " "
        if character.isprintable():
            if self._has(character):
                return character
            plain = _PLAIN.get(character) or "".join(
                c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c)
            )
            if plain and all(self._has(c) for c in plain):
                return plain
        return character.encode("unicode_escape", "surrogatepass").decode()

    def _has(self, character: str) -> bool:
        return character == " " or self._glyph(character) not in (self._missing, b"")

    @cached_property
    def _missing(self) -> bytes:
        """How the font draws what it has not."""
        return self._glyph(_NO_GLYPH)

    def _glyph(self, character: str) -> bytes:
        try:
            return bytes(self.font.getmask(character))
        except UnicodeEncodeError:  # of a Pillow without FreeType
            return b""


def _candidates() -> Iterator[tuple[str, str]]:
    yield from _FONTS
    # The extra `report` brings one along.
    spec = importlib.util.find_spec("matplotlib")
    if spec is not None and spec.origin:
        folder = Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf"
        yield str(folder / "DejaVuSans.ttf"), str(folder / "DejaVuSans-Bold.ttf")
