"""What the pages say, in English and in French.

The sentences stand in `words/`, a file for each page, both languages side by side.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, get_args

from starlette.requests import HTTPConnection

from barkive.messages import Language
from barkive.web import cookies

LANGUAGES: tuple[Language, ...] = get_args(Language)

_WORDS = Path(__file__).parent / "words"
_THIN_SPACE = "\N{NARROW NO-BREAK SPACE}"
_MONTHS: Mapping[Language, str] = {
    "en": "Jan Feb Mar Apr May June July Aug Sept Oct Nov Dec",
    "fr": "janv. févr. mars avril mai juin juil. août sept. oct. nov. déc.",
}
_QUALITY = re.compile(r"\s*(q=(?P<value>0(\.\d{0,3})?|1(\.0{0,3})?)\s*)?", re.ASCII)
# From which probability on which word holds; what a word means is said beside the number.
_LIKELIHOODS = (
    (0.97, "almost_certain"),
    (0.85, "very_likely"),
    (0.60, "likely"),
    (0.30, "possible"),
    (0.0, "unlikely"),
)


def language_of(request: HTTPConnection) -> Language:
    """The language that a visitor wants: by the address, the switch, or the browser's wish."""
    for wish in (request.query_params.get("lang"), request.cookies.get(cookies.LANGUAGE)):
        for known in LANGUAGES:
            if wish == known:
                return known
    best: tuple[float, Language] = (0.0, "en")
    for part in request.headers.get("accept-language", "").lower().split(","):
        tag, _, quality = part.partition(";")
        for known in LANGUAGES:
            if tag.strip().partition("-")[0] == known and (weight := _weight(quality)) > best[0]:
                best = weight, known
    return best[1]


def _weight(quality: str) -> float:
    """How much a language is wished, 0..1, by the rules of RFC 9110, 12.4.2."""
    found = _QUALITY.fullmatch(quality)
    return float(found["value"] or 1) if found else 0.0


@cache
def _sentences() -> Mapping[str, Mapping[Language, Any]]:
    """Every sentence by `section.key`, in each language."""
    return {
        f"{file.stem}.{key}": sentence
        for file in sorted(_WORDS.glob("*.toml"))
        for key, sentence in tomllib.loads(file.read_text(encoding="utf-8")).items()
    }


@dataclass(frozen=True, slots=True)
class Words:
    """What the pages say in one language.

    Attributes:
        lang: Which one.
    """

    lang: Language

    def __call__(self, key: str, **values: Any) -> str:
        """A sentence.

        Args:
            key: `section.key`, as in the files of `words/`.
            values: What stands in its braces. Where it has a form for one and another for
                several, `n` chooses.
        """
        sentence = _sentences()[key][self.lang]
        if not isinstance(sentence, str):
            # In French none is singular, in English it is plural.
            few = values["n"] == 1 or (self.lang == "fr" and values["n"] == 0)
            sentence = sentence["one" if few else "other"]
        shown = {
            name: self.number(value) if isinstance(value, int) else value
            for name, value in values.items()
        }
        return str(sentence.format(**shown))

    def forms(self, key: str) -> Mapping[str, str]:
        """A sentence as it stands, `one` and `other`, for a script to fill in."""
        sentence = _sentences()[key][self.lang]
        return {"one": sentence, "other": sentence} if isinstance(sentence, str) else sentence

    def number(self, value: int) -> str:
        """A number with its thousands apart."""
        return f"{value:,}".replace(",", _THIN_SPACE if self.lang == "fr" else ",")

    def megabytes(self, size: int) -> str:
        """The size of a file in bytes, in megabytes."""
        shown = f"{size / 1e6:.1f}" if size >= 50_000 else f"{size / 1e6:.2f}"
        return f"{shown.replace('.', ',')} Mo" if self.lang == "fr" else f"{shown} MB"

    def percent(self, share: float) -> str:
        """A share, 0..1, in per cent; never 0 or 100 for what is neither."""
        percent = round(100 * share)
        if percent == 0 < share:
            return f"<{self._unit(1)}"
        if share < 1 and percent == 100:
            return f">{self._unit(99)}"
        return self._unit(percent)

    def _unit(self, percent: int) -> str:
        return f"{percent}{_THIN_SPACE}%" if self.lang == "fr" else f"{percent}%"

    def likelihood(self, probability: float) -> str:
        """A probability, 0..1, in words."""
        return self("base." + next(word for least, word in _LIKELIHOODS if probability >= least))

    def likelihoods(self) -> list[tuple[float, str]]:
        """From which probability on which word holds, the highest first."""
        return [(least, self(f"base.{word}")) for least, word in _LIKELIHOODS]

    def day(self, moment: date | datetime) -> str:
        """A day, such as 24 Nov 2026."""
        number = "1er" if self.lang == "fr" and moment.day == 1 else moment.day
        return f"{number} {_MONTHS[self.lang].split()[moment.month - 1]} {moment.year}"

    def moment(self, moment: datetime) -> str:
        """A day with hour and minute."""
        return f"{self.day(moment)}, {moment:%H:%M}"
