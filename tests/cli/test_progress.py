"""The progress bar: on a terminal only, and gone afterwards."""

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


def test_it_is_silent_where_standard_error_is_no_terminal(capfd):
    with progress("Scoring") as report:
        report(1, 2)
    assert capfd.readouterr() == ("", "")


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
