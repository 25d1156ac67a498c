"""Sizes and squares are compared like with like."""

import pytest
from PIL import Image

from barkive.training.study import sizes_recipe as module


@pytest.fixture(scope="module")
def run(run_once, tiny):
    def run(**given):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "SIZES", (32, 48))
            return run_once(tiny(kind="sizes"), name="sized", **given)

    return run


def test_every_square_of_every_size(run, photo, tmp_path):
    photo(tmp_path / "green" / "1.png", (60, 210, 60), 900)
    photo(tmp_path / "green" / "2.png", (210, 60, 60), 901)
    ran = run(elsewhere=tmp_path)
    assert sorted(path.name for path in ran.folder.iterdir()) == [
        *("failed.csv", "result.json", "sizes.csv", "sizes.png"),
    ]
    table = ran.result.table
    assert table.header == (
        *("size", "square", "accuracy", "low", "high"),
        *("elsewhere_crop", "elsewhere_squash", "elsewhere_pad", "megabytes", "photos_per_second"),
    )
    assert [row[:2] for row in table.rows] == [
        *((32, "crop"), (32, "squash"), (32, "pad")),
        *((48, "crop"), (48, "squash"), (48, "pad")),
    ]
    for row in table.rows:
        assert row[2:5] == pytest.approx((1, 0.6097, 1), abs=1e-4)
    assert table.rows[0][5:8] == (0.5, 0.5, 0.5)
    assert table.rows[0][8] == pytest.approx(18 * 32 * 32 * 3 / 2**20)
    with Image.open(ran.folder / "sizes.png") as picture:
        assert picture.width > 800


def test_square_photos_are_compared_in_one_way_only(run, photo, tmp_path):
    for i, colour in enumerate([(200, 40, 40), (40, 200, 40)]):
        for j in range(5):
            path = photo(tmp_path / f"breed {i}" / f"{j}.png", colour, 10 * i + j)
            Image.open(path).crop((0, 0, 48, 48)).save(path)
    assert module.all_square(str(path) for path in tmp_path.glob("*/*.png"))
    ran = run(data=tmp_path)
    assert "All photos are square, so cropped, squashed and padded ones are the same." in ran.said
    assert [row[:2] for row in ran.result.table.rows] == [(32, "crop"), (48, "crop")]


def test_one_photo_that_is_not_square_makes_the_difference(photo, tmp_path):
    photo(tmp_path / "1.png", (9, 9, 9), 0)
    assert not module.all_square([str(tmp_path / "1.png")])


def test_the_conclusion_compares_one_way_to_make_a_square():
    rows = [
        (96, "crop", 0.5, 0.4, 0.6, 10.0, 300.0),
        (96, "pad", 0.2, 0.1, 0.3, 10.0, 300.0),
        (224, "crop", 0.8, 0.7, 0.9, 54.0, 100.0),
        (224, "pad", 0.3, 0.2, 0.4, 54.0, 100.0),
    ]
    assert module._conclude(rows) == (
        "From 96 to 224 pixels the accuracy goes from 50.0% to 80.0%, while memory grows 5.4 times "
        "and the network takes 3.0 times as long for a photo."
    )
