"""How shelters name folders and files, so that photos of one animal are known by their names.

A pattern is written as it is read: `{code} {name}/*` is the photos in folders such as
`2026-113 Rex`, `{name}_{n}.*` is `Rex_03.jpg`. Folders that are dates, breeds, cameras or events,
and what cameras and messengers call photos, are no animals. Knows nothing of databases.
"""

from __future__ import annotations

import itertools
import os
import re
import statistics
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

from barkive.breeds import called
from barkive.catalogue.query.text_search import split
from barkive.errors import UsageError
from barkive.images.remote import is_remote
from barkive.text import fold

LONGEST: Final = 200
"""Characters of a pattern at most."""

# A name is of letters, and of a small number behind them at most.
_LONGEST_NAME, _MOST_WORDS = 40, 4
_LONGEST_CODE = 60
# So many folders above a photo may be the animal's.
_LEVELS = 3
# Of folders without a code so many side by side are taken for animals, where nothing is said of
# the folder that they are in; and as few photos are in half of them.
_FEWEST_FOLDERS, _SHARE, _MOST_IN_FOLDER = 3, 2 / 3, 50
_EXAMPLES = 3

_PLACEHOLDERS = ("code", "name", "n")
_TOKEN = re.compile(r"\{([^{}]*)\}|(\*)|([{}])|([^{}*]+)")
_WORD = re.compile(r"[\s_\-.,+&()]+")
_NAME = r"(?P<name>[^\W\d_][^/\d]*?)"
# As in 2026-113, in A12345, of a microchip, and any other number.
_CODE = (
    r"(?P<code>(?:[A-Z]{1,4}[-_]?)?(?:(?:19|20)\d\d|\d\d)[-_.][A-Z]{0,3}\d{1,5}[A-Za-z]?"
    r"|(?:[A-Z]{1,4}|[a-z]{1,2})-?\d{2,8}[A-Za-z]?"
    r"|\d{15}|\d{3,8})"
)
_BETWEEN = r"(?P<between>\s?[-–_]\s?|\s)"
_NUMBER = r"(?:(?P<before>[\s_\-.]*\(?)(?P<n>\d{1,4})(?P<after>\)?))?"
_FOLDERS: Final = tuple(
    re.compile(one)
    for one in (
        _CODE + _BETWEEN + _NAME,
        _NAME + r"(?P<between>\s?[-–_]\s?|\s)(?P<open>\(?)" + _CODE + r"(?P<close>\)?)",
        _CODE,
    )
)
_FILES: Final = tuple(
    re.compile(one + _NUMBER)
    for one in (
        _CODE + _BETWEEN + _NAME,
        _NAME + r"(?P<between>\s?[-–_]\s?|\s)(?P<open>\(?)" + _CODE + r"(?P<close>\)?)",
        _CODE,
        r"(?:(?P<day>(?:19|20)\d\d[-_.]?\d\d[-_.]?\d\d)(?P<from>[\s_-]+))?" + _NAME,
    )
)
_MONTH, _OF_MONTH, _YEAR = r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12]\d|3[01])", r"(?:19|20)\d\d"
# Surely a day, a month or a year; and what could be one, or a year and an animal's number.
_DAY = re.compile(
    rf"{_YEAR}(?:[-_.]{_MONTH}[-_.]{_OF_MONTH}|{_MONTH}{_OF_MONTH})?"
    rf"|(?:\d\d?[-_.])?\d\d?[-_.]{_YEAR}|\d\d?[-_.]\d\d?[-_.]\d\d"
)
_PERHAPS_DAY = re.compile(rf"{_YEAR}[-_.]?{_MONTH}|\d\d?[-_.]\d\d?")
_WORDNET = re.compile(r"n\d{8}", re.IGNORECASE)
# A compact camera's P1010001.
_CAMERA_CODE = re.compile(r"(?i)p\d{7}")

