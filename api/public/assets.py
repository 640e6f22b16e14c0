"""/w/v1/…: the widgets' files, from memory, for any page."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.endpoints import Handler
from widgets.assets import Asset, load_assets

HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Cache-Control": "public, max-age=3600, stale-while-revalidate=86400",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept-Encoding",
}


def asset_routes() -> list[Route]:
    return [Route(f"/w/v1/{name}", _serve(asset)) for name, asset in load_assets().items()]


def _serve(asset: Asset) -> Handler:
    """Compressed for those who can read it, 304 for those who have it."""

    async def serve(request: Request) -> Response:
        headers = {**HEADERS, "ETag": asset.etag}
        if request.headers.get("if-none-match") == asset.etag:
            return Response(status_code=304, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return Response(asset.gzipped, headers=headers, media_type=asset.content_type)
        return Response(asset.body, headers=headers, media_type=asset.content_type)

    return serve
