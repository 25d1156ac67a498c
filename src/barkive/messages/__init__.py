"""Every sentence that Barkive says to people, by key, in each language.

A language is one file beside this one, `en.toml` for English: the sentences by section and name,
and how numbers and days are written. A sentence may have a form for one and another for several.
A further language is one more file with the same keys.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, runtime_checkable

from typing_extensions import TypedDict

_FILES = Path(__file__).parent

LANGUAGES = tuple(sorted(file.stem for file in _FILES.glob("*.toml")))
"""The codes of the languages that there are files of."""

if TYPE_CHECKING:
    Language: TypeAlias = str
    """One of `LANGUAGES`."""
else:
    Language = Literal[LANGUAGES]

# From which probability on which word holds; what a word means is said beside the number.
_LIKELIHOODS = (
    (0.97, "almost_certain"),
    (0.85, "very_likely"),
    (0.60, "likely"),
    (0.30, "possible"),
    (0.0, "unlikely"),
)

_ERRORS = "error."
_ON_PAGE = "on_page."

VERBATIM = "verbatim"
"""The code of a message that is known as a finished sentence only."""


@runtime_checkable
class Named(Protocol):
    """What has a name in each language, such as a breed."""

    @property
    def en(self) -> str:
        """The name in English."""

    def name(self, lang: Language = "en") -> str:
        """The name in a language."""


@cache
def _section(lang: Language, name: str) -> dict[str, Any]:
    """The sentences of one section; a run says few, and all of them take long to parse.

    Raises:
        KeyError: There is no such section.
    """
    text = (_FILES / f"{lang}.toml").read_text(encoding="utf-8")
    _, heading, behind = text.partition(f"\n[{name}]\n")
    if not heading:
        raise KeyError(name)
    return tomllib.loads(behind.partition("\n[")[0])


@dataclass(frozen=True, slots=True)
class Messages:
    """What Barkive says in one language.

    Attributes:
        lang: Which one.
    """

    lang: Language

    def __call__(self, key: str, **values: Any) -> str:
        """A sentence.

        Args:
            key: `section.name`, as in the files.
            values: What stands in its braces. Where it has a form for one and another for
                several, `n` chooses. Another message is said in the same language.

        Raises:
            KeyError: There is no such sentence, or a value is missing.
        """
        form = self.forms(key)
        sentence = form["one" if "n" in values and self._is_one(values["n"]) else "other"]
        return sentence.format(**{name: self._shown(value, key) for name, value in values.items()})

    def forms(self, key: str) -> Mapping[str, str]:
        """A sentence as it stands, for `one` and for `other`, to be filled in by a script."""
        section, _, name = key.partition(".")
        sentence = _section(self.lang, section)[name]
        return {"one": sentence, "other": sentence} if isinstance(sentence, str) else sentence

    def has(self, key: str) -> bool:
        """Whether there is such a sentence."""
        section, _, name = key.partition(".")
        return name in _section(self.lang, section)

    def on_page(self, said: Message) -> str:
        """What a message says to people who use the page, and not the command line."""
        key = f"{_ON_PAGE}{said.code}"
        values = {
            name: self.on_page(value) if isinstance(value, Message) else value
            for name, value in said.params.items()
        }
        return self(key, **values) if self.has(key) else Message(said.code, values).text(self.lang)

    def number(self, value: int) -> str:
        """A number with its thousands apart."""
        return f"{self._shown(value)}"

    def formatted(self, value: float, spec: str) -> str:
        """A number by a format specification, as `_Number` takes it: `.1f`, `.0%`, `size`."""
        return f"{self._shown(value):{spec}}"

    def megabytes(self, size: int) -> str:
        """The size of a file in bytes, in megabytes."""
        written: str = self._way("megabytes")
        return written.format(n=self.formatted(size / 1e6, ".1f" if size >= 50_000 else ".2f"))

    def percent(self, share: float) -> str:
        """A share, 0..1, in per cent; never 0 or 100 for what is neither."""
        percent = round(100 * share)
        written: str = self._way("percent")
        if percent == 0 < share:
            return "<" + written.format(n=1)
        if share < 1 and percent == 100:
            return ">" + written.format(n=99)
        return written.format(n=percent)

    def likelihood(self, probability: float) -> str:
        """A probability, 0..1, in words."""
        return self("base." + next(word for least, word in _LIKELIHOODS if probability >= least))

    def likelihoods(self) -> list[tuple[float, str]]:
        """From which probability on which word holds, the highest first."""
        return [(least, self(f"base.{word}")) for least, word in _LIKELIHOODS]

    def day(self, moment: date | datetime) -> str:
        """A day, such as 24 Nov 2026."""
        number = self._way("first_day") if moment.day == 1 else moment.day
        return f"{number} {self._way('months')[moment.month - 1]} {moment.year}"

    def month(self, moment: date) -> str:
        """A month, such as Nov 2026."""
        return f"{self._way('months')[moment.month - 1]} {moment.year}"

    def short_day(self, moment: date) -> str:
        """A day in figures, such as 2026-11-24, as the language writes it."""
        return moment.strftime(self._way("day"))

    def decimal(self, value: float) -> str:
        """A number with up to four decimals, as spreadsheets of the language read it."""
        return self.formatted(round(value, 4), "g")

    @property
    def csv_delimiter(self) -> str:
        """What stands between the cells of CSV that spreadsheets of the language open."""
        return str(self._way("csv_delimiter"))

    def moment(self, moment: datetime) -> str:
        """A day with hour and minute."""
        return f"{self.day(moment)}, {moment:%H:%M}"

    def taken(self, moment: datetime) -> str:
        """When a photo was taken: a day, with hour and minute where these are known.

        A name such as `IMG-20260531-WA0001.jpg` tells the day alone, which begins at midnight.
        """
        return self.day(moment) if moment.time() == time.min else self.moment(moment)

    def _shown(self, value: Any, key: str = "") -> Any:
        match value:
            case bool():
                return value
            case str():
                return _Text(value)
            case int() | float():
                # What is wrong is told as it was given: 1025, and not 1,025.
                return _Number(value, self.lang, is_plain=key.startswith(_ERRORS))
            case list() | tuple():
                return _List(tuple(f"{self._shown(one, key)}" for one in value))
            case Message():
                return value.text(self.lang)
            case Named():
                return value.name(self.lang)
            case _:
                return value

    def _is_one(self, number: int) -> bool:
        return number == 1 or (number == 0 and self._way("none_is_one"))

    def _way(self, name: str) -> Any:
        return _way(self.lang, name)


def _way(lang: Language, name: str) -> Any:
    """How a language writes something: its section `language`."""
    return _section(lang, "language")[name]


_SIZE = "size"


@dataclass(frozen=True, slots=True)
class _Number:
    """A number that a sentence writes as its language does.

    Behind the colon stands a format specification of Python's: `{n:,}` has its thousands apart,
    `{share:.1%}` is in per cent. `{need:size}` is a number of bytes: `850 MB`, `1.5 GB`.

    Attributes:
        value: The number.
        lang: The language.
        is_plain: Whether thousands are apart only where the specification says so; else they
            are wherever there is none.
    """

    value: float
    lang: Language
    is_plain: bool = False

    def __format__(self, spec: str) -> str:
        if spec == _SIZE:
            return self._size()
        if spec == "" and isinstance(self.value, int) and not self.is_plain:
            spec = ","
        signs = {",": _way(self.lang, "thousands"), ".": _way(self.lang, "decimal")}
        written = format(self.value, spec).translate(str.maketrans(signs))
        if not spec.endswith("%"):
            return written
        percent: str = _way(self.lang, "percent")
        return percent.format(n=written.removesuffix("%"))

    def _size(self) -> str:
        """Megabytes are rounded up, so that what is over a limit reads so."""
        is_large = self.value >= 10**9
        written: str = _way(self.lang, "gigabytes" if is_large else "megabytes")
        shown = f"{self.value / 1e9:.1f}" if is_large else f"{math.ceil(self.value / 1e6)}"
        return written.format(n=shown.replace(".", _way(self.lang, "decimal")))


class _Text(str):
    """A text, also where a sentence has a size: older catalogues kept the finished one."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        return str(self) if spec == _SIZE else super().__format__(spec)


