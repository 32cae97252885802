"""Every RPC of the contracts, and requests made from their descriptors.

Whose ids stand in a request is the sweep's choice; all the rest of it is plausible.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from itertools import count, product
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from school.access.v1.policy_pb2 import Policy, policy
from services.gateway.contracts import read_descriptor_set
from services.kit.ids import new_id
from tests.integration.strangers.household import BORN, Household
from tests.support.newcomer import a_mobile, an_email

# Ids that are nobody's: chosen by the caller, or of something that everybody may read.
_FREE = frozenset({"request_id", "text_id"})
WHOSE = ("own", "foreign", "")
"""What may stand in a field for an id; empty: it is left out."""
_login = count(1)


class UnknownId(Exception):
    """A request has a field for an id that the households have no example of; the text names it."""


@dataclass(frozen=True, slots=True)
class Rpc:
    """An RPC, whether or not it can be reached over HTTP."""

    service: str
    """Who answers: ``identity``."""
    name: str
    """``PeopleService/GetMe``."""
    path: str
    request: type[Message]
    reply: type[Message]
    policy: Policy
    streams: bool

    @property
    def ids(self) -> list[str]:
        """The names of the fields of a request that name somebody's things, also in nested messages."""
        return sorted(set(_ids_in(self.request.DESCRIPTOR)))


def every_rpc() -> list[Rpc]:
    """All of them, in the order of the contracts."""
    found: list[Rpc] = []
    for file in read_descriptor_set().file:
        if not file.name.startswith("school/") or not file.service:
            continue
        module = import_module(file.name.removesuffix(".proto").replace("/", ".") + "_pb2")
        for service in module.DESCRIPTOR.services_by_name.values():
            found += [
                Rpc(
                    service=file.package.split(".")[1],
                    name=f"{service.name}/{method.name}",
                    path=f"/{service.full_name}/{method.name}",
                    request=message_factory.GetMessageClass(method.input_type),
                    reply=message_factory.GetMessageClass(method.output_type),
                    policy=method.GetOptions().Extensions[policy],
                    streams=bool(method.server_streaming),
                )
                for method in service.methods
            ]
    return found


def mixtures(names: list[str]) -> Iterator[Mapping[str, str]]:
    """Every way to name something foreign among these fields; one empty way when there are none."""
    if not names:
        yield {}
    for whose in product(WHOSE, repeat=len(names)):
        if "foreign" in whose:
            yield dict(zip(names, whose, strict=True))


def wish(rpc: Rpc, whose: Mapping[str, str], *, own: Household, foreign: Household) -> Message:
    """A request of somebody who rightly names what is ``own``; ``whose``: of each id, one of `WHOSE`."""
    request = rpc.request()
    _Filler(whose, own.ids, foreign.ids, _words(foreign)).fill(request)
    return request


def _words(foreign: Household) -> Mapping[str, Any]:
    """What stands in fields that are no ids: what is known of the foreign pupil, and what is plausible."""
    return {
        "surname": foreign.surname,
        "given_name": "Пётр",
        "patronymic": "Ильич",
        "birth_date": BORN.isoformat(),
        "snils": foreign.snils,
        "text_id": foreign.ids["text_id"],
        "request_id": str(new_id()),
        "page_token": "",
        "date": "2025-10-15",
        "day": "2025-10-15",
        "valid_from": "2025-10-15",
        "label": "Petya",
        "valid_until": "2026-01-31",
        "text": "5",
        "capacity": 3,
        "documents": [1, 2, 3, 4],
        "channel": 2,
        "roles": [1],
        "role": 3,
        "region_code": "77",
        "reissue_reason": "",
        "gender": "",
        "login": f"stranger-{next(_login)}",
        "mobile": a_mobile(),
        "email": an_email(),
    }


@dataclass(frozen=True, slots=True)
class _Filler:
    whose: Mapping[str, str]
    own: Mapping[str, str]
    foreign: Mapping[str, str]
    words: Mapping[str, Any]

    def fill(self, message: Message) -> None:
        for field in message.DESCRIPTOR.fields:
            if _is_ours(field):
                nested = getattr(message, field.name)
                self.fill(nested.add() if field.is_repeated else nested)
                continue
            value = self._id(field.name) if _is_id(field) else self.words.get(field.name, _made_up(field))
            if value is None:
                continue
            if field.is_repeated:
                getattr(message, field.name).extend(value if isinstance(value, list) else [value])
            else:
                setattr(message, field.name, value)

    def _id(self, name: str) -> str:
        whose = self.whose[name]
        ids = self.own if whose == "own" else self.foreign
        if singular(name) not in ids:
            raise UnknownId(f"{name}: teach `household.settle` which one is meant")
        return ids[singular(name)] if whose else ""


def singular(name: str) -> str:
    """Under which name households keep the id that a field means."""
    return name.removesuffix("s") if name.endswith("_ids") else name


def _ids_in(message: Any) -> Iterator[str]:
    for field in message.fields:
        if _is_ours(field):
            yield from _ids_in(field.message_type)
        elif _is_id(field):
            yield field.name


def _is_ours(field: Any) -> bool:
    kind = field.message_type
    return kind is not None and str(kind.file.package).startswith("school.")


def _is_id(field: Any) -> bool:
    name = str(field.name)
    return field.type == field.TYPE_STRING and name.endswith(("_id", "_ids")) and name not in _FREE


def _made_up(field: Any) -> Any:
    if field.message_type is not None:
        return None  # an instant that nobody has to give
    if field.enum_type is not None:
        return field.enum_type.values[1].number
    return {FieldDescriptor.CPPTYPE_STRING: "слово", FieldDescriptor.CPPTYPE_BOOL: True}.get(
        field.cpp_type, 0
    )
