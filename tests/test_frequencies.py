"""How often breeds are met: the table inside, and files of somebody's own."""

import csv
from pathlib import Path

import pytest

from barkive import breeds, frequencies
from barkive.bundle import Bundle
from barkive.errors import UsageError
from barkive.frequencies import Frequencies, read_frequencies
from barkive.verdicts import BreedName

LABELS = (
    BreedName("n02085620", "Chihuahua", "Chihuahua"),
    BreedName("n02110958", "Pug", "Carlin"),
    BreedName("Jack_Russell", "Jack Russell", "Jack Russell"),
)


def test_the_table_has_every_breed() -> None:
    with Path(frequencies.__file__).with_name("data").joinpath("frequencies.csv").open() as file:
        ids = [row["id"] for row in csv.DictReader(file)]
    assert ids == [breed.id for breed in breeds.all_breeds()]
    found = frequencies.shipped()
    assert found.by_id[breeds.find("Labrador").id] == 1
    assert found.by_id[breeds.find("Pug").id] == 1 / 29
    # What the kennel club does not register is rarer than all that it does.
    assert min(found.by_id.values()) == found.by_id[breeds.find("Dingo").id] == 1 / 250


def test_a_breed_that_is_not_known_counts_as_the_middle() -> None:
    assert Frequencies("", {"n02085620": 9.0, "n02110958": 4.0}).of(LABELS) == pytest.approx(
        (9, 4, 6)
    )
    assert Frequencies("", {"x": 5.0}).of(LABELS) == (1, 1, 1)


@pytest.mark.parametrize(
    "text",
    [
        "Chihuahua,30\nPug,10\nJack Russell,0\n",
        "breed,met\nn02085620,30\ncarlin,10\njack_russell,0\n",
        "\ufeffRace;Fois\nchihuahua;30,0\n\ncarlin;10,0\nJack Russell;0\n",
        'Chihuahua\t30\n"Pug"\t10\nJack_Russell\t0\n',
    ],
)
def test_a_table_of_ones_own(text: str, tmp_path: Path) -> None:
    path = tmp_path / "ours.csv"
    path.write_text(text, encoding="utf-8")
    found = read_frequencies(path, LABELS)
    assert found.source == "ours.csv"
    # Never met counts a tenth of the rarest that was.
    assert found.of(LABELS) == (30, 10, 1)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "Pug,1\nDachshund,2\nAkita,1\n",
            "names breeds that the model does not know (Dachshund, Akita); leave them out, or "
            "write them as `barkive breeds` does.",
        ),
        ("Pug,-1\n", "gives Pug a frequency of -1; it must be 0 or more."),
        ("Pug,nan\n", "gives Pug a frequency of nan; it must be 0 or more."),
        ("Pug,inf\n", "gives Pug a frequency of inf; it must be 0 or more."),
        ("Pug,1\ncarlin,2\n", "names carlin twice; leave one line out."),
    ],
)
def test_what_a_table_must_not_say(text: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "ours.csv"
    path.write_text(text)
    with pytest.raises(UsageError) as refused:
        read_frequencies(path, LABELS)
    assert str(refused.value) == f"The prior {path} {reason}"


@pytest.mark.parametrize("text", ["Pug,0\nChihuahua,0\n", "", "breed,met\n"])
def test_a_table_must_have_something_above_0(text: str, tmp_path: Path) -> None:
    path = tmp_path / "ours.csv"
    path.write_text(text)
    with pytest.raises(UsageError) as refused:
        read_frequencies(path, LABELS)
    assert str(refused.value) == (
        f"The frequencies in the prior {path} sum to 0; give at least one breed more than 0."
    )


def test_a_line_without_a_number(tmp_path: Path) -> None:
    path = tmp_path / "ours.csv"
    path.write_text("Pug,1\nChihuahua often\n")
    with pytest.raises(UsageError, match=r"Line 2 of the prior .* is “Chihuahua often”; it must"):
        read_frequencies(path, LABELS)


def test_no_file_and_no_text(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't be read: No such file or directory; give a table"):
        read_frequencies(tmp_path / "absent.csv", LABELS)
    path = tmp_path / "ours.csv"
    path.write_bytes(b"Pug,1\n\xff\xfe")
    with pytest.raises(UsageError, match="is no text in UTF-8; save it as CSV UTF-8"):
        read_frequencies(path, LABELS)


def test_a_bundle_with_a_prior_of_ones_own(colour_bundle: Path, tmp_path: Path) -> None:
    path = tmp_path / "ours.csv"
    path.write_text("Chihuahua,1\nPug,8\nMaltese,1\n")
    bundle = Bundle.open(colour_bundle)
    other = bundle.with_prior(path)
    # It had none, so the table counts wholly.
    assert other.info.prior == 1
    assert other.info.frequencies == (1, 8, 1)
    assert other.model.startswith(f"{bundle.model}+")
    assert other.model != bundle.model
    none = other.with_prior("none")
    assert none.info.prior == 0
    assert none.model == f"{bundle.model}+none"
