"""The HTTP client: one request to a provider, bounded in every way; its errors become reasons.

httpx is the interface (requests, responses, transports); `exporter.client` works under it, because
httpcore's pool looks through every connection for every request, which is quadratic in the accounts.
"""

import asyncio
import functools
import logging
import math
import re
import ssl
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Protocol

# httpx draws in its own command line wherever click and rich are installed: half of our start-up, for nothing.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
# aiohttp loads the system's authorities twice while it is imported, for contexts that no connection of ours uses.
ssl.SSLContext.set_default_verify_paths = lambda self: None  # type: ignore[method-assign]  # noqa: ARG005
try:
    import aiohttp
finally:
    del ssl.SSLContext.set_default_verify_paths  # the one that it inherits is in force again
import httpx

from exporter import __version__
from exporter.client import tls
from exporter.client.coding import in_utf8, is_gzip
from exporter.client.connections import GuardedTransport, Way
from exporter.client.gzip import Gunzip
from exporter.client.proxy import proxy_for
from exporter.client.reasons import ERRORS, OUT_OF_FILES, failure_of, let_go
from exporter.client.resolver import Resolver
from exporter.client.signing import Sign
from exporter.failure import Failure, FailureError, Reason, invalid_response
from exporter.providers.errors import wait_seconds
from exporter.providers.request import Prepared
from exporter.settings import HttpSettings

logger = logging.getLogger(__name__)

MOST_REDIRECTS = 5
FORBIDDEN = 403
QUIET_SECONDS = 300.0
"""Running out of files is told again where none has been missing for so long."""

_HOST = re.compile(r"[A-Za-z0-9._:-]+")

TransportFactory = Callable[[HttpSettings, str | None], httpx.AsyncBaseTransport]
"""From HTTP settings and a proxy's URL to the transport that obeys them."""


@dataclass(slots=True)
class Answer:
    """A whole HTTP answer, its body in UTF-8 where the headers name its charset.

    `header_names` is the same object as before where the answer before had the same names; `retry_after_seconds` is
    the header's, in whichever of its two forms; `own_wait_seconds` is what the definition's own header says.
    """

    status: int
    body: bytes
    header_names: tuple[str, ...]
    retry_after_seconds: float | None
    own_wait_seconds: float | None = None

    def timed(self, failure: Failure) -> Failure:
        """A failure that this answer is read to, with how long the headers ask to wait, where they say it.

        Who forbids for a time alone has had too many calls: GitHub answers so, for one.
        """
        seconds = self.retry_after_seconds
        if seconds is not None and self.status == FORBIDDEN and failure.by_status:
            failure = replace(failure, reason=Reason.RATE_LIMITED, detail=f"{failure.detail} with Retry-After")
        if seconds is None and failure.reason is Reason.RATE_LIMITED:
            seconds = self.own_wait_seconds
        return failure if seconds is None else replace(failure, retry_after_seconds=seconds)


@dataclass(eq=False, slots=True)
class Call:
    """What to ask, the most bytes to read, and whose credential it carries (None for a public URL).

    `sign` adds what is another each time; without it a call that is made again keeps its request. `wait_header` is the
    provider's own header of how long a rate limit holds, in small letters. `way` says how it travels: who can repeat it
    within a time sets `way.seconds`.
    """

    prepared: Prepared
    max_bytes: int
    owner: object | None = None
    sign: Sign | None = None
    wait_header: str = ""
    way: Way = field(init=False)
    _sent: Prepared | None = None
    _request: httpx.Request | None = None
    _headers: "_Headers | None" = None

    def __post_init__(self) -> None:
        self.way = Way(self.owner or self.url)

    @property
    def url(self) -> str:
        """Where it goes; a secret may stand in it."""
        return self.prepared.url

    @property
    def may_be_sent_on(self) -> bool:
        """Whether a redirect may be followed: none carries a body, or a secret that stands in a URL."""
        return self.prepared.method == "GET" and not self.prepared.holds_secret

    def signed(self) -> Prepared:
        """The request as it goes out now."""
        return self.prepared if self.sign is None else self.sign(self.prepared)

    def request(self, server_name: str | None) -> httpx.Request:
        """The request; `server_name` is the name that the certificate has to have, where it isn't the URL's."""
        signed = self.signed()
        extensions: dict[str, object] = {"way": self.way}
        if server_name is not None:
            extensions["sni_hostname"] = server_name
        if self._request is None or signed is not self._sent or extensions != self._request.extensions:
            headers = httpx.Headers(_OWN_HEADERS)
            headers.update(signed.headers)
            url = signed.url if signed.holds_secret else _parsed(signed.url)
            self._sent = signed
            self._request = httpx.Request(
                signed.method, url, headers=headers, content=signed.body, extensions=extensions
            )
        return self._request

    def headers(self, raw: Sequence[tuple[bytes, bytes]]) -> "_Headers":
        """What an answer's headers are called, looked at anew only where they have changed."""
        names = tuple([name for name, _ in raw])
        if self._headers is None or self._headers.raw != names:
            self._headers = _headers(names)
        return self._headers


