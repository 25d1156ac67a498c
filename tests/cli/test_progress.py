"""The progress: a bar on a terminal, gone afterwards; elsewhere a line now and then."""

import io
from contextlib import redirect_stderr

import pytest

from barkive.cli.progress import progress

HIDDEN, SHOWN, ERASED = "\x1b[?25l", "\x1b[?25h", "\x1b[2K"


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("NO_COLOR", "1")
    return Terminal()


def test_a_short_job_leaves_nothing_in_a_log(capfd):
    with progress("Scoring") as report:
        report(1, 2)
    assert capfd.readouterr() == ("", "")


def test_a_log_gets_a_line_every_ten_seconds(monkeypatch, capfd):
    clock = iter([100.0, 109.0, 110.0, 115.0, 120.0])
    monkeypatch.setattr("barkive.cli.progress.time.monotonic", lambda: next(clock))
    with progress("Features") as report:
        report(90, 1000)
        report(200, 1000)
        report(250, 1000)
        report(300, None)
    assert capfd.readouterr() == (
        "",
        "Features: 200 of 1000 photos, 20 a second, 40 s left\nFeatures: 300 photos, 15 a second\n",
    )


def test_a_terminal_sees_how_many_are_done(terminal, capfd):
    with redirect_stderr(terminal), progress("Scoring") as report:
        report(1, 4)
        report(3, 4)
    assert "Scoring" in terminal.getvalue()
    assert "3/4" in terminal.getvalue()
    assert "photos/s" in terminal.getvalue()
    assert capfd.readouterr().out == ""


def test_an_unknown_total_is_shown_as_such(terminal):
    with redirect_stderr(terminal), progress("Scanning") as report:
        report(7, None)
    assert "7/?" in terminal.getvalue()


def test_ctrl_c_leaves_a_clean_terminal(terminal):
    def interrupted():
        with redirect_stderr(terminal), progress("Scoring") as report:
            report(1, 4)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    written = terminal.getvalue()
    assert written.rindex(SHOWN) > written.rindex(HIDDEN)
    assert written.endswith(ERASED)
