"""Name look-ups that hold up nobody else: one thread a name, shared by all who wait for it."""

# Imported with the first name otherwise, and that may be when no file can be opened any more.
import asyncio
import contextlib
import encodings.idna  # noqa: F401
import socket
import threading

from aiohttp.abc import AbstractResolver, ResolveResult

from exporter.failure import Failure, FailureError, Reason

MOST_LOOK_UPS = 64
"""So many names may be under way at once, each in a thread; of more hosts that hang there is no need to know."""

_Found = list[tuple[socket.AddressFamily, str]]


class Resolver(AbstractResolver):
    """The system's `getaddrinfo`. A look-up that hangs is waited for by its own host's calls alone."""

    def __init__(self) -> None:
        self._under_way: dict[tuple[str, int], asyncio.Future[_Found | OSError | UnicodeError]] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a host, in the system's order.

        Raises:
            OSError: there are none.
            FailureError: `connection`, too many other names are being looked up.
        """
        key = (host, int(family))
        future = self._under_way.get(key) or self._start(key)
        found = await asyncio.shield(future)
        if not isinstance(found, list):
            raise OSError(*found.args) if isinstance(found, OSError) else OSError(str(found))
        flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
        return [
            ResolveResult(hostname=host, host=address, port=port, family=of, proto=0, flags=flags)
            for of, address in found
        ]

    async def close(self) -> None:
        """Nothing to do: a thread that hangs ends with its look-up, or with the process."""

    def _start(self, key: tuple[str, int]) -> "asyncio.Future[_Found | OSError | UnicodeError]":
        if len(self._under_way) >= MOST_LOOK_UPS:
            raise FailureError(Failure(Reason.CONNECTION, "too many host names are being looked up"))
        loop = asyncio.get_running_loop()
        future: asyncio.Future[_Found | OSError | UnicodeError] = loop.create_future()

        def ended(found: _Found | OSError | UnicodeError) -> None:
            del self._under_way[key]
            future.set_result(found)

        def work() -> None:
            found = _look_up(*key)
            with contextlib.suppress(RuntimeError):  # the loop has closed meanwhile
                loop.call_soon_threadsafe(ended, found)

        try:
            threading.Thread(target=work, name="look-up", daemon=True).start()
        except RuntimeError as error:
            raise FailureError(Failure(Reason.CONNECTION, "no thread for looking up the host name")) from error
        self._under_way[key] = future
        return future


def _look_up(host: str, family: int) -> _Found | OSError | UnicodeError:
    flags = socket.AI_ADDRCONFIG
    try:
        infos = socket.getaddrinfo(host, None, family, socket.SOCK_STREAM, flags=flags)
        return [(of, _numeric(address)) for of, _, _, _, address in infos]
    except (OSError, UnicodeError) as error:
        return _out_of_files() or error.with_traceback(None)


def _out_of_files() -> OSError | None:
    """Why no socket can be opened: the system's look-up says "not found" then."""
    try:
        socket.socket().close()
    except OSError as error:
        return error.with_traceback(None)
    return None


def _numeric(address: tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]) -> str:
    """The address as text; one of IPv6 that is valid on one link only names the link."""
    if len(address) == 4 and address[3]:
        return socket.getnameinfo(address, socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)[0]
    return str(address[0])
