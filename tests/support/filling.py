"""Replies with something in every field, by their descriptors: pages meet the longest words there are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias
from uuid import UUID

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

Field: TypeAlias = Any
"""A field's descriptor: of protobuf's two implementations one says so."""
SOMEBODY: Final = str(UUID(int=77))
"""The id in every field for one."""
NOW: Final = datetime(2026, 11, 30, 9, tzinfo=UTC)
_DEEPEST: Final = 6
_NAMES: Final = {
    "surname": "Константинопольский-Красножанов-Абдурахманбердимухаммедов-Оглы",
    "given_name": "Анна-Мария-Гюльжамал",
    "patronymic": "Нурмухаммедгали кызы",
}
_WORDS: Final = {
    "title": "Муниципальное бюджетное учреждение «Школа № 128 имени Героя Советского Союза»",
    "class_title": "11 «А» физико-математический",
    "zone": "Asia/Kamchatka",
    "login": "koroleva.alyona.sergeevna.konstantinopolskaya.1986",
    "label": "konstantin-konstantinopolsky",
    "snils_masked": "***-***-*12 34",
    "room": "214",
    "json": "{}",
    "language": "ru",
    "email": "koroleva.alyona.sergeevna.konstantinopolskaya@a-very-long-name-of-a-host.example.org",
    "value": "+7 916 000-00-00",
    "pending_value": "+7 916 000-00-00",
    "device": "Firefox 140, Windows",
    "network": "203.0.113.0",
    "time_zone": "Asia/Kamchatka",
}
_DATES: Final = ("date", "day", "until", "childhood", "_on", "_from", "_since")
"""How fields end that hold a day, as services write it."""
_SENTENCE: Final = "Переехали в другой город, и превысокомногорассмотрительствующий реестр этого не знает."


def filled(message: Message, place: int = 0, depth: int = 0) -> Message:
    """The message itself, with something in each field; ``place``: which one of a list it is."""
    if message.DESCRIPTOR.full_name == "google.protobuf.Timestamp":
        message.FromDatetime(NOW + timedelta(hours=place))  # type: ignore[attr-defined]
        return message
    for field in message.DESCRIPTOR.fields:
        if not _is_chosen(field, place) or depth > _DEEPEST:
            continue
        if field.is_repeated:
            _fill_list(getattr(message, field.name), field, depth)
        elif field.message_type:
            filled(getattr(message, field.name), place, depth + 1)
            getattr(message, field.name).SetInParent()
        else:
            setattr(message, field.name, _scalar(field, place))
    return message


def _is_chosen(field: Field, place: int) -> bool:
    """Whether the field is the one of its `oneof` that is shown."""
    oneof = field.containing_oneof
    return oneof is None or oneof.fields[place % len(oneof.fields)].name == field.name


def _fill_list(held: Any, field: Field, depth: int) -> None:
    if field.message_type:
        if not field.message_type.GetOptions().map_entry:
            for place in range(2):
                filled(held.add(), place, depth + 1)
    else:
        held.extend(_scalar(field, place) for place in range(2))


def _scalar(field: Field, place: int) -> Any:
    if field.enum_type:
        values = [value.number for value in field.enum_type.values if value.number]
        return values[place % len(values)]
    if field.type == FieldDescriptor.TYPE_STRING:
        return _text(field, place)
    return place % 2 == 0 if field.type == FieldDescriptor.TYPE_BOOL else 21


def _text(field: Field, place: int) -> str:
    name = field.name
    if name in _NAMES or name in _WORDS:
        return _NAMES.get(name) or _WORDS[name]
    if name.endswith("_id"):
        return str(UUID(int=UUID(SOMEBODY).int + place))
    if name != "holiday" and (name.endswith(_DATES) or name in {"since", "term", "from", "first", "last"}):
        return (NOW + timedelta(days=place)).date().isoformat()
    if name.endswith("title"):
        return _WORDS["title"]
    if name.endswith("_at"):
        return "08:30"
    if "name" in name:
        return " ".join(_NAMES.values())
    return "4+" if "Mark" in field.containing_type.name or "mark" in name or name == "scale" else _SENTENCE
