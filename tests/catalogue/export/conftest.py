"""Dogs that have a box."""

import pytest

from barkive.boxes import Box
from barkive.catalogue.records import EntryDog
from barkive.verdicts import BreedName, Candidate, Status

PUG = BreedName("n02110958", "Pug", "Carlin")
MALTESE = BreedName("n02085936", "Maltese", "Bichon maltais")


@pytest.fixture
def pug() -> EntryDog:
    """A Pug in the right half of its photo."""
    breeds = (Candidate(PUG, 0.8), Candidate(MALTESE, 0.2))
    return EntryDog(7, Box(0.5, 0.25, 0.5, 0.5), 0.9, Status.DOG, breeds)


@pytest.fixture
def unsure() -> EntryDog:
    """A dog of no certain breed in the upper left corner of its photo."""
    breeds = (Candidate(MALTESE, 0.4), Candidate(PUG, 0.3))
    return EntryDog(8, Box(0.0, 0.0, 0.25, 0.5), 0.6, Status.UNCERTAIN, breeds)


@pytest.fixture
def cross() -> EntryDog:
    """A dog that a person drew and named as a cross, over the whole of its photo."""
    breeds = (Candidate(PUG, 0.5), Candidate(MALTESE, 0.5))
    return EntryDog(9, Box(0.0, 0.0, 1.0, 1.0), 1.0, Status.DOG, breeds, corrected=True)
