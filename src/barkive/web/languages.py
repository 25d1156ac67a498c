"""Which language a visitor gets. What is said in it stands in `barkive.messages`."""

from __future__ import annotations

import re

from starlette.requests import HTTPConnection

from barkive.messages import LANGUAGES, Language
from barkive.web import cookies

_QUALITY = re.compile(r"\s*(q=(?P<value>0(\.\d{0,3})?|1(\.0{0,3})?)\s*)?", re.ASCII)


def asked_language(request: HTTPConnection) -> Language | None:
    """The language that an address asks for; None where it asks for none that there is."""
    wish = request.query_params.get("lang")
    return wish if wish in LANGUAGES else None


def language_of(request: HTTPConnection) -> Language:
    """The language that a visitor wants: by the address, the switch, or the browser's wish."""
    for wish in (asked_language(request), request.cookies.get(cookies.LANGUAGE)):
        if wish in LANGUAGES:
            return wish
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
