"""Bare: Starlette with one route that answers ready bytes, the most that a Starlette service could reach."""

import sys
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.server import make_server
from infra.lifeline import follow_parent


def main() -> None:
    follow_parent()
    body = Path(sys.argv[2]).read_bytes()

    async def answer(request: Request) -> Response:
        return Response(body, media_type="application/json")

    app = Starlette(routes=[Route("/public/v1/slots", answer, methods=["POST"]), Route("/health/live", answer)])
    make_server(app, host="127.0.0.1", port=int(sys.argv[1])).run()


if __name__ == "__main__":
    main()
