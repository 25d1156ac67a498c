"""A verdict's JSON form is a contract."""

import dataclasses

import pytest

from barkive.messages import Message
from barkive.verdicts import BreedName, Candidate, Status, Verdict

PUG = BreedName("n02110958", "Pug", "Carlin")


def test_json_has_the_contracts_fields_in_order() -> None:
    verdict = Verdict("a.jpg", Status.DOG, (Candidate(PUG, 0.98765432),), None, "m@0123456789ab")
    assert list(verdict.to_json().items()) == [
        ("file", "a.jpg"),
        ("status", "dog"),
        ("breeds", [{"id": "n02110958", "name": "Pug", "probability": 0.9877}]),
        ("error", None),
        ("error_code", None),
        ("model", "m@0123456789ab"),
        ("dogs", None),
    ]


def test_json_in_french() -> None:
    verdict = Verdict(None, Status.UNCERTAIN, (Candidate(PUG, 0.5),), None, "m@0")
    assert verdict.to_json("fr")["breeds"] == [
        {"id": "n02110958", "name": "Carlin", "probability": 0.5}
    ]


def test_json_of_a_failed_photo() -> None:
    verdict = Verdict("a.jpg", Status.FAILED, (), Message("photo_empty"), "m@0")
    assert verdict.to_json() == {
        "file": "a.jpg",
        "status": "failed",
        "breeds": [],
        "error": "The file is empty.",
        "error_code": "photo_empty",
        "model": "m@0",
        "dogs": None,
    }


def test_a_verdict_does_not_change() -> None:
    verdict = Verdict("a.jpg", Status.NOT_DOG, (), None, "m@0")
    with pytest.raises(dataclasses.FrozenInstanceError):
        verdict.file = "b.jpg"  # type: ignore[misc]
