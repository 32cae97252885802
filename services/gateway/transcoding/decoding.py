"""JSON and query → protobuf: readers compiled from the descriptors, strict about everything.

A field that the contract does not have, a value of another type, a number out of range: each is refused with
the field's path. Names are those of the contract (snake_case); ``null`` means "not given", as in ProtoJSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from services.gateway.problems import BadValue, UnknownField
from services.gateway.transcoding.scalars import Read, Wrong, scalar_reader

Fill: TypeAlias = "Callable[[Any, Message], None]"
"""Reads a JSON value into a message of its type."""
# Names come from outside; what is told back of them is enough to find the place.
_LONGEST_PATH = 200


class _Unknown(Wrong):
    """A field is not in the contract."""


def fill(message: Message, value: object, read: Fill) -> None:
    """Read a JSON value into a message. Raises `UnknownField` and `BadValue`, both with the field's path."""
    try:
        read(value, message)
    except _Unknown as unknown:
        raise UnknownField(field=unknown.path[:_LONGEST_PATH]) from None
    except Wrong as wrong:
        raise BadValue(field=wrong.path[:_LONGEST_PATH], expected=wrong.expected) from None


class Readers:
    """Compiles a reader for each message type when it is first met, and keeps it."""

    def __init__(self) -> None:
        self._compiled: dict[str, Fill] = {}

    def of(self, descriptor: Descriptor) -> Fill:
        """The reader of a message type."""
        known = self._compiled.get(descriptor.full_name)
        if known is not None:
            return known
        if descriptor.full_name.startswith("google.protobuf."):
            read: Fill = _by_reflection
        else:
            read = self._compile(descriptor)
        self._compiled[descriptor.full_name] = read
        return read

    def _compile(self, descriptor: Descriptor) -> Fill:
        fields: dict[str, Fill] = {}

        def read(value: Any, message: Message) -> None:
            if not isinstance(value, dict):
                raise Wrong("an object")
            for name, content in value.items():
                put = fields.get(name)
                if put is None:
                    raise _Unknown("nothing").inside(name)
                if content is None:
                    continue
                try:
                    put(content, message)
                except Wrong as wrong:
                    raise wrong.inside(name) from None

        # Known before its fields are read: types may contain themselves.
        self._compiled[descriptor.full_name] = read
        fields.update((field.name, self._field(field)) for field in descriptor.fields)
        return read

    def _field(self, field: FieldDescriptor) -> Fill:
        put = self._put(field)
        oneof = field.containing_oneof
        if oneof is None or len(oneof.fields) == 1:
            return put
        oneof_name = oneof.name

        def only_one(value: Any, message: Message) -> None:
            if message.WhichOneof(oneof_name) not in {None, field.name}:
                raise Wrong(f"only one field of {oneof_name}")
            put(value, message)

        return only_one

    def _put(self, field: FieldDescriptor) -> Fill:
        name = field.name
        if field.message_type is None:
            read = scalar_reader(field)
            return _put_scalars(name, read) if field.is_repeated else _put_scalar(name, read)
        if field.message_type.GetOptions().map_entry:
            return self._put_map(field.name, field.message_type)
        inner = self.of(field.message_type)
        return _put_messages(name, inner) if field.is_repeated else _put_message(name, inner)

    def _put_map(self, name: str, entry: Descriptor) -> Fill:
        read_key = scalar_reader(entry.fields_by_name["key"], from_text=True)
        value_field = entry.fields_by_name["value"]
        inner = self.of(value_field.message_type) if value_field.message_type is not None else None
        read_value = None if inner is not None else scalar_reader(value_field)

        def put(value: Any, message: Message) -> None:
            if not isinstance(value, dict):
                raise Wrong("an object")
            container = getattr(message, name)
            for key, content in value.items():
                try:
                    if inner is not None:
                        inner(content, container[read_key(key)])
                    elif read_value is not None:
                        container[read_key(key)] = read_value(content)
                except Wrong as wrong:
                    raise wrong.inside(f"[{key}]") from None

        return put


def fields_from_text(descriptor: Descriptor) -> dict[str, Callable[[list[str], Message], None]]:
    """How the top-level scalar fields of a request are read from a path or a query, by name.

    Messages inside a request have no form there, so they are not offered.
    """
    return {
        field.name: _from_texts(field, scalar_reader(field, from_text=True))
        for field in descriptor.fields
        if field.message_type is None
    }


def read_texts(
    found: Iterable[tuple[str, list[str]]],
    fields: dict[str, Callable[[list[str], Message], None]],
    message: Message,
) -> None:
    """Read path or query values into a request. Raises `UnknownField` and `BadValue`."""
    for name, texts in found:
        put = fields.get(name)
        if put is None:
            raise UnknownField(field=name[:_LONGEST_PATH])
        try:
            put(texts, message)
        except Wrong as wrong:
            raise BadValue(field=name, expected=wrong.expected) from None


def _from_texts(field: FieldDescriptor, read: Read) -> Callable[[list[str], Message], None]:
    name, repeated = field.name, field.is_repeated

    def put(texts: list[str], message: Message) -> None:
        if repeated:
            getattr(message, name).extend([read(text) for text in texts])
        elif len(texts) == 1:
            setattr(message, name, read(texts[0]))
        else:
            raise Wrong("one value")

    return put


def _put_scalar(name: str, read: Read) -> Fill:
    def put(value: Any, message: Message) -> None:
        setattr(message, name, read(value))

    return put


def _put_scalars(name: str, read: Read) -> Fill:
    def put(value: Any, message: Message) -> None:
        container = getattr(message, name)
        for index, content in enumerate(_list(value)):
            try:
                container.append(read(content))
            except Wrong as wrong:
                raise wrong.inside(f"[{index}]") from None

    return put


def _put_message(name: str, inner: Fill) -> Fill:
    def put(value: Any, message: Message) -> None:
        field = getattr(message, name)
        field.SetInParent()
        inner(value, field)

    return put


def _put_messages(name: str, inner: Fill) -> Fill:
    def put(value: Any, message: Message) -> None:
        container = getattr(message, name)
        for index, content in enumerate(_list(value)):
            try:
                inner(content, container.add())
            except Wrong as wrong:
                raise wrong.inside(f"[{index}]") from None

    return put


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise Wrong("a list")
    return value


def _by_reflection(value: Any, message: Message) -> None:
    """Well-known types, such as instants, are read by protobuf's own JSON reader."""
    try:
        json_format.ParseDict(value, message)
    except (json_format.ParseError, TypeError, AttributeError, ValueError):
        raise Wrong(message.DESCRIPTOR.name) from None
