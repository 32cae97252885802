"""Everything that can go wrong between a client system and ESIA, as types.

Four families say what to do next: `EsiaUnavailable` (try later, offer the password door), `EsiaDeclined`
and its neighbours (the person's own affair), `EsiaMisconfigured` (the operator must act),
`EsiaUntrusted` (ESIA's answer may not be used). No error carries a token, a code or personal data.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import ClassVar, Final, Literal

Language = Literal["ru", "en"]

_CODE: Final = re.compile(r"ESIA-(\d{6})")
_NAMES: Final = re.compile(r"\[([a-z_, ]{1,200})\]")


class EsiaError(Exception):
    """A failed conversation with ESIA.

    Attributes:
        reason: for machines, e.g. ``ESIA_SECRET_WRONG``.
        code: ESIA's own six digits, e.g. ``007053``, when ESIA gave them.
        facts: what the sentences mention, e.g. ``{"seconds": "73"}``.
    """

    reason: ClassVar[str] = "ESIA_FAILED"

    def __init__(self, *, code: str | None = None, **facts: str) -> None:
        self.code = code
        self.facts = facts
        super().__init__(self.operator_sentence("en"))

    def operator_sentence(self, language: Language = "en") -> str:
        """What happened and what an operator has to mend."""
        return self._sentence("operator", language)

    def person_sentence(self, language: Language = "ru") -> str:
        """What a person at the sign-in page can read and do."""
        return self._sentence("person", language)

    def _sentence(self, reader: str, language: Language) -> str:
        texts = _sentences()
        entry = texts.get(self.reason, {}).get(reader) or texts[EsiaError.reason][reader]
        return entry[language].format_map(_Facts(self.facts, code=f"ESIA-{self.code or '?'}"))


class _Facts(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "?"


class EsiaUnavailable(EsiaError):
    """ESIA does not answer as it should; later it may."""

    reason = "ESIA_UNAVAILABLE"


class EsiaOverloaded(EsiaUnavailable):
    """007008: ESIA says that it is overloaded."""

    reason = "ESIA_OVERLOADED"


class EsiaInternalError(EsiaUnavailable):
    """007007, or an HTTP 5xx."""

    reason = "ESIA_INTERNAL_ERROR"


class EsiaUnreachable(EsiaUnavailable):
    """No connection."""

    reason = "ESIA_UNREACHABLE"


class EsiaTimeout(EsiaUnavailable):
    """No answer in time."""

    reason = "ESIA_TIMEOUT"


class EsiaNotJson(EsiaUnavailable):
    """An HTML page or anything else where JSON was due."""

    reason = "ESIA_NOT_JSON"


class EsiaSuspended(EsiaUnavailable):
    """Not asked at all: ESIA failed several times just now, or all connections are taken."""

    reason = "ESIA_SUSPENDED"


class EsiaDeclined(EsiaError):
    """007004: the person pressed "Refuse"."""

    reason = "ESIA_DECLINED"


class EsiaCodeRejected(EsiaError):
    """007011: the code or refresh token is invalid, expired, used, or of another client."""

    reason = "ESIA_CODE_REJECTED"


class EsiaPkceMismatch(EsiaCodeRejected):
    """007040: the code was given for another sign-in than the one that brings it."""

    reason = "ESIA_PKCE_MISMATCH"


class EsiaNotConfirmed(EsiaError):
    """007055: `person_filter` asks for a confirmed account and this one is not."""

    reason = "ESIA_NOT_CONFIRMED"


class EsiaAccessEnded(EsiaError):
    """401 at the person's data: the access token is no longer good, or the person was blocked."""

    reason = "ESIA_ACCESS_ENDED"


class EsiaMisconfigured(EsiaError):
    """The client system, its certificate or its rights are not as ESIA has them on record."""

    reason = "ESIA_MISCONFIGURED"


class EsiaCertificateForeign(EsiaMisconfigured):
    """007002: the certificate does not belong to the mnemonic."""

    reason = "ESIA_CERTIFICATE_FOREIGN"


class EsiaParameterWrong(EsiaMisconfigured):
    """007003."""

    reason = "ESIA_PARAMETER_WRONG"


class EsiaParameterMissing(EsiaMisconfigured):
    """007014."""

    reason = "ESIA_PARAMETER_MISSING"


class EsiaClientForbidden(EsiaMisconfigured):
    """007005: the client system may not do this, or its certificate is not registered."""

    reason = "ESIA_CLIENT_FORBIDDEN"


