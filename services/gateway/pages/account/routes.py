"""The addresses of the account's pages."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from starlette.routing import BaseRoute, Route

from services.gateway.pages.account.binding import HOME as BINDING
from services.gateway.pages.account.binding import BindingPages
from services.gateway.pages.account.consents import ConsentPages
from services.gateway.pages.account.contacts import ContactPages
from services.gateway.pages.account.data import DataPages
from services.gateway.pages.account.entry import EntryPages
from services.gateway.pages.account.factor import FactorPages
from services.gateway.pages.account.gate import proven
from services.gateway.pages.account.overview import OverviewPages
from services.gateway.pages.account.registered import PATH as REGISTERED
from services.gateway.pages.account.registered import RegisteredPages
from services.gateway.pages.account.sessions import SessionPages
from services.gateway.pages.answers import Answers, Endpoint
from services.gateway.pages.onboarding.corrections import CorrectionPages
from services.gateway.pages.routing import form, page


def account_routes(answers: Answers) -> Sequence[BaseRoute]:
    """Every page under ``/account``; those with a dangerous deed ask for a recent proof before."""
    overview, entry, contacts = OverviewPages(answers), EntryPages(answers), ContactPages(answers)
    sessions, factor, binding = SessionPages(answers), FactorPages(answers), BindingPages(answers)
    consents, data = ConsentPages(answers), DataPages(answers)
    registered, corrections = RegisteredPages(answers), CorrectionPages(answers, REGISTERED)
    inside = answers.signed_in
    first = partial(proven, answers)

    def show(path: str, shown: Endpoint) -> Route:
        return page(path, inside(shown))

    def act(path: str, deed: Endpoint, of: str) -> Route:
        return form(path, inside(deed), answers, of)

    return [
        show("/account", overview.show),
        show(REGISTERED, registered.show),
        *_both(f"{REGISTERED}/correction", inside(corrections.show), inside(corrections.send)),
        act(f"{REGISTERED}/correction/withdraw", corrections.withdraw, REGISTERED),
        show("/account/history", overview.history),
        show("/account/messages", overview.messages),
        *_both("/account/password", inside(first(entry.password)), inside(entry.change_password)),
        *_both("/account/login", inside(first(entry.login)), inside(entry.rename)),
        show("/account/contacts", contacts.show),
        act("/account/contacts/confirm", contacts.confirm, "/account/contacts"),
        *_both("/account/contacts/{kind}", inside(first(contacts.edit)), inside(contacts.change)),
        act("/account/contacts/{kind}/cancel", contacts.cancel, "/account/contacts"),
        show("/account/sessions", sessions.show),
        act("/account/sessions/others", sessions.end_others, "/account/sessions"),
        act("/account/sessions/{session_id}", sessions.end, "/account/sessions"),
        show("/account/second-factor", factor.show),
        act("/account/second-factor/codes", factor.new_codes, "/account/second-factor"),
        act("/account/second-factor/remove", factor.remove, "/account/second-factor"),
        show(BINDING, binding.show),
        act(f"{BINDING}/unbind", binding.unbind, BINDING),
        *_both("/account/consents", inside(consents.show), inside(consents.give)),
        show("/account/consents/texts/{text_id}", consents.text),
        *_both(
            "/account/consents/{consent_id}/withdraw", inside(first(consents.ask)), inside(consents.withdraw)
        ),
        show("/account/data", data.show),
        show("/account/data/read", first(data.read)),
        act("/account/data/file", data.download, "/account/data"),
        *_both("/account/data/erase", inside(first(data.ask)), inside(data.erase)),
        act("/account/data/keep", data.keep, "/account/data"),
    ]


def _both(path: str, shown: Endpoint, deed: Endpoint) -> tuple[Route, Route]:
    """A page and the deed of its form at one address."""
    return page(path, shown), Route(path, deed, methods=["POST"])
