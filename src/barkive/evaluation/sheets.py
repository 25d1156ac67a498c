"""Draws sheets of photos: the surest errors, the suspected labels, the breeds confused.

Each function returns a PNG file's bytes. A photo that has gone since it was scored is a
grey square.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, ImageOps

from barkive.errors import PhotoError
from barkive.evaluation.figures import Mistake
from barkive.evaluation.scoring import Evaluation
from barkive.evaluation.suspicions import Suspicion
from barkive.images import decode
from barkive.metrics import ConfusedPair

_COLUMNS, _WIDE_COLUMNS = 5, 3
TILE = 224
_CAPTION = 74
_MARGIN = 16
_TITLE = 44
_SEAM = 4
_INK, _FAINT, _PAPER, _GREY = "#1a1a1a", "#666666", "#ffffff", "#dddddd"
_RIGHT, _WRONG = "#1b6e3c", "#b00020"

_SMALL_TILE = 176
_EXAMPLES = 2
_GAP = 8
_GROUP_GAP = 28
_HEADING = 44
_SMALL_CAPTION = 40

_Lines = Sequence[tuple[str, str]]
"""Lines of text, each with its colour."""


def contact_sheet(
    mistakes: Sequence[Mistake], heated: Sequence[Image.Image | None] | None = None
) -> bytes:
    """Draws errors in a grid, each with its true breed, the answer and the probability.

    Args:
        mistakes: The errors.
        heated: For each of them what `HeatMaps.over` gives for its answer; it is put beside
            the plain photo, which is shown whole.
    """
    entries = []
    for i, mistake in enumerate(mistakes):
        lines = [
            (f"is: {mistake.truth.en}", _INK),
            (f"said: {mistake.answer.en}", _WRONG),
            (_percent(mistake.probability), _FAINT),
        ]
        picture = _tile(mistake.path, TILE)
        if heated is not None:
            over = heated[i]
            if over is not None:
                lines[2] = (f"{lines[2][0]}; in colour: what spoke for {mistake.answer.en}", _FAINT)
            picture = _side_by_side(picture, over or _blank(TILE))
        entries.append((picture, lines))
    title = f"Most confident errors ({len(mistakes)})" if mistakes else "No errors"
    return _grid(title, entries, _COLUMNS if heated is None else _WIDE_COLUMNS)


def suspicions_sheet(suspicions: Sequence[Suspicion]) -> bytes:
    """Draws photos whose label may be wrong, with the label and what the model sees."""
    entries = [
        (
            _tile(one.path, TILE),
            (
                (f"labelled: {one.label.en}", _INK),
                (f"looks like: {one.suggested.en}", _WRONG),
                (f"{_percent(one.probability)}, threshold {_percent(one.threshold)}", _FAINT),
            ),
        )
        for one in suspicions
    ]
    return _grid(f"Suspected labels ({len(entries)})", entries, _COLUMNS)


def pairs_sheet(evaluation: Evaluation, pairs: Sequence[ConfusedPair]) -> bytes:
    """Draws pairs of breeds, a row a pair: examples of each, and what was confused.

    An example is a photo of the breed that was not taken for the other one, the surest
    right answers first; the confused are the surest ones.

    Args:
        evaluation: Its answers and photos.
        pairs: Of `metrics.most_confused_pairs`.
    """
    wide = _EXAMPLES * (_SMALL_TILE + _GAP) - _GAP + _GROUP_GAP
    high = _HEADING + _SMALL_TILE + _SMALL_CAPTION + _MARGIN
    size = (2 * _MARGIN + 4 * wide - _GROUP_GAP, _TITLE + _MARGIN + len(pairs) * high)
    title = "Breeds most often confused" if pairs else "No breeds were confused"
    sheet, draw = _paper(title, size)
    for row, pair in enumerate(pairs):
        top = _TITLE + _MARGIN + row * high
        draw.line([(_MARGIN, top - 9), (size[0] - _MARGIN, top - 9)], _GREY)
        for column, group in enumerate(_groups(evaluation, pair)):
            left = _MARGIN + column * wide
            _write(draw, (left, top), group.heading, wide - _GROUP_GAP, step=20)
            for i, (path, lines) in enumerate(group.photos):
                at = (left + i * (_SMALL_TILE + _GAP), top + _HEADING)
                sheet.paste(_tile(path, _SMALL_TILE), at)
                _write(draw, (at[0], at[1] + _SMALL_TILE + 3), lines, _SMALL_TILE, step=17)
    return _png(sheet)


@dataclass(frozen=True, slots=True)
class _Group:
    """Photos side by side under a heading, each with its lines."""

    heading: _Lines
    photos: Sequence[tuple[str, _Lines]]


def _groups(evaluation: Evaluation, pair: ConfusedPair) -> list[_Group]:
    """The four groups of a pair: examples of both breeds, then the confusions of both."""
    ends = ((pair.first, pair.second), (pair.second, pair.first))
    return [_examples(evaluation, *end) for end in ends] + [
        _confused(evaluation, *end) for end in ends
    ]


def _examples(evaluation: Evaluation, breed: int, other: int) -> _Group:
    answer, right = evaluation.dogs.top[:, 0], evaluation.correct
    of_breed = evaluation.truth_read == breed
    found = list(
        chain(
            _surest(evaluation, of_breed & right),
            _surest(evaluation, of_breed & ~right & (answer != other)),
        )
    )
    count = int(of_breed.sum())
    told = f"{int((of_breed & right).sum())} of {count} right" if count else "no photo of it here"
    heading = ((evaluation.labels[breed].en, _INK), (told, _FAINT))
    return _Group(heading, _captioned(evaluation, found[:_EXAMPLES]))


def _confused(evaluation: Evaluation, breed: int, other: int) -> _Group:
    confused = (evaluation.truth_read == breed) & (evaluation.dogs.top[:, 0] == other)
    rows = _surest(evaluation, confused)
    names = evaluation.labels[breed].en, evaluation.labels[other].en
    told = (f"taken for {names[1]}: {len(rows)}", _WRONG)
    if not rows:
        told = (f"never taken for {names[1]}", _FAINT)
    heading = ((names[0], _INK), told)
    return _Group(heading, _captioned(evaluation, rows[:_EXAMPLES]))


def _surest(evaluation: Evaluation, chosen: NDArray[np.bool_]) -> list[int]:
    """The rows of the answers chosen, the most probable first."""
    rows = np.flatnonzero(chosen)
    order = np.argsort(-evaluation.dogs.probability[rows], kind="stable")
    return [int(row) for row in rows[order]]


def _captioned(evaluation: Evaluation, rows: Sequence[int]) -> list[tuple[str, _Lines]]:
    dogs = evaluation.dogs
    return [
        (
            dogs.paths[dogs.read[row]],
            (
                (
                    evaluation.labels[dogs.top[row, 0]].en,
                    _RIGHT if evaluation.correct[row] else _WRONG,
                ),
                (_percent(dogs.probability[row]), _FAINT),
            ),
        )
        for row in rows
    ]


def _grid(title: str, entries: Sequence[tuple[Image.Image, _Lines]], columns: int) -> bytes:
    """Pictures of one size in rows, each over its lines."""
    wide = entries[0][0].width if entries else TILE
    rows = -(-len(entries) // columns)
    width = _MARGIN + columns * (wide + _MARGIN)
    height = _TITLE + _MARGIN + rows * (TILE + _CAPTION + _MARGIN)
    sheet, draw = _paper(title, (width, height))
    for i, (picture, lines) in enumerate(entries):
        row, column = divmod(i, columns)
        left = _MARGIN + column * (wide + _MARGIN)
        top = _TITLE + _MARGIN + row * (TILE + _CAPTION + _MARGIN)
        sheet.paste(picture, (left, top))
        _write(draw, (left, top + TILE + 6), lines, wide, step=21)
    return _png(sheet)


def _paper(title: str, size: tuple[int, int]) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    sheet = Image.new("RGB", size, _PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((_MARGIN, _MARGIN), title, _INK, ImageFont.load_default(22))
    return sheet, draw


def _write(
    draw: ImageDraw.ImageDraw, at: tuple[int, int], lines: _Lines, width: int, *, step: int
) -> None:
    """Writes lines under each other, `step` pixels apart, each shortened to the width."""
    font = ImageFont.load_default(0.72 * step)
    for number, (text, colour) in enumerate(lines):
        draw.text((at[0], at[1] + step * number), _fitted(text, font, width), colour, font)


def _fitted(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    """The text on one line, shortened where it is wider than that."""
    text = " ".join(text.split())
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text.rstrip() + "…"


def _tile(path: str, side: int) -> Image.Image:
    """The whole photo in a square; a grey one where the photo has gone since it was scored."""
    try:
        photo = Image.fromarray(decode(path, shorter_side=side))
    except PhotoError:
        return _blank(side)
    return ImageOps.pad(photo, (side, side), color=_GREY)


def _blank(side: int) -> Image.Image:
    return Image.new("RGB", (side, side), _GREY)


def _side_by_side(left: Image.Image, right: Image.Image) -> Image.Image:
    both = Image.new("RGB", (left.width + _SEAM + right.width, left.height), _PAPER)
    both.paste(left, (0, 0))
    both.paste(right, (left.width + _SEAM, 0))
    return both


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _png(sheet: Image.Image) -> bytes:
    buffer = io.BytesIO()
    sheet.save(buffer, format="PNG")
    return buffer.getvalue()
