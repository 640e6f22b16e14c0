"""Postbox of the notice tests: where mails arrive, and the worker's round by the tests' clock."""

import re
from dataclasses import dataclass, field
from datetime import date, timedelta

from api.notice_work import NoticeRound
from infra.mail import Mail
from tests.support.shop import Document, ShopClient

GUEST = "guest@example.com"


@dataclass
class Postbox:
    """Takes every mail, unless `down` or `refuses` is set."""

    mails: list[Mail] = field(default_factory=list)
    tries: list[str] = field(default_factory=list)
    fails: list[Exception] = field(default_factory=list)
    """Raised one after another by the next tries."""

    async def send(self, mail: Mail) -> None:
        self.tries.append(mail.message_id)
        if self.fails:
            raise self.fails.pop(0)
        self.mails.append(mail)

    def subjects(self, recipient: str = GUEST) -> list[str]:
        """Of all mails, up to the campaign's title."""
        return [mail.subject for mail in self.mails if mail.recipient == recipient]

    @property
    def last(self) -> Mail:
        return self.mails[-1]


def link_in(mail: Mail) -> str:
    """The path of the preorder's page, with its secret."""
    found = re.search(r"(/p/v1/preorder/\S+)", mail.text)
    assert found is not None
    return found[1]


async def carry(shop: ShopClient, postbox: Postbox) -> int:
    """The tenant's round; returns how many mails left."""
    service = shop.service
    worker = NoticeRound(service.db, postbox.send, service.settings.public_url, shop.keys.tenant_id, service.clock)
    return await worker.run()


async def notices(shop: ShopClient, preorder: Document) -> list[Document]:
    answer = await shop.api.get("/v1/notices", params={"preorder_id": preorder["preorder_id"]})
    assert answer.status_code == 200, answer.text
    items: list[Document] = answer.json()["items"]
    return items


async def told(shop: ShopClient, preorder: Document) -> list[tuple[str, str]]:
    """Kind and status of each."""
    return [(one["kind"], one["status"]) for one in await notices(shop, preorder)]


async def press(shop: ShopClient, mail: Mail, button: str) -> str:
    """On the page behind the mail's link, without JavaScript; returns the page that comes."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = await shop.page.post(link_in(mail), content=f"act={button}", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.text


async def delay(shop: ShopClient, days: int, **fields: object) -> Document:
    """So many days after what is planned now."""
    planned = (await shop.api.get("/v1/campaigns/c1")).json()["ship_until"]
    wanted = str(date.fromisoformat(planned) + timedelta(days=days))
    body = {"id": "c1", "reason": "the leather is late", "ship_until": wanted, **fields}
    answer = await shop.api.post("/v1/campaigns:dates", json=body)
    assert answer.status_code == 200, answer.text
    stored: Document = answer.json()
    return stored
