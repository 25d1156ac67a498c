"""What the page shows, and that it needs nothing but itself."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from barkive.exploration import find, page, selection, survey
from barkive.exploration.survey import Failure

WITHOUT_END = {"meta", "img", "link", "br"}


class Outline(HTMLParser):
    """Checks that elements are closed in turn, and collects what the tests look at."""

    def __init__(self, text):
        super().__init__()
        self.open, self.headings, self.ids, self.links, self.images = [], [], [], [], []
        self.sources, self.text = [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.sources += [value for name, value in attrs if name in ("src", "srcset", "data")]
        assert not any(name.startswith("on") for name, _ in attrs)
        if tag == "a":
            self.links.append(attributes["href"])
        if tag == "img":
            self.images.append(attributes)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in WITHOUT_END:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.text.append(data)

    def __str__(self):
        return " ".join("".join(self.text).split())


@pytest.fixture
def html(samples):
    return page.render(find(survey(samples))).decode()


@pytest.fixture
def outline(html):
    return Outline(html)


def test_nothing_is_loaded_from_anywhere(html, outline):
    assert outline.sources
    assert all(source.startswith("data:image/jpeg;base64,") for source in outline.sources)
    assert not re.search(r"<link|@import|url\(|https?://", html)


def test_the_policy_allows_this_style_and_this_script_and_nothing_else(html):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1]
    policy = policy.replace("&#39;", "'")
    assert policy.startswith("default-src 'none'; img-src data:; ")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        (content,) = re.findall(f"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert " style=" not in html


def test_the_contents_lead_to_every_section(outline):
    assert outline.links == [f"#{name}" for name in outline.ids]
    assert len(outline.links) == 9


def test_headings_are_in_order(outline):
    assert outline.headings[0] == 1
    assert outline.headings.count(1) == 1
    steps = zip(outline.headings, outline.headings[1:], strict=False)
    assert all(after <= before + 1 for before, after in steps)


def test_every_picture_has_a_text(outline):
    assert {image["alt"] for image in outline.images} >= {
        "Beagle, n02088364-beagle/1.jpg",
        "Rex & <co>, Rex & <co>/larger.jpg",
        "lone, lone/deeper/still/1.jpg",
    }


def test_what_was_found_is_told(outline):
    text = str(outline)
    for sentence in (
        "Photos in data",
        "The smallest breed is lone with 1 photo, the largest Rex & <co> with 3 photos.",
        "Folders without a photo: empty.",
        "The most frequent shape is landscape: 16.7 % portrait, 50 % landscape, 33.3 % square.",
        "Breeds with fewer than two readable photos: 1 (lone).",
        "1 photo is an exact copy of another.",
        "The same picture lies in folders of different breeds: 1 group of duplicates.",
        "1 file could not be read, and count nowhere else.",
        "lone/broken.jpgIt is not a photo in a format that Barkive reads",
        "No photo lies far from the rest.",
    ):
        assert sentence in text, sentence


def test_photos_of_one_size_have_a_sentence_instead_of_charts(record, survey_of):
    text = page.render(find(survey_of([record(), record()]))).decode()
    assert "All photos have the same size, 500 × 400 pixels (0.2 megapixels, 100 %" in text
    assert "Histogram of width" not in text
    assert "a dot for each size" not in text


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>", '" onerror="alert(1)', "$\\frac{a}{b}$", "{{ 1 + 1 }}", "&lt;"],
)
def test_names_are_shown_and_never_run(record, survey_of, name):
    failure = Failure(f"data/{name}/2.jpg", 0, "The file is empty.")
    text = page.render(find(survey_of([record(path=f"data/{name}/1.jpg")], [name], [failure])))
    outline = Outline(text.decode())
    assert name in str(outline)
    assert text.count(b"<script") == 1


@pytest.mark.parametrize(
    ("name", "shown"), [("new\nline", "new\\nline"), ("caf\udce9", "caf\\udce9"), ("犬", "犬")]
)
def test_names_that_are_no_line_of_text_are_escaped(record, survey_of, name, shown):
    text = page.render(find(survey_of([record(path=f"data/{name}/1.jpg")], [name])))
    assert f"One breed, {shown}, with 1 photo." in str(Outline(text.decode()))


def test_a_photo_that_has_gone_leaves_its_name(record, survey_of):
    text = page.render(find(survey_of([record(path="data/beagle/gone.jpg")]))).decode()
    assert "beagle/gone.jpg: gone since it was read" in text


def test_long_lists_are_cut_and_say_where_the_rest_is(record, survey_of):
    photos = [record(path=f"data/beagle/{i}.jpg", digest=f"{i // 2}") for i in range(60)]
    failures = [Failure(f"data/beagle/bad{i}.jpg", 0, "The file is empty.") for i in range(105)]
    text = str(Outline(page.render(find(survey_of(photos, failures=failures))).decode()))
    assert "and 6 more groups in duplicates.csv" in text
    assert "and 5 more in photos.csv" in text
    assert "and 54 more in photos.csv" in text


def test_more_breeds_than_the_page_can_show(record, survey_of, monkeypatch):
    monkeypatch.setattr(selection, "_ALL_EXAMPLES", 4)
    photos = [record(folder=i % 6) for i in range(18)]
    findings = find(survey_of(photos, [f"b{i}" for i in range(6)]))
    assert [len(row.tiles) for row in selection.examples(findings)] == [1, 1, 1, 1]
    assert "and 2 more breeds in breeds.csv" in page.render(findings).decode()


def test_both_ends_of_a_measure_are_shown_where_they_are_no_outliers(record, survey_of):
    photos = [record(brightness=100 + i) for i in range(30)]
    rows = {row.title: row for row in selection.extremes(find(survey_of(photos)))}
    assert list(rows) == ["Brightness: lowest", "Brightness: highest"]
    assert [tile.photo for tile in rows["Brightness: highest"].tiles] == [29, 28, 27]
    photos[0] = record(brightness=0)
    rows = selection.extremes(find(survey_of(photos)))
    assert [row.title for row in rows] == ["Brightness: highest"]
    assert selection.extremes(find(survey_of(photos[:14]))) == []


def test_outliers_are_shown_by_reason(record, survey_of):
    photos = [*[record() for _ in range(40)], record(brightness=0), record(brightness=255)]
    rows = selection.outliers(find(survey_of(photos)))
    assert [(row.title, row.detail, row.tiles[0].photo) for row in rows] == [
        ("Very dark: 1", "Brightness below 90", 40),
        ("Very bright: 1", "Brightness above 150", 41),
    ]
