"""Random messages of any type, for properties that hold for all contracts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from hypothesis import strategies as st

from services.gateway.contracts import read_descriptor_set, read_rpcs

_INTEGERS = {
    FieldDescriptor.CPPTYPE_INT32: st.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: st.integers(-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: st.integers(0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: st.integers(0, 2**64 - 1),
}
# 0001-01-01 … 9999-12-31, the range of google.protobuf.Timestamp.
_SECONDS = st.integers(-62_135_596_800, 253_402_300_799)
_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)


def contract_messages() -> list[type[Message]]:
    """Every message type of the contracts."""
    read_rpcs()
    pool = descriptor_pool.Default()
    return [
        message_factory.GetMessageClass(descriptor)
        for file in read_descriptor_set().file
        if file.name.startswith("school/")
        for descriptor in _all(pool.FindFileByName(file.name).message_types_by_name.values())
    ]


def _all(descriptors: object) -> Iterator[Descriptor]:
    for descriptor in descriptors:  # type: ignore[attr-defined]
        yield descriptor
        yield from _all(descriptor.nested_types)


def descriptor_of(kind: type[Message] | Message) -> Descriptor:
    """The descriptor of a message type; the stubs offer two classes for what is one."""
    return cast("Descriptor", kind.DESCRIPTOR)


def messages(kind: type[Message], depth: int = 3) -> st.SearchStrategy[Message]:
    """Random messages of a type: any subset of fields, also none."""

    @st.composite
    def build(draw: st.DrawFn) -> Message:
        message = kind()
        _fill(draw, message, depth)
        return message

    return build()


def _fill(draw: st.DrawFn, message: Message, depth: int) -> None:
    if message.DESCRIPTOR.full_name == "google.protobuf.Timestamp":
        message.seconds = draw(_SECONDS)  # type: ignore[attr-defined]
        scale = draw(st.sampled_from([1_000_000_000, 1_000_000, 1_000, 1]))
        message.nanos = draw(st.integers(0, 1_000_000_000 // scale - 1)) * scale  # type: ignore[attr-defined]
        return
    fields = list(descriptor_of(message).fields)
    if fields:
        for at in sorted(draw(st.sets(st.integers(0, len(fields) - 1), max_size=12))):
            _set(draw, message, fields[at], depth)


def _set(draw: st.DrawFn, message: Message, field: FieldDescriptor, depth: int) -> None:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        _set_map(draw, message, field, depth)
    elif field.message_type is not None:
        if depth == 0:
            return
        count = draw(st.integers(0, 3)) if field.is_repeated else 1
        for _ in range(count):
            inner = getattr(message, field.name)
            target = inner.add() if field.is_repeated else inner
            target.SetInParent()
            _fill(draw, target, depth - 1)
    elif field.is_repeated:
        getattr(message, field.name).extend(draw(st.lists(_scalar(field), max_size=3)))
    else:
        setattr(message, field.name, draw(_scalar(field)))


def _set_map(draw: st.DrawFn, message: Message, field: FieldDescriptor, depth: int) -> None:
    assert field.message_type is not None
    value = field.message_type.fields_by_name["value"]
    for key in draw(st.lists(_scalar(field.message_type.fields_by_name["key"]), max_size=3)):
        if value.message_type is not None:
            _fill(draw, getattr(message, field.name)[key], max(depth - 1, 0))
        else:
            getattr(message, field.name)[key] = draw(_scalar(value))


def _scalar(field: FieldDescriptor) -> st.SearchStrategy[object]:
    if field.enum_type is not None:
        return st.sampled_from([value.number for value in field.enum_type.values])
    if field.cpp_type in _INTEGERS:
        return _INTEGERS[field.cpp_type]
    match field.type:
        case FieldDescriptor.TYPE_BOOL:
            return st.booleans()
        case FieldDescriptor.TYPE_BYTES:
            return st.binary(max_size=6)
        case FieldDescriptor.TYPE_DOUBLE:
            return st.floats(allow_nan=False)
        case FieldDescriptor.TYPE_FLOAT:
            return st.floats(width=32, allow_nan=False)
        case _:
            return _TEXT
