"""Compressed bodies: every member is read, every byte is counted, nothing behind the end is kept."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.client.gzip import Gunzip
from exporter.client.http import HttpClient
from exporter.failure import FailureError
from tests.client.raw import PLAIN, Raw, public
from tests.injected_faults import GOOD, answers, serving


def read(data: bytes, max_bytes: int = 10_000, step: int = 7) -> bytes:
    gunzip = Gunzip(max_bytes)
    pieces = [gunzip.feed(data[place : place + step]) for place in range(0, len(data), step)]
    gunzip.end()
    return b"".join(pieces)


@given(
    st.lists(st.binary(max_size=200), min_size=1, max_size=5),
    st.sampled_from([b"", b"\0", b"\x1f", b"\x1fx", b"behind", b"\0\x1f\x8b", b"\n\x1f\x8b\x08garbage"]),
    st.integers(1, 50),
)
def test_members_are_read_one_after_another_and_what_is_no_member_is_dropped(
    members: list[bytes], behind: bytes, step: int
) -> None:
    data = b"".join(map(gzip.compress, members)) + behind
    assert read(data, step=step) == b"".join(members)


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (GOOD, "not gzip as it says"),
        (b"", "ends too early"),
        (gzip.compress(GOOD)[:-1], "ends too early"),
        (gzip.compress(GOOD)[:-5] + b"xxxxx", "not gzip as it says"),
        (gzip.compress(GOOD) + gzip.compress(GOOD)[:-1], "ends too early"),
        (gzip.compress(GOOD) + b"\x1f\x8b\x09 of another kind", "not gzip as it says"),
        (gzip.compress(b"") * 1001, "more than 1000 parts"),
    ],
    # Names of their own: gzip writes the time into its header, and each worker would collect other tests.
    ids=["plain text", "nothing", "no last byte", "wrong sum", "second cut", "rubbish behind", "many parts"],
)
def test_what_is_no_gzip_is_refused(data: bytes, detail: str) -> None:
    with pytest.raises(FailureError, match=detail):
        read(data, max_bytes=1_000_000)


def test_both_sizes_are_bounded() -> None:
    small, large = gzip.compress(b" " * 1000), gzip.compress(b" " * 1001)
    assert len(read(small, max_bytes=1000)) == 1000
    with pytest.raises(FailureError, match="larger than 1000 bytes"):
        read(large, max_bytes=1000)
    with pytest.raises(FailureError, match="larger than 1000 bytes"):
        read(small + b"\0" * 1000, max_bytes=1000)


@pytest.mark.parametrize(
    "coding", ["UTF-8", "none", "identity", "", "binary", "utf-8, identity", "8bit", "x-user-defined"]
)
async def test_a_content_encoding_that_names_no_coding_changes_no_body(client: HttpClient, coding: str) -> None:
    async with serving(answers(GOOD, "200 OK", f"Content-Encoding: {coding}")) as port:
        assert (await client.get(public(Raw(port)), PLAIN)).body == GOOD


@pytest.mark.parametrize("coding", ["gzip", "X-GZip", "identity, gzip", "gzip , none"])
async def test_gzip_is_read_however_it_is_named(client: HttpClient, coding: str) -> None:
    async with serving(answers(gzip.compress(GOOD), "200 OK", f"Content-Encoding: {coding}")) as port:
        assert (await client.get(public(Raw(port)), PLAIN)).body == GOOD


@pytest.mark.parametrize("coding", ["br", "gzip, br", "gzip, gzip", "deflate", "zstd"])
async def test_a_coding_that_was_not_asked_for_is_refused(client: HttpClient, coding: str) -> None:
    async with serving(answers(gzip.compress(GOOD), "200 OK", f"Content-Encoding: {coding}")) as port:
        with pytest.raises(FailureError, match="a content coding that was not asked for"):
            await client.get(public(Raw(port)), PLAIN)
