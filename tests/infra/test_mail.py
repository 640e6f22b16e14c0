"""Mail: into the outbox by default, by SMTP where there is a server; never a header that was smuggled in."""

import asyncio
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from infra.mail import Mail, MailDown, MailRefused, make_message, open_mail
from infra.settings import Settings, read_settings

MAIL = Mail(
    message_id="0001",
    sender_name="Schuhe Übel, GmbH",
    recipient="ann@example.com",
    reply_to="shop@example.com",
    subject="冬靴: it is on its way",
    text="Hello.\n",
    html="<p>Hello.</p>",
    at=datetime(2026, 3, 2, 12, tzinfo=UTC),
)


@dataclass
class Server:
    """Speaks enough SMTP to take a mail; answers RCPT as it is told to."""

    answer: str = "250 ok"
    taken: list[bytes] = field(default_factory=list)
    url: str = ""

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                writer.write(b"354 go on\r\n")
                self.taken.append((await reader.readuntil(b"\r\n.\r\n"))[:-5])
            writer.write(f"{self.answer}\r\n".encode() if verb == b"RCPT" else b"250 ok\r\n")
            if verb == b"QUIT":
                break
        writer.close()


@asynccontextmanager
async def serve(answer: str = "250 ok") -> AsyncIterator[Server]:
    server = Server(answer)
    async with await asyncio.start_server(server.talk, "127.0.0.1", 0) as listening:
        server.url = f"smtp://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        yield server


@pytest.fixture
def outbox(tmp_path: Path) -> Settings:
    return replace(read_settings({}), data_dir=tmp_path)


async def test_without_a_server_mails_are_files_that_only_their_owner_reads(outbox: Settings) -> None:
    send = open_mail(outbox)
    await send(MAIL)
    await send(MAIL)

    (file,) = (outbox.data_dir / "outbox").iterdir()
    assert file.name == "0001.eml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    message = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert message["To"] == "ann@example.com"
    assert message["From"].addresses[0].display_name == "Schuhe Übel, GmbH"
    assert message["Subject"] == "冬靴: it is on its way"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


async def test_with_a_server_mails_go_there(outbox: Settings) -> None:
    async with serve() as server:
        await open_mail(replace(outbox, smtp_url=server.url, mail_from="news@lastbook.example"))(MAIL)
    message = message_from_bytes(server.taken[0], policy=policy.default)
    assert message["Message-ID"] == "<0001@lastbook.example>"
    assert message["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize(
    ("answer", "error"), [("550 no such user ann@example.com", MailRefused), ("451 later", MailDown)]
)
async def test_what_a_server_says_no_to_is_told_apart_and_names_nobody(
    outbox: Settings, answer: str, error: type[Exception]
) -> None:
    async with serve(answer) as server:
        with pytest.raises(error) as told:
            await open_mail(replace(outbox, smtp_url=server.url, mail_from="news@lastbook.example"))(MAIL)
    assert str(told.value) == f"SMTP {answer[:3]}"


async def test_a_server_that_is_down_is_tried_again(outbox: Settings) -> None:
    with pytest.raises(MailDown):
        await open_mail(replace(outbox, smtp_url="smtp://127.0.0.1:1", mail_from="news@lastbook.example"))(MAIL)


@pytest.mark.parametrize("recipient", ["ann", "ann@", "a\r\nBcc: x@example.com", "<b@example.com>", "a,b@example.com"])
def test_an_address_that_cannot_be_one_is_refused_for_good(recipient: str) -> None:
    with pytest.raises(MailRefused):
        make_message(replace(MAIL, recipient=recipient), "news@lastbook.example")


def test_no_header_can_be_smuggled_in_by_what_a_merchant_wrote() -> None:
    mail = replace(MAIL, subject="x\r\nBcc: y@example.com", sender_name="a\nb\x00c", reply_to="no\r\naddress")
    message = make_message(mail, "news@lastbook.example")
    assert message["Subject"] == "x Bcc: y@example.com"
    assert "Bcc" not in message
    assert "Reply-To" not in message


@pytest.mark.parametrize("env", [{"SMTP_URL": "http://x"}, {"SMTP_URL": "smtp://x"}])
def test_mail_settings_that_cannot_be_are_named(env: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="SMTP_URL"):
        read_settings(env)
