"""The findings as one HTML page that needs no other file and no network."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from barkive import __version__
from barkive.exploration import selection, svg_charts
from barkive.exploration.findings import Findings
from barkive.exploration.measures import BYTES_PER_PIXEL, QUALITIES, SIZES, Measure
from barkive.exploration.page_thumbnails import thumbnails
from barkive.exploration.survey import MEASURED_SIDE

if TYPE_CHECKING:
    from jinja2 import Environment

_HERE = Path(__file__).parent
_FAILURES = 100
# Nothing may be loaded, and no script but the one below may run.
_POLICY = (
    "default-src 'none'; img-src data:; style-src '{style}'; script-src '{script}'; "
    "base-uri 'none'; form-action 'none'"
)
_MODES = {
    "1": "black and white",
    "L": "grey",
    "LA": "grey with transparency",
    "P": "palette",
    "PA": "palette with transparency",
    "RGB": "colour",
    "RGBA": "colour with transparency",
    "CMYK": "four printing colours",
    "I;16": "grey of 16 bits",
    "I;16B": "grey of 16 bits",
    "I": "grey of 32 bits",
    "F": "grey, floating point",
    "YCbCr": "luma and chroma",
    "LAB": "CIE Lab",
}


def render(findings: Findings) -> bytes:
    """Draws the page, in UTF-8. Photos that it shows are decoded once more."""
    data, photos = findings.survey.samples.data, findings.survey.photos
    rows = {
        "exact": selection.groups(findings, "exact"),
        "near": selection.groups(findings, "near"),
        "outliers": selection.outliers(findings),
        "extremes": selection.extremes(findings),
        "examples": selection.examples(findings),
    }
    scatter = _scatter(findings)
    shown = chain.from_iterable(row.tiles for row in chain(*rows.values()))
    pictures = thumbnails(photos[tile.photo].path for tile in shown)
    style, script = ((_HERE / name).read_text("utf-8") for name in ("page.css", "page.js"))
    page = (
        _environment(findings, pictures)
        .get_template("page.html")
        .render(
            **rows,
            findings=findings,
            survey=findings.survey,
            total=len(photos) + len(findings.survey.failures),
            breeds=findings.by_count,
            facts=_facts(findings),
            columns=svg_charts.columns(
                [printable(breed.name) for breed in findings.by_count],
                [len(breed.photos) for breed in findings.by_count],
            ),
            scatter=scatter,
            sizes=_histograms(findings, SIZES if scatter else (BYTES_PER_PIXEL,)),
            qualities=_histograms(findings, QUALITIES),
            kinds=(
                ("File formats", findings.formats, {}),
                ("Colour modes", findings.modes, _MODES),
            ),
            limits={"groups": selection.GROUPS, "failures": _FAILURES},
            measured_side=MEASURED_SIDE,
            title=data.resolve().name or str(data),
            version=__version__,
            style=style,
            script=script,
            policy=_POLICY.format(style=_fingerprint(style), script=_fingerprint(script)),
        )
    )
    # Names that are no valid text on this system were escaped by `printable`.
    return page.encode()


def _environment(findings: Findings, pictures: Mapping[str, bytes]) -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    data = os.fspath(findings.survey.samples.data)

    def relative(path: str) -> str:
        return printable(os.path.relpath(path, data))

    def thumbnail(photo: int) -> str | None:
        jpeg = pictures.get(findings.survey.photos[photo].path)
        if jpeg is None:
            return None
        return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"

    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "readable": svg_charts.readable,
        "printable": printable,
        "relative": relative,
        "thumbnail": thumbnail,
        "share": lambda count, total: f"{svg_charts.readable(round(100 * count / total, 1))} %",
        "plural": lambda count, noun: f"{count:,} {noun}{'' if count == 1 else 's'}",
    }
    return environment


def printable(text: str) -> str:
    """A name on one line, whatever characters it holds."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text
    )


def _fingerprint(text: str) -> str:
    """What a Content-Security-Policy calls this one script or style by."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _scatter(findings: Findings) -> str | None:
    """None where all photos have one size."""
    sizes = [(p.header.width, p.header.height) for p in findings.survey.photos]
    return svg_charts.scatter(sizes) if len(set(sizes)) > 1 else None


def _histograms(findings: Findings, measures: Sequence[Measure]) -> list[dict[str, Any]]:
    spreads = [findings.distributions[measure.key] for measure in measures]
    return [
        {"spread": spread, "chart": None if spread.constant else svg_charts.histogram(spread)}
        for spread in spreads
    ]


def _facts(findings: Findings) -> list[str]:
    """What deserves a look, in sentences; empty where nothing does."""
    facts = []
    small = [breed for breed in findings.by_count if len(breed.photos) < 2]
    if small:
        names = ", ".join(breed.name for breed in small[:5]) + (", …" if len(small) > 5 else "")
        facts.append(f"Breeds with fewer than two readable photos: {len(small)} ({names}).")
    fewest, most = (len(findings.by_count[end].photos) for end in (0, -1))
    if fewest and most >= 3 * fewest:
        facts.append(f"The largest breed has {most / fewest:.3g} times the photos of the smallest.")
    across = sum(group.across for group in findings.duplicates)
    if across:
        facts.append(
            f"The same picture lies in folders of different breeds: {across} "
            f"group{'s' if across > 1 else ''} of duplicates."
        )
    surplus = sum(group.surplus for group in findings.groups("exact"))
    if surplus:
        facts.append(
            f"{surplus:,} photo{'s are' if surplus > 1 else ' is'} an exact copy of another."
        )
    if findings.survey.failures:
        facts.append(f"{len(findings.survey.failures):,} could not be read.")
    return facts
