"""What a report says of gains and losses."""

import json
from dataclasses import replace

import pytest

from barkive.learning import BreedScore, Report, Score, Suspect
from barkive.verdicts import BreedName

PUG, FOO = BreedName("n02110958", "Pug", "Carlin"), BreedName("Foo", "Foo", "Fou")
REPORT = Report(
    parent="barkive@0123",
    photos=100,
    fresh=12,
    not_dogs=2,
    crosses=1,
    own=Score(97, 61, 78, 1),
    breeds=(BreedScore(FOO, True, Score(18, 0, 14, 0)), BreedScore(PUG, False, Score(9, 8, 8, 1))),
    remembered=Score(1440, 1300, 1298, 3),
    later=((BreedName("Bar", "Bar", "Bar"), 3),),
    contradictions=(("a.jpg", "b.jpg"),),
    suspects=(Suspect("c.jpg", FOO, PUG, 0.91),),
    unjudged=4,
    by="Ada",
    at="2026-05-01T10:00:00",
    seconds=1.5,
)


def test_a_report_survives_as_json() -> None:
    entry = json.loads(json.dumps(REPORT.to_json()))
    assert entry["is_better"] is True
    assert Report.from_json(entry) == REPORT


@pytest.mark.parametrize(
    ("score", "worse"),
    [
        (Score(10, 5, 5, 0), False),
        # 4 lost and none won happens by chance once in 16.
        (Score(10, 8, 4, 4), False),
        (Score(10, 8, 3, 5), True),
        # 8 lost, 2 won.
        (Score(20, 15, 9, 8), False),
        (Score(20, 15, 7, 9), True),
        (Score(0, 0, 0, 0), False),
    ],
)
def test_worse_is_what_chance_does_not_explain(score: Score, worse: bool) -> None:
    assert score.is_worse is worse


def test_a_breed_that_got_worse_is_named() -> None:
    worse = BreedScore(PUG, False, Score(10, 8, 3, 5))
    assert replace(REPORT, breeds=(worse,)).worse == (worse,)
    assert REPORT.worse == ()


@pytest.mark.parametrize(
    ("own", "remembered", "better"),
    [
        (Score(97, 61, 61, 0), Score(1440, 1300, 1300, 0), True),
        (Score(97, 61, 60, 1), Score(1440, 1300, 1300, 0), False),
        # 0.5 % of what is remembered may be lost, and no more.
        (Score(97, 61, 78, 0), Score(1440, 1300, 1293, 7), True),
        (Score(97, 61, 78, 0), Score(1440, 1300, 1292, 8), False),
    ],
)
def test_what_got_worse_may_not_be_used(own: Score, remembered: Score, better: bool) -> None:
    assert replace(REPORT, own=own, remembered=remembered).is_better is better
