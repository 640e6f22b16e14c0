"""Addresses: every one that the stand-in has is Stripe's, and takes only parameters that the package knows there."""

import importlib
import re
from pathlib import Path

import pytest
import stripe

from infra.embedded.stripe.app import ROUTES
from infra.embedded.stripe.calls import Route

_PACKAGE = Path(stripe.__path__[0])
_METHOD = re.compile(
    r"    def (?P<name>\w+)\(\s*self,(?P<arguments>.*?)\) -> .*?self\._request\(\s*"
    r'"(?P<verb>\w+)",\s*"(?P<path>/v1/[^"]*)"',
    re.DOTALL,
)
_PARAMS = re.compile(r'"(\w+Params)"')
# The package asks these in another way: a search is a list, and every object may be asked for more of it.
_EVERYWHERE = {"expand"}


def _services() -> dict[tuple[str, str], str]:
    """Verb and path without names → the source of the service method's arguments."""
    files = [*_PACKAGE.glob("_*_service.py"), *_PACKAGE.glob("checkout/*.py"), *_PACKAGE.glob("billing/*.py")]
    return {
        (found["verb"].upper(), re.sub(r"\{\w+\}", "{}", found["path"])): found["arguments"]
        for file in files
        for found in _METHOD.finditer(file.read_text())
    }


def _known(arguments: str) -> set[str]:
    """The parameters of a method by the class that it names."""
    found = _PARAMS.search(arguments)
    if found is None:
        return set()
    name = found[1]
    words = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    for folder in ("", "checkout.", "billing."):
        module = f"stripe.params.{folder}_{words.removeprefix(folder.replace('.', '_'))}"
        try:
            return set(getattr(importlib.import_module(module), name).__annotations__)
        except (ModuleNotFoundError, AttributeError):
            continue
    raise AssertionError(f"{name} was not found")


SERVICES = _services()


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_the_package_knows_the_address_and_its_parameters(route: Route) -> None:
    arguments = SERVICES.get((route.method, re.sub(r"\{\w+\}", "{}", route.path)))
    assert arguments is not None, "the package has no such address"
    assert not route.accepts - _known(arguments) - _EVERYWHERE


def test_an_address_that_the_stand_in_does_not_have_is_said_plainly() -> None:
    assert ("GET", "/v1/payouts") in SERVICES
    assert "/v1/payouts" not in {route.path for route in ROUTES}
