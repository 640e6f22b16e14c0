"""Machines: the settings with their addresses settled: those that are set, and embedded servers for the rest."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import ip_address
from urllib.parse import urlsplit

from infra.embedded import run_embedded
from infra.embedded.stripe.running import run_stripe
from infra.settings import Settings
from infra.stripe import WEBHOOK_PATH


@contextmanager
def settled(settings: Settings) -> Iterator[Settings]:
    """Yield settings that name a Postgres and a Redis; servers that we started end with the context."""
    if settings.database_url and settings.redis_url:
        yield settings
        return
    with run_embedded(settings.data_dir) as embedded:
        own_database = settings.database_url is None
        yield replace(
            settings,
            database_url=embedded.database_url if own_database else settings.database_url,
            database_owner_url=embedded.database_owner_url if own_database else settings.database_owner_url,
            redis_url=settings.redis_url or embedded.redis_url,
        )


@contextmanager
def taking_payments(settings: Settings) -> Iterator[Settings]:
    """Yield settings that name a Stripe; a stand-in that we started ends with the context, its books stay.

    On an address that others can reach there is no stand-in, for any test card would pay there: then no key is named.
    """
    if settings.stripe_api_key or not is_on_this_machine(settings.public_url):
        yield settings
        return
    with run_stripe(settings.data_dir, webhook_url=settings.public_url + WEBHOOK_PATH) as fake:
        yield replace(
            settings,
            stripe_api_key=fake.api_key,
            stripe_webhook_secret=fake.webhook_secret,
            stripe_base_url=fake.url,
        )


def is_on_this_machine(url: str) -> bool:
    """Whether only browsers of this machine find it."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
