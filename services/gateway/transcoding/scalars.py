"""One scalar: from JSON, or from the text of a path or a query, to what protobuf takes.

Enums are read by name, 64-bit integers as numbers or as text, bytes as base64.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any, TypeAlias

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor

Read: TypeAlias = "Callable[[Any], Any]"
"""Reads a JSON value into what protobuf takes for one scalar. Raises `Wrong`."""

_INTEGER_BITS = {
    FieldDescriptor.TYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_SINT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_SFIXED32: (-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.TYPE_FIXED32: (0, 2**32 - 1),
    FieldDescriptor.TYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_SINT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_SFIXED64: (-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_UINT64: (0, 2**64 - 1),
    FieldDescriptor.TYPE_FIXED64: (0, 2**64 - 1),
}
# The longest text that can be an integer in range: a sign and twenty digits.
_LONGEST_INTEGER = 21


class Wrong(Exception):
    """A value is not of its type; ``path`` grows from the inside out."""

    def __init__(self, expected: str) -> None:
        super().__init__(expected)
        self.expected = expected
        self.path = ""

    def inside(self, step: str) -> Wrong:
        """The same, seen from one level further out."""
        joint = "." if self.path and not self.path.startswith("[") else ""
        self.path = f"{step}{joint}{self.path}"
        return self


def scalar_reader(field: FieldDescriptor, *, from_text: bool = False) -> Read:
    """How a scalar field is read from JSON; ``from_text``: from a path, a query or the key of a map."""
    if field.type in _INTEGER_BITS:
        return _integer(*_INTEGER_BITS[field.type])
    if field.enum_type is not None:
        return _enum(field.enum_type)
    match field.type:
        case FieldDescriptor.TYPE_STRING:
            return _text
        case FieldDescriptor.TYPE_BOOL:
            return _boolean_from_text if from_text else _boolean
        case FieldDescriptor.TYPE_BYTES:
            return _bytes
        case FieldDescriptor.TYPE_DOUBLE | FieldDescriptor.TYPE_FLOAT:
            return _number_from_text if from_text else _number
        case _:
            raise TypeError(f"{field.full_name}: there is no JSON form for type {field.type}")


def _text(value: Any) -> str:
    # No text of the field needs NUL, and PostgreSQL cannot keep it.
    if not isinstance(value, str) or "\0" in value:
        raise Wrong("text")
    return value


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Wrong("true or false")
    return value


def _boolean_from_text(value: str) -> bool:
    if value not in {"true", "false"}:
        raise Wrong("true or false")
    return value == "true"


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Wrong("a number")
    return float(value)


def _number_from_text(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise Wrong("a number") from None


def _bytes(value: Any) -> bytes:
    if not isinstance(value, str):
        raise Wrong("base64 text")
    try:
        return base64.b64decode(value.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        raise Wrong("base64 text") from None


def _integer(least: int, most: int) -> Read:
    expected = f"a whole number from {least} to {most}"

    def read(value: Any) -> int:
        number = value
        if (
            isinstance(value, str)
            and len(value) <= _LONGEST_INTEGER
            and value.isascii()
            and value.lstrip("-").isdecimal()
        ):
            try:
                number = int(value)
            except ValueError:
                raise Wrong(expected) from None
        if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
            raise Wrong(expected)
        return number

    return read


def _enum(descriptor: EnumDescriptor) -> Read:
    numbers = {name: value.number for name, value in descriptor.values_by_name.items()}
    expected = "one of " + ", ".join(numbers)

    def read(value: Any) -> int:
        number = numbers.get(value) if isinstance(value, str) else None
        if number is None:
            raise Wrong(expected)
        return number

    return read
