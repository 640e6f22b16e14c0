"""Stripe: the client of the `stripe` package as we call it, for the real Stripe or the embedded stand-in."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import httpx2
import stripe

from infra.settings import Settings

WEBHOOK_PATH = "/stripe/webhooks"
"""Where Stripe's events arrive, below the public address."""
CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 30.0
"""How long one try may take; a payment that asks a slow bank takes some seconds."""
MOST_RETRIES = 2
"""By the package itself after a broken connection, a 409 or a 5xx, always with the same idempotency key."""


@asynccontextmanager
async def open_stripe(settings: Settings) -> AsyncIterator[stripe.StripeClient]:
    """The platform's client; only its `…_async` methods work. Its connections close with the context.

    A call for a merchant names his account: `options={"stripe_account": "acct_…"}`. Raises ValueError without a key.
    """
    if settings.stripe_api_key is None:
        raise ValueError("No Stripe key is set. What to do: set STRIPE_API_KEY, or start with embedded servers.")
    # The package would else write an id of this machine into the home folder and send it with every call.
    stripe.enable_telemetry = False
    base, http = settings.stripe_base_url, AsyncHttp()
    try:
        yield stripe.StripeClient(
            settings.stripe_api_key,
            base_addresses={"api": base, "connect": base, "files": base, "meter_events": base} if base else None,
            max_network_retries=MOST_RETRIES,
            http_client=http,
        )
    finally:
        await http.close_async()


class AsyncHttp(stripe.HTTPClient):
    """The package's way out by httpx2, which it does not know by itself."""

    name = "httpx2"

    def __init__(self) -> None:
        super().__init__()
        # No proxy and no netrc from the environment: the key goes to Stripe and nowhere else.
        self._client = httpx2.AsyncClient(
            trust_env=False,
            verify=_authorities(),
            follow_redirects=False,
            timeout=httpx2.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
        )

    # Any: the package's own signature; a body is text or bytes.
    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """Body, status and headers. Raises stripe.APIConnectionError, which the package may try again."""
        try:
            answer = await self._client.request(method.upper(), url, headers=dict(headers), content=post_data)
        except httpx2.TransportError as failed:
            said = f"Stripe cannot be reached ({type(failed).__name__})."
            # The package leaves the arguments of its errors untyped.
            raise stripe.APIConnectionError(said, should_retry=True) from failed  # type: ignore[no-untyped-call]
        return answer.content, answer.status_code, answer.headers

    async def sleep_async(self, secs: float) -> None:
        await asyncio.sleep(secs)

    async def close_async(self) -> None:
        await self._client.aclose()


@cache
def _authorities() -> ssl.SSLContext:
    """Read once: it takes a tenth of a second."""
    return ssl.create_default_context()
