"""What ESIA refuses, in its words: the code, the OAuth error and the description of each."""

from __future__ import annotations

from typing import Final

# Code → OAuth error and text. The texts that public client code shows are given as they are there
# ("ESIA-007014: The request doesn't contain the mandatory parameter [name]."), the rest in their manner.
_TEXTS: Final = {
    "007002": ("invalid_request", "The client certificate does not belong to the client system"),
    "007003": ("invalid_request", "The request contains an invalid parameter"),
    "007004": ("access_denied", "The resource owner or authorization server denied the request"),
    "007005": ("unauthorized_client", "The client is not authorized to request an access token"),
    "007006": ("invalid_scope", "The requested scope is invalid, unknown, or malformed"),
    "007007": ("server_error", "The authorization server encountered an unexpected condition"),
    "007008": ("temporarily_unavailable", "The authorization server is temporarily overloaded"),
    "007011": ("invalid_grant", "The authorization code or refresh token is invalid, expired, or revoked"),
    "007013": ("invalid_scope", "The request does not contain the scope parameter"),
    "007014": ("invalid_request", "The request doesn't contain the mandatory parameter"),
    "007015": ("invalid_request", "The request time is out of the allowed range"),
    "007019": ("access_denied", "OAuthErrorEnum.noGrants"),
    "007023": ("invalid_request", "The redirect_uri is not registered for the client system"),
    "007039": ("invalid_request", "The request does not contain the code_challenge"),
    "007040": ("invalid_grant", "The code_verifier does not match the code_challenge"),
    "007053": ("unauthorized_client", "OAuthErrorEnum.clientSecretWrong"),
    "007055": ("access_denied", "The account of the subject is not confirmed"),
}
REFUSED: Final = frozenset(_TEXTS)
"""ESIA's codes that the stand gives."""


class Refusal(Exception):
    """A request that is refused.

    Attributes:
        code: ESIA's six digits.
        error: the OAuth error.
        description: ``ESIA-00NNNN: …``, with the parameters' names in brackets.
    """

    def __init__(self, code: str, *names: str, error: str | None = None) -> None:
        standard, text = _TEXTS[code]
        self.code = code
        self.error = error or standard
        where = f" [{', '.join(names)}]" if names else ""
        self.description = f"ESIA-{code}: {text}{where}."
        super().__init__(self.description)


class NowhereToGo(Exception):
    """A refusal that may not be sent to ``redirect_uri``, because that address itself is not trusted."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        super().__init__(refusal.description)