_CAMERAS = frozenset(
    split(
        """
    img imag image images dsc dscn dscf dcim pxl mvimg mvi mov vid video pano panorama burst
    gopr gopro gx gh dji sam pict hpim cimg kimg imgp eos canon nikon sony fuji fujifilm
    olympus panasonic lumix kodak samsung iphone ipad android apple camera appareil photobooth
    mg wa whatsapp messenger signal telegram snapchat snap viber received fb facebook
    instagram insta tiktok screenshot screenshots screen capture ecran scan scanned scanner
    snapshot thumbnail thumb unnamed untitled sans copy copie download downloads downloaded
    telechargement telechargements fullsizerender file fichier
    """
    )
)
_DOGS = frozenset(
    split(
        """
    chien chiens chienne chiennes chiot chiots dog dogs puppy puppies pup pups animal animals
    animaux pet pets adopte adoptes adoptee adoptees adopted adoptable adoptables pensionnaire
    pensionnaires protege proteges
    """
    )
)
_OTHER = frozenset(
    split(
        """
    photo photos foto fotos picture pictures pic pics photographie photographies album albums
    portrait portraits media medias desktop bureau document documents divers misc autres autre
    other others various new nouveau nouveaux nouvelle nouvelles old ancien anciens archive
    archives backup sauvegarde tmp temp test tests train training val validation export
    exports import imports public private static assets data dataset src web site upload
    uploads user users home volumes mnt adoption adoptions refuge refuges shelter shelters spa
    fourriere pound kennel kennels chenil chenils box boxes cage cages enclos parc jardin
    garden infirmerie clinique clinic veterinaire vet chat chats chaton chatons cat cats
    kitten kittens lapin lapins rabbit rabbits perdu perdus perdue trouve trouves trouvee
    quarantaine quarantine sorties sortie entree entrees arrivee arrivees arrivals departures
    evenement evenements event events journee journees portes fete fetes visite visites
    benevole benevoles volunteer volunteers staff equipe team promenade promenades balade
    balades walk walks salon stand kermesse collecte male males femelle femelles female
    females race races breed breeds croise croises cross mix mixed unknown inconnu inconnus
    uncertain avant apres before after janvier fevrier mars avril mai juin juillet aout
    septembre octobre novembre decembre january february march april may june july august
    september october november december jan feb fev mar apr avr jun jul juil aug sept sep oct
    nov dec lundi mardi mercredi jeudi vendredi samedi dimanche monday tuesday wednesday
    thursday friday saturday sunday spring summer autumn winter printemps ete automne hiver
    today yesterday
    """
    )
)
_NO_ANIMAL = _CAMERAS | _DOGS | _OTHER
# What people call breeds for short.
_SHORT = frozenset(
    split(
        """
    york yorkie pitbull pit bulldog caniche poodle berger staff lab beauceron spitz terrier
    spaniel setter epagneul hound braque griffon bichon teckel molosse schnauzer mastiff dogue
    levrier bouledogue retriever shepherd ratier
    """
    )
)


class Named(NamedTuple):
    """What the name of a photo or of its folder says of an animal.

    Attributes:
        key: What photos of one animal share, and of two do not: the folder, unless code and name
            say enough, and code and name without case and accents.
        code: As it is written; None where there is none.
        name: Likewise.
    """

    key: tuple[str, ...]
    code: str | None
    name: str | None

    @property
    def title(self) -> str:
        """Code and name in one line."""
        return " ".join(filter(None, (self.code, self.name)))


@dataclass(frozen=True)
class Pattern:
    """How the photos of an animal are named.

    `{code}` is a shelter's code: it holds a digit, and no space. `{name}` is a name: it begins
    with a letter. `{n}` is a number; at the end it may be missing. `*` is anything within one
    folder's or file's name, `**` any folders. Case does not matter, nor how accents are written.
    The last part is the file's, and its ending may be left out; folders before the first part may
    be any, unless the pattern begins with a slash.

    Attributes:
        text: As it is written.
    """

    text: str
    _regex: re.Pattern[str] = field(repr=False, compare=False)

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """A pattern from what somebody wrote.

        Raises:
            UsageError: It is empty or too long, has neither code nor name, has one of them twice
                or side by side, or braces around something else.
        """
        given = unicodedata.normalize("NFC", text.strip())
        # To match more stars than one in a name could take for ever; an ending is none.
        parts = given.removesuffix(".*").split("/")
        if len(given) > LONGEST or any(x.count("*") > 1 and x != "**" for x in parts):
            raise UsageError("animal_pattern_long", longest=LONGEST)
        tokens = _tokens(given)
        known = [token[1:-1] for token in tokens if token[0] == "{"]
        if not {"code", "name"} & set(known):
            raise UsageError("animal_pattern_nameless", text=given)
        if twice := next((one for one in known if known.count(one) > 1), None):
            raise UsageError("animal_pattern_twice", text=given, placeholder=f"{{{twice}}}")
        for one, other in itertools.pairwise(tokens):
            if one in ("{code}", "{name}") and other in ("{code}", "{name}", "*"):
                raise UsageError("animal_pattern_adjacent", text=given)
        return cls(given, re.compile(_to_regex(given), re.IGNORECASE | re.DOTALL))

    def match(self, path: str) -> Named | None:
        """What a photo's path says by this pattern; None where it does not fit or is no animal."""
        plain = _plain(path)
        found = self._regex.fullmatch(plain)
        if found is None:
            return None
        groups = found.groupdict()
        code, name = groups.get("code"), groups.get("name")
        first = min(found.start(one) for one in ("code", "name") if groups.get(one) is not None)
        return _named(plain[: plain.rfind("/", 0, first) + 1], code, name, is_given=True)


