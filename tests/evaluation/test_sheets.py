"""The sheets of photos, and the heat maps on them."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from barkive.evaluation import HeatMaps, Suspicion, sheets
from barkive.evaluation.figures import Mistake
from barkive.evaluation.sheets import contact_sheet, pairs_sheet, suspicions_sheet
from barkive.images import Preprocessing
from barkive.metrics import ConfusedPair, most_confused_pairs
from barkive.verdicts import BreedName

BEAGLE = BreedName("beagle", "Beagle", "Beagle")
LONG = BreedName("x", "A very long name of a breed\nthat no caption \udce9 can hold", "x")
GREY = (0xDD, 0xDD, 0xDD)


def opened(content):
    with Image.open(io.BytesIO(content)) as picture:
        return picture.copy()


@pytest.fixture
def texts(monkeypatch):
    """Whatever is written on a sheet under its title."""
    written = []
    write = sheets._write

    def listen(draw, at, lines, width, *, step):
        written.append(tuple(text for text, _ in lines))
        write(draw, at, lines, width, step=step)

    monkeypatch.setattr(sheets, "_write", listen)
    return written


def test_errors_take_photos_that_are_gone_and_long_names():
    sheet = opened(contact_sheet([Mistake("gone.jpg", BEAGLE, LONG, 0.9)] * 6))
    assert sheet.size == (1216, 688)
    assert sheet.getpixel((20, 70)) == GREY


def test_a_line_stays_one_line_and_within_its_width():
    font = sheets.ImageFont.load_default(15)
    fitted = sheets._fitted(LONG.en, font, 200)
    assert fitted.startswith("A very long name of a br")
    assert fitted.endswith("…")
    assert font.getlength(fitted) <= 200
    assert sheets._fitted("two\nlines", font, 200) == "two lines"


def test_without_errors_the_sheet_says_so():
    assert opened(contact_sheet([])).size == (1216, 60)
    assert opened(contact_sheet([], [])).size[1] == 60


def test_a_heat_map_lies_beside_the_plain_photo(colour_photo, texts):
    mistake = Mistake(str(colour_photo("red.png", (200, 0, 0))), BEAGLE, BEAGLE, 0.5)
    gone = replace(mistake, path="gone.jpg")
    heated = Image.new("RGB", (224, 224), (0, 0, 255))
    sheet = opened(contact_sheet([mistake, gone], [heated, None]))
    assert sheet.size == (1420, 374)
    middle = 60 + 112
    assert sheet.getpixel((16 + 112, middle)) == (200, 0, 0)
    assert sheet.getpixel((16 + 224 + 4 + 112, middle)) == (0, 0, 255)
    assert sheet.getpixel((16 + 452 + 16 + 224 + 4 + 112, middle)) == GREY
    assert texts == [
        ("is: Beagle", "said: Beagle", "50.0 %; in colour: what spoke for Beagle"),
        ("is: Beagle", "said: Beagle", "50.0 %"),
    ]


def overlay(colour_photo, heat):
    photo = str(colour_photo("photo.png", (100, 100, 100)))
    maps = HeatMaps(lambda pixels, classes: np.stack([heat] * len(pixels)), Preprocessing(32))
    (picture,) = maps.over([photo], [0], side=64)
    return np.asarray(picture)


def test_heat_is_shown_where_it_is(colour_photo):
    heat = np.array([[0, 0], [0, 8]], np.float32)
    shown = overlay(colour_photo, heat)
    assert shown.shape == (64, 64, 3)
    assert shown[8, 8].tolist() == [100, 100, 100]
    assert shown[60, 60].tolist() == [216, 212, 152]  # a quarter photo, three quarters colour
    assert (overlay(colour_photo, heat / 1e6) == shown).all()


@pytest.mark.parametrize("heat", [-1.0, 0.0, np.nan])
def test_what_speaks_against_a_class_is_left_plain(colour_photo, heat):
    assert (overlay(colour_photo, np.full((3, 5), heat, np.float32)) == 100).all()


def test_heat_maps_are_computed_in_batches_and_pass_over_what_is_gone(colour_photo):
    batches = []

    def heat(pixels, classes):
        batches.append(classes.tolist())
        return np.broadcast_to(classes[:, None, None] % 2, (len(classes), 1, 1)) + 0.0

    paths = [str(colour_photo(f"{i}.png", (i, i, i))) for i in range(18)]
    paths[3] = "gone.png"
    pictures = HeatMaps(heat, Preprocessing(32)).over(paths, range(18), side=8)
    assert batches == [[0, 1, 2, *range(4, 16)], [16, 17]]
    assert pictures[3] is None
    # Photos of even classes stay as they were, so none got the map of another.
    for i in (0, 2, 4, 16):
        assert pictures[i].getpixel((4, 4)) == (i, i, i)
    assert pictures[5].getpixel((4, 4))[0] > 100


def test_suspected_labels(colour_photo, texts):
    path = str(colour_photo("blue.png", (0, 0, 200)))
    sheet = opened(suspicions_sheet([Suspicion(path, BEAGLE, LONG, 0.912, 0.8)]))
    assert sheet.size == (1216, 374)
    assert sheet.getpixel((16 + 112, 60 + 112)) == (0, 0, 200)
    assert texts == [
        ("labelled: Beagle", f"looks like: {LONG.en}", "91.2 %, threshold 80.0 %"),
    ]


def test_a_pair_shows_examples_of_both_breeds_and_what_was_confused(evaluation, texts):
    pairs = most_confused_pairs(evaluation.confusion, 8)
    sheet = opened(pairs_sheet(evaluation, pairs))
    assert sheet.size == (1556, 336)
    # Chihuahuas: one right; Maltese: one right; a Chihuahua taken for a Maltese; none back.
    tops = [sheet.getpixel((16 + 388 * column + 88, 60 + 44 + 88)) for column in range(4)]
    assert tops == [(180, 60, 0), (0, 120, 120), (60, 180, 0), (255, 255, 255)]
    assert texts == [
        ("Chihuahua", "1 of 2 right"),
        ("Chihuahua", "75.0 %"),
        ("Maltese", "1 of 1 right"),
        ("Maltese", "50.0 %"),
        ("Chihuahua", "taken for Maltese: 1"),
        ("Maltese", "75.0 %"),
        ("Maltese", "never taken for Chihuahua"),
    ]


def test_right_examples_come_first_and_the_surest_of_them(evaluation, texts):
    # Four of my mutts: right 0.75, wrong 0.9, right 0.8, and one taken for a Chihuahua.
    dogs = replace(
        evaluation.dogs,
        paths=("a", "b", "c", "d"),
        read=np.arange(4),
        top=np.array([[2], [1], [2], [0]]),
        probability=np.array([0.75, 0.9, 0.8, 0.7], np.float32),
    )
    pairs_sheet(replace(evaluation, dogs=dogs, truth=np.full(4, 2)), [ConfusedPair(0, 2, 0, 1)])
    assert texts == [
        ("Chihuahua", "no photo of it here"),
        ("my mutt", "2 of 4 right"),
        ("my mutt", "80.0 %"),
        ("my mutt", "75.0 %"),
        ("Chihuahua", "never taken for my mutt"),
        ("my mutt", "taken for Chihuahua: 1"),
        ("Chihuahua", "70.0 %"),
    ]


def test_without_confusions_the_sheet_says_so(evaluation):
    assert opened(pairs_sheet(evaluation, [])).size == (1556, 60)
