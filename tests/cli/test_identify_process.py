"""`barkive identify` as a process: pipes, signals and terminals."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

RED, GREEN = (196, 0, 1), (0, 197, 0)
SHOW_CURSOR = b"\x1b[?25h"
INTERRUPTED = b"Interrupted. Run the same command again to finish.\n"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="signals and terminals of Unix"),
]


def heed_ctrl_c() -> None:
    """Undoes what a shell does to its background jobs, which inherit a deafness to Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def start(colour_bundle: Path) -> Callable[..., "subprocess.Popen[bytes]"]:
    """Starts `barkive identify`, connected by pipes unless told otherwise."""

    def begin(*words: object, **streams: int) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "barkive", "identify", *map(str, words)]
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
        command += ["--model", str(colour_bundle)]
        return subprocess.Popen(  # type: ignore[call-overload, no-any-return]
            command, env=environment, preexec_fn=heed_ctrl_c, **(pipes | streams)
        )

    return begin


Start = Callable[..., "subprocess.Popen[bytes]"]
Photo = Callable[..., Path]


def many(photo: Path, count: int) -> Path:
    """The folder of a photo, filled with copies of it."""
    for i in range(count):
        (photo.parent / f"copy{i}.png").write_bytes(photo.read_bytes())
    return photo.parent


def test_names_from_standard_input_are_answered_one_by_one(
    start: Start, colour_photo: Photo
) -> None:
    red, green = colour_photo("red ü.png", RED), colour_photo("green.png", GREEN)
    with start("-", "--format", "json") as process:
        for path, breed in ((red, "Chihuahua"), (green, "Pug")):
            process.stdin.write(f"{path}\n".encode())
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
            assert (answer["file"], answer["breeds"][0]["name"]) == (str(path), breed)
        out, err = process.communicate(b"\r\nabsent.jpg\r\nlast without an end of line.jpg")
    assert [json.loads(line)["file"] for line in out.splitlines()] == [
        "absent.jpg",
        "last without an end of line.jpg",
    ]
    assert err == b"4 photos: 2 named, 2 failed.\n"
    assert process.returncode == 1


def test_standard_input_may_stand_among_names(start: Start, colour_photo: Photo) -> None:
    red, green = colour_photo("red.png", RED), colour_photo("folder/green.png", GREEN)
    with start(red, "-", red, "--format", "json") as process:
        out, _ = process.communicate(os.fsencode(green.parent))
    files = [json.loads(line)["file"] for line in out.splitlines()]
    assert files == [str(red), str(green), str(red)]
    assert process.returncode == 0


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_lists_as_windows_writes_them(start: Start, colour_photo: Photo, encoding: str) -> None:
    listed = [str(colour_photo(name, RED)) for name in ("chiot é.png", "red.png")]
    with start("-", "--format", "json") as process:
        out, _ = process.communicate("".join(f"{one}\r\n" for one in listed).encode(encoding))
    assert [json.loads(line)["file"] for line in out.splitlines()] == listed
    assert process.returncode == 0


def test_a_line_that_is_no_name_is_told(start: Start) -> None:
    with start("-") as process:
        _, err = process.communicate("absent.jpg\né\0/red.png\n".encode())
    assert err.startswith(b"Error: Line 2 of the list - is no path;")
    assert process.returncode == 2


def test_ctrl_c_while_waiting_for_names(start: Start, colour_photo: Photo) -> None:
    with start("-") as process:
        process.stdin.write(os.fsencode(colour_photo("red.png", RED)) + b"\n")
        process.stdin.flush()
        assert b"Chihuahua" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert process.stderr.read() == INTERRUPTED


def test_ctrl_c_during_a_folder(start: Start, colour_photo: Photo) -> None:
    with start(many(colour_photo("photos/red.png", RED), 3000)) as process:
        assert b"Chihuahua" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == INTERRUPTED


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_a_reader_that_leaves_early_sees_no_traceback(
    form: str, start: Start, colour_photo: Photo
) -> None:
    with start(many(colour_photo("photos/red.png", RED), 3000), "--format", form) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""


def terminal_output(
    start: Start, *words: object, answers: bool, interrupt_at: bytes | None = None
) -> tuple[int, bytes, bytes]:
    """The status, what a terminal gets, and what comes through the pipe.

    Args:
        start: The fixture.
        words: The command's arguments.
        answers: Whether the terminal gets standard output too; otherwise it goes through
            the pipe.
        interrupt_at: What the terminal must have got for Ctrl-C to be pressed.
    """
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    shown = b""
    with start(*words, stderr=theirs, stdout=theirs if answers else subprocess.PIPE) as process:
        os.close(theirs)
        with suppress(OSError):  # how Linux says that the other end was closed
            while chunk := os.read(ours, 4096):
                shown += chunk
                if interrupt_at and interrupt_at in shown:
                    process.send_signal(signal.SIGINT)
                    interrupt_at = None
        piped = process.stdout.read() if process.stdout else b""
    os.close(ours)
    return process.returncode, shown, piped


def test_the_bar_on_a_terminal_leaves_a_pipe_alone(start: Start, colour_photo: Photo) -> None:
    folder = many(colour_photo("photos/red.png", RED), 9)
    status, shown, piped = terminal_output(start, folder, "--format", "json", answers=False)
    assert status == 0
    assert [json.loads(line)["status"] for line in piped.splitlines()] == ["dog"] * 10
    assert b"Identifying" in shown
    assert b"10/10" in shown
    assert shown.rindex(SHOW_CURSOR) < shown.index(b"10 photos: 10 named.")


@pytest.mark.parametrize("form", ["table", "csv"])
def test_the_bar_and_the_answers_share_a_terminal(
    form: str, start: Start, colour_photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(many(colour_photo("photos/red.png", RED), 9))
    words = (".", "--format", form, "--top", 1)
    status, shown, _ = terminal_output(start, *words, answers=True)
    assert status == 0
    lines = shown.replace(b"\r\n", b"\n").split(b"\n")
    answers = [
        re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", line.rpartition(b"\r\x1b[2K")[2])
        for line in lines
        if b".png" in line
    ]
    assert len(answers) == 10
    assert all(re.match(rb"\./(copy\d|red)\.png[ ,]", answer) for answer in answers)
    assert SHOW_CURSOR in shown


def test_ctrl_c_leaves_a_clean_terminal(start: Start, colour_photo: Photo) -> None:
    folder = many(colour_photo("photos/red.png", RED), 3000)
    status, shown, _ = terminal_output(start, folder, answers=True, interrupt_at=b"Chihuahua")
    assert status == 130
    assert b"Traceback" not in shown
    assert shown.rindex(SHOW_CURSOR) > shown.rindex(b"Identifying")
    assert shown.endswith(b"\x1b[2K" + INTERRUPTED.replace(b"\n", b"\r\n"))
