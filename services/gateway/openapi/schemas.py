"""Message types as JSON Schema (draft 2020-12), in the form that the encoder writes and the decoder reads."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypeAlias

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from services.gateway.openapi.comments import NONE, Comment

Schema: TypeAlias = "dict[str, Any]"

_TIMESTAMP = "google.protobuf.Timestamp"
_SCALARS: Mapping[int, Schema] = {
    FieldDescriptor.TYPE_STRING: {"type": "string"},
    FieldDescriptor.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.TYPE_INT32: {"type": "integer", "format": "int32"},
    FieldDescriptor.TYPE_SINT32: {"type": "integer", "format": "int32"},
    FieldDescriptor.TYPE_SFIXED32: {"type": "integer", "format": "int32"},
    FieldDescriptor.TYPE_UINT32: {"type": "integer", "format": "uint32", "minimum": 0},
    FieldDescriptor.TYPE_FIXED32: {"type": "integer", "format": "uint32", "minimum": 0},
    # Text, because numbers of JavaScript lose precision above 2^53.
    FieldDescriptor.TYPE_INT64: {"type": "string", "format": "int64"},
    FieldDescriptor.TYPE_SINT64: {"type": "string", "format": "int64"},
    FieldDescriptor.TYPE_SFIXED64: {"type": "string", "format": "int64"},
    FieldDescriptor.TYPE_UINT64: {"type": "string", "format": "uint64"},
    FieldDescriptor.TYPE_FIXED64: {"type": "string", "format": "uint64"},
    FieldDescriptor.TYPE_DOUBLE: {"type": "number", "format": "double"},
    FieldDescriptor.TYPE_FLOAT: {"type": "number", "format": "float"},
    FieldDescriptor.TYPE_BYTES: {"type": "string", "contentEncoding": "base64"},
}
PROBLEM: Schema = {
    "type": "object",
    "description": "What went wrong (RFC 9457). Programs act on `reason`; `title` is for people.",
    "required": ["type", "title", "status", "reason", "request_id"],
    "properties": {
        "type": {"type": "string", "const": "about:blank", "description": "Always the same; see `reason`."},
        "title": {
            "type": "string",
            "description": "One sentence, in the language that `Accept-Language` wishes.",
        },
        "status": {"type": "integer", "description": "The HTTP status again."},
        "reason": {"type": "string", "description": "Stable, for programs.", "examples": ["STALE_MARK"]},
        "request_id": {"type": "string", "description": "Leads to the log of the diary's operator."},
        "metadata": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "What a program may need to go on, such as the name of the wrong field.",
        },
    },
}


class Schemas:
    """Collects the schema of every message and enum that is referred to."""

    def __init__(self, comments: Mapping[str, Comment]) -> None:
        self._comments = comments
        self._names: dict[str, str] = {}
        self.components: dict[str, Schema] = {"Problem": PROBLEM}

    def message(self, descriptor: Descriptor) -> Schema:
        """A reference to the schema of a message type."""
        if descriptor.full_name == _TIMESTAMP:
            return {"type": "string", "format": "date-time"}
        name, is_new = self._name(descriptor)
        if is_new:
            self.components[name] = {}  # taken, before its fields refer to it again
            self.components[name] = self.object(descriptor)
        return _reference(name)

    def object(self, descriptor: Descriptor, without: Collection[str] = ()) -> Schema:
        """The schema of a message type itself, without some of its fields."""
        properties = {
            field.name: self.field(field) for field in descriptor.fields if field.name not in without
        }
        return self._described({"type": "object", "properties": properties}, descriptor.full_name)

    def field(self, field: FieldDescriptor) -> Schema:
        """The schema of a field with its comment."""
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            inner = field.message_type.fields_by_name["value"]
            schema: Schema = {"type": "object", "additionalProperties": self._one(inner)}
        elif field.is_repeated:
            schema = {"type": "array", "items": self._one(field)}
        else:
            schema = self._one(field)
        return self._described(schema, field.full_name)

    def _one(self, field: FieldDescriptor) -> Schema:
        if field.message_type is not None:
            return self.message(field.message_type)
        if field.enum_type is not None:
            return self._enum(field.enum_type)
        return dict(_SCALARS[field.type])

    def _enum(self, descriptor: EnumDescriptor) -> Schema:
        name, is_new = self._name(descriptor)
        if is_new:
            lines = [self._line(descriptor, value.name) for value in descriptor.values]
            about = " ".join(self._comment(descriptor.full_name).paragraphs)
            self.components[name] = {
                "type": "string",
                "enum": [value.name for value in descriptor.values],
                "description": "\n".join([about, "", *lines]),
            }
        return _reference(name)

    def _name(self, descriptor: Descriptor | EnumDescriptor) -> tuple[str, bool]:
        """The component's name, and whether it is new: the short one unless another type has it already."""
        known = self._names.get(descriptor.full_name)
        if known is not None:
            return known, False
        name = descriptor.full_name if descriptor.name in self.components else descriptor.name
        self._names[descriptor.full_name] = name
        return name, True

    def _line(self, descriptor: EnumDescriptor, value: str) -> str:
        return f"- `{value}`: {' '.join(self._comment(f'{descriptor.full_name}.{value}').paragraphs)}"

    def _comment(self, full_name: str) -> Comment:
        return self._comments.get(full_name, NONE)

    def _described(self, schema: Schema, full_name: str) -> Schema:
        text = "\n\n".join(self._comment(full_name).paragraphs)
        return {**schema, "description": text} if text else schema


def _reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}
