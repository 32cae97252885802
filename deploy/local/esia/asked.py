"""Reading a client system's request, and refusing it in ESIA's order of questions."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from deploy.local.esia.refusals import NowhereToGo, Refusal
from deploy.local.esia.systems import Registry, System

Version = Literal["v1", "v2"]

# Every scope ESIA documents for a natural person, as far as a diary could ever ask for one.
KNOWN_SCOPES: Final = {
    "openid",
    "fullname",
    "birthdate",
    "gender",
    "snils",
    "inn",
    "id_doc",
    "birthplace",
    "medical_doc",
    "military_doc",
    "foreign_passport_doc",
    "drivers_licence_doc",
    "birth_cert_doc",
    "residence_doc",
    "temporary_residence_doc",
    "vehicles",
    "email",
    "mobile",
    "addresses",
    "contacts",
    "usr_org",
    "usr_avt",
    "self_employed",
    "kid_fullname",
    "kid_birthdate",
    "kid_gender",
    "kid_snils",
    "kid_inn",
    "kid_birth_cert_doc",
    "kid_medical_doc",
}

_TIMESTAMP: Final = re.compile(r"\d{4}\.\d\d\.\d\d \d\d:\d\d:\d\d [+-]\d{4}")
_FILTERS: Final = {"conf_acc", "acc_kid", "acc_not_kid"}


@dataclass(frozen=True, slots=True)
class Parameters:
    """The request's parameters, each given at most once."""

    values: Mapping[str, str]

    @classmethod
    def of(cls, pairs: Sequence[tuple[str, str]]) -> Parameters:
        """Raises `Refusal` (007003) for a parameter that is given twice."""
        values: dict[str, str] = {}
        for name, value in pairs:
            if name in values:
                raise Refusal("007003", name)
            values[name] = value
        return cls(values)

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    def require(self, *names: str) -> None:
        """Raises `Refusal` (007014) naming those that are absent or empty."""
        missing = [name for name in names if not self[name]]
        if missing:
            raise Refusal("007014", *missing)


def asking_system(registry: Registry, parameters: Parameters) -> System:
    """The registered system behind ``client_id``. Raises `Refusal` (007014, 007005)."""
    parameters.require("client_id")
    system = registry.system(parameters["client_id"])
    if system is None:
        raise Refusal("007005")
    return system


def require_allowed(system: System, version: Version) -> None:
    """Refuse (007005) a system that is switched off, or that may no longer use the first version."""
    if not system.enabled or (version == "v1" and not system.v1):
        raise Refusal("007005")


def require_redirect(system: System, parameters: Parameters) -> str:
    """The registered ``redirect_uri``. Raises `NowhereToGo`: a browser may not be sent to any other."""
    uri = parameters["redirect_uri"]
    if not uri:
        raise NowhereToGo(Refusal("007014", "redirect_uri"))
    if uri not in system.redirect_uris:
        raise NowhereToGo(Refusal("007023"))
    return uri


def require_form(parameters: Parameters, choices: Mapping[str, set[str]]) -> None:
    """Refuse (007003) a state that is no UUID, a timestamp of another form, a value not among ``choices``."""
    wrong = [name for name, allowed in choices.items() if parameters[name] not in allowed]
    if not _is_uuid(parameters["state"]):
        wrong.append("state")
    if _moment(parameters["timestamp"]) is None:
        wrong.append("timestamp")
    if wrong:
        raise Refusal("007003", *wrong)


def require_scopes(system: System, parameters: Parameters, granted: Sequence[str]) -> tuple[str, ...]:
    """The scopes asked for. Raises `Refusal` (007013 absent, 007006 unknown, 007019 not granted)."""
    scopes = tuple(parameters["scope"].split())
    if not scopes:
        raise Refusal("007013")
    unknown = [scope for scope in scopes if scope not in KNOWN_SCOPES.union(system.scopes, granted)]
    if unknown:
        raise Refusal("007006", *unknown)
    if set(scopes) - set(granted):
        raise Refusal("007019")
    return scopes


def require_timely(system: System, parameters: Parameters, now: datetime) -> None:
    """Refuse (007015) a request whose time is off by more than the system's allowance."""
    moment = _moment(parameters["timestamp"])
    if moment is None or abs((now - moment).total_seconds()) > system.clock_skew:
        raise Refusal("007015")


def read_person_filter(parameters: Parameters) -> str | None:
    """The filter's name. Raises `Refusal` (007003) for one that is not known."""
    encoded = parameters["person_filter"]
    if not encoded:
        return None
    try:
        name = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        name = ""
    if name not in _FILTERS:
        raise Refusal("007003", "person_filter")
    return name


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


def _moment(text: str) -> datetime | None:
    if not _TIMESTAMP.fullmatch(text):
        return None
    try:
        return datetime.strptime(text, "%Y.%m.%d %H:%M:%S %z")
    except ValueError:
        return None
