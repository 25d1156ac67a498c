"""Names that every file system takes."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barkive.catalogue.export.safe_names import key_of, safe_name


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Pug", "Pug"),
        ("Épagneul nain", "Épagneul nain"),
        ("E\N{COMBINING ACUTE ACCENT}pagneul", "Épagneul"),
        ('a/b\\c:d*e?f"g<h>i|j', "a-b-c-d-e-f-g-h-i-j"),
        ("tab\there", "tab-here"),
        ("St. Bernard. ", "St. Bernard"),
        (" leading", "leading"),
        ("..", "_"),
        ("", "_"),
        (".hidden.jpg", "_.hidden.jpg"),
        ("con", "_con"),
        ("Nul.jpg", "_Nul.jpg"),
        ("COM1", "_COM1"),
        ("Console", "Console"),
        ("COM12", "COM12"),
        ("\udce9.jpg", "\udce9.jpg"),
        ("x" * 300 + ".jpg", "x" * 226 + ".jpg"),
        ("é" * 200, "é" * 115),
        ("a." + "x" * 300, "a." + "x" * 228),
    ],
)
def test_safe_name(name: str, safe: str) -> None:
    assert safe_name(name) == safe


wild = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("\udce9\udcff. /\\:~"), max_size=300
)


@given(wild)
def test_every_name_can_be_used(name: str) -> None:
    safe = safe_name(name)
    assert safe_name(safe) == safe
    assert 0 < len(os.fsencode(safe)) <= 230
    assert Path("a", safe).parent == Path("a")
    assert safe[-1] not in ". "


@given(wild)
def test_key_is_idempotent(name: str) -> None:
    assert key_of(key_of(name)) == key_of(name)


def test_names_that_some_systems_take_for_the_same() -> None:
    assert key_of("RÉX.JPG") == key_of("re\N{COMBINING ACUTE ACCENT}x.jpg")
