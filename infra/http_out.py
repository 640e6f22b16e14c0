"""Outgoing requests: a merchant names an address, and we are not led to a machine that is not public.

The name is resolved once, every address of the answer must be a public one, and the connection goes to exactly that
address with the name in SNI and Host: a second answer of the resolver is never asked for (DNS rebinding).
"""

import asyncio
import ipaddress
import re
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

import httpx2

from infra.errors import Refusal

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Takes a host name and a port, returns the addresses as text."""

REDIRECTS = (301, 302, 303, 307, 308)
# A host's last part starts with a letter: no IP literals, which resolvers read in hexadecimal and short forms too.
_HOST = re.compile(r"\A([A-Za-z0-9_-]+\.)+[A-Za-z][A-Za-z0-9-]*\.?\Z")
_TUNNELS = tuple(
    ipaddress.ip_network(network)
    for network in (
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",  # NAT64 of a local network
        "2002::/16",  # 6to4
        "2001::/32",  # Teredo
        "192.88.99.0/24",  # 6to4 relays
        "::/96",  # IPv4-compatible
        "fec0::/10",  # site-local
    )
)


class FetchRefused(Refusal):
    """The address may not be fetched, or did not answer with a file."""

    status, code = 422, "fetch_refused"
    hint = "Name an https address with a public host name that answers 200 with the file itself."


@dataclass(frozen=True, slots=True)
class FetchRules:
    """What a fetch may cost, and whether this machine itself may be asked (tests only)."""

    most_bytes: int = 4_000_000_000
    seconds: float = 1800.0
    """For the whole fetch; a silence ends it after `silence_seconds`."""
    silence_seconds: float = 30.0
    redirects: int = 3
    loopback: bool = False
    authorities: ssl.SSLContext | None = None
    """Whose certificates count; None for those that browsers trust too."""


async def resolve_name(host: str, port: int) -> Sequence[str]:
    """The system's answer. Raises FetchRefused when there is none."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        raise FetchRefused(f"The host name {host!r} is not known.") from None
    return [str(address[4][0]) for address in found]


async def post(
    url: str, body: bytes, headers: dict[str, str], rules: FetchRules, resolve: Resolve = resolve_name
) -> int:
    """Send JSON there and return the status of the answer, whose body is not read; no redirect is followed.

    Raises FetchRefused when the address is not public, cannot be reached or takes longer than the rules allow.
    """
    try:
        async with asyncio.timeout(rules.seconds), _client(rules) as client:
            request = await _build(client, "POST", check_url(url, loopback=rules.loopback), rules, resolve, body)
            request.headers.update({"Content-Type": "application/json", **headers})
            response = await client.send(request, stream=True)
            await response.aclose()
            return response.status_code
    except TimeoutError:
        raise FetchRefused(f"The address took more than {rules.seconds:g} seconds.") from None
    except (httpx2.TransportError, httpx2.InvalidURL) as failed:
        raise FetchRefused(f"The address cannot be reached: {failed or type(failed).__name__}.") from None


async def fetch(url: str, rules: FetchRules, resolve: Resolve = resolve_name) -> AsyncIterator[bytes]:
    """The body as it is stored there, in pieces. Raises FetchRefused, also in the middle, when a cap is passed.

    A body in gzip content encoding stays compressed: the reader of the file unpacks it under its own cap.
    """
    # No timeout is held across a yield: the artifact store asks for each piece in another task, and it would end none.
    deadline = asyncio.get_running_loop().time() + rules.seconds
    try:
        async with _client(rules) as client, _open(client, url, rules, resolve, deadline) as response:
            async for piece in _capped(response, rules, deadline):
                yield piece
    except TimeoutError:
        raise FetchRefused(f"The address took more than {rules.seconds:g} seconds.") from None
    except (httpx2.TransportError, httpx2.InvalidURL) as failed:
        raise FetchRefused(f"The address cannot be read: {failed or type(failed).__name__}.") from None


def is_public(text: str) -> bool:
    """Whether an IP address belongs to the public Internet and to no tunnel into another network."""
    address: Address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return False
    if address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback:
        return False
    tunnel = any(address.version == network.version and address in network for network in _TUNNELS)
    return address.is_global and not address.is_private and not address.is_link_local and not tunnel


