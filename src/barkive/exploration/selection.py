"""Which photos the page shows, and what is said of each: rows of a few, with a heading."""

from __future__ import annotations

import os
from typing import NamedTuple

import numpy as np

from barkive.exploration import svg_charts
from barkive.exploration.duplicate_photos import Duplicates, Kind
from barkive.exploration.findings import Findings
from barkive.exploration.page_thumbnails import spread_out

# Of examples there are up to six a breed, as long as the page stays below some 10 MB.
_EXAMPLES, _ALL_EXAMPLES = 6, 1200
GROUPS, _MEMBERS = 24, 6
_OUTLIERS, _EXTREMES = 9, 3


class Tile(NamedTuple):
    """A photo on the page: its index, and what is said of it."""

    photo: int
    caption: str = ""


class Row(NamedTuple):
    """A row of photos with a heading, of which only some are shown."""

    title: str
    detail: str
    tiles: list[Tile]
    more: int


def examples(findings: Findings) -> list[Row]:
    """A contact sheet: for each breed a few photos from all over its folder."""
    shown = [breed for breed in findings.breeds if breed.photos][:_ALL_EXAMPLES]
    each = max(1, min(_EXAMPLES, _ALL_EXAMPLES // len(shown)))
    return [
        Row(
            breed.name,
            breed.folder,
            [Tile(i) for i in spread_out(breed.photos, each)],
            max(len(breed.photos) - each, 0),
        )
        for breed in shown
    ]


def groups(findings: Findings, kind: Kind) -> list[Row]:
    """The first `GROUPS` groups of duplicates."""
    return [_group(findings, group) for group in findings.groups(kind)[:GROUPS]]


def _group(findings: Findings, group: Duplicates) -> Row:
    folders = dict.fromkeys(findings.survey.photos[i].folder for i in group.photos)
    names = [findings.breeds[folder].name for folder in folders]
    shown = names if len(names) <= 3 else [*names[:3], f"{len(names) - 3} more"]
    tiles = []
    for i in group.photos[:_MEMBERS]:
        photo = findings.survey.photos[i]
        file = os.path.basename(photo.path)  # noqa: PTH119 - Path() would refuse odd names
        breed = findings.breeds[photo.folder].name
        tiles.append(Tile(i, f"{breed}: {file}" if group.across else file))
    return Row(
        ", ".join(shown),
        "across breeds" if group.across else "",
        tiles,
        max(len(group.photos) - _MEMBERS, 0),
    )


def outliers(findings: Findings) -> list[Row]:
    """For each measure the photos beyond its lower fence, and those beyond its upper one."""
    rows = []
    for by in findings.outliers:
        unit = f" {by.measure.unit}" if by.measure.unit else ""
        for high, fence, reason in (
            (False, by.low, by.criterion.low),
            (True, by.high, by.criterion.high),
        ):
            found = [one for one in by.found if one.high is high]
            if found:
                side = "above" if high else "below"
                detail = f"{by.measure.title} {side} {svg_charts.readable(fence)}{unit}"
                tiles = [Tile(o.photo, svg_charts.readable(o.value)) for o in found[:_OUTLIERS]]
                title = f"{reason[0].upper()}{reason[1:]}: {len(found):,}"
                rows.append(Row(title, detail, tiles, max(len(found) - _OUTLIERS, 0)))
    return rows


def extremes(findings: Findings) -> list[Row]:
    """The photos at both ends of each measure, where these are no outliers.

    None where the photos are so few that the ends would be most of them.
    """
    if len(findings.survey.photos) < 5 * _EXTREMES:
        return []
    rows = []
    for by in findings.outliers:
        if findings.distributions[by.measure.key].constant:
            continue
        values = by.measure.of(findings.survey.photos)
        order = np.argsort(values, kind="stable").tolist()
        ends = {False: ("lowest", order), True: ("highest", order[::-1])}
        for high, (end, indices) in ends.items():
            if not any(one.high is high for one in by.found):
                tiles = [Tile(i, svg_charts.readable(values[i])) for i in indices[:_EXTREMES]]
                rows.append(Row(f"{by.measure.title}: {end}", by.measure.unit, tiles, 0))
    return rows
