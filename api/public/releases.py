"""Releases: each version of the widgets that was ever served, kept in the artifacts for pages that pinned it.

widgets/<version>/<file>         as it was
widgets/<version>/release.json   written last: what is there is whole
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import PurePath

import msgspec
import structlog

from infra.artifacts import AWAY, Artifacts
from infra.errors import NotFound
from widgets.assets import Asset, pack
from widgets.releases import Release, integrity, release_of

FOLDER = "widgets/"
"""Beside the tenants' folders: no tenant's data."""
MANIFEST = "release.json"
MOST_KEPT = 200
"""Files of older versions in memory."""
LISTED_FOR = timedelta(seconds=5)
"""How long a list of versions is believed. An unknown version is looked for no more often either."""

log = structlog.get_logger()


class Releases:
    """The newest from memory; older ones from the artifacts, then from memory too."""

    def __init__(self, assets: Mapping[str, Asset]) -> None:
        self._assets = assets
        self._newest = release_of(assets)
        self._older: dict[str, Release] = {}
        self._listed_at: datetime | None = None
        self._kept = OrderedDict[tuple[str, str], Asset]()

    @property
    def newest(self) -> Release:
        return self._newest

    @property
    def assets(self) -> Mapping[str, Asset]:
        """The newest one's files."""
        return self._assets

    async def publish(self, artifacts: Artifacts) -> None:
        """Keep the newest for good, if it is not there yet. Any number of processes may do it at once.

        Without the storage it is served all the same.
        """
        folder = f"{FOLDER}{self._newest.version}/"
        try:
            if f"{folder}{MANIFEST}" in await artifacts.list_keys(folder):
                return
            for name, asset in self._assets.items():
                await artifacts.put(folder + name, asset.body)
            await artifacts.put(folder + MANIFEST, msgspec.json.encode(self._newest))
        except AWAY:
            log.warning("release_not_kept", version=self._newest.version)

    async def list_releases(self, artifacts: Artifacts, *, now: datetime) -> Sequence[Release]:
        """By version. While the storage is away, those that are known already."""
        if self._listed_at is None or not timedelta() <= now - self._listed_at < LISTED_FOR:
            self._listed_at = now
            try:
                await self._read(artifacts)
            except AWAY:
                log.warning("releases_not_read")
        return [one for _, one in sorted({**self._older, self._newest.version: self._newest}.items())]

    async def find_file(self, artifacts: Artifacts, version: str, name: str, *, now: datetime) -> Asset:
        """Raises NotFound."""
        if version == self._newest.version:
            return self._assets[name] if name in self._assets else _refuse(version, name)
        if version not in self._older:
            await self.list_releases(artifacts, now=now)
        wanted = self._older[version].files.get(name) if version in self._older else None
        if wanted is None:
            return _refuse(version, name)
        kept = self._kept.get((version, name))
        return kept or self._keep(version, name, await _read_file(artifacts, version, name, wanted))

    def _keep(self, version: str, name: str, asset: Asset) -> Asset:
        self._kept[version, name] = asset
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return asset

    async def _read(self, artifacts: Artifacts) -> None:
        for key in await artifacts.list_keys(FOLDER):
            version, name = PurePath(key).parts[-2:]
            if name == MANIFEST and version not in self._older:
                self._older[version] = msgspec.json.decode(await artifacts.get(key), type=Release)


async def _read_file(artifacts: Artifacts, version: str, name: str, wanted: str) -> Asset:
    """A file that is not what its release says is not served. Raises NotFound."""
    body = await artifacts.get(f"{FOLDER}{version}/{name}")
    if integrity(body) != wanted:
        log.error("release_damaged", version=version, file=name)
        return _refuse(version, name)
    return pack(name, body)


def _refuse(version: str, name: str) -> Asset:
    raise NotFound(f"There is no {name!r} of the widgets' version {version!r}.", hint="GET /w/v1/versions lists them.")
