"""Which photos of a folder belong to which breed."""

import pytest

from barkive.errors import DataError, UsageError
from barkive.evaluation import known_to, read_not_dogs, read_samples, twin_folders
from barkive.images.passing import Passing
from barkive.verdicts import BreedName


def label(breed_id):
    return BreedName(breed_id, breed_id, breed_id)


def test_photos_are_listed_by_breed(data):
    (data / "empty").mkdir()
    (data / ".hidden").mkdir()
    (data / "readme.txt").write_text("not a breed")
    samples = read_samples(data)
    assert samples.folders == ("Maltese", "my-mutt", "n02085620-Chihuahua")
    assert samples.truth.tolist() == [0, 1, 1, 1, 2, 2]
    assert samples.paths[0] == str(data / "Maltese" / "1.png")
    assert samples.empty == ("empty",)


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda path: None, "does not exist"),
        (lambda path: path.write_text(""), "is not a folder"),
        (lambda path: path.mkdir(), "holds no folders of breeds"),
        (lambda path: (path / "beagle").mkdir(parents=True), "holds only empty folders"),
    ],
)
def test_a_folder_without_breeds_is_refused(tmp_path, prepare, message):
    prepare(tmp_path / "data")
    with pytest.raises(DataError, match=message) as caught:
        read_samples(tmp_path / "data")
    assert str(tmp_path / "data") in str(caught.value)


def test_folders_match_labels_by_breed_or_by_name(data, info):
    known = known_to(info.labels, read_samples(data))
    assert known.truth.tolist() == [1, 2, 2, 2, 0, 0]
    assert known.unknown == known.twins == ()


@pytest.mark.parametrize("name", ["Dachshund", "dachs-hund", "Teckel", "Sausage_Dog"])
def test_a_folder_matches_a_label_by_its_id_and_its_names(data, name):
    (data / name).mkdir()
    (data / name / "1.png").write_bytes(b"")
    labels = [label("my-mutt"), BreedName("sausage dog", "Dachshund", "Teckel")]
    known = known_to(labels, read_samples(data))
    assert sorted(known.truth.tolist()) == [0, 0, 0, 1]


def test_a_folder_that_has_the_name_of_a_label_is_that_label(data):
    (data / "my-Chihuahua").mkdir()
    (data / "my-Chihuahua" / "1.png").write_bytes(b"")
    labels = [label("n02085620"), label("my-Chihuahua")]
    assert known_to(labels, read_samples(data)).truth.tolist() == [1, 0, 0]


def test_unknown_breeds_are_left_out(data):
    known = known_to([label("other"), label("my-mutt")], read_samples(data))
    assert known.paths == tuple(str(data / "my-mutt" / f"{i}.png") for i in (1, 2, 3))
    assert known.truth.tolist() == [1, 1, 1]
    assert known.unknown == ("Maltese", "n02085620-Chihuahua")


def test_two_folders_may_stand_for_one_breed(data):
    (data / "n02085936-Maltese_dog").mkdir()
    (data / "n02085936-Maltese_dog" / "1.png").write_bytes(b"")
    known = known_to([label("n02085936")], read_samples(data))
    assert known.truth.tolist() == [0, 0]
    assert known.twins == ("Maltese with n02085936-Maltese_dog",)


def test_folders_that_share_a_label_are_named_together():
    folders = ["bichon", "maltese", "rex", "n02085936-Maltese_dog", "Maltese", "n02085936"]
    assert twin_folders(folders, [1, 0, None, 0, 0, 0]) == (
        "maltese with n02085936-Maltese_dog with Maltese with n02085936",
    )
    assert twin_folders(folders, [None, None, 0, 1, 2, 3]) == ()


def test_a_model_that_knows_no_breed_is_refused(data):
    labels = [label(f"breed {i}") for i in range(6)]
    with pytest.raises(DataError, match=r"none of the 3 breeds .*Maltese.* it knows 6, such as"):
        known_to(labels, read_samples(data))


def test_not_dogs_are_found_in_nested_folders(not_dogs):
    assert read_not_dogs(not_dogs) == tuple(
        str(not_dogs / name) for name in ("1.png", "deeper/2.png", "deeper/3.png")
    )


def test_a_folder_without_photos_is_refused_as_not_dogs(tmp_path):
    with pytest.raises(DataError, match="holds no photo"):
        read_not_dogs(tmp_path)
    with pytest.raises(DataError, match="does not exist"):
        read_not_dogs(tmp_path / "missing")


def test_thumbnails_bins_and_exports_are_no_breeds(data, tmp_path):
    def photo(name):
        path = data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")

    for name in ("@eaDir/1.png", "#recycle/Pug/1.png", "Maltese/@eaDir/1.png/SM.png", "loose.png"):
        photo(name)
    photo("Maltese/1.NEF")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "1.png").write_bytes(b"x")
    (data / "pug").symlink_to(tmp_path / "elsewhere")
    samples = read_samples(data)
    assert samples.folders == ("Maltese", "my-mutt", "n02085620-Chihuahua")
    assert samples.truth.tolist() == [0, 1, 1, 1, 2, 2]
    assert samples.empty == ()
    assert samples.passed_over == {"@eaDir": 2, "#recycle": 1, "link": 1, "raw": 1}
    followed = read_samples(data, Passing(("my-mutt/",), follow_links=True))
    assert followed.folders == ("Maltese", "n02085620-Chihuahua", "pug")
    assert followed.empty == ()
    assert followed.passed_over == {"@eaDir": 2, "#recycle": 1, "excluded": 3, "raw": 1}


def test_patterns_that_leave_nothing_are_refused(data, not_dogs):
    with pytest.raises(UsageError, match=r"^Nothing is left of .*data: --exclude or .*there \(6\)"):
        read_samples(data, Passing(("*.png",)))
    with pytest.raises(UsageError, match=r"^Nothing is left of .*: --exclude or .*there \(3\)"):
        read_not_dogs(not_dogs, Passing(("*",)))


def test_the_folder_may_be_the_one_that_one_is_in(data, monkeypatch):
    monkeypatch.chdir(data)
    assert read_samples(".").paths[0] == "Maltese/1.png"
