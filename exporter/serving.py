"""The process: sockets, signals, and an orderly end."""

import asyncio
import logging
import platform
import signal
import socket
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from aiohttp import web

from exporter import __version__

logger = logging.getLogger(__name__)

GRACE_SECONDS = 3.0
"""How long scrapes that are under way may go on after SIGTERM."""

IDLE_SECONDS = 180.0
"""How long a connection may go without a whole request: longer than scrape intervals, too short to be hoarded."""


class AddressError(ValueError):
    """A listen address that can't be read, or not be listened on."""


def run(main: Coroutine[Any, Any, int]) -> int:
    """Run the process' main coroutine on the fast event loop where there is one."""
    try:
        import uvloop  # noqa: PLC0415
    except ImportError:
        return asyncio.run(main)
    return uvloop.run(main)


def listen(address: str) -> list[socket.socket]:
    """The listening sockets of `host:port`, `[::1]:port` or `:port` (every address of both families).

    Raises:
        AddressError: it is no such address, or it is taken.
    """
    host, separator, port_text = address.rpartition(":")
    if not separator or not port_text.isascii() or not port_text.isdigit() or int(port_text) > 65535:
        raise AddressError(f"--web.listen-address {address!r}: write it like :10077, 127.0.0.1:10077 or [::1]:10077")
    host, port = host.removeprefix("[").removesuffix("]"), int(port_text)
    try:
        if not host and socket.has_dualstack_ipv6():
            try:
                return [socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=1024)]
            except OSError:  # IPv6 is built in, but switched off
                return [socket.create_server(("", port), backlog=1024)]
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, where = found[0]
        return [socket.create_server(where[:2], family=family, backlog=1024)]
    except OSError as error:
        raise AddressError(f"--web.listen-address {address!r}: {error.strerror or error}") from error


def url(address: str) -> str:
    """Where a person on this machine finds what listens on an address: `[::]` and `0.0.0.0` are all of them."""
    host, _, port = address.rpartition(":")
    return f"http://{'localhost' if host in {'[::]', '0.0.0.0'} else host}:{port}"  # noqa: S104


def shown(listener: socket.socket) -> str:
    """The address of a listening socket as one writes it."""
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def serve(
    app: web.Application,
    listeners: Sequence[socket.socket],
    *,
    reload: Callable[[], Coroutine[Any, Any, object]],
    close: Callable[[], Coroutine[Any, Any, None]],
    started: Callable[[Sequence[str]], None] = lambda _addresses: None,
) -> int:
    """Serve until SIGTERM or SIGINT, then end in order; SIGHUP reloads. Returns the exit code."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    reloads: set[asyncio.Task[object]] = set()

    def on_hangup() -> None:
        task = loop.create_task(reload())
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    loop.add_signal_handler(signal.SIGHUP, on_hangup)
    logger.info("Starting sms-exporter", extra={"version": __version__, "pythonversion": platform.python_version()})
    runner = web.AppRunner(
        app, access_log=None, handle_signals=False, shutdown_timeout=GRACE_SECONDS, keepalive_timeout=IDLE_SECONDS
    )
    await runner.setup()
    for listener in listeners:
        await web.SockSite(runner, listener, backlog=1024).start()
    addresses = [shown(listener) for listener in listeners]
    for address in addresses:
        logger.info("Listening on", extra={"address": address})
    started(addresses)
    await ended.wait()
    logger.info("Ending")
    await runner.cleanup()
    await close()
    return 0
