"""Sessions end when they should, and guessing is slowed down."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barkive.web.services.sessions import LoginThrottle, Sessions

MINUTE, HOUR = 60.0, 3600.0


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(clock: Clock) -> Sessions:
    return Sessions(clock=clock, most=3)


@pytest.fixture
def throttle(clock: Clock) -> LoginThrottle:
    return LoginThrottle(clock=clock)


def test_a_token_is_random_and_has_256_bits(sessions: Sessions) -> None:
    tokens = {sessions.open() for _ in range(50)}
    assert len(tokens) == 50
    for token in tokens:
        assert len(base64.urlsafe_b64decode(token + "=")) == 32


def test_only_digests_of_tokens_are_kept(sessions: Sessions) -> None:
    token = sessions.open()
    assert token not in repr(vars(sessions))


@given(st.text())
def test_no_other_token_is_one(token: str) -> None:
    sessions = Sessions()
    sessions.open()
    assert not sessions.is_open(token)
    sessions.close(token)


def test_a_session_ends_when_it_is_closed(sessions: Sessions) -> None:
    one, other = sessions.open(), sessions.open()
    sessions.close(one)
    assert not sessions.is_open(one)
    assert sessions.is_open(other)


def test_a_session_ends_after_a_pause(sessions: Sessions, clock: Clock) -> None:
    token = sessions.open()
    clock.now += 2 * HOUR
    assert sessions.is_open(token)
    clock.now += 2 * HOUR
    assert sessions.is_open(token)
    clock.now += 2 * HOUR + 1
    assert not sessions.is_open(token)
    clock.now -= 2 * HOUR
    assert not sessions.is_open(token)


def test_a_session_ends_after_its_time_however_busy(sessions: Sessions, clock: Clock) -> None:
    token = sessions.open()
    for _ in range(12):
        clock.now += HOUR
        assert sessions.is_open(token)
    clock.now += 1
    assert not sessions.is_open(token)


def test_of_too_many_the_one_used_longest_ago_ends(sessions: Sessions) -> None:
    first, second, third = (sessions.open() for _ in range(3))
    assert sessions.is_open(first)
    fourth = sessions.open()
    assert [sessions.is_open(one) for one in (first, second, third, fourth)] == [
        True,
        False,
        True,
        True,
    ]


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
