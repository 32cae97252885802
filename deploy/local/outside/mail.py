"""A mail server that delivers to the post office: real SMTP, no relaying, no real mailbox."""

from __future__ import annotations

from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.local.outside.post import PostOffice
from deploy.local.outside.troubles import Trouble, Troubles

_LARGEST = 1024 * 1024  # bytes of a letter
_MOST_RECIPIENTS = 50


class MailDoor:
    """What `aiosmtpd` calls for each command it understands."""

    def __init__(self, post: PostOffice, troubles: Troubles) -> None:
        self._post = post
        self._troubles = troubles

    async def handle_RCPT(  # noqa: N802 - named by aiosmtpd after the SMTP command
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Accept a recipient, or refuse it as real servers do."""
        name, at, domain = address.rpartition("@")
        if not (name and at and "." in domain):
            return "553 5.1.3 The recipient address is not a valid one"
        if domain.endswith(".invalid"):
            return "550 5.1.1 No such mailbox"
        if len(envelope.rcpt_tos) >= _MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - as above
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Put the letter into the post office, once per recipient, unless there is trouble."""
        await self._troubles.over("mail", Trouble.SLOW)
        match self._troubles.at("mail"):
            case Trouble.BUSY:
                return "451 4.3.2 Try again later"
            case Trouble.REFUSING:
                return "554 5.7.1 Refused"
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        letter: EmailMessage = BytesParser(policy=default).parsebytes(content)
        body = letter.get_body(preferencelist=("plain", "html"))
        text = str(body.get_content()) if body is not None else ""
        for recipient in envelope.rcpt_tos:
            self._post.receive(
                "mail",
                to=recipient,
                subject=str(letter["subject"] or ""),
                text=text.strip(),
                reference=str(letter["message-id"] or ""),
            )
        await self._troubles.over("mail", Trouble.SILENT)
        return "250 2.0.0 Accepted"


def smtp(post: PostOffice, troubles: Troubles) -> SMTP:
    """The protocol for one connection."""
    options: dict[str, Any] = {"data_size_limit": _LARGEST, "enable_SMTPUTF8": True, "hostname": "localhost"}
    return SMTP(MailDoor(post, troubles), **options)
