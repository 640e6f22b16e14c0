"""Authenticating: the shopper's answer to his bank, and what becomes of the payment, the card or the session."""

from infra.embedded.stripe.books import Record
from infra.embedded.stripe.checking_out import settle
from infra.embedded.stripe.paying import authenticate_intent
from infra.embedded.stripe.setup_intents import authenticate_setup
from infra.embedded.stripe.world import World


def authenticate(world: World, wanted: str, *, passed: bool) -> Record:
    """Pass on the answer; a checkout session that waited for it is completed. Raises NoSuchObject or WrongState."""
    books, intent = world.find_anywhere(wanted, "payment_intent", "setup_intent")
    move = authenticate_intent if intent["object"] == "payment_intent" else authenticate_setup
    move(books, intent, passed=passed)
    for session in books.choose("checkout.session", lambda row: books.hidden[row["id"]].get("intent") == wanted):
        settle(books, session)
    return intent