def check_url(url: str, *, loopback: bool = False) -> httpx2.URL:
    """The address, parsed. Raises FetchRefused for what can be told without asking a resolver."""
    try:
        parsed = httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError, TypeError):
        raise FetchRefused("The address cannot be read.") from None
    if loopback and parsed.scheme == "http" and parsed.host in ("127.0.0.1", "localhost"):
        return parsed
    if parsed.scheme != "https":
        raise FetchRefused("The address must start with https://.")
    if parsed.userinfo:
        raise FetchRefused("The address must not hold a user name or password.")
    if not _HOST.match(parsed.host) or not 0 < (parsed.port or 443) < 65536:
        raise FetchRefused(f"The host {parsed.host!r} is not a public host name.")
    return parsed


class _open:  # noqa: N801  # used as a context, like `open`
    """The response of the last address after redirects, each of which is checked like the first."""

    def __init__(
        self, client: httpx2.AsyncClient, url: str, rules: FetchRules, resolve: Resolve, deadline: float
    ) -> None:
        self._client, self._url, self._rules, self._resolve, self._deadline = client, url, rules, resolve, deadline
        self._response: httpx2.Response | None = None

    async def __aenter__(self) -> httpx2.Response:
        async with asyncio.timeout_at(self._deadline):
            return await self._follow()

    async def _follow(self) -> httpx2.Response:
        url = check_url(self._url, loopback=self._rules.loopback)
        for _ in range(self._rules.redirects + 1):
            self._response = await self._send(url)
            if self._response.status_code not in REDIRECTS:
                return _checked(self._response)
            target = url.join(self._response.headers.get("location", ""))
            await self._response.aclose()
            url = check_url(str(target), loopback=self._rules.loopback)
        raise FetchRefused(f"The address redirects more than {self._rules.redirects} times.")

    async def __aexit__(self, *_: object) -> None:
        if self._response is not None:
            await self._response.aclose()

    async def _send(self, url: httpx2.URL) -> httpx2.Response:
        request = await _build(self._client, "GET", url, self._rules, self._resolve)
        request.headers["Accept-Encoding"] = "identity"
        return await self._client.send(request, stream=True)


async def _build(
    client: httpx2.AsyncClient, method: str, url: httpx2.URL, rules: FetchRules, resolve: Resolve, body: bytes = b""
) -> httpx2.Request:
    """A request to the address that was chosen, with the name in SNI and Host."""
    return client.build_request(
        method,
        url.copy_with(host=await _choose(url, rules, resolve)),
        headers={"Host": url.netloc.decode("ascii")},
        content=body or None,
        extensions={"sni_hostname": url.host},
    )


async def _choose(url: httpx2.URL, rules: FetchRules, resolve: Resolve) -> str:
    """The address to connect to: one answer of the resolver, all of it public."""
    addresses = await resolve(url.host, url.port or 443)
    good = [is_public(one) or (rules.loopback and ipaddress.ip_address(one).is_loopback) for one in addresses]
    if not addresses or not all(good):
        raise FetchRefused(f"The host {url.host!r} does not lie on the public Internet.")
    return addresses[0]


def _checked(response: httpx2.Response) -> httpx2.Response:
    if response.status_code != 200:
        raise FetchRefused(f"The address answered {response.status_code}.")
    if response.headers.get("content-encoding", "identity").lower() not in ("identity", "gzip"):
        raise FetchRefused("The address answered in a content encoding that we did not ask for.")
    return response


async def _capped(response: httpx2.Response, rules: FetchRules, deadline: float) -> AsyncIterator[bytes]:
    size, pieces = 0, response.aiter_raw()
    while True:
        async with asyncio.timeout_at(deadline):
            piece = await anext(pieces, None)
        if piece is None:
            return
        size += len(piece)
        if size > rules.most_bytes:
            raise FetchRefused(f"The file has more than {rules.most_bytes:,} bytes.")
        yield piece


def _client(rules: FetchRules) -> httpx2.AsyncClient:
    # No proxy and no netrc from the environment, no cookies between redirects, no keep-alive to another name.
    return httpx2.AsyncClient(
        trust_env=False,
        verify=rules.authorities or True,
        follow_redirects=False,
        timeout=rules.silence_seconds,
        headers={"User-Agent": "Lastbook"},
        limits=httpx2.Limits(max_connections=1, max_keepalive_connections=0),
    )
