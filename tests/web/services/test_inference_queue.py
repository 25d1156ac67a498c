"""The queue that judges the photos of all requests: nothing lost, nothing that hangs."""

from __future__ import annotations

import asyncio
import gc
import io
import logging
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from barkive.classifier import Classifier
from barkive.detection.views import Views
from barkive.errors import BusyError, PhotoError
from barkive.messages import Message
from barkive.verdicts import Scores
from barkive.web.services import inference_queue as module
from barkive.web.services.inference_queue import InferenceQueue

decoding = sys.modules["barkive.images.decode"]  # the name is taken by the function
RED, GREEN, GREY, BLACK = (196, 0, 1), (0, 197, 0), (199, 199, 199), (7, 1, 0)
SECONDS = 60
# What `Classifier.judge` takes ahead of a batch with two threads: twelve wait to be judged, and
# one to be among them.
AHEAD = 13
LARGE = str(Message("photo_large"))
FAULT = "It could not be judged; try again."
STOPPING = "The server is stopping; try again when it is back."


def photo(colour: tuple[int, int, int]) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(file, "PNG")
    return file.getvalue()


class Gate(Classifier):
    """A classifier whose network works only while it is open, and that tells of its batches."""

    def __init__(self, model: Path) -> None:
        super().__init__(model, threads=2, dogs=False)
        self.batches: list[int] = []
        self.entered, self.open = threading.Event(), threading.Event()
        self.open.set()
        self.fault: Exception | None = None

    def score(self, pixels: NDArray[np.uint8]) -> Scores:
        self.batches.append(len(pixels))
        self.entered.set()
        assert self.open.wait(SECONDS)
        fault, self.fault = self.fault, None
        if fault is not None:
            raise fault
        return super().score(pixels)

    def shut(self) -> None:
        self.entered.clear()
        self.open.clear()


@pytest.fixture
def gate(colour_bundle: Path) -> Iterator[Gate]:
    gate = Gate(colour_bundle)
    yield gate
    gate.open.set()


@pytest.fixture
def make_queue(gate: Gate) -> Iterator[Callable[..., InferenceQueue]]:
    made: list[InferenceQueue] = []

    def make(**options: Any) -> InferenceQueue:
        made.append(InferenceQueue(gate, **options))
        return made[-1]

    yield make
    gate.open.set()
    for queue in made:
        queue.close()


def statuses(futures: list[Future[Any]]) -> list[str]:
    return [future.result(SECONDS).status.value for future in futures]


def busy(queue: InferenceQueue, gate: Gate, waiting: int) -> list[Future[Any]]:
    """Has the network begun a batch that does not end, and so many more photos wait."""
    gate.shut()
    futures = [queue.submit(photo(RED))]
    assert gate.entered.wait(SECONDS)
    while len(futures) < 1 + AHEAD + waiting:
        with suppress(BusyError):
            futures.append(queue.submit(photo(GREEN)))
    until(lambda: queue.waiting == waiting)
    return futures


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


async def reaches(queue: InferenceQueue, waiting: int) -> None:
    while queue.waiting != waiting:
        await asyncio.sleep(0.005)


async def each(*photos: bytes) -> AsyncIterator[bytes]:
    for one in photos:
        yield one


def test_what_waits_goes_over_to_another_classifier(
    make_queue: Callable[..., InferenceQueue], gate: Gate
) -> None:
    queue = make_queue()
    futures = busy(queue, gate, 3)
    other = gate.without_dogs()
    queue.use(other)
    gate.open.set()
    assert set(statuses(futures)) == {"dog"}
    by = [future.result().item.classifier for future in futures]
    assert (by[0], by[-1]) == (gate, other)
    assert statuses([queue.submit(photo(BLACK))]) == ["not_dog"]


def test_the_verdicts_are_those_of_the_classifier(
    make_queue: Callable[..., InferenceQueue], gate: Gate
) -> None:
    photos = [photo(RED), photo(GREY), b"no photo", photo(BLACK), photo(GREEN)]
    queue = make_queue()
    found = asyncio.run(queue.judge(each(*photos)))
    said = [gate.verdict(judged, None, top=2) for judged in found]
    assert [verdict.status.value for verdict in said] == [
        "dog",
        "uncertain",
        "failed",
        "not_dog",
        "dog",
    ]
    assert [[one.label.en for one in verdict.breeds] for verdict in said] == [
        ["Chihuahua", "Maltese"],
        ["Chihuahua", "Pug"],
        [],
        [],
        ["Pug", "Chihuahua"],
    ]
    assert said == list(gate.predict(photos, top=2))


