"""Settings: read once from the environment; an address that is unset means the embedded server."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator may set. Every field is one environment variable (see `read_settings`)."""

    data_dir: Path
    database_url: str | None
    """The app role's address; None starts the embedded Postgres."""
    database_owner_url: str | None
    """The owner role's address, used by `migrate` only."""
    redis_url: str | None
    artifacts_url: str
    """Where models are kept: `file:///…` or `s3://bucket/prefix`."""
    host: str
    port: int
    public_url: str
    log_level: str
    log_json: bool
    database_pool_size: int
    statement_cache_size: int
    """0 behind a transaction-mode pooler."""
    max_in_flight: int
    """Requests answered at once in one process before it says 503."""
    train_after_seconds: int
    """How long a training waits for more orders after the first one."""
    tune_seconds: int = 60
    """How long a tenant's weekly training looks for better parameters; 0 for not at all."""
    stripe_api_key: str | None = field(default=None, repr=False)
    """None starts the embedded stand-in for Stripe, which moves no money."""
    stripe_webhook_secret: str | None = field(default=None, repr=False)
    """Of the platform's endpoint for the events of connected accounts."""
    stripe_base_url: str | None = None
    """None for the real Stripe."""
    fee_basis_points: int = 0
    """Of what a merchant's shoppers pay: the operator's share, from when the merchant connects an account."""
    smtp_url: str | None = field(default=None, repr=False)
    """`smtp://user:password@host:587` or `smtps://…`; None keeps mails as files in the outbox of the data folder."""
    mail_from: str = "lastbook@localhost"
    """The address that mails come from; each shop's seller is named before it."""
    fetch_loopback: bool = False
    """Tests only: feeds may be fetched from this machine, by http."""


def read_settings(env: Mapping[str, str] = os.environ) -> Settings:
    """Read the environment once; raises ValueError naming the variable that cannot be."""
    data_dir = Path(env.get("LASTBOOK_DATA_DIR", ".lastbook")).absolute()
    host, port = env.get("LASTBOOK_HOST", "127.0.0.1"), _whole(env, "LASTBOOK_PORT", 8000)
    return Settings(
        data_dir=data_dir,
        database_url=env.get("DATABASE_URL"),
        database_owner_url=env.get("DATABASE_OWNER_URL"),
        redis_url=env.get("REDIS_URL"),
        artifacts_url=env.get("ARTIFACTS_URL", (data_dir / "artifacts").as_uri()),
        host=host,
        port=port,
        public_url=env.get("LASTBOOK_PUBLIC_URL", f"http://{host}:{port}"),
        log_level=env.get("LASTBOOK_LOG_LEVEL", "info"),
        log_json=env.get("LASTBOOK_LOG_JSON", "1") == "1",
        database_pool_size=_whole(env, "DATABASE_POOL_SIZE", 10),
        statement_cache_size=_whole(env, "DATABASE_STATEMENT_CACHE", 100),
        max_in_flight=_whole(env, "LASTBOOK_MAX_IN_FLIGHT", 256),
        train_after_seconds=_whole(env, "LASTBOOK_TRAIN_AFTER_SECONDS", 300),
        tune_seconds=_whole(env, "LASTBOOK_TUNE_SECONDS", 60),
        stripe_api_key=env.get("STRIPE_API_KEY") or None,
        stripe_webhook_secret=env.get("STRIPE_WEBHOOK_SECRET") or None,
        stripe_base_url=_stripe_base_url(env),
        fee_basis_points=_whole(env, "LASTBOOK_FEE_BASIS_POINTS", 0),
        smtp_url=_smtp_url(env),
        mail_from=env.get("MAIL_FROM") or "lastbook@localhost",
        fetch_loopback=env.get("LASTBOOK_FETCH_LOOPBACK", "0") == "1",
    )


def stripe_environment(settings: Settings) -> dict[str, str]:
    """The same three variables for a child process, as far as they are set."""
    found = {
        "STRIPE_API_KEY": settings.stripe_api_key,
        "STRIPE_WEBHOOK_SECRET": settings.stripe_webhook_secret,
        "STRIPE_BASE_URL": settings.stripe_base_url,
    }
    return {name: value for name, value in found.items() if value is not None}


def _stripe_base_url(env: Mapping[str, str]) -> str | None:
    base = env.get("STRIPE_BASE_URL") or None
    if base is not None and not env.get("STRIPE_API_KEY"):
        raise ValueError("STRIPE_BASE_URL is set without STRIPE_API_KEY: set the key that it takes, or unset both.")
    return base


def _smtp_url(env: Mapping[str, str]) -> str | None:
    url = env.get("SMTP_URL") or None
    if url is not None and not url.startswith(("smtp://", "smtps://")):
        raise ValueError("SMTP_URL must start with smtp:// or smtps://.")
    if url is not None and not env.get("MAIL_FROM"):
        raise ValueError("SMTP_URL is set without MAIL_FROM: say which address mails come from.")
    return url


def _whole(env: Mapping[str, str], name: str, default: int) -> int:
    try:
        return int(env.get(name, default))
    except ValueError:
        raise ValueError(f"{name} must be a whole number, not {env[name]!r}") from None