# What thousands of calls have in common is kept once: it would be a tenth of what an account takes.
_OWN_HEADERS = [(b"Accept-Encoding", b"gzip"), (b"User-Agent", f"sms-exporter/{__version__}".encode())]


@functools.lru_cache(maxsize=256)
def _parsed(url: str) -> httpx.URL:
    return httpx.URL(url)


@functools.lru_cache(maxsize=256)
def _headers(names: tuple[bytes, ...]) -> "_Headers":
    return _Headers(names)


class _Headers:
    """Names of an answer's headers: in small letters, each once, and where to find the first of each."""

    def __init__(self, raw: tuple[bytes, ...]) -> None:
        self.raw = raw
        self._places: dict[str, int] = {}
        for place, name in enumerate(raw):
            self._places.setdefault(name.decode("latin-1").lower(), place)
        self.names = tuple(self._places)

    def value(self, raw: Sequence[tuple[bytes, bytes]], name: str) -> str | None:
        """The value of a header among those of an answer."""
        place = self._places.get(name)
        return None if place is None else raw[place][1].decode("latin-1")


class Client(Protocol):
    """What the accounts need of HTTP."""

    async def get(self, call: Call, http: HttpSettings) -> Answer:
        """One whole answer, or `FailureError`."""
        ...

    def keep_only(self, in_use: set[HttpSettings]) -> None:
        """Close the connections that no account has a use for any more."""
        ...

    async def aclose(self) -> None:
        """Close every connection."""
        ...


class HttpClient:
    """Asks providers. Accounts with equal HTTP settings share a transport, and so connections and TLS context."""

    def __init__(self, factory: TransportFactory | None = None) -> None:
        resolver = Resolver()
        self._factory = factory or (lambda http, proxy: GuardedTransport(tls.context(http.tls), proxy, resolver))
        self._transports: dict[tuple[HttpSettings, str | None], tuple[object, httpx.AsyncBaseTransport]] = {}
        self._retired: set[asyncio.Task[None]] = set()
        self._out_of_files = -math.inf

    async def get(self, call: Call, http: HttpSettings) -> Answer:
        """Ask a URL, following redirects only as the settings say and the call may, and read the whole answer.

        Raises:
            FailureError: connection, tls, redirect, invalid_response (too large, not HTTP), internal.
        """
        try:
            return await self._get(call, http)
        except FailureError as error:
            let_go(error)
            raise
        except ERRORS as error:
            if isinstance(error, aiohttp.ClientError) or not isinstance(error, OSError):
                let_go(error)
            failure = failure_of(error)
            if failure.is_told:
                self._tell(failure)
            raise FailureError(failure) from error

    def _tell(self, failure: Failure) -> None:
        """Log what is a matter of this process alone, once for all the accounts that it meets."""
        now = time.monotonic()
        if now - self._out_of_files > QUIET_SECONDS:
            logger.error("Calls fail", extra={"reason": failure.reason.value, "detail": failure.detail})
        self._out_of_files = now

    async def _get(self, call: Call, http: HttpSettings) -> Answer:
        for _ in range(MOST_REDIRECTS + 1):
            request = call.request(http.tls.server_name)
            response = await self._transport(http, call.url).handle_async_request(request)
            # The stream itself: the layers of httpx above it keep, decode and count what is ours to bound.
            stream = response.stream
            assert isinstance(stream, httpx.AsyncByteStream)  # noqa: S101  # for the type checker
            try:
                raw = response.headers.raw
                headers = call.headers(raw)
                location = headers.value(raw, "location")
                follows = http.follow_redirects and call.may_be_sent_on and response.has_redirect_location
                if not (follows and location):
                    try:
                        coding, kind = (headers.value(raw, name) or "" for name in ("content-encoding", "content-type"))
                        body = in_utf8(await _read(stream, coding, call.max_bytes), kind)
                    except FailureError:
                        if 200 <= response.status_code < 300:
                            raise
                        body = b""  # what the status says counts without it
                    now = time.time()
                    wait = retry_after(headers.value(raw, "retry-after"), now)
                    own = wait_seconds(headers.value(raw, call.wait_header), now) if call.wait_header else None
                    return Answer(response.status_code, body, headers.names, wait, own)
            finally:
                # Closing breaks off an unread body instead of draining it.
                await stream.aclose()
            call = _onward(call, request.url, location)
        raise FailureError(Failure(Reason.REDIRECT, f"more than {MOST_REDIRECTS} redirects"))

    def _transport(self, http: HttpSettings, url: str) -> httpx.AsyncBaseTransport:
        key = (http, proxy_for(url, http))
        files = tls.file_states(http.tls)
        known = self._transports.get(key)
        if known is None or known[0] != files:
            try:
                fresh = self._factory(*key)
            except OSError as error:
                if error.errno in OUT_OF_FILES:
                    raise
                raise FailureError(Failure(Reason.TLS, f"tls_config can't be used: {tls.why(error)}")) from error
            self._transports[key] = (files, fresh)
            if known is not None:
                self._retire(known[1])
            return fresh
        return known[1]

    def keep_only(self, in_use: set[HttpSettings]) -> None:
        """Close the connections that belong to HTTP settings which no account has any more."""
        for key in [key for key in self._transports if key[0] not in in_use]:
            self._retire(self._transports.pop(key)[1])

    def _retire(self, transport: httpx.AsyncBaseTransport) -> None:
        task = asyncio.ensure_future(transport.aclose())
        self._retired.add(task)
        task.add_done_callback(self._retired.discard)

    async def aclose(self) -> None:
        """Close every connection."""
        self.keep_only(set())
        await asyncio.gather(*self._retired)
        await asyncio.sleep(0)  # the sockets themselves close one turn later