def test_a_request_without_photos(make_queue: Callable[..., InferenceQueue]) -> None:
    assert asyncio.run(make_queue().judge(each())) == []


def test_the_photos_of_many_callers_share_batches(
    make_queue: Callable[..., InferenceQueue], gate: Gate
) -> None:
    queue = make_queue()
    gate.shut()

    async def all_at_once() -> list[list[Any]]:
        callers = [asyncio.create_task(queue.judge(each(photo(RED)))) for _ in range(12)]
        while len(queue._taken) < 12:
            await asyncio.sleep(0.005)
        gate.open.set()
        return await asyncio.gather(*callers)

    found = asyncio.run(asyncio.wait_for(all_at_once(), SECONDS))
    assert [judged.status.value for (judged,) in found] == ["dog"] * 12
    # The first batch began with what was there; the others are full.
    assert sum(gate.batches) == 12
    assert len(gate.batches) <= 4
    assert max(gate.batches) == 4


def test_callers_get_what_is_said_of_their_own_photos(
    make_queue: Callable[..., InferenceQueue],
) -> None:
    queue = make_queue()
    wanted = {RED: "Chihuahua", GREEN: "Pug", (1, 0, 198): "Maltese"}

    async def all_at_once() -> list[list[Any]]:
        return await asyncio.gather(
            *(queue.judge(each(*[photo(colour)] * 5)) for colour in wanted for _ in range(4))
        )

    labels = queue.classifier.bundle.info.labels
    found = asyncio.run(all_at_once())
    assert [
        {labels[int(judged.scores.probabilities[0].argmax())].en for judged in request}
        for request in found
    ] == [{name} for name in wanted.values() for _ in range(4)]


def test_no_room_is_said_at_once_and_room_is_found_again(
    make_queue: Callable[..., InferenceQueue], gate: Gate
) -> None:
    queue = make_queue(room=3)
    futures = busy(queue, gate, 3)
    sentence = "3 photos are waiting already, which is the limit; try again in a moment."
    with pytest.raises(BusyError) as error:  # though no photo passes
        asyncio.run(asyncio.wait_for(queue.judge(each(photo(RED), photo(RED))), SECONDS))
    assert str(error.value) == sentence
    gate.open.set()
    assert statuses(futures) == ["dog"] * len(futures)
    assert queue.waiting == 0
    (judged,) = asyncio.run(queue.judge(each(photo(BLACK))))
    assert judged.status.value == "not_dog"


def test_of_a_long_request_few_photos_are_in_memory(
    make_queue: Callable[..., InferenceQueue], gate: Gate
) -> None:
    queue = make_queue()
    given = 0

    async def many() -> AsyncIterator[bytes]:
        nonlocal given
        for _ in range(60):
            given += 1
            yield photo(GREEN)

    async def judged() -> list[Any]:
        gate.shut()
        task = asyncio.create_task(queue.judge(many()))
        while given < 9:
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.1)
        assert given == 9  # eight are under way, and the next one has just been read
        gate.open.set()
        return await task

    found = asyncio.run(asyncio.wait_for(judged(), SECONDS))
    assert [one.status.value for one in found] == ["dog"] * 60
    assert all(one.item.content == b"" for one in found)


def test_a_long_request_passes_through_little_room(
    make_queue: Callable[..., InferenceQueue],
) -> None:
    queue = make_queue(room=1)
    colours = [RED, BLACK, GREY] * 20
    found = asyncio.run(queue.judge(each(*map(photo, colours))))
    assert [one.status.value for one in found] == ["dog", "not_dog", "uncertain"] * 20


def test_a_long_request_waits_where_a_new_one_is_refused(
    make_queue: Callable[..., InferenceQueue], gate: Gate
) -> None:
    queue = make_queue(room=2)
    others = busy(queue, gate, 1)

    async def both() -> list[Any]:
        long = asyncio.create_task(queue.judge(each(*[photo(BLACK)] * 30)))
        await reaches(queue, 2)
        with pytest.raises(BusyError):
            await queue.judge(each(photo(RED)))
        gate.open.set()
        return await long

    found = asyncio.run(asyncio.wait_for(both(), SECONDS))
    assert [judged.status.value for judged in found] == ["not_dog"] * 30
    assert statuses(others) == ["dog"] * len(others)