@dataclass(frozen=True, slots=True)
class _List:
    """A list that a sentence joins by what it has behind the colon: `{names: or }`; else by commas.

    Several sentences are `{faults: }`, and names in quotation marks `“{names:”, “}”`.
    """

    items: tuple[str, ...]

    def __format__(self, separator: str) -> str:
        return (separator or ", ").join(self.items)


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence that is not yet said in a language.

    Attributes:
        code: What it says, such as `photo_cut_off`; stable, for programs. It is the name of a
            sentence in the section `error`.
        params: What stands in its braces: text, numbers, other messages, what is `Named`, or lists
            of these.
    """

    code: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def text(self, lang: Language = "en") -> str:
        """The sentence in a language."""
        return Messages(lang)(f"{_ERRORS}{self.code}", **self.params)

    def __str__(self) -> str:
        return self.text()

    @classmethod
    def verbatim(cls, sentence: str) -> Message:
        """A sentence that is the same in every language, because only its text is known."""
        return cls(VERBATIM, {"sentence": sentence})

    def params_to_json(self) -> dict[str, Any]:
        """The parameters as JSON; messages among them as objects with `code` and `params`."""
        return {name: _to_json(value) for name, value in self.params.items()}

    @classmethod
    def from_json(cls, code: str, params: Mapping[str, Any]) -> Message:
        """A message from its code and what `params_to_json` gave."""
        return cls(code, {name: _from_json(value) for name, value in params.items()})


class ReasonJSON(TypedDict):
    """How JSON says why something failed; both are null where it has not."""

    error: str | None
    error_code: str | None


def reason_json(reason: Message | None, lang: Language = "en") -> ReasonJSON:
    """A reason as its sentence, told as to a visitor, and the code beside it."""
    if reason is None:
        return {"error": None, "error_code": None}
    return {"error": Messages(lang).on_page(reason), "error_code": reason.code}


def _to_json(value: Any) -> Any:
    match value:
        case Message():
            return {"code": value.code, "params": value.params_to_json()}
        case list() | tuple():
            return [_to_json(one) for one in value]
        case str() | int() | float() | None:
            return value
        case Named():
            return value.name()
        case _:
            return str(value)


def _from_json(value: Any) -> Any:
    match value:
        case {"code": str(code), "params": dict(params)}:
            return Message.from_json(code, params)
        case list():
            return [_from_json(one) for one in value]
        case _:
            return value
