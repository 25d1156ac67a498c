"""Sessions end when they should, and guessing is slowed down."""

import base64
import hashlib
import sqlite3
import stat
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from barkive.web.sessions import LoginThrottle, Sessions
from barkive.web.sign_in_database import SignInDatabase, SignInDatabaseError

MINUTE, HOUR, DAY = 60.0, 3600.0, 24 * 3600.0


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "sessions.sqlite"


@pytest.fixture
def sessions(file: Path, clock: Clock) -> Iterator[Sessions]:
    sessions = Sessions(SignInDatabase(file), clock=clock, most=3)
    yield sessions
    sessions.close()


@pytest.fixture
def throttle(clock: Clock) -> LoginThrottle:
    return LoginThrottle(clock=clock)


def test_a_token_is_random_and_has_256_bits(sessions: Sessions) -> None:
    tokens = {sessions.open("mark") for _ in range(20)}
    assert len(tokens) == 20
    for token in tokens:
        assert len(base64.urlsafe_b64decode(token + "=")) == 32


@pytest.mark.skipif(sys.platform == "win32", reason="rights of Unix")
def test_only_digests_are_kept_in_a_file_that_its_owner_alone_reads(
    sessions: Sessions, file: Path
) -> None:
    token = sessions.open("mark")
    assert token.encode() not in file.read_bytes()
    assert hashlib.sha256(token.encode()).hexdigest().encode() in file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("token", ["", "A" * 43, "\udcff", "' OR 1=1 --", "x" * 10_000])
def test_no_other_token_is_one(sessions: Sessions, token: str) -> None:
    sessions.open("mark")
    assert sessions.mark_of(token) is None
    sessions.end(token)


def test_a_session_outlives_the_server(sessions: Sessions, file: Path, clock: Clock) -> None:
    token = sessions.open("mark")
    again = Sessions(SignInDatabase(file), clock=clock)
    assert again.mark_of(token) == "mark"
    again.close()


def test_a_session_ends_when_it_is_closed(sessions: Sessions) -> None:
    one, other = sessions.open("mark"), sessions.open("mark")
    sessions.end(one)
    assert sessions.mark_of(one) is None
    assert sessions.mark_of(other) == "mark"


def test_a_session_ends_after_a_pause(sessions: Sessions, clock: Clock) -> None:
    token = sessions.open("mark")
    for _ in range(2):
        clock.now += 7 * DAY
        assert sessions.mark_of(token) == "mark"
    clock.now += 7 * DAY + 1
    assert sessions.mark_of(token) is None


def test_a_session_ends_after_its_time_however_busy(sessions: Sessions, clock: Clock) -> None:
    token = sessions.open("mark")
    for _ in range(30):
        clock.now += DAY
        assert sessions.mark_of(token) == "mark"
    clock.now += 1
    assert sessions.mark_of(token) is None


def test_sessions_that_are_over_are_deleted(sessions: Sessions, file: Path, clock: Clock) -> None:
    token = sessions.open("mark")
    clock.now += 8 * DAY
    sessions.open("mark")
    assert hashlib.sha256(token.encode()).hexdigest() not in {
        row[0] for row in sqlite3.connect(file).execute("SELECT digest FROM sign_in_session")
    }


def test_of_too_many_the_one_used_longest_ago_ends(sessions: Sessions, clock: Clock) -> None:
    tokens = []
    for _ in range(3):
        tokens.append(sessions.open("mark"))
        clock.now += HOUR
    sessions.mark_of(tokens[0])
    clock.now += HOUR
    tokens.append(sessions.open("mark"))
    assert [sessions.mark_of(one) for one in tokens] == ["mark", None, "mark", "mark"]


def test_a_database_of_a_newer_barkive_is_left_alone(sessions: Sessions, file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE sign_in_version SET version = 2")
    with pytest.raises(SignInDatabaseError) as caught:
        SignInDatabase(file)
    assert str(caught.value) == (
        f"The users' database {file} was made by a newer Barkive; use that one."
    )


def test_a_file_that_is_no_database_says_so(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a database, but long enough to be read as one" * 20)
    with pytest.raises(SignInDatabaseError, match="can't be used: file is not a database"):
        SignInDatabase(tmp_path / "text")


def test_no_password_of_an_address_is_repeated() -> None:
    with pytest.raises(SignInDatabaseError) as caught:
        SignInDatabase("mysql://ada:secret@host/x")
    assert str(caught.value) == "The users' database is a file, or postgresql://USER@HOST/NAME."


def test_an_address_has_ten_attempts_in_five_minutes(throttle: LoginThrottle, clock: Clock) -> None:
    for _ in range(10):
        assert throttle.seconds_to_wait("a") == 0
        throttle.failed("a")
        clock.now += 6
    assert throttle.seconds_to_wait("a") == 5 * MINUTE - 60
    assert throttle.seconds_to_wait("b") == 0
    clock.now += 4 * MINUTE - 1
    assert throttle.seconds_to_wait("a") == 1
    clock.now += 1
    assert throttle.seconds_to_wait("a") == 0
    throttle.failed("a")
    assert throttle.seconds_to_wait("a") == 6


def test_all_together_have_a_hundred(throttle: LoginThrottle, clock: Clock) -> None:
    for number in range(100):
        assert throttle.seconds_to_wait(f"2001:db8::{number}") == 0
        throttle.failed(f"2001:db8::{number}")
    assert throttle.seconds_to_wait("2001:db8::ffff") == 5 * MINUTE
    clock.now += 5 * MINUTE
    assert throttle.seconds_to_wait("2001:db8::ffff") == 0


def test_no_more_is_kept_than_counts(throttle: LoginThrottle) -> None:
    for number in range(10_000):
        throttle.failed(str(number))
    assert len(throttle._wrong) == 100
