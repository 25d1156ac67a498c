"""Which corrections help is told by what differs photo by photo."""

import numpy as np
import pytest
from PIL import Image

from barkive.images.degrade import darken
from barkive.images.enhance import ADJUSTMENTS
from barkive.training.study import enhancement_recipe as module


@pytest.fixture(scope="module")
def ran(run_once, tiny):
    corrections = {"stretch": ADJUSTMENTS["stretch"]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "ADJUSTMENTS", corrections)
        patch.setattr(module, "DEGRADATIONS", {"dark": darken})
        return run_once(tiny(kind="corrections"), name="corrected")


def test_the_files_and_the_table(ran):
    assert sorted(path.name for path in ran.folder.iterdir()) == [
        *("corrections.csv", "corrections.png", "failed.csv", "result.json"),
    ]
    table = ran.result.table
    assert table.header == ("correction", "clean", "dark")
    assert [row[0] for row in table.rows] == ["none", "stretch"]
    # Without a correction the colours of clean photos are told apart, as by the plain head.
    assert table.rows[0][1] == 1
    assert all(0 <= share <= 1 for row in table.rows for share in row[1:])
    rows = ran.rows("corrections.csv")
    assert [row["correction"] for row in rows] == ["none", "stretch"]
    assert ran.result.accuracy is None
    assert len(ran.rows("failed.csv")) == ran.result.unreadable == 1
    with Image.open(ran.folder / "corrections.png") as picture:
        assert picture.width > 600


def test_the_conclusion_names_what_is_more_than_luck():
    def right(*flags):
        return np.array(flags * 25, dtype=bool)

    told = module._conclude(
        {
            ("none", "clean"): right(1, 1, 1, 0),
            ("stretch", "clean"): right(1, 1, 0, 0),
            ("median", "clean"): right(1, 1, 1, 0),
            ("none", "dark"): right(0, 0, 0, 0),
            ("stretch", "dark"): right(1, 1, 0, 0),
            ("median", "dark"): np.arange(100) < 3,  # within two standard errors
            ("none", "noisy"): right(1, 0),
            ("stretch", "noisy"): right(1, 0),
            ("median", "noisy"): right(1, 0),
        },
        ("none", "stretch", "median"),
        ("clean", "dark", "noisy"),
    )
    assert told == (
        "Against no correction, in points, where the difference is more than two standard errors: "
        "On clean photos worse: stretch (-25.0). On dark photos better: stretch (+50.0). On noisy "
        "photos no correction makes a difference."
    )
