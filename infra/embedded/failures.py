"""Failures: why an embedded server could not be had, in words for the person at the terminal."""

from pathlib import Path

_LAST_LINES = 15


class EmbeddedFailed(RuntimeError):
    """An embedded server could not be started; the message says why and what to do."""


def failed_with_log(name: str, log: Path, why: str) -> EmbeddedFailed:
    """The failure of one server, with the last lines of its log."""
    return EmbeddedFailed(
        f"The embedded {name} {why}. Last lines of {log}:\n{_tail(log)}\n"
        "What to do: if the lines tell of a full disk or of missing rights, mend that and start again. "
        "Or set DATABASE_URL, DATABASE_OWNER_URL and REDIS_URL to servers of your own, and STRIPE_API_KEY."
    )


def _tail(log: Path) -> str:
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError as error:
        return f"  (no log: {error.strerror})"
    return "\n".join(f"  {line}" for line in lines[-_LAST_LINES:]) or "  (the log is empty)"
