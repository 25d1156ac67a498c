from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barkive.exploration import measures
from barkive.exploration.measures import distribution
from barkive.exploration.svg_charts import columns, histogram, readable, scatter


def texts(svg, tag="text"):
    return [element.text for element in ElementTree.fromstring(svg).iter(tag)]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((0, "0"), (1, "1"), (0.0502, "0.0502"), (1e-6, "0.000001"), (3.14159, "3.14")),
        *((10, "10"), (99.94, "99.9"), (100.4, "100"), (12000, "12,000"), (503188.2, "503,188")),
    ],
)
def test_numbers_for_people(value, text):
    assert readable(value) == text


def test_a_histogram_has_a_bar_for_what_occurs_and_says_how_many(record):
    photos = [record(brightness=value) for value in (0, 0, 0, 100)]
    svg = histogram(distribution(measures.BRIGHTNESS, photos))
    assert texts(svg, "title") == ["0 to 3.12: 3 photos", "96.9 to 100: 1 photo"]
    labels = texts(svg)
    assert labels[-1] == "Brightness"
    assert labels[:4] == ["0", "1", "2", "3"]
    assert labels[4:-1] == ["0", "20", "40", "60", "80", "100"]
    label = ElementTree.fromstring(svg).get("aria-label")
    assert label == "Histogram of brightness: from 0 to 100, median 0"


def test_a_wide_range_has_a_logarithmic_axis(record):
    photos = [record(size=(width, 100)) for width in (10, 100, 1000, 10_000)]
    labels = texts(histogram(distribution(measures.WIDTH, photos)))
    assert labels[-1] == "Width (pixels, logarithmic scale)"
    assert [label for label in labels[:-1] if len(label) > 1] == ["10", "100", "1,000", "10,000"]


@given(st.lists(st.floats(0, 1e8), min_size=2, max_size=20))
def test_any_values_can_be_drawn(values):
    photos = [SimpleNamespace(quality=SimpleNamespace(sharpness=value)) for value in values]
    spread = distribution(measures.SHARPNESS, photos)
    if not spread.constant:
        labels = texts(histogram(spread))
        assert 3 <= len(labels) <= 20
        assert "nan" not in " ".join(labels)


def test_a_scatter_has_larger_dots_for_more_photos():
    svg = scatter([(100, 200)] * 150 + [(200, 100)] * 20 + [(150, 150)])
    dots = [e for e in ElementTree.fromstring(svg).iter("path") if e.get("class") == "dot"]
    assert [(dot.get("stroke-width"), dot.get("d").count("M")) for dot in dots] == [
        *(("5", 1), ("9", 1), ("14", 1))
    ]


@given(st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 10**6)), min_size=2, max_size=9))
def test_any_sizes_can_be_drawn(sizes):
    if len({side for size in sizes for side in size}) > 1:
        assert "nan" not in scatter(sizes)


def test_few_breeds_are_named_under_their_columns_and_many_in_tips():
    svg = columns(["<b>", "a very long name of a breed"], [1, 4])
    assert texts(svg)[-2:] == ["<b>", "a very long name of…"]
    assert texts(svg, "title") == ["<b>: 1 photo", "a very long name of a breed: 4 photos"]
    many = columns([f"breed {i}" for i in range(120)], range(120))
    assert "breed 7" not in texts(many)
    assert "breed 7: 7 photos" in texts(many, "title")


def test_counts_have_no_halves_on_their_axis():
    assert texts(columns(["a"], [1]))[:2] == ["0", "1"]
    assert texts(columns(["a"], [0])) == ["0", "1", "a"]
