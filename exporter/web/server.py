"""The process: sockets, signals, and an orderly end."""

import asyncio
import codecs
import contextlib
import errno
import gc
import logging
import os
import platform
import resource
import signal
import socket
import ssl
from collections.abc import Callable, Coroutine, Iterable, Sequence
from functools import partial
from typing import Any

from aiohttp import http_exceptions, web

from exporter import __version__

logger = logging.getLogger(__name__)

GRACE_SECONDS = 3.0
"""How long scrapes that are under way may go on after SIGTERM."""

IDLE_SECONDS = 180.0
"""How long a connection may go without a whole request: longer than scrape intervals, too short to be hoarded."""

LONGEST_LINE = 8190
"""Bytes of a request's first line, and of one header."""

MOST_HEADERS = 100
"""Headers of a request: more are refused before anything is made of them."""


_NOT_HERE = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})


class AddressError(ValueError):
    """A listen address that can't be read, or not be listened on."""


def run(main: Coroutine[Any, Any, int], leave: Callable[[int], None]) -> int:
    """Run the process' main coroutine on the fast event loop where there is one; its result goes to `leave` first."""
    _open_many_files()

    async def whole() -> int:
        code = await main
        leave(code)
        return code

    try:
        import uvloop  # noqa: PLC0415
    except ImportError:
        return asyncio.run(whole())
    return uvloop.run(whole())


_CODECS = ("idna", "ascii", "latin-1", "utf-8-sig", "utf-16", "utf-32", "cp1252", "iso8859-15", "unicode-escape")
"""What names, headers and bodies are read with: an import in mid-run fails where no file can be opened any more."""


def _open_many_files() -> None:
    """Raise the limit of open files as far as is allowed: each connection is one, and the usual 1,024 are soon gone."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    for name in _CODECS:
        codecs.lookup(name)


def listen(address: str) -> list[socket.socket]:
    """The listening sockets of `host:port`, `[::1]:port` or `:port` (every address of both families).

    A name is listened on at each of its addresses, all with one port: `localhost` mostly is 127.0.0.1 and ::1.

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
        return _listen_at(dict.fromkeys((family, where) for family, _, _, _, where in _look_up(host, port)), port)
    except OSError as error:
        raise AddressError(f"--web.listen-address {address!r}: {error.strerror or error}") from error


def _look_up(host: str, port: int) -> list[Any]:
    return socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)


def _listen_at(places: Iterable[tuple[socket.AddressFamily, Any]], port: int) -> list[socket.socket]:
    """A socket at each of some addresses; those that this machine doesn't have are left out while another one is."""
    listening: list[socket.socket] = []
    missing: OSError | None = None
    for family, where in places:
        try:
            made = socket.create_server((where[0], port, *where[2:]), family=family, backlog=1024)
        except OSError as error:
            if error.errno in _NOT_HERE:
                missing = error
                continue
            for each in listening:
                each.close()
            raise
        listening.append(made)
        port = made.getsockname()[1]  # where any free one is asked for, all take the first one's
    if missing is not None and not listening:
        raise missing
    return listening


def activated(first: int = 3) -> list[socket.socket]:
    """The listening sockets that systemd hands over (sd_listen_fds(3)), once: `first` is where they begin.

    Raises:
        AddressError: there are none, or one isn't a listening TCP socket.
    """
    count = os.environ.get("LISTEN_FDS", "")
    is_ours = os.environ.get("LISTEN_PID") == str(os.getpid()) and count.isascii() and count.isdigit()
    for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"):
        os.environ.pop(name, None)
    if not is_ours or int(count) == 0:
        raise AddressError("--web.systemd-socket: systemd handed over no socket; is the .socket unit started?")
    listeners = []
    for descriptor in range(first, first + int(count)):
        try:
            listener = socket.socket(fileno=descriptor)
            is_listening = listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        except OSError as error:
            raise AddressError(f"--web.systemd-socket: file descriptor {descriptor}: {error.strerror}") from error
        if not is_listening or listener.family not in {socket.AF_INET, socket.AF_INET6}:
            listener.close()
            raise AddressError("--web.systemd-socket: write the .socket unit's ListenStream= with a TCP port")
        listener.set_inheritable(False)
        listeners.append(listener)
    return listeners


