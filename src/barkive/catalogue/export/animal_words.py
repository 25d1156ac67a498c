"""What an animal is, in words for people: its age, sex, status and breed.

Words for a breed are careful. Only what people said of the animal itself is told as a fact; what
is seen in photos, by people or by the model, is told as its looks.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from barkive.catalogue.animal_records import Animal, Origin
from barkive.messages import Language, Messages

_VOWELS: Final = tuple("AEIOUÀÂÉÈÊÎÔÛaeiouàâéèêîôû")
# Below these ages people count in weeks, and in months.
_WEEKS_BELOW, _MONTHS_BELOW = 63, 24


def sex_words(animal: Animal, lang: Language) -> str | None:
    """`female` or `male`; None where it is not known."""
    return Messages(lang)(f"animals.sex_{animal.sex}") if animal.sex is not None else None


def status_words(animal: Animal, lang: Language) -> str:
    """The status, such as `in care`; one of the shelter's own as it is written."""
    return _known(f"animals.status_{animal.status}", animal.status, lang)


def species_words(animal: Animal, lang: Language) -> str:
    """The species, such as `dog`; one that has no name in the language as it is written."""
    return _known(f"animals.species_{animal.species}", animal.species, lang)


def age_words(birth: str, is_estimate: bool, day: date, lang: Language) -> str | None:
    """The age on a day, such as `5 years`, `about 8 months` or `3 weeks`.

    Args:
        birth: `2021-05-31`, `2021-05` or `2021`.
        is_estimate: Whether that is an estimate.
        day: The day.
        lang: Of the words.

    Returns:
        None where the birth is after that day.
    """
    words = Messages(lang)
    year, month, of_month = (*map(int, birth.split("-")), 0, 0)[:3]
    if (year, month, of_month) > (day.year, day.month if month else 0, day.day if of_month else 0):
        return None
    months = 12 * (day.year - year) + (day.month - month if month else 0)
    months -= of_month > day.day
    days = (day - date(year, month, of_month)).days if of_month else None
    if days is not None and days < 7:
        return words("card.age_days")
    if not months and days is None:
        return words("card.age_under_month" if month else "card.age_under_year")
    if days is not None and days < _WEEKS_BELOW:
        age = words("card.age_weeks", n=days // 7)
    elif month and months < _MONTHS_BELOW:
        age = words("card.age_months", n=months)
    else:
        age = words("card.age_years", n=months // 12)
    return age if month and not is_estimate else words("card.about", what=age)


def years(birth: str, day: date) -> float:
    """The age on a day in years, to a tenth; at least 0.

    Args:
        birth: `2021-05-31`, `2021-05` or `2021`; where it is told no nearer, the middle counts.
        day: The day.
    """
    year, month, of_month = (*map(int, birth.split("-")), 0, 0)[:3]
    born = date(year, month or 7, of_month or (15 if month else 1))
    return round(max((day - born).days, 0) / 365.25, 1)


def birth_words(birth: str, is_estimate: bool, lang: Language) -> str:
    """The birth, such as `31 May 2021`, `May 2021` or `2021 (estimate)`.

    Args:
        birth: `2021-05-31`, `2021-05` or `2021`.
        is_estimate: Whether that is an estimate.
        lang: Of the words.
    """
    words = Messages(lang)
    year, month, day = (*map(int, birth.split("-")), 0, 0)[:3]
    text = birth
    if day:
        text = words.day(date(year, month, day))
    elif month:
        text = words.month(date(year, month, 1))
    return words("card.estimate", what=text) if is_estimate else text


def breed_words(animal: Animal, lang: Language) -> str:
    """The breed, carefully: `Boxer`, `looks like a Boxer`, `breed not known`.

    What people said of the animal stands as it is, two breeds as `a cross of Boxer and Pug`.
    """
    words = Messages(lang)
    names = [label.name(lang) for label in animal.verdict.labels]
    if not names:
        return words("card.breed_not_known")
    if len(names) > 1:
        # A cross is the same whichever breed was named first.
        first, second = sorted(names)[:2]
        said = words("card.breed_cross", first=first, second=second)
        looks = words("card.looks_like", what=said)
    else:
        said = names[0]
        article = "an" if said.startswith(_VOWELS) else "a"
        looks = words("card.looks_like", what=words(f"card.{article}", what=said))
    return said if animal.verdict.origin is Origin.ANIMAL else looks


def _known(key: str, text: str, lang: Language) -> str:
    words = Messages(lang)
    return words(key) if words.has(key) else text
