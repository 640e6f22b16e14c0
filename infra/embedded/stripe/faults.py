"""Faults: what shall go wrong with the next calls, for tests of what we do then."""

import asyncio
from dataclasses import dataclass
from typing import Literal, get_args

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from infra.embedded.stripe.refusals import InvalidRequest

Kind = Literal["status", "timeout", "drop", "die", "slow", "lag"]
"""What goes wrong:

- status: answered with a status, and nothing done
- timeout: nothing done, and no answer for `ms`
- drop: nothing done, and the connection breaks
- die: done, and the connection breaks before the answer
- slow: done after `ms`
- lag: done at once and answered after `ms`, so that webhooks come first
"""


@dataclass(slots=True)
class Fault:
    """For the next `times` calls with this method and a path that starts like this."""

    kind: Kind
    status: int = 500
    ms: int = 0
    method: str = ""
    path: str = "/v1/"
    times: int = 1

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise InvalidRequest(f"Unknown fault: {self.kind}", param="kind")


class Faults:
    """The faults in the order in which they were asked for."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []

    def take(self, method: str, path: str) -> Fault | None:
        """The fault for this call, counted down."""
        for fault in self.waiting:
            if fault.method in ("", method) and path.startswith(fault.path):
                fault.times -= 1
                self.waiting = [other for other in self.waiting if other.times > 0]
                return fault
        return None


class BrokenAnswer(Response):
    """An answer that breaks off: the caller learns nothing but that the connection is gone."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"1000"), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})


async def hang(fault: Fault) -> None:
    await asyncio.sleep(fault.ms / 1000)
