"""Letters, over SMTP (RFC 5321).

A refusal is for good when the server has seen the letter's own envelope or content and said 5xx. What it says
before, to our name or password, is about the two servers: somebody mends it, and the letter goes.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr
from typing import Final

import aiosmtplib
from aiosmtplib import errors

from services.kit.clock import Clock
from services.notifications.delivery.rules import Message, NotSent
from services.notifications.delivery.settings import MailSettings, authorities, secret_in
from services.notifications.delivery.words import Words

_PATIENCE_S: Final = 10.0  # for one answer of the server; the attempt as a whole has its own end
_FAREWELL_S: Final = 1.0
# 7bit: a letter may pass servers that know no 8BITMIME, and a changed one breaks its signature.
_POLICY: Final = SMTP_POLICY.clone(cte_type="7bit")
_PERMANENT: Final = 500


class MailPost:
    """The operator's mail server. One connection a letter: nothing to keep alive, nothing to lose."""

    def __init__(self, settings: MailSettings, words: Words, clock: Clock) -> None:
        """Raises `ValueError` when the file of the password cannot be used."""
        self._settings = settings
        self._words = words
        self._clock = clock
        self._sender = parseaddr(settings.sender)[1]
        self._domain = self._sender.rpartition("@")[2]
        self._password = secret_in(settings.password_file) if settings.password_file else None
        self._authorities = authorities(settings.tls_ca_file) if settings.security != "none" else None

    async def send(self, message: Message) -> None:
        """Hand a letter over. Raises `NotSent`."""
        letter = self._letter(message)
        with _as_reasons():
            server = aiosmtplib.SMTP(
                hostname=self._settings.host,
                port=self._settings.port,
                # Else the library asks the DNS for our name.
                local_hostname=self._domain,
                use_tls=self._settings.security == "tls",
                start_tls=self._settings.security == "starttls",
                tls_context=self._authorities,
                username=self._settings.username,
                password=self._password,
                timeout=_PATIENCE_S,
            )
            try:
                await server.connect()
                await server.sendmail(self._sender, [_ascii_domain(message.to)], letter)
                # The letter is taken: what goes wrong from here on is no failure of it.
                with contextlib.suppress(errors.SMTPException, OSError):
                    await asyncio.wait_for(server.quit(), _FAREWELL_S)
            finally:
                server.close()

    def _letter(self, message: Message) -> bytes:
        words = self._words.letter(message)
        letter = EmailMessage(policy=_POLICY)
        try:
            letter["From"] = self._settings.sender
            letter["To"] = _ascii_domain(message.to)
            letter["Subject"] = words.subject
        except (ValueError, IndexError):  # a line break where none may be, or nothing like an address
            raise NotSent("BAD_ADDRESS", for_good=True) from None
        letter["Date"] = format_datetime(self._clock.now())
        # The same at each attempt: by it a mailbox recognises a repetition.
        letter["Message-ID"] = f"<{message.delivery_id}@{self._domain}>"
        # RFC 3834: nobody's holiday notice needs to answer.
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content(words.text)
        letter.add_alternative(words.html, subtype="html")
        # Last: a header of content set before would be one of the plain text alone.
        letter["Content-Language"] = words.language
        return letter.as_bytes()


def _ascii_domain(address: str) -> str:
    """The address as every server knows it: of "анна@школа.рф" the domain gets its ASCII form."""
    name, at, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return name + at + domain.encode("idna").decode("ascii")
    except UnicodeError:
        raise NotSent("BAD_ADDRESS", for_good=True) from None


@contextmanager
def _as_reasons() -> Iterator[None]:
    """Say by a machine reason what went wrong: the texts of servers quote addresses."""
    try:
        yield
    except errors.SMTPRecipientsRefused as refused:
        raise _answered(refused.recipients[0], of_the_letter=True) from None
    except (errors.SMTPSenderRefused, errors.SMTPDataError) as refused:
        raise _answered(refused, of_the_letter=True) from None
    except errors.SMTPAuthenticationError as refused:
        raise _answered(refused, of_the_letter=False) from None
    except errors.SMTPResponseException as refused:
        raise _answered(refused, of_the_letter=False) from None
    except (errors.SMTPTimeoutError, TimeoutError):
        raise NotSent("TIMED_OUT") from None
    except OSError as error:
        untrusted = any(isinstance(one, ssl.SSLError) for one in (error, error.__cause__, error.__context__))
        raise NotSent("MAIL_SERVER_UNTRUSTED" if untrusted else "MAIL_SERVER_DOWN") from None
    except errors.SMTPException:
        # No STARTTLS, no way to sign in, no SMTPUTF8: the operator may choose another server.
        raise NotSent("MAIL_SERVER_CANNOT") from None


def _answered(answer: errors.SMTPResponseException, *, of_the_letter: bool) -> NotSent:
    return NotSent(f"SMTP_{answer.code}", for_good=of_the_letter and answer.code >= _PERMANENT)
