"""Element states: every state that an element can be in, and how a test brings it there."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from playwright.async_api import Browser, Page, Route

from tests.widgets.fake_api import FakeApi
from tests.widgets.scenarios import CORS, asked_slots, fill_slots
from tests.widgets.support import Watch, build_bare_shop, open_page, serve

Act = Callable[[Page], Awaitable[object]]
Set = Callable[[FakeApi], object]
OWN: Final = "<h2>The shop's own</h2><p>Its own words</p>"
SLOT: Final = "<lastbook-slot name='home' limit='6' {0}>" + OWN + "</lastbook-slot>"
CUSTOM: Final = (
    "<lastbook-custom product='LS-101' measure='#m' signin='/sign-in'>" + OWN + "</lastbook-custom><i id='m'></i>"
)
MEASURE: Final = (
    "<lastbook-measure profile='foot' fields='foot_length ball_girth' signin='/in'>" + OWN + "</lastbook-measure>"
)
CAMPAIGN: Final = (
    "<lastbook-campaign campaign='winter' checkout='hosted' signin='/sign-in'>" + OWN + "</lastbook-campaign>"
)
AGAIN: Final = "<lastbook-again limit='3' horizon='21'>" + OWN + "</lastbook-again>"
NOTE: Final = """window.broken = [];
document.addEventListener("securitypolicyviolation", (event) => broken.push(event.violatedDirective));"""


@dataclass(frozen=True, slots=True)
class ElementState:
    """One state."""

    id: str
    body: str
    state: str = "ready"
    """The attribute's value."""
    prepare: Set = lambda api: None
    act: Act | None = None
    """What the shopper does to come there."""
    token: bool = False
    html: str = "lang='en'"
    answer: dict[str, Any] = field(default_factory=dict)
    """How the slots are answered: `fulfill`'s arguments, or `empty`."""


@asynccontextmanager
async def in_state(
    browser: Browser, api: FakeApi, api_url: str, one: ElementState
) -> AsyncIterator[tuple[Page, Watch]]:
    """A page with nothing but the element, under the strictest policy, in that state."""
    one.prepare(api)
    script = "data-key='lb_pk_test'" + (" data-token='token'" if one.token else "")
    tag = one.body.partition(" ")[0].removeprefix("<")
    with serve(build_bare_shop(api_url, f"<h1>Shop</h1>{one.body}", script=script, html=one.html)) as shop:
        async with open_page(browser) as (page, watch):
            await page.add_init_script(NOTE)
            await page.route("**/public/v1/slots*", lambda route: _answer(route, one.answer))
            await page.goto(shop)
            await page.wait_for_selector(f"{tag}[state={one.state}]", state="attached", timeout=8_000)
            if one.act is not None:
                await one.act(page)
            yield page, watch


async def _answer(route: Route, how: dict[str, Any]) -> None:
    if how.get("hang"):
        return
    answer = {"json": fill_slots(asked_slots(route.request), empty="empty" in how)}
    await route.fulfill(headers=CORS, **({"status": how["status"], "body": "no"} if "status" in how else answer))


def press(name: str, said: str) -> Act:
    """A button, and the words that follow."""

    async def act(page: Page) -> None:
        await page.get_by_role("button", name=name).first.click()
        await page.get_by_text(said).first.wait_for()

    return act


def _record(api: FakeApi) -> None:
    api.record.consent = True
    api.record.add("staff", foot_length_left=2543, ball_girth_left=2410)
    api.record.add("self", foot_length_left=2540)
    api.record.people = [{"id": "lin", "name": "Lin", "relation": "child"}]


def _due(api: FakeApi) -> None:
    api.again.add("soap")
    api.again.add("rice", quantity=1)


def _again_fails(api: FakeApi) -> None:
    api.again.status = 500


def _campaign(**changes: Any) -> Set:
    return lambda api: api.campaign.changes.update(changes)


def _preordered(**changes: Any) -> Set:
    return lambda api: api.campaign.preorder(**changes)


def _fail(part: str, status: int) -> Set:
    def fail(api: FakeApi) -> None:
        if part == "options":
            api.options.behaviour = "status 500"
        else:
            getattr(api, part).status = status

    return fail


async def _conflict(page: Page) -> None:
    await page.get_by_role("radio", name="Wide").check()
    await page.get_by_role("radio", name="Leather").check()
    await page.get_by_text("A leather sole is not made in wide.").first.wait_for()


async def _mistype(page: Page) -> None:
    await page.get_by_label("Foot length Left").fill("254")
    await press("Save measurements", "Please look at the marked length.")(page)


async def _history(page: Page) -> None:
    await page.get_by_text("History", exact=True).click()
    await page.get_by_role("button", name="Delete my measurements").click()
    await page.get_by_role("button", name="Keep them").wait_for()


