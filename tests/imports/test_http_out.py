"""Outgoing fetches: only public machines, only what was resolved once, only so much."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from infra.http_out import FetchRefused, FetchRules, Resolve, check_url, fetch, is_public
from tests.imports.certificates import Authority

LOCAL = FetchRules(loopback=True, seconds=5)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.9.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "224.0.0.1", "239.255.255.250", "255.255.255.255", "240.0.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1",
        "198.51.100.1", "203.0.113.1", "192.88.99.1",
        "::", "::1", "::ffff:8.8.8.8", "::ffff:127.0.0.1", "::127.0.0.1", "::8.8.8.8", "fe80::1", "fe80::1%eth0",
        "fc00::1", "fd12::1", "fec0::1", "ff02::1", "64:ff9b::a00:1", "64:ff9b::808:808", "64:ff9b:1::a00:1",
        "2002:a00:1::", "2002:808:808::", "2001::1", "2001:db8::1", "100::1",
    ],
)  # fmt: skip
async def test_b2_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert not is_public(address)
    with pytest.raises(FetchRefused, match="does not lie on the public Internet"):
        await _read("https://feeds.example/x.csv", FetchRules(seconds=5), _always(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "2a00:1450:4001::1"])
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


async def test_b2_one_private_address_among_public_ones_is_refused() -> None:
    with pytest.raises(FetchRefused, match="public Internet"):
        await _read("https://feeds.example/x.csv", FetchRules(), _always("8.8.8.8", "10.0.0.1"))


@pytest.mark.parametrize(
    "url",
    [
        "http://feeds.example/x", "ftp://feeds.example/x", "file:///etc/passwd", "//feeds.example",
        "https://127.0.0.1/x", "https://2130706433/", "https://0x7f.1/", "https://0177.0.0.1/", "https://[::1]/",
        "https://[::ffff:127.0.0.1]/", "https://localhost/", "https://user:secret@feeds.example/", "https://", "", "x",
        "https://127。0。0。1/", "https://①②⑦.0.0.1/", "http://localhost:1/x", "https://feeds.example:99999/",
    ],
)  # fmt: skip
def test_b2_an_address_that_cannot_be_public_is_refused_unasked(url: str) -> None:
    with pytest.raises(FetchRefused):
        check_url(url)


async def test_b2_a_name_is_resolved_once_and_the_connection_goes_there() -> None:
    """The resolver's second answer would be another machine."""
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    async with _serving(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello") as (port, requests):
        body = await _read(f"http://localhost:{port}/x?y=1", LOCAL, rebinding)

    assert (body, asked) == (b"hello", ["localhost"])
    assert requests[0].startswith(b"GET /x?y=1 HTTP/1.1\r\n")
    assert f"host: localhost:{port}\r\n".encode() in requests[0].lower()


@pytest.mark.parametrize(
    "target",
    [
        "http://10.0.0.1/",
        "https://10.0.0.1/",
        "https://metadata.example/",
        "http://feeds.example/",
        "file:///etc/passwd",
    ],
)
async def test_b2_a_redirect_is_checked_like_the_first_address(target: str) -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"] if host == "localhost" else ["169.254.169.254"]

    head = f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode()
    async with _serving(head) as (port, requests):
        with pytest.raises(FetchRefused):
            await _read(f"http://localhost:{port}/", LOCAL, resolve)
    assert len(requests) == 1


async def test_b2_over_tls_the_connection_goes_to_the_address_and_the_certificate_must_have_the_name(
    tmp_path: Path,
) -> None:
    authority = Authority()
    tls, named = _noting_names(authority.serve_as("feeds.example", tmp_path))
    rules = FetchRules(loopback=True, seconds=5, authorities=authority.trust())
    async with _serving(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", tls=tls) as (port, requests):
        body = await _read(f"https://feeds.example:{port}/x", rules, _always("127.0.0.1"))

    assert (body, named) == (b"hello", ["feeds.example"])
    assert f"host: feeds.example:{port}\r\n".encode() in requests[0].lower()


@pytest.mark.parametrize("name", ["other.example", "127.0.0.1", "example", "x.feeds.example", "*.example.feeds"])
async def test_b2_a_certificate_of_another_name_is_refused_also_of_the_address_itself(
    tmp_path: Path, name: str
) -> None:
    authority = Authority()
    rules = FetchRules(loopback=True, seconds=5, authorities=authority.trust())
    async with _serving(b"HTTP/1.1 200 OK\r\n\r\n", tls=authority.serve_as(name, tmp_path)) as (port, requests):
        with pytest.raises(FetchRefused, match="certificate verify failed"):
            await _read(f"https://feeds.example:{port}/x", rules, _always("127.0.0.1"))
    assert requests == []


async def test_b2_a_certificate_of_an_authority_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    tls = Authority().serve_as("feeds.example", tmp_path)
    async with _serving(b"HTTP/1.1 200 OK\r\n\r\n", tls=tls) as (port, requests):
        with pytest.raises(FetchRefused, match="certificate verify failed"):
            await _read(f"https://feeds.example:{port}/x", LOCAL, _always("127.0.0.1"))
    assert requests == []


async def test_b2_a_redirect_to_another_name_is_asked_for_under_that_name(tmp_path: Path) -> None:
    authority = Authority()
    tls, named = _noting_names(authority.serve_as("feeds.example", tmp_path))
    rules = FetchRules(loopback=True, seconds=5, authorities=authority.trust())
    head = b"HTTP/1.1 302 Found\r\nLocation: //other.example:%d/\r\nContent-Length: 0\r\n\r\n"
    async with _serving(head, tls=tls) as (port, requests):
        with pytest.raises(FetchRefused, match="certificate verify failed"):
            await _read(f"https://feeds.example:{port}/", rules, _always("127.0.0.1"))
    assert (named, len(requests)) == (["feeds.example", "other.example"], 1)


async def test_b2_redirects_end_after_three() -> None:
    async with _serving(b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n") as (port, requests):
        with pytest.raises(FetchRefused, match="more than 3 times"):
            await _read(f"http://localhost:{port}/", LOCAL, _always("127.0.0.1"))
    assert len(requests) == 4


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "answered 404"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\nx", "content encoding"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b"x" * 2000, "more than 1,000 bytes"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nx", "cannot be read"),
        (b"nonsense\r\n\r\n", "cannot be read"),
    ],
)
async def test_b2_an_answer_that_is_no_file_is_refused(answer: bytes, sentence: str) -> None:
    rules = FetchRules(loopback=True, most_bytes=1000, seconds=5)
    async with _serving(answer) as (port, _):
        with pytest.raises(FetchRefused, match=sentence):
            await _read(f"http://localhost:{port}/", rules, _always("127.0.0.1"))


