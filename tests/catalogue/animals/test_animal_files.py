"""What files of animals say: of spreadsheets, of Animal Shelter Manager, and Barkive's own."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barkive.catalogue.animal_records import AnimalFields, Sex
from barkive.catalogue.animals import animal_files
from barkive.catalogue.animals.animal_cells import DayOrder, read_age, read_date, read_sex
from barkive.catalogue.animals.animal_files import AnimalFile, AnimalRow, read_animals
from barkive.errors import UsageError


def read(text: str, dates: str | None = None) -> AnimalFile:
    return read_animals(text.encode(), dates)


def told(found: AnimalFile) -> list[tuple[int, str, bool]]:
    return [(one.line, one.why.text(), one.is_row) for one in found.problems]


def test_a_spreadsheet_in_english() -> None:
    found = read(
        "Code,Name,Species,Sex,Date of birth,Breed,Second breed,Status,Notes,Arrived,Left\r\n"
        '2026-113,Rex,Dog,M,2021-05-31,Boxer,Beagle,Adopted,"Shy, at first",'
        "2026-01-02,2026-03-04\r\n"
    )

    assert found == AnimalFile(
        (
            AnimalRow(
                2,
                AnimalFields(
                    code="2026-113",
                    name="Rex",
                    species="dog",
                    sex=Sex.MALE,
                    birth="2021-05-31",
                    breeds=("Boxer", "Beagle"),
                    status="adopted",
                    notes="Shy, at first",
                    arrived="2026-01-02",
                    left="2026-03-04",
                ),
            ),
        ),
        (),
        (),
    )


def test_a_spreadsheet_in_french() -> None:
    found = read(
        "N°;NOM;Espèce;Sexe;Né(e) le;Race;Statut;Remarques;Date d'arrivée\n"
        "12;Éva;chien;Femelle;05/06/2021;Épagneul breton;En charge;;01/02/26\n"
    )

    assert [one.fields for one in found.rows] == [
        AnimalFields(
            code="12",
            name="Éva",
            species="dog",
            sex=Sex.FEMALE,
            birth="2021-06-05",
            breeds=("Épagneul breton",),
            status="in_care",
            arrived="2026-02-01",
        )
    ]
    assert found.problems == ()


def test_the_export_of_animal_shelter_manager() -> None:
    # Its headings stand without quotation marks, and further rows tell of vaccinations and logs.
    found = read(
        "ANIMALID,ANIMALCODE,ANIMALLITTER,ANIMALNAME,ANIMALSEX,ANIMALBREED1,ANIMALBREED2,ANIMALDOB,"
        "ANIMALSPECIES,ANIMALDESCRIPTION,ANIMALENTRYDATE,ANIMALDECEASEDDATE,MOVEMENTTYPE,"
        "MOVEMENTDATE,LOGCOMMENTS\n"
        '"17","D2026113","","Am&eacute;lie","Female","Boxer","Boxer","14/05/2021","Dog","None",'
        '"02/01/2026","","1","20/03/2026",""\n'
        '"","D2026113","","Am&eacute;lie","","","","","","","","","","","Bites"\n'
        '"18","D2026114","","Rex","Unknown","Mixed Breed","Boxer","01/05/2015","Dog","Old",'
        '"02/01/2026","03/02/2026","None","",""\n'
    )

    assert {one.is_of_asm3 for one in found.rows} == {True}
    assert [(one.line, one.fields) for one in found.rows] == [
        (
            2,
            AnimalFields(
                code="D2026113",
                name="Amélie",
                species="dog",
                sex=Sex.FEMALE,
                birth="2021-05-14",
                breeds=("Boxer",),
                status="adopted",
                arrived="2026-01-02",
                left="2026-03-20",
            ),
        ),
        (3, AnimalFields(code="D2026113", name="Amélie")),
        (
            4,
            AnimalFields(
                code="D2026114",
                name="Rex",
                species="dog",
                birth="2015-05-01",
                breeds=("Mixed Breed", "Boxer"),
                status="deceased",
                notes="Old",
                arrived="2026-01-02",
                left="2026-02-03",
            ),
        ),
    ]
    assert found.unknown == ("ANIMALID", "LOGCOMMENTS")


def test_what_barkive_gave_animal_shelter_manager_is_known_again() -> None:
    found = read(
        "ANIMALCODE,ANIMALNAME,ANIMALDOB,ANIMALHIDDENDETAILS\n"
        "BA123456789012,Rex,2025-11-29,Shy\n"
        'BA123456789013,Bo,2025-11-29,"Imported from Barkive: the age is not known, one year '
        'stands in for it."\n'
    )

    assert [(one.id, one.fields.birth) for one in found.rows] == [
        (123456789012, "2025-11-29"),
        (123456789013, None),
    ]


def test_a_report_of_animal_shelter_manager() -> None:
    found = read(
        "SHELTERCODE,ANIMALNAME,SPECIESNAME,SEXNAME,DATEOFBIRTH,ESTIMATEDDOB,BREEDNAME1,"
        "DATEBROUGHTIN\nD1,Rex,Dog,Male,2021-05-14 00:00:00,1,Boxer,2026-01-02\n"
    )

    assert [one.fields for one in found.rows] == [
        AnimalFields(
            code="D1",
            name="Rex",
            species="dog",
            sex=Sex.MALE,
            birth="2021-05-14",
            birth_is_estimate=True,
            breeds=("Boxer",),
            arrived="2026-01-02",
        )
    ]


def test_a_file_of_barkive_says_no_more_than_people_did() -> None:
    found = read(
        "id,code,name,breed_status,breeds,breed_origin,photos,version\n"
        "123456789012,,Rex,dog,Boxer,model,3,17\n123456789013,,Bo,dog,Boxer,animal,3,18\n"
    )

    assert found.rows == (
        AnimalRow(2, AnimalFields(name="Rex"), id=123456789012),
        AnimalRow(3, AnimalFields(name="Bo", breeds=("Boxer",)), id=123456789013),
    )
    assert found.unknown == ()


def test_another_id_is_the_code() -> None:
    assert read("ID,Name\n17,Rex\n").rows == (AnimalRow(2, AnimalFields(code="17", name="Rex")),)


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("utf-8", "Éva “Zoé” 犬"),
        ("utf-8-sig", "Éva “Zoé” 犬"),
        ("utf-16", "Éva “Zoé” 犬"),
        ("cp1252", "Zoé l’épagneul à 5 €"),
        ("cp1252", "ÉVA"),
        ("mac_roman", "ÉVA"),
        ("latin-1", "Noël"),
        ("mac_roman", "Zoé l’épagneul"),
    ],
)
def test_encodings(encoding: str, name: str) -> None:
    found = read_animals(f"Code;Nom\n1;{name}\n".encode(encoding))

    assert [one.fields.name for one in found.rows] == [name]


def test_separators_are_told_by_the_headings() -> None:
    # More commas and semicolons stand in cells than between them.
    found = read('code\tname\tnotes\n1\tRex\t"a,b;c,d;e,f"\n')

    assert [one.fields.notes for one in found.rows] == ["a,b;c,d;e,f"]


def test_the_separator_may_be_told_in_the_first_line() -> None:
    found = read("sep=;\nname;notes\nRex;shy\n")

    assert found.rows == (AnimalRow(3, AnimalFields(name="Rex", notes="shy")),)


def test_a_title_above_the_headings_and_empty_lines() -> None:
    found = read("Our dogs in 2026;;\n\n;;\nName;Sex;\n;;\nRex;m;\n")

    assert found.rows == (AnimalRow(6, AnimalFields(name="Rex", sex=Sex.MALE)),)


def test_lines_are_those_of_the_file() -> None:
    found = read('name,notes,sex\nRex,"two\nlines",\nBo,,x\n')

    assert [(one.line, one.fields.notes) for one in found.rows] == [(2, "two\nlines"), (4, None)]
    assert told(found) == [(4, "The sex “x” is not known; write female or male.", False)]


def test_lines_of_an_older_mac() -> None:
    assert [one.line for one in read("name\rRex\rBo\r").rows] == [2, 3]


def test_a_cell_that_was_defused_is_read_back() -> None:
    found = read("name,notes\n'-Rex,'=1+1\n'Tis,'s\n")

    assert [(one.fields.name, one.fields.notes) for one in found.rows] == [
        ("-Rex", "=1+1"),
        ("'Tis", "'s"),
    ]


def test_what_is_not_known_is_told() -> None:
    found = read("Name,Chip,Colour,\nRex,985,,\nBo,,,x\n")

    assert found.unknown == ("Chip", "4")


def test_what_can_not_be_used() -> None:
    found = read(
        "code,name,sex,born,arrived,birth is estimate,age\n"
        "1,Rex,?,31/02/2021,2021,perhaps,old\n"
        ",,f,,,,\n"
        "2,Bo,f,,,,,and more\n"
    )

    assert [(one.line, one.fields) for one in found.rows] == [
        (2, AnimalFields(code="1", name="Rex"))
    ]
    assert told(found) == [
        (2, "“31/02/2021” is no date; write it as 2021-05-31.", False),
        (2, "“old” is no age; write a number of years, or 6 months.", False),
        (2, "“perhaps” is neither yes nor no.", False),
        (2, "“2021” is no day; write it as 2021-05-31.", False),
        (3, "It has no code and no name.", True),
        (
            4,
            "It has 8 cells, and there are 7 headings: put cells that hold a separator into "
            "quotation marks.",
            True,
        ),
    ]


def test_a_birth_in_the_future_is_told() -> None:
    found = read("name,born\nRex,2999-01-01\n")

    assert found.rows == (AnimalRow(2, AnimalFields(name="Rex")),)
    assert [one.why.code for one in found.problems] == ["animal_birth_in_future"]


class TestDates:
    def births(self, text: str, dates: str | None = None) -> list[str | None]:
        return [one.fields.birth for one in read(text, dates).rows]

    def test_a_day_above_12_tells_of_the_column(self) -> None:
        assert self.births("name,born\na,5/6/2021\nb,13/6/2021\n") == ["2021-06-05", "2021-06-13"]
        assert self.births("name,born\na,5/6/2021\nb,6/13/2021\n") == ["2021-05-06", "2021-06-13"]

    def test_a_column_may_tell_of_another(self) -> None:
        assert self.births("name,born,arrived\na,5/6/2021,6/30/2021\n") == ["2021-05-06"]

    def test_french_headings_put_the_day_first(self) -> None:
        assert self.births("nom,né le\na,5/6/2021\n") == ["2021-06-05"]

    def test_else_the_user_is_asked(self) -> None:
        with pytest.raises(UsageError) as caught:
            self.births("name,born\na,2021-01-01\nb,5/6/2021\n")
        assert str(caught.value) == (
            "In line 3, 5/6/2021 may have the day or the month first, and nothing in the file "
            "tells which; say --dates dmy or --dates mdy. Nothing was imported."
        )
        assert self.births("name,born\nb,5/6/2021\n", "dmy") == ["2021-06-05"]
        assert self.births("name,born\nb,5/6/2021\n", "mdy") == ["2021-05-06"]

    def test_but_not_where_both_are_one(self) -> None:
        assert self.births("name,born\na,5/5/2021\nb,5.6.2021\n") == ["2021-05-05", "2021-06-05"]

    def test_what_does_not_fit_the_order_is_told(self) -> None:
        found = read("name,born\na,13/6/2021\nb,6/13/2021\n", "dmy")

        assert told(found) == [(3, "“6/13/2021” is no date; write it as 2021-05-31.", False)]

    def test_no_other_order(self) -> None:
        with pytest.raises(UsageError, match="The order of dates “ymd” is not known"):
            read("name\na\n", "ymd")

    @pytest.mark.parametrize(
        ("written", "meant"),
        [
            ("2021-05-31", "2021-05-31"),
            ("2021/5/31", "2021-05-31"),
            ("2021-05-31T12:30:00Z", "2021-05-31"),
            ("2021-05", "2021-05"),
            ("2021", "2021"),
            ("05/2021", "2021-05"),
            ("31/05/2021", "2021-05-31"),
            ("31/05/2021 12:30", "2021-05-31"),
            ("31-5-21", "2021-05-31"),
            ("31.05.29", "2029-05-31"),
            ("31.05.30", "1930-05-31"),
            ("31 May 2021", "2021-05-31"),
            ("31-mai-21", "2021-05-31"),
            ("1er févr. 2021", "2021-02-01"),
            ("May 31, 2021", "2021-05-31"),
            ("août 2021", "2021-08"),
        ],
    )
    def test_dates(self, written: str, meant: str) -> None:
        assert read_date(written) == meant

    @pytest.mark.parametrize(
        "written", ["", "x", "31/04/2021", "0/5/2021", "2021-13", "May 21", "ju 2021", "44347"]
    )
    def test_no_dates(self, written: str) -> None:
        with pytest.raises(UsageError, match="is no date"):
            read_date(written)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("M", Sex.MALE),
        ("mâle", Sex.MALE),
        ("Female", Sex.FEMALE),
        ("F (stérilisée)", Sex.FEMALE),
        ("male castré", Sex.MALE),
        ("neutered female", Sex.FEMALE),
    ],
)
def test_sexes(written: str, meant: Sex) -> None:
    assert read_sex(written) is meant


@pytest.mark.parametrize(
    ("written", "born"),
    [
        ("3", "2023"),
        ("3 years", "2023"),
        ("env. 3 ans", "2023"),
        ("6 mois", "2026-05"),
        ("0.5", "2026-05"),
        ("0", "2026-11"),
        ("12 mo.", "2025-11"),
    ],
)
def test_ages(written: str, born: str) -> None:
    assert read_age(written, date(2026, 11, 29)) == born


def test_an_age_is_an_estimate() -> None:
    (row,) = read("name,age\nRex,2 years\n").rows

    assert row.is_age
    assert row.fields.birth_is_estimate


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "x.csv is empty; give a CSV file with headings and a row an animal."),
        (b"\n,,\n", "x.csv is empty; give a CSV file with headings and a row an animal."),
        (
            b"PK\3\4\0",
            "x.csv is no CSV: it is a workbook; open it in a spreadsheet, and save it as CSV.",
        ),
        (b"%PDF-1.7", "x.csv is no CSV: it is a PDF; give the table that it was made of, as CSV."),
        (
            b"\xff\xd8\xff\xe0",
            "x.csv is no CSV: it is a picture; give a table of the animals, as CSV.",
        ),
        (b"a\0b", "x.csv is no CSV: it is no text; save the table as CSV."),
        (b"\xff\xfea", "x.csv is no CSV: it is no text; save the table as CSV."),
        (
            b"Colour,Size\nred,1\n",
            "x.csv has no heading that names an animal's code or name; its first row: Colour, "
            "Size. Give a first row with headings such as code, name, sex, born, breed, status, "
            "notes, arrived.",
        ),
    ],
)
def test_what_is_no_csv_of_animals(content: bytes, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_animals(content, name="x.csv")
    assert str(caught.value) == sentence


def test_too_large_files_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_bytes(b"name\nRex\nBo\n")

    monkeypatch.setattr(animal_files, "MOST_ROWS", 1)
    with pytest.raises(UsageError, match="has more than 1 rows; split it into several files"):
        read_animals(file)
    monkeypatch.setattr(animal_files, "MOST_BYTES", 5)
    for given_as in (file, file.read_bytes()):
        with pytest.raises(UsageError, match="has 1 MB, and a CSV file of animals may have 1 MB"):
            read_animals(given_as)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.csv can't be read: No such file or directory"):
        read_animals(tmp_path / "none.csv")


def test_a_quotation_mark_that_is_not_closed() -> None:
    with pytest.raises(UsageError, match="In line 2, a cell has more than 131072 characters"):
        read('name,notes\nRex,"shy\n' + "Bo,\n" * 40_000)


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: f"name,{text}".encode()))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with suppress(UsageError):
        read_animals(content, DayOrder.DMY)


CELLS = (
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
    .map(str.strip)
    .filter(lambda cell: not cell.startswith("'"))
)


@given(
    rows=st.lists(st.tuples(CELLS.filter(bool), CELLS), max_size=5),
    separator=st.sampled_from(",;\t"),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_what_is_written_is_read(rows: list[tuple[str, str]], separator: str, end: str) -> None:
    def quoted(cell: str) -> str:
        return '"' + cell.replace('"', '""') + '"'

    lines = [separator.join(map(quoted, row)) for row in [("Name", "Notes"), *rows]]
    found = read(end.join(lines) + end)

    assert [(one.fields.name, one.fields.notes or "") for one in found.rows] == rows


def test_the_order_of_dates_has_a_name() -> None:
    assert [str(one) for one in DayOrder] == ["dmy", "mdy"]


def test_a_quotation_mark_that_is_not_closed_is_told() -> None:
    """It would swallow all rows behind it; text behind one that is closed is no such thing."""
    with pytest.raises(UsageError) as caught:
        read_animals(b'code,name\n1,"Rex\n2,Luna\n3,Max\n')
    assert (caught.value.code, caught.value.params["line"]) == ("animals_file_quote", 2)
    sloppy = read_animals(b'code,name\n1,"Rex" the dog\n2,"Lu\nna"\n')
    assert [one.fields.name for one in sloppy.rows] == ["Rex the dog", "Lu\nna"]
