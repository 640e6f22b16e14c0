"""Answers to pages: JSON that any origin may read, and that nobody may keep unless it is the same for everybody."""

import hashlib

from starlette.requests import Request
from starlette.responses import Response

from api.packing import pack, worth_packing

_HEADERS = (
    (b"content-type", b"application/json"),
    (b"access-control-allow-origin", b"*"),
    (b"cache-control", b"no-store"),
)


class PublicAnswer(Response):
    """A response whose headers are ready: Starlette makes them anew for each, which costs as much as filling a slot."""

    def __init__(self, body: bytes, status: int = 200, *, shared: bool = False) -> None:
        """`shared`: the body is remembered anyway, for all who ask the same."""
        self.shared = shared
        self.body = body
        self.status_code = status
        self.background = None
        self.raw_headers = [*_HEADERS, (b"content-length", str(len(body)).encode())]


class KeepableAnswer(Response):
    """What is the same for everybody: a browser or proxy keeps it a minute, and asks behind the page's back for ten."""

    def __init__(self, request: Request, body: bytes) -> None:
        packed = worth_packing(body, request.headers.get("accept-encoding", "").encode())
        body = pack(body, remember=True) if packed else body
        etag = f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'
        headers = {
            "Access-Control-Allow-Origin": "*",
            "Cache-Control": "public, max-age=60, stale-while-revalidate=600",
            "ETag": etag,
            "Vary": "Accept-Encoding",
            **({"Content-Encoding": "gzip"} if packed else {}),
        }
        if has_answer(request, etag):
            super().__init__(status_code=304, headers=headers)
        else:
            super().__init__(body, headers=headers, media_type="application/json")


def has_answer(request: Request, etag: str) -> bool:
    """Whether the one who asks has that very answer (RFC 9110, section 13.1.2)."""
    known = request.headers.get("if-none-match", "").split(",")
    return any(one.strip().removeprefix("W/") in (etag, "*") for one in known)
