"""`barkive explore`."""

import json
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner

from barkive.cli.commands import app
from barkive.errors import DataError


@pytest.fixture
def run():
    def invoke(*arguments):
        return CliRunner().invoke(app, ["explore", *map(str, arguments)])

    return invoke


@pytest.fixture
def data(tmp_path, make_photo):
    make_photo("data/n02088364-beagle/1.jpg", seed=1)
    make_photo("data/n02088364-beagle/2.jpg", seed=2)
    make_photo("data/[b]pug/1.jpg", seed=1)
    return tmp_path / "data"


def test_the_summary_names_the_smallest_the_largest_and_the_page(run, data, tmp_path):
    result = run(data, "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "3 photos of 2 breeds",
        "Smallest breed: [b]pug (1)",
        "Largest breed: Beagle (2)",
        "Duplicates: 1 group of the same file, 0 groups of the same picture; 1 of them across "
        "breeds",
        "Outliers: 0 photos",
        "Unreadable: 0 photos",
        f"Page: {tmp_path / 'out' / 'index.html'}",
    ]
    assert result.stderr == ""
    assert json.loads((tmp_path / "out" / "explore.json").read_text())["photos"] == 3
    assert (tmp_path / "out" / "index.html").exists()


def test_breeds_of_one_size(run, tmp_path, make_photo):
    make_photo("data/a/1.jpg")
    make_photo("data/b/1.jpg", seed=1)
    lines = run(tmp_path / "data", "--out", tmp_path / "out").stdout.splitlines()
    assert lines[:2] == ["2 photos of 2 breeds", "Each breed has 1 photo"]


def test_unreadable_photos_are_listed_and_give_status_1(run, data, tmp_path):
    broken = data / "[b]pug" / "2.jpg"
    broken.write_bytes(b"no photo at all")
    (data / "empty").mkdir()
    result = run(data, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert result.stdout.startswith("4 photos of 2 breeds\n")
    assert "Without a photo: empty" in result.stdout
    listed, total = result.stderr.splitlines()
    assert listed.startswith(f"{broken}: It is not a photo")
    assert total == "Could not be read, and left out: 1"
    assert (tmp_path / "out" / "index.html").exists()


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda folder: None, "does not exist"),
        (lambda folder: folder.mkdir(), "holds no folders of breeds"),
        (lambda folder: (folder / "pug").mkdir(parents=True), "holds only empty folders"),
        (lambda folder: folder.write_text(""), "is not a folder"),
    ],
)
def test_a_folder_that_is_none_of_breeds_is_refused(run, tmp_path, prepare, message):
    prepare(tmp_path / "data")
    result = run(tmp_path / "data", "--out", tmp_path / "out")
    assert isinstance(result.exception, DataError)
    assert message in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_nothing_is_written_where_nothing_can_be_read(run, tmp_path):
    (tmp_path / "data" / "pug").mkdir(parents=True)
    (tmp_path / "data" / "pug" / "1.jpg").write_bytes(b"")
    result = run(tmp_path / "data", "--out", tmp_path / "out")
    assert isinstance(result.exception, DataError)
    assert list((tmp_path / "out").iterdir()) == []


def test_out_is_needed(run, data):
    assert run(data).exit_code == 2


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
def test_an_interrupted_run_writes_nothing(data, tmp_path):
    out = tmp_path / "out"
    process = subprocess.Popen(
        [sys.executable, "-c", _HELD_AT_THE_FIRST_PHOTO, "explore", str(data), "--out", str(out)],
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    with process:
        assert process.stderr.readline() == b"held\n"
        process.send_signal(signal.SIGINT)
        error = process.stderr.read().decode()
    assert process.returncode == 130
    assert error == "Interrupted. Run the same command again to finish.\n"
    assert list(out.iterdir()) == []


# Goes no further when it tells of the first photos that it has read.
_HELD_AT_THE_FIRST_PHOTO = """
import sys, threading
from barkive.cli import main, progress

def held(done, total):
    sys.stderr.write("held\\n")
    sys.stderr.flush()
    threading.Event().wait()

progress._log_lines = lambda description, unit: held
main()
"""


def test_what_is_passed_over_is_told(run, data, make_photo, tmp_path):
    make_photo("data/@eaDir/1.jpg")
    make_photo("data/any_poodle/1.jpg", seed=3)
    result = run(data, "--out", tmp_path / "out", "--exclude", "any_*/")
    assert result.exit_code == 0
    assert result.stdout.startswith("3 photos of 2 breeds\n")
    assert result.stderr == "passed over: 1 in @eaDir, 1 excluded.\n"
    written = json.loads((tmp_path / "out" / "explore.json").read_text())
    assert written["passed_over"] == {"@eaDir": 1, "excluded": 1}
