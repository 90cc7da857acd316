"""A request to stop ends every pause, those that begin after it too."""

import asyncio

import pytest

from mts1b_operations.workers.stop import Stop, StoppedError

pytestmark = pytest.mark.unit


def test_a_pause_ends_by_itself() -> None:
    async def rest() -> bool:
        stop = Stop()
        await stop.pause(0.001)
        return stop.requested

    assert asyncio.run(rest()) is False


def test_a_request_ends_every_pause() -> None:
    async def rest() -> list[object]:
        stop = Stop()
        pauses = [asyncio.create_task(stop.pause(60)) for _ in range(2)]
        await asyncio.sleep(0)
        stop.request()
        return await asyncio.gather(*pauses, stop.pause(60), return_exceptions=True)

    assert [type(end) for end in asyncio.run(rest())] == [StoppedError] * 3
