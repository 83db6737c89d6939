"""How long `/-/healthy` takes while a scrape runs: whatever holds up the loop shows there."""

import http.client
import threading
import time
from collections.abc import Callable

PAUSE_SECONDS = 0.01


def worst_healthy(address: str, scrape: Callable[[], object]) -> tuple[float, float]:
    """Seconds of the slowest `/-/healthy` that was asked during a scrape, and of the scrape."""
    ended = threading.Event()
    took: list[float] = []

    def ask() -> None:
        connection = http.client.HTTPConnection(address, timeout=60)
        while not ended.is_set():
            began = time.perf_counter()
            connection.request("GET", "/-/healthy")
            connection.getresponse().read()
            took.append(time.perf_counter() - began)
            ended.wait(PAUSE_SECONDS)
        connection.close()

    asker = threading.Thread(target=ask)
    began = time.perf_counter()
    asker.start()
    try:
        scrape()
    finally:
        wall = time.perf_counter() - began
        ended.set()
        asker.join()
    return max(took), wall