class EsiaScopeWrong(EsiaMisconfigured):
    """007006: a scope that ESIA does not know."""

    reason = "ESIA_SCOPE_WRONG"


class EsiaScopeAbsent(EsiaMisconfigured):
    """007013."""

    reason = "ESIA_SCOPE_ABSENT"


class EsiaClockSkewed(EsiaMisconfigured):
    """007015: the time of the request is off."""

    reason = "ESIA_CLOCK_SKEWED"


class EsiaNoPermission(EsiaMisconfigured):
    """007019: the system was not granted what it asks for."""

    reason = "ESIA_NO_PERMISSION"


class EsiaRedirectUnknown(EsiaMisconfigured):
    """007023: `redirect_uri` is not registered."""

    reason = "ESIA_REDIRECT_UNKNOWN"


class EsiaPkceAbsent(EsiaMisconfigured):
    """007039."""

    reason = "ESIA_PKCE_ABSENT"


class EsiaSecretWrong(EsiaMisconfigured):
    """007053: the signature or the certificate's hash is not what ESIA computes."""

    reason = "ESIA_SECRET_WRONG"


class EsiaScopeNotGranted(EsiaMisconfigured):
    """403 at the person's data, or data missing that a granted scope promises."""

    reason = "ESIA_SCOPE_NOT_GRANTED"


class EsiaSignerFailed(EsiaMisconfigured):
    """The request could not be signed."""

    reason = "ESIA_SIGNER_FAILED"


class EsiaUntrusted(EsiaError):
    """ESIA's answer, or what claims to be one, may not be used."""

    reason = "ESIA_UNTRUSTED"


class EsiaStateMismatch(EsiaUntrusted):
    """The state that came back is not the one that was sent."""

    reason = "ESIA_STATE_MISMATCH"


class EsiaAnswerMalformed(EsiaUntrusted):
    """A field has another type or form than ESIA documents; ``facts["field"]`` names it."""

    reason = "ESIA_ANSWER_MALFORMED"


TokenProblem = Literal[
    "MALFORMED", "ALGORITHM", "KEY", "SIGNATURE", "TYPE", "ISSUER", "AUDIENCE", "TIME", "SUBJECT"
]


class EsiaTokenRefused(EsiaUntrusted):
    """A token does not hold; `problem` says in which respect."""

    reason = "ESIA_TOKEN_REFUSED"

    def __init__(self, problem: TokenProblem, detail: str) -> None:
        self.problem: TokenProblem = problem
        super().__init__(problem=problem, detail=detail)


_OF_CODE: Final[dict[str, type[EsiaError]]] = {
    "007002": EsiaCertificateForeign,
    "007003": EsiaParameterWrong,
    "007004": EsiaDeclined,
    "007005": EsiaClientForbidden,
    "007006": EsiaScopeWrong,
    "007007": EsiaInternalError,
    "007008": EsiaOverloaded,
    "007011": EsiaCodeRejected,
    "007013": EsiaScopeAbsent,
    "007014": EsiaParameterMissing,
    "007015": EsiaClockSkewed,
    "007019": EsiaNoPermission,
    "007023": EsiaRedirectUnknown,
    "007039": EsiaPkceAbsent,
    "007040": EsiaPkceMismatch,
    "007053": EsiaSecretWrong,
    "007055": EsiaNotConfirmed,
}
KNOWN: Final = frozenset(_OF_CODE)
"""ESIA's codes that have an error of their own."""


def error_of(error: str, description: str, *, skew: float | None = None) -> EsiaError:
    """The typed error for ESIA's ``error`` and ``error_description``.

    Of the description only the code and the names of parameters are kept: the rest is free text from
    outside. ``skew`` is how many seconds our clock is ahead of ESIA's, when an answer's Date told.
    """
    found = _CODE.search(description)
    code = found.group(1) if found else None
    names = _NAMES.search(description)
    facts = {"names": names.group(1) if names else "?"}
    if skew is not None:
        facts["seconds"] = f"{skew:+.0f}"
    if code in _OF_CODE:
        return _OF_CODE[code](code=code, **facts)
    if error == "access_denied":
        return EsiaDeclined(code=code)
    if error in {"server_error", "temporarily_unavailable"}:
        return EsiaUnavailable(code=code)
    return EsiaMisconfigured(code=code, **facts)


@cache
def _sentences() -> dict[str, dict[str, dict[str, str]]]:
    text = files(__package__).joinpath("sentences.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
