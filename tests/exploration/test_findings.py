import pytest

from barkive.exploration import find, survey
from barkive.exploration.findings import breed_name
from barkive.exploration.survey import Failure


def test_the_findings_of_a_small_folder(samples):
    findings = find(survey(samples))
    assert findings.shapes == {"portrait": 1, "landscape": 3, "square": 2}
    assert findings.formats == {"JPEG": 5, "PNG": 1}
    assert findings.modes == {"RGB": 6}
    paths = [photo.path.rsplit("/", 2)[1:] for photo in findings.survey.photos]
    groups = [(g.kind, g.across, [paths[i] for i in g.photos]) for g in findings.duplicates]
    assert groups == [
        ("exact", True, [["Rex & <co>", "copy.jpg"], ["n02088364-beagle", "1.jpg"]]),
        ("near", False, [["Rex & <co>", "larger.jpg"], ["Rex & <co>", "smaller.jpg"]]),
    ]
    rows = [(b.name, len(b.photos), b.unreadable, b.duplicates) for b in findings.by_count]
    assert rows == [("lone", 1, 1, 0), ("Beagle", 2, 0, 1), ("Rex & <co>", 3, 0, 3)]


def test_a_breed_has_the_medians_of_its_photos(record, survey_of):
    photos = [record(brightness=value) for value in (10, 20, 90)]
    photos += [record(folder=1, size=(1000, 1000))]
    first, second = find(survey_of(photos, ("beagle", "pug"))).breeds
    assert (first.brightness, first.contrast, first.megapixels) == (20, 50, 0.2)
    assert second.megapixels == 1


def test_a_breed_without_a_readable_photo_has_no_medians(record, survey_of):
    failure = Failure("data/pug/1.jpg", 1, "The file is empty.")
    findings = find(survey_of([record()], ("beagle", "pug"), [failure]))
    pug = findings.by_count[0]
    assert (pug.folder, pug.photos, pug.unreadable) == ("pug", (), 1)
    assert pug.brightness is None
    assert pug.to_json()["photos"] == 0


def test_outliers_are_counted_once_a_photo(record, survey_of):
    photos = [*[record() for _ in range(30)], record(brightness=1, contrast=1)]
    findings = find(survey_of(photos))
    assert findings.outlying == {30}
    assert findings.breeds[0].outliers == 1


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("n02085620-Chihuahua", "Chihuahua"),
        ("n99999999-Sea_dog", "Sea dog"),
        ("my_mutt", "my mutt"),
    ],
)
def test_breeds_are_called_as_people_call_them(folder, name):
    assert breed_name(folder) == name
