"""`lastbook-server doctor`: the demo shops are well, and each thing that is wrong with a page is named."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping

import pytest
from playwright.async_api import Browser
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from tests.widgets.fake_api import Behaviour, FakeApi
from tests.widgets.shops import Kind, open_shop
from tests.widgets.support import serve
from widgets.doctor.judging import Verdict, judge
from widgets.doctor.policies import lacks
from widgets.doctor.visit import PHONE, visit

API = "https://lastbook.example"
PAGE = "https://shop.example/"
SLOT = "<lastbook-slot name='home' limit='3'></lastbook-slot>"
OWN = "<ul class='lastbook-list'></ul>"
SCRIPT = "<script type='module' src='{api}/w/v1/lastbook.js' data-key='lb_pk_test' {more}></script>"
RESERVE = "<link rel='stylesheet' href='{api}/w/v1/lastbook.css'><link rel='stylesheet' href='/own.css'>"
POLICY = "default-src 'none'; script-src {api}; connect-src {api}; style-src 'self' {api}"


def build_page(
    api: str, *, head: str = RESERVE + SCRIPT, more: str = "", body: str = SLOT, policy: str = POLICY, css: str = ""
) -> Starlette:
    """A page that has room for what comes; tests take away from it."""

    async def page(request: Request) -> Response:
        html = f"<!doctype html><html lang=en><title>Shop</title>{head.format(api=api, more=more)}<main>{body}<p>After"
        return HTMLResponse(html, headers={"content-security-policy": policy.format(api=api)} if policy else {})

    async def style(request: Request) -> Response:
        return Response("lastbook-slot{min-block-size:40rem}" + css, media_type="text/css")

    return Starlette(routes=[Route("/", page), Route("/own.css", style)])


async def find(browser: Browser, api_url: str, **page: str) -> dict[str, tuple[Verdict, str]]:
    """Check → its worst verdict, and all that was said about it and what to do."""
    order: tuple[Verdict, ...] = ("good", "warning", "bad")
    found: dict[str, tuple[Verdict, str]] = {}
    with serve(build_page(api_url, **page)) as shop:
        for one in judge(await visit(browser, shop)):
            verdict, said = found.get(one.check, ("good", ""))
            worst = max(verdict, one.verdict, key=order.index)
            found[one.check] = (worst, f"{said} {one.said} {one.hint}".strip())
    return found


def verdicts(found: Mapping[str, tuple[Verdict, str]]) -> dict[str, Verdict]:
    """Only what is not good."""
    return {check: verdict for check, (verdict, _) in found.items() if verdict != "good"}


@pytest.mark.parametrize("size", [(1280, 900), PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize(("kind", "path"), [("grocery", "/"), ("shoemaker", "/product/LS-201?shopper=S001")])
async def test_the_demo_shops_are_well(
    browser: Browser, api: FakeApi, api_url: str, kind: Kind, path: str, size: tuple[int, int]
) -> None:
    with open_shop(api_url, kind) as shop:
        findings = judge(await visit(browser, shop + path, size))
    assert [one for one in findings if one.verdict == "bad"] == []
    assert {one.check for one in findings} == {
        "page", "snippet", "channel", "key", "policy", "consent", "elements", "layout shift", "weight", "accessibility",
        "events", "console",
    }  # fmt: skip


async def test_a_page_that_does_everything_right_has_no_warning(browser: Browser, api: FakeApi, api_url: str) -> None:
    assert verdicts(await find(browser, api_url)) == {}
    assert {event["product"] for event in api.events("impression")} == {"P0", "P1", "P2"}


async def test_a_page_without_the_snippet_is_told_what_to_put_into_it(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    found = await find(browser, api_url, head="<link rel='stylesheet' href='/own.css'>")
    assert found["snippet"][0] == "bad"
    assert '<script type="module"' in found["snippet"][1]


async def test_a_secret_key_in_a_page_is_found_and_its_letters_are_not_repeated(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    found = await find(browser, api_url, head=RESERVE + SCRIPT.replace("lb_pk_test", "lb_sk_hidden"))
    assert found["key"][0] == "bad"
    assert "Revoke it now" in found["key"][1]
    assert "hidden" not in str(found)


@pytest.mark.parametrize(("behaviour", "verdict"), [("status 500", "bad"), ("half json", "bad"), ("empty", "warning")])
async def test_an_element_that_shows_nothing_is_named(
    browser: Browser, api: FakeApi, api_url: str, behaviour: Behaviour, verdict: Verdict
) -> None:
    api.behaviour = behaviour
    found = await find(browser, api_url)
    assert found["elements"][0] == verdict
    assert "lastbook-slot home" in found["elements"][1]
    assert found["events"][0] == "warning"


async def test_a_key_that_the_server_does_not_take_is_bad(browser: Browser, api: FakeApi, api_url: str) -> None:
    api.behaviour = "status 500"
    assert "answers 500 to the key" in (await find(browser, api_url))["key"][1]
    assert (await find(browser, api_url, head=SCRIPT.replace("data-key", "data-other")))["key"][0] == "bad"


@pytest.mark.parametrize("lacking", ["script-src", "connect-src"])
async def test_a_policy_that_keeps_us_out_is_answered_with_the_line_to_add(
    browser: Browser, api: FakeApi, api_url: str, lacking: str
) -> None:
    found = await find(browser, api_url, policy=POLICY.replace(lacking, "x-" + lacking))
    assert found["policy"] == ("bad", f"The Content-Security-Policy keeps us out. Add {lacking} {api_url}")


async def test_no_policy_is_a_warning_with_a_strict_one_to_copy(browser: Browser, api: FakeApi, api_url: str) -> None:
    found = await find(browser, api_url, policy="")
    assert verdicts(found) == {"policy": "warning"}
    assert f"connect-src {api_url}" in found["policy"][1]


async def test_an_evergreen_script_with_integrity_breaks_at_the_next_release(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    found = await find(browser, api_url, more="crossorigin integrity='sha384-" + "A" * 64 + "'")
    assert (found["channel"][0], found["snippet"][0]) == ("bad", "bad")
    assert "did not run" in found["snippet"][1]


async def test_a_consent_that_is_none_and_one_that_is_not_kept_to_are_bad(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    assert "'maybe'" in (await find(browser, api_url, more="data-consent='maybe'"))["consent"][1]
    kept = "<script src='/keep.js'></script>"
    page = build_page(api_url, head=kept + SCRIPT, more="data-consent='denied'", policy="")

    async def keep(request: Request) -> Response:
        return Response("localStorage.setItem('lastbook-visitor', 'x')", media_type="text/javascript")

    page.router.routes.append(Route("/keep.js", keep))
    with serve(page) as shop:
        found = {one.check: one for one in judge(await visit(browser, shop))}
    assert found["consent"].verdict == "bad"
    assert "lastbook-visitor" in found["consent"].said


async def test_what_we_move_is_measured_against_the_page_without_us(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    moving = "@keyframes down{to{margin-block-start:60px}}p{animation:down .2s step-end forwards}"
    without = await find(browser, api_url, head=SCRIPT)
    own = await find(browser, api_url, css=moving)
    assert without["layout shift"][0] != "good"
    assert "Moved: " in without["layout shift"][1]
    assert own["layout shift"][0] == "good", own


async def test_a_colour_that_cannot_be_read_is_found_inside_our_elements_alone(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    found = await find(browser, api_url, css="lastbook-slot{--lastbook-muted:#ddd}")
    assert found["accessibility"][0] == "bad"
    assert "color-contrast" in found["accessibility"][1]
    assert verdicts(await find(browser, api_url, css="main>p{color:#eee}")) == {}


async def test_a_script_that_is_loaded_twice_is_said(browser: Browser, api: FakeApi, api_url: str) -> None:
    found = await find(browser, api_url, head=RESERVE + SCRIPT + SCRIPT)
    assert verdicts(found) == {"snippet": "warning"}


async def test_the_command_says_all_is_well_and_ends_with_0(api: FakeApi, api_url: str) -> None:
    with open_shop(api_url, "grocery") as shop:
        said, document = await asyncio.gather(_doctor(shop), _doctor(shop, "--json", "--phone"))
    assert said.returncode == 0, said.stderr
    assert "All is well." in said.stderr
    seen = json.loads(document.stdout)
    assert (document.returncode, seen["good"], seen["layout_shift"], seen["axe_violations"]) == (0, True, 0, 0)
    assert [one["status"] for one in seen["requests"] if one["path"] == "/public/v1/events"] == [202]


async def test_the_command_ends_with_1_where_something_is_wrong(api: FakeApi, api_url: str) -> None:
    with serve(build_page(api_url, head="")) as shop:
        wrong = await _doctor(shop)
    gone, no_page = await _doctor(shop), await _doctor("shop.example")
    no_browser = await _doctor("https://shop.example", CHROMIUM="/no/such/browser")
    assert [one.returncode for one in (wrong, gone, no_page, no_browser)] == [1, 1, 1, 1]
    assert "The page has no script of ours." in wrong.stderr
    assert "could not be opened" in gone.stderr
    assert "begins with https://" in no_page.stderr
    assert "CHROMIUM names /no/such/browser" in no_browser.stderr
    assert "Traceback" not in wrong.stderr + gone.stderr + no_page.stderr + no_browser.stderr


@pytest.mark.parametrize(
    ("policy", "missing"),
    [
        ("", []),
        ("img-src 'none'", []),
        (f"default-src {API}", []),
        ("default-src *", []),
        ("default-src https:", []),
        ("default-src https://*.example", []),
        (f"default-src 'none'; script-src {API}/w/v1/; connect-src {API}; style-src {API}", []),
        (f"script-src 'nonce-r4nd0m' 'strict-dynamic'; connect-src {API}", []),
        (f"default-src {API}, connect-src 'self'", [f"connect-src {API}"]),
        (f"connect-src 'none'; connect-src {API}", [f"connect-src {API}"]),
        (f"default-src {API}:8443", [f"{name} {API}" for name in ("script-src", "connect-src", "style-src")]),
        (f"default-src {API}; script-src 'self'", [f"script-src {API}"]),
        (f"default-src {API}; style-src 'self' 'unsafe-inline'", [f"style-src {API}"]),
        ("default-src http://lastbook.example", []),
        (f"default-src {API}/elsewhere; style-src *; connect-src *", [f"script-src {API}"]),
    ],
)
def test_a_policy_is_read_as_browsers_read_it(policy: str, missing: list[str]) -> None:
    assert lacks([policy], page=PAGE, api=API, links_sheets=True) == missing


async def _doctor(*words: str, **more: str) -> "subprocess.CompletedProcess[str]":
    return await asyncio.to_thread(_run, words, more)


def _run(words: tuple[str, ...], more: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "api", "doctor", *words]
    environment = {**os.environ, "COLUMNS": "200", **more}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
