"""What people type by mistake, and what they are told: what is wrong, and what to do."""

import errno
import io
import json
import os
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click
import pytest

from barkive.bundle import BundleInfo
from barkive.catalogue import Catalogue
from barkive.classifier import Classifier
from barkive.cli import commands, scan
from barkive.cli.commands import Deferred, app
from barkive.errors import BarkiveError, system_reason

pytestmark = pytest.mark.slow

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Runs a command; the exit status, and what came on both outputs."""
    monkeypatch.setenv("BARKIVE_CATALOGUE", str(tmp_path / "c.sqlite"))
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.chdir(tmp_path)

    def invoke(*words: object, lang: str = "en", keys: str = "") -> tuple[int, str, str]:
        monkeypatch.setenv("BARKIVE_LANG", lang)
        monkeypatch.setattr("sys.argv", ["barkive", *map(str, words)])
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(keys.encode())))
        with pytest.raises(SystemExit) as end:
            commands.run()
        out, err = capfd.readouterr()
        return end.value.code or 0, out, err  # type: ignore[return-value]

    return invoke


@pytest.fixture
def kennel(colour_photo: Callable[..., Path], classifier: Classifier, tmp_path: Path) -> Path:
    """A folder with three photos that are catalogued, and none of which has a date."""
    folder = colour_photo("chenil/rex.png", (250, 10, 10)).parent
    colour_photo("chenil/mix.png", (120, 110, 90))
    colour_photo("chenil/nuit.png", (9, 9, 9))
    with Catalogue(tmp_path / "c.sqlite") as catalogue:
        catalogue.scan(folder, classifier=classifier)
    return folder


def every_command(group: click.Group, *words: str) -> list[tuple[str, click.Command]]:
    found = []
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found += every_command(command, *words, name)
        else:
            loaded = command.load() if isinstance(command, Deferred) else command
            found.append((" ".join((*words, name)), loaded))
    return found


COMMANDS = every_command(app)


@pytest.mark.parametrize(("name", "command"), COMMANDS, ids=[name for name, _ in COMMANDS])
def test_help_shows_what_people_type(name: str, command: click.Command) -> None:
    context = click.Context(command, info_name=name)
    shown = command.get_help(context)
    for sign in ("<", "INTEGER", "FLOAT", "range", ">=", "x<", "Sentinel"):
        assert sign not in shown
    for one in command.params:
        takes_a_value = not (isinstance(one, click.Option) and (one.is_flag or one.count))
        if takes_a_value:
            assert one.metavar or isinstance(one.type, click.Choice), one.name


@pytest.mark.parametrize(
    ("words", "english", "french"),
    [
        ("serach x", "No such command 'serach'. Did you mean search?", "Est-ce search~?"),
        ("animals shw", "Did you mean show?", "Il n'y a pas de commande «~shw~». Est-ce show~?"),
        ("search --bred pug", "No such option '--bred'.", "Il n'y a pas d'option «~--bred~»."),
        ("identify", "PHOTO|FOLDER is missing.", "Il manque PHOTO|FOLDER."),
        ("identify --top", "--top needs a value: --top NUMBER.", "une valeur~: --top NUMBER."),
        ("label a --cross pug", "--cross NAME NAME.", "--cross NAME NAME."),
        ("identify --top many a", "takes a whole number, and not “many”", "un nombre entier"),
        ("identify --top 0 a", "--top must be from 1 to 1000, and not 0.", "aller de 1 à 1000"),
        ("search --limit 0", "--limit must be 1 or more, and not 0.", "être au moins 1, et non 0."),
        ("search --min-probability x", "takes a number, and not “x”.", "prend un nombre, et non"),
        ("search --format xml", "--format is one of table, json, csv, and not “xml”.", "l'un de"),
        ("search --status dgo", "one of dog, uncertain, not_dog, failed", "est l'un de dog,"),
        ("history a b", "“b” is more than the command takes", "«~b~» est de trop"),
        ("scan --watch=3 a", "--watch takes no value.", "--watch ne prend pas de valeur."),
        ("search --after 31.12.2026", "write it as 2026-05-31", "2026-05-31"),
        ("search --after 2026-06-01 --before 2026-05-01", "exchange the two days", "échangez"),
        ("search --added-after 2026-06-01 --added-before 2026-05-01", "is added on", "est ajoutée"),
        ("scan", "Say what is to be scanned", "Dites ce qui doit être parcouru"),
        ("scan nowhere", "There is no folder or file", "pas de dossier ni de fichier"),
    ],
)
def test_a_mistake_is_told_in_both_languages(
    run: Run, words: str, english: str, french: str
) -> None:
    for lang, said in (("en", english), ("fr", french.replace("~", "\u202f"))):
        status, out, err = run(*words.split(), lang=lang)
        assert (status, out) == (2, "")
        assert said in err
        assert err.splitlines()[-1].startswith("Error: " if lang == "en" else "Erreur")


@pytest.mark.parametrize("words", ["", "animals", "users"])
def test_without_a_command_the_help_page_comes_alone(run: Run, words: str) -> None:
    status, out, err = run(*words.split())
    assert (status, out) == (2, "")
    assert err == f"{run(*words.split(), '--help')[1]}"
    assert "Error" not in err


def test_the_language_may_stand_behind_the_mistake(run: Run) -> None:
    said = "Il n'y a pas d'option «\u202f--nope\u202f»"
    for words in (("--nope", "--lang", "fr"), ("--lang=fr", "--nope")):
        assert said in run("search", *words)[2]
    assert "nombre entier" in run("identify", "--top", "x", "--lang", "fr", "a.jpg")[2]


def test_an_unknown_breed_says_how_to_go_on(run: Run, kennel: Path) -> None:
    photo = kennel / "rex.png"
    assert "take the name as it is written, add --other" in run("label", photo, "--breed", "Zz")[2]
    assert "with --other" in run("label", photo, "--breed", "pgu")[2]
    assert "`barkive breeds` lists all it knows" in run("search", "--breed", "Jack Russell")[2]


def test_words_find_breeds_and_not_groups(run: Run, kennel: Path) -> None:
    run("label", kennel / "rex.png", "--breed", "cocker spaniel")
    run("label", kennel / "mix.png", "--breed", "golden retriever")
    status, out, _ = run("search", "retriever", "--format", "json")
    assert (status, [Path(json.loads(line)["file"]).name for line in out.splitlines()]) == (
        0,
        ["mix.png"],
    )
    assert run("search", "--group", "8", "--count")[1] == "2\n"


def test_a_folder_that_the_catalogue_does_not_know(run: Run, kennel: Path) -> None:
    status, out, err = run("search", "--folder", "chenli")
    assert (status, out) == (0, "")
    assert err.splitlines()[0].startswith("The catalogue has no photo in chenli; `barkive scan`")
    assert run("search", "--folder", "chenil")[2] == "3 photos.\n"


def test_photos_without_a_date_are_counted(run: Run, kennel: Path) -> None:
    told = "3 photos without a date are left out; without --after and --before they are found.\n"
    for command in (("search",), ("duplicates",), ("export", "--as", "csv"), ("review",)):
        assert told in run(*command, "--after", "2026-01-01")[2]
    only = run("search", "--before", "2026-01-01", "--status", "not_dog")[2]
    assert only.splitlines()[0].startswith("1 photo without a date is left out")


def test_an_empty_folder(run: Run, tmp_path: Path, colour_bundle: Path) -> None:
    (tmp_path / "rien").mkdir()
    for command in ("scan", "identify"):
        status, _, err = run(command, "rien", "--model", colour_bundle)
        assert status == 0
        assert err.splitlines()[0].startswith("There are no photos in ")


def test_a_text_file_is_no_list_by_itself(run: Run, kennel: Path, colour_bundle: Path) -> None:
    model = ("--model", colour_bundle)
    Path("all.txt").write_text("chenil/rex.png\nchenil/nuit.png\n")
    assert "give it with --list" in run("scan", "all.txt", *model)[2]
    assert "barkive identify - < all.txt" in run("identify", "all.txt", *model)[2]
    assert run("scan", "--list", "all.txt", *model)[1].startswith("2 photos: 1 named, 1 no dog.\n")


def test_names_on_standard_input(kennel: Path, colour_bundle: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "barkive", "scan", "-", "--model", str(colour_bundle)]
    result = subprocess.run(
        [*command, "--catalogue", str(tmp_path / "c.sqlite")],
        input="chenil/rex.png\nchenil/nuit.png\n",
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("2 photos: 1 named, 1 no dog.\n")


def test_accents_find_the_same_however_they_are_composed(
    run: Run, colour_photo: Callable[..., Path], colour_bundle: Path
) -> None:
    composed, decomposed = (unicodedata.normalize(form, "café") for form in ("NFC", "NFD"))
    colour_photo(f"{composed}/rex.png", (250, 10, 10))
    other = f"{decomposed}/rex.png"
    model = ("--model", colour_bundle)
    assert run("identify", other, *model)[0] == 0
    assert run("scan", decomposed, *model)[1].startswith("1 photo: 1 named.\n")
    assert run("search", "--folder", decomposed, "--count") == (0, "1\n", "")
    assert run("search", decomposed, "--count")[1] == "1\n"
    assert run("label", other, "--breed", "pug")[0] == 0
    assert "breed: Pug" in run("history", other)[1]
    (Path(composed) / "rex.png").unlink()
    Path(composed).rmdir()
    # The drive is away; the catalogue knows the folder all the same.
    assert run("search", "--folder", decomposed, "--count") == (0, "1\n", "")


@pytest.fixture(scope="module")
def another_bundle(
    write_bundle: Callable[..., Path],
    colour_info: BundleInfo,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A bundle that answers as the first one does, and is another."""
    other = replace(colour_info, name="others")
    return write_bundle(tmp_path_factory.mktemp("others") / "others.onnx", other.to_metadata())


