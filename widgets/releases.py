"""Release: the widgets' files of one moment under a version of their own, which never change again.

A page may load `/w/v1/…`, which is always the newest, or `/w/<version>/…` with the file's hash beside it (Subresource
Integrity). The version ends in a hash of all its files, so two that differ have two names.
"""

import base64
import hashlib
from collections.abc import Mapping
from importlib.metadata import version as version_of
from typing import Annotated, Final

from msgspec import Meta, Struct

from widgets.assets import Asset

PRODUCT: Final = "lastbook-server"


class Release(Struct, frozen=True, kw_only=True):
    """Its name, and what a browser may check each file by."""

    version: Annotated[str, Meta(pattern=r"\A[0-9a-z][0-9a-z.+-]{0,60}\Z")]
    files: Annotated[dict[str, str], Meta(description="By file, the `integrity` of a script or link.")]


def release_of(assets: Mapping[str, Asset]) -> Release:
    """Of files in memory. The same files have the same version on every machine."""
    digest = hashlib.sha256()
    for name, asset in sorted(assets.items()):
        digest.update(name.encode() + b"\0" + hashlib.sha256(asset.body).digest())
    version = f"{version_of(PRODUCT)}-{digest.hexdigest()[:12]}"
    return Release(version=version, files={name: integrity(asset.body) for name, asset in sorted(assets.items())})


def integrity(body: bytes) -> str:
    """As the attribute `integrity` has it."""
    return "sha384-" + base64.b64encode(hashlib.sha384(body).digest()).decode()
