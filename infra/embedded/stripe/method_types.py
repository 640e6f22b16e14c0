"""Method types: which kinds of payment method an intent or session takes. The fake knows cards only.

Since API version 2026-09-30.endive they are named by `allowed_payment_method_types`, and `payment_method_types` is only
answered (https://docs.stripe.com/changelog/endive/2026-09-30/removes-the-payment-method-types-parameter-from-payment-intents-and-setup-intents).
"""

from infra.embedded.stripe.books import Record
from infra.embedded.stripe.forms import Params
from infra.embedded.stripe.refusals import InvalidRequest

NAMES = "allowed_payment_method_types automatic_payment_methods"


def chosen_types(params: Params) -> Record:
    """The three fields that say it. Without a list they are those of the Dashboard, some of which redirect."""
    allowed = params.texts("allowed_payment_method_types")
    if not allowed:
        return {**_automatic(params), "allowed_payment_method_types": None, "payment_method_types": ["card"]}
    if "automatic_payment_methods" in params:
        raise InvalidRequest(
            "You may only specify one of these parameters: allowed_payment_method_types, automatic_payment_methods.",
            param="allowed_payment_method_types",
        )
    if "card" not in allowed:
        raise InvalidRequest(
            "No valid payment method types for this intent: the fake knows cards only.",
            param="allowed_payment_method_types",
        )
    found: Record = {"allowed_payment_method_types": allowed, "payment_method_types": ["card"]}
    return {**found, "automatic_payment_methods": None}


def refuse_old_name(params: Params) -> None:
    """Raises InvalidRequest for the parameter that was taken away."""
    if "payment_method_types" in params:
        raise InvalidRequest(
            "The payment_method_types parameter is no longer supported. Use allowed_payment_method_types.",
            code="payment_method_types_no_longer_supported",
            param="payment_method_types",
        )


def _automatic(params: Params) -> Record:
    chosen = params.hash("automatic_payment_methods")
    redirects = chosen.choice("allow_redirects", "always", "never") or "always"
    return {"automatic_payment_methods": {"allow_redirects": redirects, "enabled": True}}
