"""Install: put into the running virtual environment what requirements.lock names, and this checkout itself.

Every download is checked against the lock's hashes. uv does it because it takes seconds; it does not read pip's
settings, so those are handed over. Standard library only: it runs before anything is installed.
"""

import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

LOCK = Path("requirements.lock")
# pip's setting: uv's variable. Both part the words of a list by blanks, but for one list of uv's.
UV_VARIABLES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "timeout": "UV_HTTP_TIMEOUT",
}
COMMA_LISTS = {"UV_FIND_LINKS"}


def main() -> None:
    """Install everything; ends the program with a sentence when that fails."""
    env = {**_uv_settings(_pip_settings()), **os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    uv = [_find_uv(), "--quiet", "pip"]
    here = ["--python", sys.executable]
    _run([*uv, "sync", *here, "--require-hashes", str(LOCK)], env)
    _run([*uv, "install", *here, "--no-deps", "--no-build-isolation", "--editable", "."], env)


def _find_uv() -> str:
    """The uv on the path, else the one that the lock names, installed into this environment by pip."""
    own = Path(sys.executable).with_name("uv")
    if not own.exists() and (found := shutil.which("uv")):
        return found
    if not own.exists():
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as wanted:
            wanted.write(_locked("uv"))
            wanted.flush()
            pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
            _run([*pip, "--no-deps", "--require-hashes", "-r", wanted.name], os.environ)
    return str(own)


def _locked(name: str) -> str:
    """One package's lines of the lock."""
    found = re.search(rf"^{name}==.*(?:\n    .*)*", LOCK.read_text(), re.MULTILINE)
    if found is None:
        sys.exit(f"{LOCK} does not name {name}. What to do: make lock")
    return found.group() + "\n"


def _pip_settings() -> dict[str, str]:
    """What pip's files and variables set on this machine."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    settings = {}
    for line in listed.stdout.splitlines():
        # Such as `global.index-url='…'`, or `:env:.cert='…'`; the latter come last or first, and mean the same here.
        name, _, value = line.partition("=")
        section, _, key = name.rpartition(".")
        if section in ("global", "install", ":env:"):
            settings[key] = str(ast.literal_eval(value))
    return settings


def _uv_settings(pip: Mapping[str, str]) -> dict[str, str]:
    chosen = {}
    for key, variable in UV_VARIABLES.items():
        if key in pip:
            words = pip[key].split()
            chosen[variable] = (",".join if variable in COMMA_LISTS else " ".join)(words)
    return chosen


def _run(command: list[str], env: Mapping[str, str]) -> None:
    if subprocess.run(command, env=dict(env), check=False).returncode != 0:
        sys.exit(
            "The packages could not be installed; the lines above say why.\n"
            "What to do: when a download failed, see that pip can reach its package index (pip config list), "
            "then run make again."
        )


if __name__ == "__main__":
    main()