def test_a_caller_who_gives_up_makes_room_at_once(
    make_queue: Callable[..., InferenceQueue], gate: Gate
) -> None:
    queue = make_queue(room=3)
    futures = busy(queue, gate, 3)
    waiting = futures[-3:]
    assert all(future.cancel() for future in waiting)
    assert queue.waiting == 0
    late = [queue.submit(photo(BLACK)) for _ in range(3)]
    gate.open.set()
    assert statuses(late) == ["not_dog"] * 3
    assert sum(gate.batches) == len(futures[:-3]) + 3  # nobody's photo was judged


def test_a_photo_is_left_whose_caller_gives_up_just_when_it_is_taken(
    make_queue: Callable[..., InferenceQueue], gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(InferenceQueue, "_forget", lambda self, job: None)
    queue = make_queue(room=3)
    futures = busy(queue, gate, 3)
    assert all(future.cancel() for future in futures[-3:])
    gate.open.set()
    assert statuses(futures[:-3]) == ["dog"] * len(futures[:-3])
    assert sum(gate.batches) == len(futures[:-3])


def test_a_request_that_is_cancelled_takes_its_photos_back(
    make_queue: Callable[..., InferenceQueue], gate: Gate
) -> None:
    queue = make_queue(room=8)
    others = busy(queue, gate, 4)

    async def given_up() -> None:
        task = asyncio.create_task(queue.judge(each(*[photo(RED)] * 6)))
        await reaches(queue, 8)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await reaches(queue, 4)

    asyncio.run(asyncio.wait_for(given_up(), SECONDS))
    gate.open.set()
    (judged,) = asyncio.run(queue.judge(each(photo(BLACK))))
    assert judged.status.value == "not_dog"
    assert sum(gate.batches) == len(others) + 1


def test_a_bad_photo_fails_alone(make_queue: Callable[..., InferenceQueue]) -> None:
    photos = [photo(RED), b"", photo(GREEN), photo(RED)[:-40], b"GIF89a"]
    found = asyncio.run(make_queue().judge(each(*photos)))
    assert [judged.status.value for judged in found] == ["dog", "failed", "dog", "failed", "failed"]
    assert found[1].error == "The file is empty."


def test_a_photo_on_which_the_decoder_breaks_fails_alone(
    make_queue: Callable[..., InferenceQueue], gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monster = photo((1, 2, 3))
    load = type(gate.viewer).load

    def loaded(self: Any, content: bytes, **options: Any) -> Views:
        if content == monster:
            raise RuntimeError("a fault in a library")
        return load(self, content, **options)

    monkeypatch.setattr(type(gate.viewer), "load", loaded)
    found = asyncio.run(make_queue().judge(each(photo(RED), monster, photo(GREEN))))
    assert [judged.status.value for judged in found] == ["dog", "failed", "dog"]
    assert found[1].error == FAULT


class Slow:
    """Has large photos wait to be decoded: those of more than 100 x 100 pixels."""

    def __init__(self, kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.entered, self.open = threading.Event(), threading.Event()
        self.fault: Exception | None = None
        load = kind.load

        def loaded(viewer: Any, content: bytes, *, large: bool = True) -> Views:
            if large:
                self.entered.set()
                assert self.open.wait(SECONDS)
                if self.fault is not None:
                    raise self.fault
            views: Views = load(viewer, content, large=large)
            return views

        monkeypatch.setattr(decoding, "_LARGE_MEGAPIXELS", 0.01)
        monkeypatch.setattr(kind, "load", loaded)


@pytest.fixture
def slow(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> Iterator[Slow]:
    slow = Slow(type(gate.viewer), monkeypatch)
    yield slow
    slow.open.set()


def large(colour: tuple[int, int, int]) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (200, 200), colour).save(file, "PNG")
    return file.getvalue()


def test_small_photos_are_answered_while_large_ones_are_decoded(
    make_queue: Callable[..., InferenceQueue], slow: Slow
) -> None:
    queue = make_queue()
    waiting = [queue.submit(large(RED)) for _ in range(8)]
    assert slow.entered.wait(SECONDS)
    assert statuses([queue.submit(photo(one)) for one in (RED, BLACK) * 20]) == [
        *("dog", "not_dog") * 20
    ]
    assert not any(future.done() for future in waiting)
    slow.open.set()
    assert statuses(waiting) == ["dog"] * 8


@pytest.mark.parametrize(
    ("fault", "told"),
    [(PhotoError("photo_large"), LARGE), (OSError(), FAULT)],
)
def test_a_large_photo_that_cannot_be_decoded_fails_alone(
    make_queue: Callable[..., InferenceQueue], slow: Slow, fault: Exception, told: str
) -> None:
    queue = make_queue()
    slow.fault = fault
    slow.open.set()
    judged = queue.submit(large(RED)).result(SECONDS)
    assert (judged.status.value, judged.error) == ("failed", told)
    slow.fault = None
    assert statuses([queue.submit(large(RED))]) == ["dog"]


def test_more_large_photos_than_there_is_room_for_are_refused(
    make_queue: Callable[..., InferenceQueue], slow: Slow
) -> None:
    queue = make_queue()
    first = queue.submit(large(RED))
    assert slow.entered.wait(SECONDS)
    waiting = [queue.submit(large(RED)) for _ in range(32)]
    until(lambda: len(queue._large) == 32)
    with pytest.raises(BusyError):
        queue.submit(large(RED)).result(SECONDS)
    slow.open.set()
    assert statuses([first, *waiting]) == ["dog"] * 33


def test_large_photos_that_wait_are_told_when_the_server_stops(
    make_queue: Callable[..., InferenceQueue], slow: Slow
) -> None:
    queue = make_queue()
    futures = [queue.submit(large(RED)) for _ in range(3)]
    assert slow.entered.wait(SECONDS)
    until(lambda: queue.waiting == 2)
    queue.close()
    for future in futures:
        with pytest.raises(BusyError):
            future.result(SECONDS)


def test_a_fault_of_the_network_is_told_and_the_next_photos_are_judged(
    make_queue: Callable[..., InferenceQueue], gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    queue = make_queue()
    gate.shut()
    first = [queue.submit(photo(RED)) for _ in range(40)]
    assert gate.entered.wait(SECONDS)
    gate.fault = RuntimeError("out of order")
    gate.open.set()
    found = [future.result(SECONDS) for future in first]
    failed = [judged for judged in found if judged.status.value == "failed"]
    # What was being judged, and what was taken ahead for it; what waited is judged after all.
    assert 1 <= len(failed) < 40
    assert {judged.error for judged in failed} == {FAULT}
    assert {judged.status.value for judged in found} == {"failed", "dog"}
    assert queue.is_alive
    assert statuses([queue.submit(photo(BLACK))]) == ["not_dog"]
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_no_photo_is_lost_however_often_the_network_fails(
    make_queue: Callable[..., InferenceQueue], gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PAUSE_SECONDS", 0.0)
    queue = make_queue(room=10_000)
    score, calls = gate.score, 0

    def failing(pixels: NDArray[np.uint8]) -> Scores:
        nonlocal calls
        calls += 1
        if calls % 2:
            raise RuntimeError("every other time")
        return score(pixels)

    monkeypatch.setattr(gate, "score", failing)
    one = photo(RED)
    futures: list[Future[Any]] = []
    for number in range(600):
        futures.append(queue.submit(one))
        if not number % 7:
            time.sleep(0.001)  # so that photos come in the midst of a fault
    assert set(statuses(futures)) == {"dog", "failed"}
    assert (queue.waiting, len(queue._taken)) == (0, 0)


def test_a_fault_while_nothing_else_waits_leaves_nobody_who_takes_what_comes_later(
    make_queue: Callable[..., InferenceQueue], gate: Gate
) -> None:
    queue = make_queue()
    for _ in range(3):
        gate.fault = RuntimeError("out of order")
        assert statuses([queue.submit(photo(RED))]) == ["failed"]
    assert statuses([queue.submit(photo(RED)) for _ in range(5)]) == ["dog"] * 5
    queue.close()
    assert not queue._thread.is_alive()
    until(lambda: all(thread.name != "barkive-feed" for thread in threading.enumerate()))


def test_an_engine_that_can_not_begin_neither_spins_nor_dies(
    make_queue: Callable[..., InferenceQueue], gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge, tries = gate.judge, 0

    def failing(*args: Any, **options: Any) -> Any:
        nonlocal tries
        tries += 1
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(gate, "judge", failing)
    start = time.monotonic()
    queue = make_queue()
    future = queue.submit(photo(RED))
    until(lambda: tries >= 3)
    # Between two tries it pauses, however fast or slow the machine is.
    assert tries <= 1 + (time.monotonic() - start) / module._PAUSE_SECONDS
    monkeypatch.setattr(gate, "judge", judge)
    assert statuses([future]) == ["dog"]


def test_close_answers_what_waits(make_queue: Callable[..., InferenceQueue], gate: Gate) -> None:
    queue = make_queue(room=5)
    futures = busy(queue, gate, 5)
    threading.Timer(0.1, gate.open.set).start()
    queue.close()
    for future in futures[-5:]:
        with pytest.raises(BusyError, match=STOPPING):
            future.result(0)
    assert statuses(futures[:-5]) == ["dog"] * (len(futures) - 5)
    assert not queue.is_alive
    with pytest.raises(BusyError, match=STOPPING):
        queue.submit(photo(RED))
    queue.close()


def test_close_does_not_wait_for_a_network_that_hangs(
    make_queue: Callable[..., InferenceQueue],
    gate: Gate,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(module, "_CLOSING_SECONDS", 0.1)
    queue = make_queue()
    gate.shut()
    future = queue.submit(photo(RED))
    assert gate.entered.wait(SECONDS)
    queue.close()
    with pytest.raises(BusyError, match=STOPPING):
        future.result(0)
    gate.open.set()
    queue._thread.join(SECONDS)
    assert not queue._thread.is_alive()
    assert caplog.records == []  # what it says in the end is heard by nobody, and is no fault


def test_close_ends_a_request_that_waits_for_room(
    make_queue: Callable[..., InferenceQueue], gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    queue = make_queue(room=10)
    busy(queue, gate, 4)

    async def under_way() -> None:
        task = asyncio.create_task(queue.judge(each(*[photo(RED)] * 30)))
        await reaches(queue, 10)
        threading.Timer(0.1, gate.open.set).start()
        await asyncio.to_thread(queue.close)
        with pytest.raises(BusyError, match=STOPPING):
            await task

    asyncio.run(asyncio.wait_for(under_way(), SECONDS))
    gc.collect()
    assert caplog.records == []  # asyncio tells of errors that nobody has looked at


def test_close_in_the_midst_of_faults_and_photos_answers_all(gate: Gate) -> None:
    for number in range(20):
        queue, futures = InferenceQueue(gate), []
        gate.fault = RuntimeError("out of order") if number % 2 else None

        def hand_in(queue: InferenceQueue = queue, futures: list[Future[Any]] = futures) -> None:
            try:
                while True:
                    futures.append(queue.submit(photo(RED)))
            except BusyError:
                return

        callers = [threading.Thread(target=hand_in) for _ in range(3)]
        for caller in callers:
            caller.start()
        time.sleep(0.002 * number)
        queue.close()
        for caller in callers:
            caller.join(SECONDS)
        assert all(future.done() for future in futures)


def test_the_source_of_photos_may_fail(make_queue: Callable[..., InferenceQueue]) -> None:
    async def breaking() -> AsyncIterator[bytes]:
        yield photo(RED)
        raise OSError("the temporary file is gone")

    queue = make_queue()
    with pytest.raises(OSError, match="gone"):
        asyncio.run(queue.judge(breaking()))
    assert asyncio.run(queue.judge(each(photo(RED))))[0].status.value == "dog"


def test_a_place_is_kept_until_its_photo_comes(
    make_queue: Callable[..., InferenceQueue], gate: Gate
) -> None:
    queue = make_queue(room=1)
    others = busy(queue, gate, 0)
    with queue.place() as place:
        with pytest.raises(BusyError):
            queue.submit(photo(RED))
        with pytest.raises(BusyError), queue.place():
            pass
        mine = queue.submit(photo(BLACK), place=place)
    gate.open.set()
    assert statuses([mine]) == ["not_dog"]
    statuses(others)
    with queue.place():
        pass
    assert statuses([queue.submit(photo(RED))]) == ["dog"]  # given back without a photo


def test_a_place_is_lost_where_the_photo_takes_long(
    make_queue: Callable[..., InferenceQueue], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PLACE_SECONDS", -1.0)
    queue = make_queue(room=1)
    with queue.place() as slow:
        assert statuses([queue.submit(photo(RED))]) == ["dog"]
        assert statuses([queue.submit(photo(BLACK), place=slow)]) == ["not_dog"]
