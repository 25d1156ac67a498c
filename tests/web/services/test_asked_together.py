"""One question for many who ask at the same time."""

import asyncio
import threading

import pytest

from barkive.web.services.asked_together import AskedTogether


def test_those_who_come_meanwhile_share_the_next_answer() -> None:
    asked = 0
    go_on = threading.Event()

    def ask() -> int:
        nonlocal asked
        asked += 1
        answer = asked
        go_on.wait(10)
        return answer

    async def answers() -> list[int]:
        question = AskedTogether(ask)
        first = asyncio.create_task(question())
        while asked == 0:
            await asyncio.sleep(0.01)
        later = [asyncio.create_task(question()) for _ in range(50)]
        await asyncio.sleep(0)
        go_on.set()
        return [await one for one in (first, *later)]

    assert asyncio.run(answers()) == [1, *[2] * 50]
    assert asked == 2


def test_one_after_the_other_each_asks_anew() -> None:
    numbers = iter(range(1, 4))

    async def answers() -> list[int]:
        question = AskedTogether(lambda: next(numbers))
        return [await question() for _ in range(3)]

    assert asyncio.run(answers()) == [1, 2, 3]


def test_an_error_is_of_the_one_who_asked() -> None:
    tries = iter((True, False))

    def ask() -> str:
        if next(tries):
            raise ValueError("not now")
        return "Pug"

    async def answers() -> list[object]:
        question = AskedTogether(ask)
        return await asyncio.gather(question(), question(), return_exceptions=True)

    failed, answered = asyncio.run(answers())
    with pytest.raises(ValueError, match="not now"):
        raise failed  # type: ignore[misc]
    assert answered == "Pug"
