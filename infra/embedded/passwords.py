"""Passwords: drawn once for a data folder, kept in a file that only its owner reads."""

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

from infra.embedded.failures import EmbeddedFailed


@dataclass(frozen=True, slots=True)
class Passwords:
    """The passwords of one data folder's servers, and a name for its folder of sockets."""

    admin: str = field(repr=False)
    owner: str = field(repr=False)
    app: str = field(repr=False)
    redis: str = field(repr=False)
    run_name: str
    """Drawn too, so that nobody can take the name in a shared temporary folder beforehand."""


def keep_passwords(path: Path, *, data_exists: bool) -> Passwords:
    """Read the passwords, or draw them when there is no data yet; raises EmbeddedFailed when data has lost them."""
    if path.exists():
        return Passwords(**json.loads(path.read_text()))
    if data_exists:
        raise EmbeddedFailed(
            f"{path} is missing, and with it the passwords of the data beside it. "
            "What to do: put the file back from a copy, or remove the data folder to start with an empty one."
        )
    admin, owner, app, redis = (secrets.token_hex(20) for _ in range(4))
    passwords = Passwords(admin, owner, app, redis, run_name=f"lb-{secrets.token_hex(5)}")
    write_private(path, json.dumps(asdict(passwords)))
    return passwords


def write_private(path: Path, text: str) -> None:
    """Write a 0600 file at once or not at all; it belongs to whom its folder belongs."""
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    give_to_folder_owner(draft)
    draft.replace(path)


def give_to_folder_owner(path: Path) -> None:
    """As root, let a new file belong to whom its folder belongs, so that this user can start the servers too."""
    if os.geteuid() == 0:
        folder = path.parent.stat()
        os.chown(path, folder.st_uid, folder.st_gid)