def listeners(addresses: Sequence[str] | None, use_systemd: bool, default: str) -> list[socket.socket]:
    """The sockets that the flags ask for.

    Raises:
        AddressError: they can't be had, or the flags exclude one another.
    """
    if use_systemd and addresses:
        raise AddressError("--web.systemd-socket and --web.listen-address exclude one another")
    if use_systemd:
        return activated()
    return [listener for address in addresses or [default] for listener in listen(address)]


def url(address: str, scheme: str = "http") -> str:
    """Where a person on this machine finds what listens on an address: `[::]` and `0.0.0.0` are all of them."""
    host, _, port = address.rpartition(":")
    return f"{scheme}://{'localhost' if host in {'[::]', '0.0.0.0'} else host}:{port}"  # noqa: S104


def format_address(listener: socket.socket) -> str:
    """The address of a listening socket as one writes it."""
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _is_ours(record: logging.LogRecord) -> bool:
    """Whether a line of aiohttp is about us: a request that is no HTTP is its sender's fault, and may hold secrets."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, http_exceptions.HttpProcessingError)


def _heed_loop_error(told: set[str], loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Tell once that connections can't be accepted, of which asyncio tells every second; all else as it does."""
    if context.get("message", "").startswith("socket.accept()"):
        if not told:
            told.add("accept")
            error = context.get("exception")
            logger.error("Connections can't be accepted", extra={"err": getattr(error, "strerror", None) or str(error)})
    else:
        loop.default_exception_handler(context)


async def serve(
    app: web.Application,
    listeners: Sequence[socket.socket],
    *,
    ssl_context: ssl.SSLContext | None = None,
    reload: Callable[[], Coroutine[Any, Any, object]],
    close: Callable[[], Coroutine[Any, Any, None]],
    started: Callable[[Sequence[str]], None] = lambda _urls: None,
    beside: Coroutine[Any, Any, None] | None = None,
) -> int:
    """Serve until SIGTERM or SIGINT, then end in order; SIGHUP reloads. Returns the exit code.

    `started` hears the URLs once they are served; `beside` runs for as long as they are.
    """
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
    logging.getLogger("aiohttp.server").addFilter(_is_ours)
    loop.set_exception_handler(partial(_heed_loop_error, set()))
    logger.info("Starting sms-exporter", extra={"version": __version__, "pythonversion": platform.python_version()})
    # What is there now stays, and a scrape leaves no cycles behind (tests/test_cost.py counts them): the collector
    # would look through the objects of a scrape under way again and again, in vain.
    gc.collect()
    gc.freeze()
    runner = web.AppRunner(
        app,
        access_log=None,
        handle_signals=False,
        shutdown_timeout=GRACE_SECONDS,
        keepalive_timeout=IDLE_SECONDS,
        max_line_size=LONGEST_LINE,
        max_field_size=LONGEST_LINE,
        max_headers=MOST_HEADERS,
    )
    await runner.setup()
    for listener in listeners:
        await web.SockSite(runner, listener, ssl_context=ssl_context, backlog=1024).start()
    addresses = [format_address(listener) for listener in listeners]
    for address in addresses:
        logger.info("Listening on", extra={"address": address})
        logger.info(f"TLS is {'disabled' if ssl_context is None else 'enabled'}.", extra={"address": address})
    started([url(address, "http" if ssl_context is None else "https") for address in addresses])
    watching = None if beside is None else loop.create_task(beside)
    await ended.wait()
    logger.info("Ending")
    if watching is not None:
        watching.cancel()
    await runner.cleanup()
    await close()
    return 0
