"""/w/v1/… and /w/<version>/…: the widgets' files, from memory, for any page."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.endpoints import Handler
from api.public.answers import has_answer
from api.public.releases import Releases
from api.resources import answer
from api.state import state_of
from widgets.assets import Asset

ANYONE = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}
NEWEST = {**ANYONE, "Cache-Control": "public, max-age=3600, stale-while-revalidate=86400"}
FOR_GOOD = {**ANYONE, "Cache-Control": "public, max-age=31536000, immutable"}
SOON = {**ANYONE, "Cache-Control": "public, max-age=60"}


def asset_routes(releases: Releases) -> list[Route]:
    """Behind every other address that starts with /w/: the last one takes any version."""

    async def serve_version(request: Request) -> Response:
        """One file of one release. Raises NotFound."""
        version, name = request.path_params["version"], request.path_params["name"]
        found = await releases.find_file(state_of(request).artifacts, version, name, now=state_of(request).clock())
        return serve_file(request, found, FOR_GOOD)

    async def serve_versions(request: Request) -> Response:
        listed = await releases.list_releases(state_of(request).artifacts, now=state_of(request).clock())
        response = answer({"current": releases.newest.version, "versions": listed})
        response.headers.update(SOON)
        return response

    return [
        *(Route(f"/w/v1/{name}", _serve(asset)) for name, asset in releases.assets.items()),
        Route("/w/v1/versions", serve_versions),
        Route("/w/{version}/{name}", serve_version),
    ]


def _serve(asset: Asset) -> Handler:
    async def serve(request: Request) -> Response:
        return serve_file(request, asset, NEWEST)

    return serve


def serve_file(request: Request, asset: Asset, kept: dict[str, str]) -> Response:
    """Compressed for those who can read it, 304 for those who have it."""
    headers = {**kept, "Vary": "Accept-Encoding", "ETag": asset.etag}
    if has_answer(request, asset.etag):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(asset.gzipped, headers=headers, media_type=asset.content_type)
    return Response(asset.body, headers=headers, media_type=asset.content_type)
