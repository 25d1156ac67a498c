"""Charts as SVG, drawn by hand: a page colours them by its own style, light or dark.

Each function returns an `<svg>` element, whose colours are left to the classes `bar`,
`dot`, `line`, `grid`, `label` and `title`.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from barkive.exploration.measures import Distribution

_WIDTH = 420
_LEFT, _RIGHT, _TOP = 46, 14, 12
_BELOW = 38
_TICKS = 5
_NAMED = 24
_LONGEST_NAME = 20


def readable(value: float) -> str:
    """A number for people: about three digits, thousands separated by commas."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}".removesuffix(".0")
    if abs(value) >= 1e-4 or not value:
        return f"{value:.3g}"
    return f"{value:.7f}".rstrip("0").rstrip(".")


@dataclass(frozen=True, slots=True)
class _Axis:
    """From values, low to high, to pixels, start to end; logarithmic if `offset` is a number."""

    low: float
    high: float
    start: float
    end: float
    offset: float | None = None

    def at(self, value: float) -> float:
        """The pixel at which a value lies."""
        low, high, level = map(self._level, (self.low, self.high, value))
        return self.start + (level - low) / (high - low) * (self.end - self.start)

    def _level(self, value: float) -> float:
        return value if self.offset is None else math.log(value + self.offset)

    def ticks(self) -> list[float]:
        """A few round values on the axis."""
        if self.offset is not None:
            first = math.floor(math.log10(self.low + self.offset))
            decades = range(first, math.ceil(math.log10(self.high)) + 1)
            choices = [[1, 2, 5], [1, 3], *([1] for _ in decades)]
            for stride, steps in enumerate(choices, -1):
                chosen = decades[:: max(stride, 1)]
                found = [step * 10.0**decade for decade in chosen for step in steps]
                found = [tick for tick in found if self.low <= tick <= self.high]
                if len(found) <= _TICKS + 1:
                    break
            if len(found) > 1:
                return found
        rough = (self.high - self.low) / _TICKS
        decade = 10.0 ** math.floor(math.log10(rough))
        step = next(factor * decade for factor in (1, 2, 5, 10) if factor * decade >= rough)
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        return [i * step for i in range(first, last + 1)]


def histogram(spread: Distribution) -> str:
    """Draws how many photos have which value; these must not be all the same."""
    height, base = 210, 210 - _BELOW
    edges, counts = spread.edges.tolist(), spread.counts.tolist()
    offset = spread.measure.log_offset if spread.log else None
    across = _Axis(edges[0], edges[-1], _LEFT, _WIDTH - _RIGHT, offset)
    up = _Axis(0, max(counts), base, _TOP)
    parts = [*_grid(up, _LEFT, _WIDTH - _RIGHT)]
    for low, high, count in zip(edges, edges[1:], counts, strict=False):
        if not count:
            continue
        left, right = across.at(low), across.at(high)
        # A single photo must still be seen beside thousands.
        top = min(up.at(count), base - 1.5)
        tip = f"{readable(low)} to {readable(high)}: {_photos(count)}"
        parts.append(_bar(left + 0.5, top, max(right - left - 1, 0.5), base - top, tip))
    parts += _labels_below(across, base)
    parts.append(_title(f"{spread.measure.title}{_scale(spread.measure.unit, spread.log)}", height))
    low, high = readable(spread.quantiles[0]), readable(spread.quantiles[-1])
    return _svg(
        height,
        f"Histogram of {spread.measure.title.lower()}: from {low} to {high}, "
        f"median {readable(spread.median)}",
        parts,
    )