async def _join(page: Page) -> None:
    await page.get_by_label("E-mail").fill("guest@example.com")
    await page.get_by_label("I agree to the terms").check()
    await press("Join", "Not so many are left.")(page)


async def _read_terms(page: Page) -> None:
    await page.get_by_text("Terms, cancellation and seller").click()


def _refuse(api: FakeApi) -> None:
    api.campaign.refusal = 409, "campaign_sold_out"


def _gone(api: FakeApi) -> None:
    api.campaign.exists = False


def _not_on_sale(api: FakeApi) -> None:
    api.options.behaviour = "not on sale"


STATES: Final = (
    ElementState("slot-carousel", SLOT.format("layout='carousel'")),
    ElementState("slot-grid", SLOT.format("layout='grid'")),
    ElementState("slot-own-heading", SLOT.format("heading='Our choice'")),
    ElementState("slot-chinese", SLOT.format("layout='carousel'"), html="lang='zh-CN'"),
    ElementState("slot-right-to-left", SLOT.format("layout='carousel'"), html="lang='en' dir='rtl'"),
    ElementState("slot-loading", SLOT, "loading", answer={"hang": True}),
    ElementState("slot-empty", SLOT, "empty", answer={"empty": True}),
    ElementState("slot-error", SLOT, "error", answer={"status": 500}),
    ElementState("custom-stranger", CUSTOM),
    ElementState("custom-recorded", CUSTOM, prepare=_record, token=True),
    ElementState("custom-chinese", CUSTOM, html="lang='zh-CN'"),
    ElementState("custom-conflict", CUSTOM, act=_conflict, token=True),
    ElementState(
        "custom-open-question", CUSTOM, prepare=_record, token=True,
        act=press("Add to basket", "Please look at the marked places."),
    ),
    ElementState("custom-not-on-sale", CUSTOM, "empty", prepare=_not_on_sale),
    ElementState("custom-error", CUSTOM, "error", prepare=_fail("options", 500)),
    ElementState("measure-stranger", MEASURE),
    ElementState("measure-new", MEASURE, token=True),
    ElementState("measure-recorded", MEASURE, prepare=_record, token=True),
    ElementState("measure-chinese", MEASURE, prepare=_record, token=True, html="lang='zh-CN'"),
    ElementState("measure-mistyped", MEASURE, act=_mistype, token=True),
    ElementState("measure-history-and-deletion", MEASURE, prepare=_record, act=_history, token=True),
    ElementState("measure-error", MEASURE, "error", prepare=_fail("record", 500)),
    ElementState("campaign-open", CAMPAIGN, act=_read_terms),
    ElementState("campaign-known-shopper", CAMPAIGN, token=True),
    ElementState("campaign-chinese", CAMPAIGN, html="lang='zh-CN'"),
    ElementState("campaign-scheduled", CAMPAIGN, prepare=_campaign(state="scheduled", joinable=False), token=True),
    ElementState("campaign-paused", CAMPAIGN, prepare=_campaign(state="paused", joinable=False)),
    ElementState("campaign-sold-out", CAMPAIGN, prepare=_campaign(joinable=False, remaining=0)),
    ElementState("campaign-early", CAMPAIGN, prepare=_campaign(state="early_access")),
    ElementState("campaign-refused", CAMPAIGN, prepare=_refuse, act=_join),
    ElementState("campaign-joined", CAMPAIGN, token=True,
                 prepare=_preordered(fulfilment="joined", payment="deposit_paid", paid_minor=9_920)),
    ElementState("campaign-to-pay", CAMPAIGN, token=True,
                 prepare=_preordered(fulfilment="confirmed", payment="action_required")),
    ElementState("campaign-failed", CAMPAIGN, "ended", prepare=_campaign(state="failed", joinable=False)),
    ElementState("campaign-confirmed", CAMPAIGN, "ended", prepare=_campaign(state="confirmed", joinable=False)),
    ElementState("campaign-none", CAMPAIGN, "empty", prepare=_gone),
    ElementState("campaign-error", CAMPAIGN, "error", prepare=_fail("campaign", 500)),
    ElementState("again-due", AGAIN, prepare=_due, token=True),
    ElementState("again-chinese", AGAIN, prepare=_due, token=True, html="lang='zh-CN'"),
    ElementState("again-snoozed", AGAIN, prepare=_due, token=True, act=press("Later Title of soap", "Undo")),
    ElementState("again-stopped", AGAIN, prepare=_due, token=True,
                 act=press("Not using it any more Title of soap", "Undo")),
    ElementState("again-none", AGAIN, "empty", token=True),
    ElementState("again-stranger", AGAIN, "empty"),
    ElementState("again-error", AGAIN, "error", prepare=_again_fails, token=True),
)  # fmt: skip
