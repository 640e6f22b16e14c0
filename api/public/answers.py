"""Answers to pages: JSON that any origin may read and nobody may keep."""

from starlette.responses import Response

_HEADERS = (
    (b"content-type", b"application/json"),
    (b"access-control-allow-origin", b"*"),
    (b"cache-control", b"no-store"),
)


class PublicAnswer(Response):
    """A response whose headers are ready: Starlette makes them anew for each, which costs as much as filling a slot."""

    def __init__(self, body: bytes, status: int = 200) -> None:
        self.body = body
        self.status_code = status
        self.background = None
        self.raw_headers = [*_HEADERS, (b"content-length", str(len(body)).encode())]
