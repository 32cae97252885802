"""ESIA (Gosuslugi) for one client system: send a browser there, change its code for the person.

::

    async with connect(settings.esia) as esia:                  # at start of the service
        if not esia.available: ...                              # ESIA is down: offer the password door

        state = uuid4()                                         # kept in a cookie of the browser
        address = await esia.authorization_url(state)           # redirect the browser there
        ...
        code = esia.code_of(request.query_params, state=state)  # the browser is back at redirect_uri
        tokens = await esia.exchange(code)
        profile = await esia.person(tokens)                     # EsiaProfile: oid, names, snils, level …

Everything that can go wrong is an `EsiaError` with a ``reason`` for machines, a ``person_sentence`` and an
``operator_sentence`` in two languages. Codes and tokens are neither logged nor part of any error.
"""

from services.identity.esia.client import EsiaClient, EsiaTokens, connect
from services.identity.esia.errors import (
    EsiaAccessEnded,
    EsiaCodeRejected,
    EsiaDeclined,
    EsiaError,
    EsiaMisconfigured,
    EsiaNotConfirmed,
    EsiaScopeNotGranted,
    EsiaStateMismatch,
    EsiaTimeout,
    EsiaTokenRefused,
    EsiaUnavailable,
    EsiaUntrusted,
)
from services.identity.esia.profile import EsiaContact, EsiaKid, EsiaProfile, Level
from services.identity.esia.settings import EsiaSettings

__all__ = [
    "EsiaAccessEnded",
    "EsiaClient",
    "EsiaCodeRejected",
    "EsiaContact",
    "EsiaDeclined",
    "EsiaError",
    "EsiaKid",
    "EsiaMisconfigured",
    "EsiaNotConfirmed",
    "EsiaProfile",
    "EsiaScopeNotGranted",
    "EsiaSettings",
    "EsiaStateMismatch",
    "EsiaTimeout",
    "EsiaTokenRefused",
    "EsiaTokens",
    "EsiaUnavailable",
    "EsiaUntrusted",
    "Level",
    "connect",
]