@dataclass(frozen=True, slots=True)
class FoundPattern:
    """A pattern that describes some photos.

    Attributes:
        pattern: Which one.
        photos: How many it describes.
        animals: How many animals that makes.
        examples: Some of the photos: the path, and what it says.
    """

    pattern: Pattern
    photos: int
    animals: int
    examples: tuple[tuple[str, Named], ...]


class Reading(NamedTuple):
    """What a path says of an animal, and the pattern by which it does.

    Attributes:
        pattern: As text.
        named: What it says.
        is_sure: Whether one photo alone tells: it has a code. Else there must be several.
    """

    pattern: str
    named: Named
    is_sure: bool


def read(path: str) -> Reading | None:
    """What a path alone says of an animal; None where it names none.

    The nearest folder with a code comes first, then the file's own name.
    """
    *folders, file = _plain(path).split("/")
    return _folder_with_code("/".join(folders), is_remote(path)) or _file(folders, file)


def find_patterns(paths: Sequence[str]) -> list[FoundPattern]:
    """The patterns that describe some photos, those of most photos first."""
    of_patterns: defaultdict[str, list[int]] = defaultdict(list)
    readings = read_all(paths)
    for i, one in enumerate(readings):
        if one is not None:
            of_patterns[one.pattern].append(i)
    found: list[FoundPattern] = []
    for text, members in of_patterns.items():
        of_keys: dict[tuple[str, ...], tuple[str, Named]] = {}
        for i in members:
            reading = readings[i]
            assert reading is not None
            of_keys.setdefault(reading.named.key, (paths[i], reading.named))
        examples = tuple(of_keys.values())[:_EXAMPLES]
        found.append(FoundPattern(Pattern.parse(text), len(members), len(of_keys), examples))
    return sorted(found, key=lambda one: (-one.photos, one.pattern.text))


def read_all(paths: Sequence[str]) -> list[Reading | None]:
    """What each of some paths says of an animal, as far as all of them bear it out.

    A name without a code counts where several files share it, or where folders side by side are
    all named so.
    """
    readings = [read(path) for path in paths]
    shared = Counter(one.named.key for one in readings if one is not None)
    kept = [
        one if one is not None and (one.is_sure or shared[one.named.key] > 1) else None
        for one in readings
    ]
    _as_folders_say(paths, kept)
    return _with_one_number(kept)


def is_animal(name: str) -> bool:
    """Whether this can be what an animal is called, and is no breed, month, camera and so on."""
    words = [word for word in _WORD.split(name) if word]
    if not words or len(name) > _LONGEST_NAME or len(words) > _MOST_WORDS:
        return False
    if words[-1].isdigit() and len(words[-1]) <= 2:
        words.pop()
    if not words or any(c.isdigit() for word in words for c in word) or len(words[0]) < 2:
        return False
    plain = [" ".join(split(word)) for word in words]
    if not plain[0]:
        return False
    if plain[0] in _NO_ANIMAL or all(word in _NO_ANIMAL or word in _SHORT for word in plain):
        return False
    return not _is_breed(" ".join(plain))


@lru_cache(maxsize=65536)
def same_code(code: str) -> str:
    """A code without case, accents and blanks."""
    return "".join(one for one in fold(code) if not (one.isspace() or unicodedata.combining(one)))


@lru_cache(maxsize=65536)
def same_name(name: str) -> str:
    """A name without case, accents and what stands between its words."""
    return " ".join(split(name))


@lru_cache(maxsize=4096)
def _is_breed(name: str) -> bool:
    one = name.removesuffix("s")
    return called(name) is not None or called(one) is not None or one in _SHORT


def _plain(path: str) -> str:
    """A path with slashes, and its accents composed."""
    if os.sep != "/" and not is_remote(path):
        path = path.replace(os.sep, "/")
    return path if path.isascii() else unicodedata.normalize("NFC", path)


