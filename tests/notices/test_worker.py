"""The worker itself sends notices, from its own queue, into the outbox."""

from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path

from api.notice_work import start_notice_rounds
from api.worker import work
from infra.settings import Settings
from tests.campaigns.merchant import join, launch
from tests.notices.postbox import told
from tests.support.databases import own_database
from tests.support.service import run_service
from tests.support.shop import open_test_shop


async def test_p8_the_worker_sends_what_waits_once(settings: Settings, tmp_path: Path) -> None:
    async with (
        own_database(settings) as own,
        run_service(replace(own, log_level="critical", data_dir=tmp_path)) as service,
    ):
        shop, idle = await open_test_shop(service), await open_test_shop(service)
        async with shop.api, shop.page, idle.api, idle.page:
            await launch(shop)
            preorder = await join(shop)
            for _ in range(2):
                await start_notice_rounds(service.settings)
                await work(service.settings, until_empty=True)
            assert await told(shop, preorder) == [("joined", "sent")]

    (file,) = (tmp_path / "outbox").iterdir()
    assert message_from_bytes(file.read_bytes(), policy=policy.default)["To"] == "guest@example.com"
