"""What works ahead in threads: in order, bounded, and gone when its consumer is."""

import threading
import time
from collections.abc import Iterator

import pytest

from barkive.errors import PhotoError
from barkive.images import ahead, load_batches, map_ahead


def test_results_are_in_order_however_long_each_takes():
    def slow(i):
        time.sleep(0.02 * (i % 3 == 0))
        return i * i

    assert list(map_ahead(slow, range(20), ahead=4)) == [i * i for i in range(20)]


def test_nothing_gives_nothing():
    assert list(map_ahead(str, [], ahead=4)) == []


def test_it_is_never_further_ahead_than_asked():
    taken = []

    def items():
        for i in range(1000):
            taken.append(i)
            yield i

    results = map_ahead(str, items(), ahead=5)
    for _ in range(3):
        next(results)
    assert len(taken) <= 3 + 5
    results.close()


def test_an_error_reaches_the_consumer_in_its_place():
    results = map_ahead(lambda i: 1 // i, [1, 0, 1], ahead=2)
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_an_early_stop_cancels_what_is_left_and_leaves_no_thread():
    before = threading.active_count()
    done = []

    def work(i):
        time.sleep(0.05)
        done.append(i)

    results = map_ahead(work, range(9000), ahead=5000)
    next(results)
    results.close()
    # What had begun ends by itself.
    while threading.active_count() > before:
        time.sleep(0.01)
    assert len(done) < 5000


def test_one_that_is_dropped_waits_for_nobody():
    """It may be collected in a thread whose start the others wait for."""
    before = threading.active_count()
    goes_on = threading.Event()
    results = map_ahead(lambda i: i == 0 or goes_on.wait(60), range(4), ahead=2)
    assert next(results)
    results.close()
    assert not goes_on.is_set()
    assert threading.active_count() > before
    goes_on.set()
    while threading.active_count() > before:
        time.sleep(0.01)


def test_many_cores_have_as_many_threads(monkeypatch):
    monkeypatch.setattr(ahead, "cores", lambda: 64)
    # All of them must be there at once.
    barrier = threading.Barrier(40, timeout=60)
    list(map_ahead(lambda i: barrier.wait(), range(40), ahead=40))


def test_batches_are_full_and_in_order_and_name_what_failed() -> None:
    def load(i: int) -> int:
        if i % 3 == 0:
            raise PhotoError("verbatim", sentence=f"{i} can't be read.")
        return i * i

    batches = list(load_batches(range(1, 8), load, 3, full=True))
    assert [[(i, str(one)) for i, one in batch] for batch in batches] == [
        [(1, "1"), (2, "4"), (3, "3 can't be read.")],
        [(4, "16"), (5, "25"), (6, "6 can't be read.")],
        [(7, "49")],
    ]


def test_what_has_arrived_does_not_wait_for_a_full_batch() -> None:
    go_on = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        go_on.wait(60)
        yield 2

    batches = load_batches(items(), str, 16)
    assert next(batches) == [(1, "1")]
    go_on.set()
    assert list(batches) == [[(2, "2")]]


def test_an_error_of_the_source_comes_behind_what_came_before_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ZeroDivisionError

    batches = load_batches(items(), str, 16, full=True)
    assert next(batches) == [(1, "1")]
    with pytest.raises(ZeroDivisionError):
        next(batches)
