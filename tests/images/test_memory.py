"""What decoding may take: the limit, who waits for whom, and what is told."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from barkive import machine
from barkive.errors import PhotoError, UsageError
from barkive.images import memory
from barkive.images.memory import (
    Budget,
    budget,
    default_limit,
    parse_size,
    set_limit,
)

MB = 2**20


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("2G", 2 * 10**9),
        ("1.5 GB", 1_500_000_000),
        ("800m", 800_000_000),
        ("512MiB", 512_000_000),
        ("34000000", 34_000_000),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "much", "-1G", "10M", "1e9", "2 G B", "G"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_size(text)
    assert str(caught.value) == (
        f"“{text}” is no memory to decode photos in; give a size of 34 MB or more, such as "
        "800M or 2G."
    )


def test_more_than_the_limit_is_refused() -> None:
    with pytest.raises(PhotoError) as caught, Budget(950 * 10**6).taken(4 * 10**9):
        pass
    assert str(caught.value) == (
        "Decoding it needs 4.0 GB of memory; the limit is 950 MB (--memory or BARKIVE_MEMORY)."
    )


def test_what_does_not_fit_waits_and_ordinary_ones_pass() -> None:
    shared, entered = Budget(300 * MB), threading.Event()

    def second() -> None:
        with shared.taken(200 * MB):
            entered.set()

    with ThreadPoolExecutor(1) as pool:
        with shared.taken(200 * MB):
            waiting = pool.submit(second)
            with shared.taken(64 * MB):
                assert not entered.is_set()
        waiting.result()
    assert entered.is_set()
    with shared.taken(300 * MB):
        pass


def test_it_is_given_back_after_an_error() -> None:
    shared = Budget(300 * MB)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), shared.taken(200 * MB):
            raise ZeroDivisionError


@pytest.mark.parametrize(
    ("there_are", "limit"),
    [(2 * 10**9, 500_000_000), (24 * 10**9, 950_000_000), (10**8, 33_554_432)],
)
def test_the_default(there_are: int, limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BARKIVE_MEMORY", raising=False)
    monkeypatch.setattr(machine, "memory", lambda: there_are)
    assert default_limit() == limit


def test_threads_share_one(monkeypatch: pytest.MonkeyPatch) -> None:
    together = threading.Barrier(4)

    def slow() -> int:
        with suppress(threading.BrokenBarrierError):
            together.wait(0.1)
        return 10**9

    memory._budget.cache_clear()
    monkeypatch.setattr(memory, "default_limit", slow)
    with ThreadPoolExecutor(4) as pool:
        assert len({id(one.result()) for one in [pool.submit(budget) for _ in range(4)]}) == 1
    memory._budget.cache_clear()


def test_the_variable_and_the_option(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BARKIVE_MEMORY", "3G")
    assert default_limit() == 3 * 10**9
    monkeypatch.setattr(budget(), "limit", 10**9)
    set_limit(None)
    assert budget().limit == 10**9
    set_limit("2G")
    assert budget().limit == 2 * 10**9