async def test_b2_a_slow_answer_is_cut_off() -> None:
    rules = FetchRules(loopback=True, seconds=0.2)
    async with _serving(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nx", hang=True) as (port, _):
        with pytest.raises(FetchRefused, match="took more than"):
            await _read(f"http://localhost:{port}/", rules, _always("127.0.0.1"))


async def test_b2_an_answer_in_drops_is_cut_off_also_when_each_piece_is_asked_for_in_its_own_task() -> None:
    """As the artifact store does."""
    rules = FetchRules(loopback=True, seconds=0.3)
    async with _serving(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nx", hang=True) as (port, _):
        pieces = fetch(f"http://localhost:{port}/", rules, _always("127.0.0.1"))
        assert await asyncio.create_task(_next(pieces)) == b"x"
        last = asyncio.create_task(_next(pieces))
        # Only waited for: cancelling it would end the fetch as well.
        assert await asyncio.wait({last}, timeout=5) == ({last}, set())
        with pytest.raises(FetchRefused, match="took more than"):
            last.result()


async def _next(pieces: AsyncIterator[bytes]) -> bytes:
    return await anext(pieces)


class _always:  # noqa: N801  # a resolver with one answer
    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        return self._addresses


async def _read(url: str, rules: FetchRules, resolve: Resolve) -> bytes:
    return b"".join([piece async for piece in fetch(url, rules, resolve)])


def _noting_names(tls: ssl.SSLContext) -> tuple[ssl.SSLContext, list[str | None]]:
    """The server's context, and the names that clients say before it shows its certificate (SNI)."""
    named: list[str | None] = []

    def note(socket: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
        named.append(name)

    tls.sni_callback = note
    return tls, named


@asynccontextmanager
async def _serving(
    answer: bytes, *, hang: bool = False, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server on this machine that always answers these bytes, and what it was asked. %d is its port."""
    requests: list[bytes] = []
    done = asyncio.Event()

    async def answer_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer.replace(b"%d", str(writer.get_extra_info("sockname")[1]).encode()))
        await writer.drain()
        if hang:
            await done.wait()
        writer.close()

    server = await asyncio.start_server(answer_one, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1], requests
        done.set()