def _named(
    before: str, code: str | None, name: str | None, *, is_given: bool = False
) -> Named | None:
    """What a code and a name say in a folder; None where they are no animal's.

    Args:
        before: The folder, with a slash at its end.
        code: None where there is none.
        name: Likewise.
        is_given: Whether a person says that this is a code.
    """
    if not f"{code}{name}".isprintable() or len(code or "") > _LONGEST_CODE:
        return None
    if name is not None:
        name = " ".join(name.replace("_", " ").strip(" -–.,()").split()) or None
    is_strong = code is not None and not _is_weak(code)
    if name is not None and not is_animal(name):
        # What has a code of its own is an animal, and then this is what it is, or of which breed.
        if not is_strong:
            return None
        name = None
    if code is not None and (_is_no_code(code) or not (is_strong or name or is_given)):
        return None
    if code is None and name is None:
        return None
    keys = [same_code(code)] if code is not None else []
    keys += [same_name(name)] if name is not None else []
    is_anywhere = is_strong or (code is not None and name is not None)
    return Named(("" if is_anywhere else before, *keys), code, name)


def _is_weak(code: str) -> bool:
    """Whether it could as well be a number of something else, or a day."""
    return (code.isdigit() and len(code) < 15) or _PERHAPS_DAY.fullmatch(code) is not None


def _is_no_code(code: str) -> bool:
    """Whether it is a year, a day, a camera's number or that of a breed."""
    if any(one.fullmatch(code) for one in (_DAY, _WORDNET, _CAMERA_CODE)):
        return True
    return not code[:1].isdigit() and not _NO_ANIMAL.isdisjoint(split(code)[:1])


@lru_cache(maxsize=65536)
def _folder_with_code(folder: str, is_url: bool) -> Reading | None:
    """What the nearest of some folders says that has a code."""
    parts = folder.split("/")
    least = 3 if is_url else 0
    for depth, at in enumerate(range(len(parts) - 1, max(len(parts) - 1 - _LEVELS, least - 1), -1)):
        for regex in _FOLDERS:
            match = regex.fullmatch(parts[at])
            if match is None or not _holds(match):
                continue
            named = _named("/".join(parts[:at]) + "/", match["code"], match.groupdict().get("name"))
            # A code alone may be that of a shelter or a building where other folders are in it;
            # and above other folders, in small letters, that of a user or a computer.
            is_alone = all(map(_is_beside, parts[at + 1 :]))
            is_login = depth > 0 and match["code"].islower()
            if named is not None and (named.name or (is_alone and not is_login)):
                return Reading(f"{_as_pattern(match)}/{'*/' * depth}*", named, True)
    return None


def _holds(match: re.Match[str]) -> bool:
    """Whether a code behind a name is one: there a number is mostly that of a photo or a kennel."""
    if "open" not in match.re.groupindex:
        return True
    words = split(match["name"])
    return not _is_weak(match["code"]) and bool(words) and words[0] not in _CAMERAS | _OTHER


def _file(folders: Sequence[str], file: str) -> Reading | None:
    """What the name of a file says."""
    stem = _stem(file)
    before = "/".join(folders) + "/"
    for regex in _FILES:
        match = regex.fullmatch(stem)
        if match is None or not _holds(match):
            continue
        groups = match.groupdict()
        code, name = groups.get("code"), groups.get("name")
        named = _named(before, code, name)
        if named is None or (name is None and groups["n"] is None):
            continue
        text = f"{_as_pattern(match)}.*"
        if code is not None:
            return Reading(text, named, name is not None)
        if folders and (own := same_name(folders[-1])) == named.key[-1] and is_animal(folders[-1]):
            # The folder is the animal's as well.
            return Reading(
                "{name}/*", Named(("/".join(folders[:-1]) + "/", own), None, name), False
            )
        return Reading(text, named, False)
    return None


def _stem(file: str) -> str:
    stem, dot, ending = file.rpartition(".")
    return stem if dot and stem and len(ending) <= 5 and not ending.isdigit() else file


def _as_pattern(match: re.Match[str]) -> str:
    """A name with placeholders for what stands in it; a date before it becomes a star."""
    spans = [
        (*match.span(one), f"{{{one}}}") for one in _PLACEHOLDERS if one in match.re.groupindex
    ]
    if match.re.groupindex.get("day"):
        spans.append((*match.span("day"), "*"))
    text, at = "", 0
    for start, end, shown in sorted(spans):
        if start >= 0:
            text += match.string[at:start] + shown
            at = end
    return text + match.string[at:]


