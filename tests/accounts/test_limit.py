"""A call's limit ends as `asyncio.timeout` would."""

import asyncio

import pytest

from exporter.accounts.limit import Limit


async def _wait(seconds: float, ended: asyncio.Event | None = None) -> None:
    task = asyncio.current_task()
    assert task is not None
    with Limit(task, seconds):
        await (ended or asyncio.Event()).wait()


async def test_what_takes_longer_is_a_timeout() -> None:
    with pytest.raises(TimeoutError):
        await _wait(0.0)


async def test_where_no_time_is_left_it_ends_at_once() -> None:
    with pytest.raises(TimeoutError):
        await _wait(-5.0)


async def test_the_task_goes_on_after_its_timeout() -> None:
    async def goes_on() -> str:
        with pytest.raises(TimeoutError):
            await _wait(0.0)
        await asyncio.sleep(0)
        return "gone on"

    assert await asyncio.create_task(goes_on()) == "gone on"


async def test_what_ends_in_time_is_left_alone() -> None:
    ended = asyncio.Event()
    ended.set()
    await _wait(60.0, ended)


async def test_who_cancels_the_task_is_obeyed() -> None:
    task = asyncio.create_task(_wait(60.0))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_of_two_limits_at_once_the_outer_one_tells_it() -> None:
    async def nested() -> None:
        task = asyncio.current_task()
        assert task is not None
        with Limit(task, 0.0):
            await _wait(0.0)

    with pytest.raises(TimeoutError):
        await asyncio.create_task(nested())


async def test_an_error_goes_up_as_it_is() -> None:
    task = asyncio.current_task()
    assert task is not None
    with pytest.raises(KeyError), Limit(task, 60.0):
        raise KeyError("of the call")
