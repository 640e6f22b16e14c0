"""Server: uvicorn as we run it."""

import uvicorn
from starlette.types import ASGIApp


def make_server(app: ASGIApp, *, host: str, port: int) -> uvicorn.Server:
    """One process on uvloop and httptools; requests under way have ten seconds to end."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            loop="uvloop",
            http="httptools",
            lifespan="auto",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=10,
        )
    )
