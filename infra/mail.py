"""Mail: one message to one address, by SMTP or into the outbox, a folder of files that any mail program opens.

Neither the message nor the address is ever logged.
"""

import asyncio
import contextlib
import os
import smtplib
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from infra.settings import Settings

SECONDS = 20.0
PORTS = {"smtp": 587, "smtps": 465}
OUTBOX = "outbox"


class MailRefused(Exception):
    """It will never be taken: the address cannot be, or the server said no for good. The argument holds no address."""


class MailDown(Exception):
    """It was not taken this time. The argument holds no address."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A message. The same id twice is the same message: mail programs show it once."""

    message_id: str
    """Unique, without the domain."""
    sender_name: str
    recipient: str
    reply_to: str
    """'' for none."""
    subject: str
    text: str
    html: str
    at: datetime


Send = Callable[[Mail], Awaitable[None]]
"""Raises MailRefused, MailDown."""


def open_mail(settings: Settings) -> Send:
    """By SMTP if there is a server, else into the outbox."""
    url, sender = settings.smtp_url, settings.mail_from

    async def send(mail: Mail) -> None:
        message = make_message(mail, sender)
        if url is None:
            await asyncio.to_thread(_keep, settings.data_dir / OUTBOX, mail.message_id, message)
        else:
            await asyncio.to_thread(_deliver, url, message)

    return send


def make_message(mail: Mail, sender: str) -> EmailMessage:
    """Raises MailRefused when the recipient's address cannot be one."""
    message = EmailMessage()
    message["Message-ID"] = f"<{mail.message_id}@{sender.rpartition('@')[2]}>"
    message["Date"] = format_datetime(mail.at)
    message["From"] = Address(_one_line(mail.sender_name), addr_spec=sender)
    message["To"] = _address(mail.recipient)
    message["Subject"] = _one_line(mail.subject)
    # No answering machine answers to it (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    if mail.reply_to:
        # Where the seller wrote no address that can be one, answers go to the sender's.
        with contextlib.suppress(MailRefused):
            message["Reply-To"] = _address(mail.reply_to)
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    return message


def _address(text: str) -> Address:
    """Raises MailRefused."""
    try:
        local, _, domain = text.rpartition("@")
        return Address(addr_spec=f"{local}@{domain.encode('idna').decode()}")
    except (ValueError, IndexError, MessageError):
        raise MailRefused("the address is not valid") from None


def _one_line(text: str) -> str:
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def _keep(folder: Path, name: str, message: EmailMessage) -> None:
    """Whole or not at all; readable by its owner only, for it holds a link."""
    folder.mkdir(parents=True, exist_ok=True)
    half = folder / f".{name}"
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(message.as_bytes())
    half.replace(folder / f"{name}.eml")


def _deliver(url: str, message: EmailMessage) -> None:
    """Raises MailRefused, MailDown."""
    try:
        server = _connect(url)
        try:
            server.send_message(message)
        finally:
            # How the server says goodbye changes nothing: the mail is taken, or not.
            with contextlib.suppress(OSError, smtplib.SMTPException):
                server.quit()
    except smtplib.SMTPNotSupportedError:
        raise MailRefused("the server does not take such an address") from None
    except smtplib.SMTPRecipientsRefused as refused:
        raise _said(next(iter(refused.recipients.values()))[0]) from None
    except smtplib.SMTPAuthenticationError as wrong:
        # A wrong password is the operator's, and is mended.
        raise MailDown(f"SMTP {wrong.smtp_code}") from None
    except smtplib.SMTPResponseException as answered:
        raise _said(answered.smtp_code) from None
    except (OSError, smtplib.SMTPException) as down:
        raise MailDown(type(down).__name__) from None


def _said(code: int) -> MailRefused | MailDown:
    return MailRefused(f"SMTP {code}") if code >= 500 else MailDown(f"SMTP {code}")


def _connect(url: str) -> smtplib.SMTP:
    """With TLS wherever the server has it, and always before a password is sent."""
    parts, context = urlsplit(url), ssl.create_default_context()
    host, port = parts.hostname or "localhost", parts.port or PORTS[parts.scheme]
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=SECONDS, context=context)
    else:
        server = smtplib.SMTP(host, port, timeout=SECONDS)
        server.ehlo()
        if parts.username or server.has_extn("starttls"):
            server.starttls(context=context)
            server.ehlo()
    if parts.username:
        server.login(unquote(parts.username), unquote(parts.password or ""))
    return server
