"""Which characters a font shows, and how texts are made to fit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageFont

from barkive.catalogue.export.lettering import Lettering

# The font that Pillow brings has no accents; everywhere the same, it is good to test with.
PILLOWS = Lettering(ImageFont.load_default(17))


@pytest.mark.parametrize(
    ("text", "legible"),
    [
        ("rex.jpg", "rex.jpg"),
        ("Pékinois Épagneul", "Pekinois Epagneul"),
        ("e\N{COMBINING ACUTE ACCENT}", "e"),
        ("Cœur × 2", "Coeur x 2"),
        ("two\nlines\tand\u00a0more", "two lines and more"),
        ("狗.jpg", "\\u72d7.jpg"),
        ("\udce9\x1b", "\\udce9\\x1b"),
        ("", ""),
    ],
)
def test_what_a_poor_font_shows(text: str, legible: str) -> None:
    assert PILLOWS.legible(text) == legible


@pytest.mark.parametrize("bold", [False, True])
def test_the_systems_font_is_of_the_size_asked_for(bold: bool) -> None:
    small, large = Lettering.of_size(10, bold=bold), Lettering.of_size(30, bold=bold)
    assert 2 < large.width("Pug") / small.width("Pug") < 4


def test_fitted() -> None:
    assert PILLOWS.fitted("rex.jpg", 100) == "rex.jpg"
    assert PILLOWS.fitted("Soft-Coated Wheaten Terrier", 112) == "Soft-Coated…"
    assert PILLOWS.fitted("IMG_20260504_holiday_0042.jpg", 130, middle=True) == "IMG_20…42.jpg"
    assert PILLOWS.fitted("rex.jpg", 1) == "…"


def test_wrapped() -> None:
    text = "The file is cut off: the picture ends early."
    assert PILLOWS.wrapped(text, 150, 3) == ["The file is cut off:", "the picture ends", "early."]
    assert PILLOWS.wrapped(text, 150, 2) == ["The file is cut off:", "the picture ends…"]
    assert PILLOWS.wrapped("x" * 100, 50, 2) == ["xxxxx…"]
    assert PILLOWS.wrapped("", 50, 2) == []


@given(st.text(st.characters() | st.just("\udce9")), st.integers(15, 300), st.booleans())
def test_every_text_fits(text: str, width: int, middle: bool) -> None:
    fitted = PILLOWS.fitted(text, width, middle=middle)
    assert PILLOWS.width(fitted) <= width
    assert PILLOWS.legible(fitted) == fitted
    assert all(PILLOWS.width(line) <= width for line in PILLOWS.wrapped(text, width, 3))
