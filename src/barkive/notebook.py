"""How a photo and its breeds show themselves in a notebook: a card of HTML.

Knows nothing of verdicts and catalogues. Colours are those of the notebook's theme.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape

from barkive.errors import PhotoError
from barkive.images import thumbnail
from barkive.images.remote import is_remote

_SIDE = 160
_CARD = "display:flex;gap:1em;align-items:flex-start;margin:.5em 0"
_TRACK = "display:inline-block;width:10em;height:.7em;background:rgba(128,128,128,.25)"
_BAR = "display:block;height:100%;background:#3b82c4"
_QUIET = "opacity:.7;font-size:90%"


def card(
    file: str | None,
    title: str,
    bars: Sequence[tuple[str, float]] = (),
    notes: Sequence[str] = (),
) -> str:
    """A photo's thumbnail, and beside it what is said of it.

    Args:
        file: The photo's path; without a thumbnail where it is None, can't be read, or lies in
            an object store.
        title: What is on the photo, such as its breed.
        bars: Names with their probabilities, 0..1.
        notes: Sentences below, such as the file's name.

    Returns:
        HTML, in which everything that was given is escaped.
    """
    rows = "".join(
        f'<tr><td style="text-align:left">{_text(name)}</td>'
        f'<td><span style="{_TRACK}"><span style="{_BAR};width:{100 * share:.1f}%"></span></span>'
        f'</td><td style="text-align:right">{share:.0%}</td></tr>'
        for name, share in bars
    )
    table = f"<table>{rows}</table>" if rows else ""
    below = "".join(f'<div style="{_QUIET}">{_text(note)}</div>' for note in notes)
    text = f"<div><strong>{_text(title)}</strong>{table}{below}</div>"
    return f'<div style="{_CARD}">{_picture(file)}{text}</div>'


def _picture(file: str | None) -> str:
    if file is None or is_remote(file):
        return ""
    try:
        content = thumbnail(file, _SIDE)
    except PhotoError:
        return ""
    data = base64.b64encode(content).decode()
    return f'<img src="data:image/jpeg;base64,{data}" alt="{_text(file)}">'


def _text(text: str) -> str:
    # A file's name may hold bytes that are no text, which no page can carry.
    return escape(text.encode(errors="backslashreplace").decode())
