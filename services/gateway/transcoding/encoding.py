"""protobuf → JSON: encoders compiled from the descriptors, one per message type.

The result equals ``json_format.MessageToDict(m, preserving_proto_field_name=True,
always_print_fields_with_no_presence=True)`` and a property test holds it to that; reflection for each
message would cost as much as the whole rest of a hot read. So each message type gets a function of its own,
as dataclasses do: one dict display with every field in its place.
"""

from __future__ import annotations

import base64
import math
import struct
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from keyword import iskeyword
from typing import Any, TypeAlias

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

Plain: TypeAlias = "dict[str, Any]"
Encode: TypeAlias = "Callable[[Any], Plain]"
Convert: TypeAlias = "Callable[[Any], Any]"

# Their value in JSON is the value in Python.
_AS_IS = {
    FieldDescriptor.TYPE_STRING,
    FieldDescriptor.TYPE_BOOL,
    FieldDescriptor.TYPE_INT32,
    FieldDescriptor.TYPE_SINT32,
    FieldDescriptor.TYPE_SFIXED32,
    FieldDescriptor.TYPE_UINT32,
    FieldDescriptor.TYPE_FIXED32,
}
# JavaScript's numbers lose precision above 2^53, so ProtoJSON writes these as text.
_AS_TEXT = {
    FieldDescriptor.TYPE_INT64,
    FieldDescriptor.TYPE_SINT64,
    FieldDescriptor.TYPE_SFIXED64,
    FieldDescriptor.TYPE_UINT64,
    FieldDescriptor.TYPE_FIXED64,
}
_NANOS_PER_MILLI = 1_000_000


class Encoders:
    """Compiles an encoder for each message type when it is first met, and keeps it."""

    def __init__(self) -> None:
        self._compiled: dict[str, Encode] = {"google.protobuf.Timestamp": timestamp}

    def of(self, descriptor: Descriptor) -> Encode:
        """The encoder of a message type: message in, plain dict for `orjson` out."""
        known = self._compiled.get(descriptor.full_name)
        if known is not None:
            return known
        if descriptor.full_name.startswith("google.protobuf."):
            encode: Encode = _by_reflection
        else:
            encode = self._compile(descriptor)
        self._compiled[descriptor.full_name] = encode
        return encode

    def _compile(self, descriptor: Descriptor) -> Encode:
        # Types may contain themselves: until this one is ready, its name leads to the finished encoder.
        def itself(message: Message) -> Plain:
            return encode(message)

        self._compiled[descriptor.full_name] = itself
        names: dict[str, Any] = {}
        always, present = [], []
        for field in descriptor.fields:
            value = f"message.{field.name}"
            if iskeyword(field.name):
                value = f"getattr(message, {field.name!r})"
            written = self._written(field, value, names)
            if field.has_presence:
                # Unset differs from the default value here, and is left out of JSON.
                test = f"    if message.HasField({field.name!r}):\n"
                present.append(f"{test}        plain[{field.name!r}] = {written}\n")
            else:
                always.append(f"{field.name!r}: {written}")
        source = (
            f"def encode(message):\n    plain = {{{', '.join(always)}}}\n{''.join(present)}    return plain\n"
        )
        # The source holds names out of our own contracts and nothing from outside; it is made once, at start.
        exec(compile(source, f"<encoder of {descriptor.full_name}>", "exec"), names)  # noqa: S102
        encode: Encode = names["encode"]
        return encode

    def _written(self, field: FieldDescriptor, value: str, names: dict[str, Any]) -> str:
        """The expression that writes ``value`` of a field; what it calls is put into ``names``."""
        call = f"write_{field.name}"
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            names[call] = self._map(field.message_type)
            return f"{call}({value})"
        one = self._one(field)
        if field.is_repeated:
            names[call] = one
            return f"list({value})" if one is _as_is else f"[{call}(one) for one in {value}]"
        if one is _as_is:
            return value
        names[call] = one
        return f"{call}({value})"

    def _one(self, field: FieldDescriptor) -> Convert:
        """How a single value of the field is written."""
        if field.message_type is not None:
            return self.of(field.message_type)
        return self._scalar(field) or _as_is

    def _map(self, entry: Descriptor) -> Convert:
        key = _map_key if entry.fields_by_name["key"].type == FieldDescriptor.TYPE_BOOL else str
        one = self._one(entry.fields_by_name["value"])

        def convert(values: Mapping[Any, Any]) -> Plain:
            return {key(name): one(values[name]) for name in values}

        return convert

    @staticmethod
    def _scalar(field: FieldDescriptor) -> Convert | None:
        """How a scalar is written; None when its Python value already is what JSON wants."""
        if field.type in _AS_IS:
            return None
        if field.type in _AS_TEXT:
            return str
        if field.enum_type is not None:
            return _enum(field.enum_type)
        match field.type:
            case FieldDescriptor.TYPE_BYTES:
                return _base64
            case FieldDescriptor.TYPE_DOUBLE:
                return _double
            case FieldDescriptor.TYPE_FLOAT:
                return _float
            case _:
                raise TypeError(f"{field.full_name}: there is no JSON form for type {field.type}")


def timestamp(message: Any) -> Any:
    """RFC 3339 in UTC, with 0, 3, 6 or 9 digits of a second as ProtoJSON asks."""
    text = datetime.fromtimestamp(message.seconds, UTC).isoformat()[:19]
    nanos = message.nanos
    if nanos == 0:
        return text + "Z"
    if nanos % _NANOS_PER_MILLI == 0:
        return f"{text}.{nanos // _NANOS_PER_MILLI:03d}Z"
    if nanos % 1000 == 0:
        return f"{text}.{nanos // 1000:06d}Z"
    return f"{text}.{nanos:09d}Z"


def _as_is(value: Any) -> Any:
    return value


def _map_key(value: bool) -> str:
    return "true" if value else "false"


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _double(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")


def _float(value: float) -> float | str:
    """The shortest decimal that is still this very 32-bit number."""
    if not math.isfinite(value):
        return _double(value)
    # A 32-bit float has at least 6 and at most 9 significant decimal digits (IEEE 754 binary32).
    for digits in range(6, 9):
        candidate = float(f"{value:.{digits}g}")
        if _as_32_bit(candidate) == value:
            return candidate
    return float(f"{value:.9g}")


def _as_32_bit(value: float) -> float:
    try:
        (packed,) = struct.unpack("<f", struct.pack("<f", value))
    except OverflowError:
        return math.inf
    return float(packed)


def _enum(descriptor: EnumDescriptor) -> Convert:
    names = {number: value.name for number, value in descriptor.values_by_number.items()}
    return lambda number: names.get(number, number)


def _by_reflection(message: Any) -> Any:
    """Well-known types that are rare here keep the slow, general way."""
    return json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
