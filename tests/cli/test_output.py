"""How verdicts look in each format."""

import csv
import io
import json
import os

import pytest

from barkive.boxes import Box
from barkive.cli import saying
from barkive.cli.options import Format
from barkive.cli.output import printable, summary, writer
from barkive.messages import Language, Message
from barkive.verdicts import BreedName, Candidate, Dog, Status, Verdict

PUG, MALTESE = (
    BreedName("n02110958", "Pug", "Carlin"),
    BreedName("n02085936", "Maltese", "Bichon maltais"),
)
BOTH = (Candidate(PUG, 0.9), Candidate(MALTESE, 0.0999))
VERDICTS = [
    Verdict("a b.jpg", Status.DOG, BOTH, None, "m@0"),
    Verdict("é.jpg", Status.UNCERTAIN, (Candidate(MALTESE, 0.4), Candidate(PUG, 0.001)), None, "m"),
    Verdict("c.jpg", Status.NOT_DOG, (), None, "m@0"),
    Verdict("d,\n.jpg", Status.FAILED, (), Message("photo_empty"), "m@0"),
]


def printed(
    capsys: pytest.CaptureFixture[str],
    form: Format,
    verdicts: list[Verdict],
    lang: Language = "en",
    top: int = 2,
) -> str:
    write = writer(form, lang, top)
    for verdict in verdicts:
        write(verdict)
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


def test_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, Format.TABLE, VERDICTS) == (
        "a b.jpg                           Pug 90%, Maltese 10%\n"
        "é.jpg                             not sure: Maltese 40%\n"
        "c.jpg                             no dog here\n"
        "d,\\n.jpg                          failed: The file is empty.\n"
    )


def test_a_dog_of_which_nothing_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    line = printed(capsys, Format.TABLE, [Verdict("a.jpg", Status.UNCERTAIN, (), None, "m")])
    assert line[34:] == "not sure\n"


def test_table_in_french(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saying, "_language", "fr")
    lines = printed(capsys, Format.TABLE, VERDICTS, "fr").splitlines()
    assert [line[34:] for line in lines] == [
        "Carlin 90\u202f%, Bichon maltais 10\u202f%",
        "pas sûr\u202f: Bichon maltais 40\u202f%",
        "pas de chien ici",
        "illisible\u202f: Le fichier est vide.",
    ]


@pytest.mark.parametrize("name", ["狗.jpg", "e\N{COMBINING ACUTE ACCENT}.jpg", "🐕.jpg"])
def test_columns_stand_under_each_other_in_every_script(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from rich.cells import cell_len

    line = printed(capsys, Format.TABLE, [Verdict(name, Status.NOT_DOG, (), None, "m")])
    assert cell_len(line.removesuffix("no dog here\n")) == 34


def test_a_long_line_stays_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    name = "folder/" * 60 + "a [bold] :dog: photo.jpg"
    line = printed(capsys, Format.TABLE, [Verdict(name, Status.NOT_DOG, (), None, "m")])
    assert line == f"{name}  no dog here\n"


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, Format.JSON, VERDICTS, "fr").splitlines()
    assert lines[0] == (
        '{"file": "a b.jpg", "status": "dog", "breeds": ['
        '{"id": "n02110958", "name": "Carlin", "probability": 0.9}, '
        '{"id": "n02085936", "name": "Bichon maltais", "probability": 0.0999}], '
        '"error": null, "error_code": null, "model": "m@0", "dogs": null}'
    )
    assert [json.loads(line) for line in lines] == [v.to_json("fr") for v in VERDICTS]


def test_csv(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, Format.CSV, VERDICTS)
    assert text.startswith("\ufeff")
    rows = list(csv.reader(io.StringIO(text[1:])))
    assert rows == [
        [
            *("file", "status", "id_1", "name_1", "probability_1"),
            *("id_2", "name_2", "probability_2", "error", "error_code", "model", "dogs"),
        ],
        [
            *("a b.jpg", "dog", "n02110958", "Pug", "0.9"),
            *("n02085936", "Maltese", "0.0999", "", "", "m@0", ""),
        ],
        [
            *("é.jpg", "uncertain", "n02085936", "Maltese", "0.4"),
            *("n02110958", "Pug", "0.001", "", "", "m", ""),
        ],
        ["c.jpg", "not_dog", *[""] * 6, "", "", "m@0", ""],
        ["d,\n.jpg", "failed", *[""] * 6, "The file is empty.", "photo_empty", "m@0", ""],
    ]


def test_csv_without_photos_is_its_header(capsys: pytest.CaptureFixture[str]) -> None:
    expected = "\ufefffile,status,id_1,name_1,probability_1,error,error_code,model,dogs\n"
    assert printed(capsys, Format.CSV, [], top=1) == expected


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("plain.jpg", "plain.jpg"),
        ("été 🐕.jpg", "été 🐕.jpg"),
        ("two\nlines\t.jpg", "two\\nlines\\t.jpg"),
        ("red\x1b[31m.jpg", "red\\x1b[31m.jpg"),
        (os.fsdecode(b"\xe9.jpg"), "\\udce9.jpg"),
        (None, ""),
    ],
)
def test_printable(name: str | None, text: str) -> None:
    assert printable(name) == text


@pytest.mark.parametrize(
    ("counts", "line"),
    [
        ({Status.DOG: 1}, "1 photo: 1 named."),
        (
            {Status.FAILED: 1, Status.NOT_DOG: 2, Status.DOG: 3, Status.UNCERTAIN: 4},
            "10 photos: 3 named, 4 not sure, 2 no dog, 1 failed.",
        ),
    ],
)
def test_summary(counts: dict[Status, int], line: str) -> None:
    assert summary(counts) == line


@pytest.mark.parametrize("name", ["new\nline.jpg", "carriage\rreturn.jpg", 'a "b", c.jpg'])
def test_csv_gives_every_name_back(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, Format.CSV, [Verdict(name, Status.NOT_DOG, (), None, "m")])
    assert [row[0] for row in csv.reader(io.StringIO(text, newline=""))] == ["\ufefffile", name]


def test_csv_is_fit_for_a_spreadsheet(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the export's: semicolons and commas in French, and nothing that runs as a formula."""
    monkeypatch.setattr(saying, "_language", "fr")
    verdict = Verdict("=cmd|'/c calc'!A1.jpg", Status.DOG, (Candidate(PUG, 0.25),), None, "m")
    assert printed(capsys, Format.CSV, [verdict], "fr", top=1) == (
        "\ufefffile;status;id_1;name_1;probability_1;error;error_code;model;dogs\n"
        "'=cmd|'/c calc'!A1.jpg;dog;n02110958;Carlin;0,25;;;m;\n"
    )


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", "Pug 90%  also: Maltese 70%, Pug 40%?"),
        ("fr", "Carlin 90\u202f%  aussi\u202f: Bichon maltais 70\u202f%, Carlin 40\u202f%\u202f?"),
    ],
)
def test_further_dogs_stand_behind_the_first(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    lang: Language,
    said: str,
) -> None:
    monkeypatch.setattr(saying, "_language", lang)
    box = Box(0, 0, 1, 1)
    dogs = (
        Dog(box, 0.9, Status.DOG, (Candidate(PUG, 0.9),)),
        Dog(box, 0.9, Status.DOG, (Candidate(MALTESE, 0.7),)),
        Dog(box, 0.9, Status.UNCERTAIN, (Candidate(PUG, 0.4),)),
    )
    verdict = Verdict("three.jpg", Status.DOG, dogs[0].breeds, None, "m", dogs)
    assert printed(capsys, Format.TABLE, [verdict], lang).rstrip().endswith(said)