def test_another_model_asks_before_it_judges_again(
    run: Run, kennel: Path, another_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanned = ("scan", "chenil", "--model", another_bundle)
    status, out, err = run(*scanned)
    assert (status, out) == (2, "")
    assert err.startswith("Error: 3 photos were judged by another model than others@")
    assert "with --yes they are" in err

    monkeypatch.setattr(scan, "_is_asked", lambda: True)
    status, out, err = run(*scanned, keys="n\n")
    assert (status, out) == (1, "")
    assert "By earlier scans that takes about 1 minute. Go on (y/n)? " in err
    assert "Nothing was scanned. Without --model, " in err.splitlines()[-1]

    status, out, _ = run(*scanned, keys="oui\n", lang="fr")
    assert status == 0
    assert out.startswith("3 photos")
    # The same model as before asks nobody, and what --yes says is not asked.
    assert run(*scanned)[0] == 0
    Path("list.txt").write_text("chenil/rex.png\n")
    assert run("scan", "--list", "list.txt")[0] == 0


def test_yes_says_that_it_may(run: Run, kennel: Path, another_bundle: Path) -> None:
    status, out, _ = run("scan", "chenil", "--model", another_bundle, "--yes")
    assert status == 0
    assert "3 identified again" in out


def test_every_system_error_is_told_as_what_it_is() -> None:
    for number in (errno.EMFILE, errno.EROFS, errno.ENAMETOOLONG, errno.EACCES, errno.EDQUOT):
        reason = system_reason(OSError(number, os.strerror(number)))
        assert str(reason).startswith(os.strerror(number))
        french = BarkiveError("path_list_unreadable", file="a", reason=reason).text("fr")
        assert os.strerror(number) not in french
    assert system_reason(OSError("words of a library")) == "words of a library"
    assert system_reason(OSError()) == "OSError"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError('OS file watch limit reached. about ["/a"]'), "fs.inotify.max_user_watches"),
        (OSError("No space left on device (os error 28)"), "fs.inotify.max_user_watches"),
        (RuntimeError("Too many open files (os error 24)"), "fs.inotify.max_user_instances"),
        (PermissionError(errno.EACCES, "Permission denied"), "Permission denied"),
    ],
)
def test_what_keeps_folders_from_being_watched(
    run: Run,
    kennel: Path,
    colour_bundle: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    told: str,
) -> None:
    def refuse(*places: Path, **options: object) -> None:
        raise error

    monkeypatch.setattr("watchfiles.watch", refuse)
    status, _, err = run("scan", "chenil", "--model", colour_bundle, "--watch")
    assert status == 2
    assert told in err.splitlines()[-1]
    assert "None" not in err