def _as_folders_say(paths: Sequence[str], readings: list[Reading | None]) -> None:
    """Fills in, of photos that nothing names yet, those in folders that are called as animals.

    A folder is where several side by side are, or where the folder that they are in says that it
    holds dogs; and unless its files are named after several animals.
    """
    inside: defaultdict[str, list[int]] = defaultdict(list)
    named_inside: defaultdict[str, set[tuple[str, ...]]] = defaultdict(set)
    for i, path in enumerate(paths):
        folder = _plain(path).rpartition("/")[0]
        if (one := readings[i]) is None:
            inside[folder].append(i)
        elif not one.pattern.endswith("/*"):
            named_inside[folder].add(one.named.key)
    of_parents: defaultdict[str, list[tuple[Named, int, list[int]]]] = defaultdict(list)
    siblings: Counter[str] = Counter()
    for folder, members in inside.items():
        parent, name, depth = _climb(folder)
        siblings[parent] += 1
        is_bucket = is_remote(folder) and parent.count("/") < 2
        named = _named(parent + "/", None, name)
        if named is not None and len(named_inside[folder]) < 2 and not is_bucket:
            of_parents[parent].append((named, depth, members))
    for parent, folders in of_parents.items():
        names = {named.key for named, _, _ in folders}
        says = not set(split(parent.rpartition("/")[2])).isdisjoint(_DOGS)
        many = len(names) >= _FEWEST_FOLDERS and len(folders) >= _SHARE * siblings[parent]
        few_inside = statistics.median(len(members) for _, _, members in folders)
        if not says and (not many or few_inside > _MOST_IN_FOLDER):
            continue
        for named, depth, members in folders:
            for i in members:
                readings[i] = Reading(f"{{name}}/{'*/' * depth}*", named, False)


def _climb(folder: str) -> tuple[str, str, int]:
    """The nearest folder that is no month, day, camera and the like: its parent, name, depth."""
    depth = 0
    parent, _, name = folder.rpartition("/")
    while parent and depth < _LEVELS - 1 and _is_beside(name):
        depth += 1
        parent, _, name = parent.rpartition("/")
    return parent, name, depth


def _is_beside(name: str) -> bool:
    """Whether a folder only says when or with what photos in it were taken."""
    words = split(name)
    return bool(words) and all(word.isdigit() or word in _NO_ANIMAL - _DOGS for word in words)


def _with_one_number(readings: list[Reading | None]) -> list[Reading | None]:
    """Has photos of one animal of which one has no number share the pattern of the others."""
    numbered: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for one in readings:
        if one is not None and "{n}" in one.pattern:
            numbered[one.named.key][one.pattern] += 1
    return [
        one._replace(pattern=numbered[one.named.key].most_common(1)[0][0])
        if one is not None and "{n}" not in one.pattern and one.named.key in numbered
        else one
        for one in readings
    ]


def _tokens(text: str) -> list[str]:
    """The parts of a pattern: placeholders, stars, and what stands between."""
    tokens: list[str] = []
    for match in _TOKEN.finditer(text):
        placeholder, _, brace, _ = match.groups()
        if brace or (placeholder is not None and placeholder not in _PLACEHOLDERS):
            raise UsageError("animal_pattern_braces", text=text, found=match[0])
        tokens.append(match[0])
    return tokens


def _to_regex(text: str) -> str:
    """A pattern as a regular expression on whole paths."""
    *folders, file = (text + "*" if text.endswith("/") else text).split("/")
    is_whole = text.startswith("/") or is_remote(text)
    start = "" if is_whole else "(?:.*/)?"
    above = "".join("(?:[^/]+/)*" if one == "**" else _part(one) + "/" for one in folders)
    if file == "**":
        return f"{start}{above}(?:[^/]+/)*[^/]+"
    return start + above + _of_file(file)


def _of_file(text: str) -> str:
    """The last part of a pattern as a regular expression."""
    stem, dot, ending = text.rpartition(".")
    if not dot or any(one in ending for one in "{}"):
        stem, ending = text, "*"
    end = r"(?:\.[^./]*)?" if ending == "*" else re.escape("." + ending)
    tokens = _tokens(stem)
    at = tokens.index("{n}") if "{n}" in tokens else 0
    if not at or any(token[0] in "{*" for token in tokens[at + 1 :]):
        return _part(stem) + end
    # With what stands around it, a number at the end may be missing.
    start = at if tokens[at - 1][0] in "{*" else at - 1
    return f"{_joined(tokens[:start])}(?:{_joined(tokens[start:])})?{end}"


def _part(text: str) -> str:
    return _joined(_tokens(text))


def _joined(tokens: Iterable[str]) -> str:
    regexes = {
        "{code}": r"(?P<code>[^\s/]*?\d[^\s/]*?)",
        "{name}": r"(?P<name>[^\W\d_][^/]*?)",
        "{n}": r"\d+",
        "*": "[^/]*",
    }
    return "".join(regexes.get(token) or re.escape(token) for token in tokens)