def scatter(sizes: Iterable[tuple[int, int]]) -> str:
    """Draws photos by width and height in pixels, larger dots for more; not all may be alike."""
    sizes = list(sizes)
    low, high = min(map(min, sizes)), max(map(max, sizes))
    log = high > 8 * low
    margin = (high / low) ** 0.03 if log else 0.03 * (high - low)
    ends = (low / margin, high * margin) if log else (max(low - margin, 0), high + margin)
    height, base = 400, 400 - _BELOW
    offset = 0.0 if log else None
    across = _Axis(*ends, _LEFT, _WIDTH - _RIGHT, offset)
    up = _Axis(*ends, base, _TOP, offset)
    spots: defaultdict[tuple[int, int], int] = defaultdict(int)
    for width, high_ in sizes:
        spots[round(across.at(width)), round(up.at(high_))] += 1
    parts = _grid(up, _LEFT, _WIDTH - _RIGHT)
    parts.append(f'<path class="line" d="M{_LEFT} {base}L{_WIDTH - _RIGHT} {_TOP}"/>')
    # One path for all dots of a size keeps the page small, however many photos there are.
    for least, most, diameter in ((1, 9, 5), (10, 99, 9), (100, math.inf, 14)):
        dots = "".join(f"M{x} {y}h0" for (x, y), n in spots.items() if least <= n <= most)
        if dots:
            parts.append(f'<path class="dot" stroke-width="{diameter}" d="{dots}"/>')
    parts += _labels_below(across, base)
    parts.append(_title(f"Width and height{_scale('pixels', log)}", height))
    return _svg(height, f"Width and height of {_photos(len(sizes))}, a dot for each size", parts)


def columns(names: Sequence[str], counts: Sequence[int]) -> str:
    """Draws a column a breed, in the order given; few are named under their columns."""
    named = len(names) <= _NAMED
    width, base = 880, 200
    height = base + (110 if named else 26)
    up = _Axis(0, max(*counts, 1), base, _TOP)
    parts = _grid(up, _LEFT, width - _RIGHT)
    step = min((width - _LEFT - _RIGHT) / len(names), 80)
    gap = min(2.0, 0.2 * step) if not named else 0.25 * step
    for i, (name, count) in enumerate(zip(names, counts, strict=True)):
        left, top = _LEFT + i * step + gap / 2, up.at(count)
        parts.append(_bar(left, top, step - gap, base - top, f"{name}: {_photos(count)}"))
        if named:
            x, y = left + (step - gap) / 2 + 4, base + 14
            short = name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
            parts.append(
                f'<text class="label" text-anchor="end" transform="translate({x:.1f} {y}) '
                f'rotate(-40)">{escape(short)}</text>'
            )
    if not named:
        parts.append(_title("Each column is a breed, from the fewest photos to the most", height))
    return _svg(height, f"Photos per breed: {min(counts)} to {max(counts)}", parts, width=width)


def _svg(height: int, text: str, parts: Iterable[str], *, width: int = _WIDTH) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(text)}">'
        f"{''.join(parts)}</svg>"
    )


def _bar(x: float, y: float, width: float, height: float, tip: str) -> str:
    return (
        f'<rect class="bar" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}">'
        f"<title>{escape(tip)}</title></rect>"
    )


def _grid(up: _Axis, left: float, right: float) -> list[str]:
    """The horizontal lines, each with its value."""
    whole = up.low == 0  # these are counts of photos, and none has half of one
    parts = []
    for tick in up.ticks():
        if whole and tick != round(tick):
            continue
        y = up.at(tick)
        parts.append(
            f'<path class="grid" d="M{left} {y:.1f}H{right}"/><text class="label" '
            f'x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{readable(tick)}</text>'
        )
    return parts


def _labels_below(across: _Axis, base: float) -> list[str]:
    return [
        f'<text class="label" x="{across.at(tick):.1f}" y="{base + 16}" '
        f'text-anchor="middle">{readable(tick)}</text>'
        for tick in across.ticks()
    ]


def _title(text: str, height: int) -> str:
    return f'<text class="title" x="{_LEFT}" y="{height - 4}">{escape(text)}</text>'


def _scale(unit: str, log: bool) -> str:
    notes = [note for note in (unit, "logarithmic scale" if log else "") if note]
    return f" ({', '.join(notes)})" if notes else ""


def _photos(count: int) -> str:
    return f"{count:,} photo{'' if count == 1 else 's'}"
