"""What Barkive says when something is wrong, in French.

Errors are raised, kept and logged in English. Who shows one in another language asks here;
a sentence that is not known stays as it is.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).parent / "data" / "sentences.toml"
_BLANK = re.compile(r"\{(\w+)\}")


def translate(sentence: str, lang: str) -> str:
    """A sentence of an error in a language.

    Args:
        sentence: In English.
        lang: `en` or `fr`.

    Returns:
        It in that language; as it is where no translation is known.
    """
    if lang == "fr":
        for pattern, french in _french():
            if found := pattern.fullmatch(sentence):
                blanks = found.groupdict()
                if inner := blanks.get("sentence"):
                    blanks["sentence"] = translate(inner, lang)
                return french.format(**blanks)
    return sentence


@cache
def _french() -> list[tuple[re.Pattern[str], str]]:
    """Patterns of English sentences, each with the French one."""
    with _TABLE.open("rb") as file:
        rows = tomllib.load(file)["sentence"]
    return [(_pattern(row["en"]), row["fr"]) for row in rows]


def _pattern(template: str) -> re.Pattern[str]:
    parts = _BLANK.split(template)
    texts, names = map(re.escape, parts[::2]), [f"(?P<{name}>.+?)" for name in parts[1::2]] + [""]
    return re.compile("".join(text + name for text, name in zip(texts, names, strict=True)), re.S)