def test_an_error_that_nothing_explains_names_the_file(
    run: Run, kennel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*given: object, **options: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system", "/mnt/nas/x.jpg")

    monkeypatch.setattr(Catalogue, "search", refuse)
    assert run("search") == (
        2,
        "",
        "Error: /mnt/nas/x.jpg: Read-only file system. Choose a place that can be written to.\n",
    )
    french = run("search", lang="fr")[2]
    assert french.startswith("Erreur\u202f: /mnt/nas/x.jpg\u202f: disque en lecture seule. ")


HEAD = [
    ["breeds"],
    ["breeds", "--format", "csv"],
    ["search", "--help"],
    ["search"],
    ["search", "--format", "json"],
    ["export", "--as", "csv"],
    ["duplicates"],
]


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
@pytest.mark.parametrize("words", HEAD, ids=" ".join)
def test_a_reader_that_has_gone_is_no_error(words: list[str], kennel: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "BARKIVE_CATALOGUE": str(tmp_path / "c.sqlite")}
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb") as nobody:  # noqa: PTH123
        result = subprocess.run(
            [sys.executable, "-m", "barkive", *words],
            stdout=nobody,
            stderr=subprocess.PIPE,
            cwd=tmp_path,
            env=environment,
            check=False,
        )
    assert result.returncode == 0
    assert b"Traceback" not in result.stderr
    assert b"Broken pipe" not in result.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
def test_what_people_say_is_kept_though_nobody_reads_the_answer(
    kennel: Path, tmp_path: Path
) -> None:
    environment = {**os.environ, "BARKIVE_CATALOGUE": str(tmp_path / "c.sqlite")}
    reading, writing = os.pipe()
    os.close(reading)
    photos = sorted(str(one) for one in kennel.iterdir())
    with open(writing, "wb") as nobody:  # noqa: PTH123
        command = [sys.executable, "-m", "barkive", "label", *photos, "--breed", "pug"]
        result = subprocess.run(command, stdout=nobody, env=environment, check=False)
    assert result.returncode == 0
    with Catalogue(tmp_path / "c.sqlite") as catalogue:
        assert all(one.corrected for one in catalogue.search())


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("words", ["export --as csv", "identify chenil/rex.png", "scan chenil"])
def test_without_standard_streams_everything_works(
    words: str, closed: str, kennel: Path, colour_bundle: Path, tmp_path: Path
) -> None:
    model = f" --model {colour_bundle}" if words.startswith(("identify", "scan")) else ""
    result = subprocess.run(
        ["sh", "-c", f"exec {sys.executable} -m barkive {words}{model} {closed}"],
        cwd=tmp_path,
        env={**os.environ, "BARKIVE_CATALOGUE": str(tmp_path / "c.sqlite")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0
    assert "Traceback" not in result.stderr + result.stdout


def test_unbuffered_lines_are_out_at_once() -> None:
    program = """
import os, sys
from barkive.cli import standard_streams
standard_streams.prepare(stops=False)
print("Pug")
os._exit(0)
"""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-c", program]
    ran = subprocess.run(command, capture_output=True, env=environment, text=True, check=True)
    assert ran.stdout == "Pug\n"