def _onward(call: Call, url: httpx.URL, location: str) -> Call:
    """The call that a redirect asks for; the credential stays with the origin that it was given for."""
    try:
        onward = url.join(location).copy_with(userinfo=b"")
    except (httpx.InvalidURL, ValueError) as error:
        raise FailureError(Failure(Reason.REDIRECT, "redirected to what is no URL")) from error
    if _HOST.fullmatch(onward.host) is None:
        raise FailureError(Failure(Reason.REDIRECT, "redirected to what is no URL"))
    if onward.scheme not in {"http", "https"} or (url.scheme == "https" and onward.scheme == "http"):
        raise FailureError(Failure(Reason.REDIRECT, "redirected away from https"))
    same_origin = (onward.scheme, onward.host, onward.port) == (url.scheme, url.host, url.port)
    next_call = _moved(call, str(onward), same_origin=same_origin)
    next_call.way.seconds = call.way.seconds
    return next_call


def _moved(call: Call, url: str, *, same_origin: bool) -> Call:
    """The call at another URL; another origin gets what a public one would."""
    if same_origin:
        return Call(replace(call.prepared, url=url), call.max_bytes, call.owner, call.sign, call.wait_header)
    wanted = {name: value for name, value in call.prepared.headers.items() if name == "Accept"}
    return Call(Prepared("GET", url, wanted), call.max_bytes)


async def _read(stream: httpx.AsyncByteStream, coding: str, max_bytes: int) -> bytes:
    """The body, decompressed piece by piece so that no answer can fill the memory.

    Raises:
        FailureError: `invalid_response` past `max_bytes` or for a content coding that was not asked for.
    """
    gunzip = Gunzip(max_bytes) if is_gzip(coding) else None
    body = bytearray()
    async for chunk in stream:
        body += chunk if gunzip is None else gunzip.feed(chunk)
        if len(body) > max_bytes:
            raise invalid_response(f"the body is larger than {max_bytes} bytes")
    if gunzip is not None:
        gunzip.end()
    return bytes(body)


def retry_after(value: str | None, now: float) -> float | None:
    """Seconds that a `Retry-After` header asks for (a number or an HTTP date, RFC 9110), or None."""
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        date = parsedate_to_datetime(value)
        # Of the three forms of a date that HTTP knows, the oldest doesn't say that it is in UTC.
        seconds = (date if date.tzinfo is not None else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
    return max(0.0, seconds - now)
