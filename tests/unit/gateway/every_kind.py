"""A message type with a field of every kind that proto3 has, also those no contract uses yet."""

from __future__ import annotations

from functools import cache

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, timestamp_pb2
from google.protobuf.message import Message

_FIELD = descriptor_pb2.FieldDescriptorProto
_SCALARS = [
    "double", "float", "int64", "uint64", "int32", "fixed64", "fixed32", "bool", "string", "bytes",
    "uint32", "sfixed32", "sfixed64", "sint32", "sint64",
]  # fmt: skip


@cache
def every_kind() -> type[Message]:
    """Singular, repeated, optional, one-of and map fields of every scalar, an enum, an instant and itself."""
    file = descriptor_pb2.FileDescriptorProto(
        name="tests/every_kind.proto",
        package="tests",
        syntax="proto3",
        dependency=[timestamp_pb2.DESCRIPTOR.name],
    )
    colour = file.enum_type.add(name="Colour")
    colour.value.add(name="COLOUR_UNSPECIFIED", number=0)
    colour.value.add(name="COLOUR_RED", number=7)
    message = file.message_type.add(name="EveryKind")
    message.oneof_decl.add(name="choice")
    for name in _SCALARS:
        kind = getattr(_FIELD, f"TYPE_{name.upper()}")
        _add(message, f"one_{name}", type=kind)
        _add(message, f"many_{name}", type=kind, label=_FIELD.LABEL_REPEATED)
        _add(message, f"either_{name}", type=kind, oneof_index=0)
        _add_map(message, f"map_{name}", key=_FIELD.TYPE_STRING, value=kind)
    for key in ("int64", "bool", "uint32"):
        _add_map(message, f"by_{key}", key=getattr(_FIELD, f"TYPE_{key.upper()}"), value=_FIELD.TYPE_STRING)
    for name, type_name, kind in [
        ("colour", ".tests.Colour", _FIELD.TYPE_ENUM),
        ("instant", ".google.protobuf.Timestamp", _FIELD.TYPE_MESSAGE),
        ("self", ".tests.EveryKind", _FIELD.TYPE_MESSAGE),
    ]:
        _add(message, f"one_{name}", type=kind, type_name=type_name)
        _add(message, f"many_{name}", type=kind, type_name=type_name, label=_FIELD.LABEL_REPEATED)
        _add(message, f"either_{name}", type=kind, type_name=type_name, oneof_index=0)
        _add_map(message, f"map_{name}", key=_FIELD.TYPE_STRING, value=kind, type_name=type_name)
    # Names that mean something in Python.
    _add(message, "from", type=_FIELD.TYPE_STRING)
    _add(message, "class", type=_FIELD.TYPE_STRING, label=_FIELD.LABEL_REPEATED)
    # The synthetic one-ofs of optional fields must come after the real one.
    for name in _SCALARS:
        message.oneof_decl.add(name=f"_maybe_{name}")
        kind = getattr(_FIELD, f"TYPE_{name.upper()}")
        _add(
            message, f"maybe_{name}", type=kind, proto3_optional=True, oneof_index=len(message.oneof_decl) - 1
        )
    pool = descriptor_pool.Default()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("tests.EveryKind"))


def _add(message: descriptor_pb2.DescriptorProto, name: str, **how: object) -> None:
    message.field.add(
        **{"name": name, "number": len(message.field) + 1, "label": _FIELD.LABEL_OPTIONAL, **how}
    )


def _add_map(
    message: descriptor_pb2.DescriptorProto, name: str, *, key: int, value: int, type_name: str | None = None
) -> None:
    entry = message.nested_type.add(name="".join(part.title() for part in name.split("_")) + "Entry")
    entry.options.map_entry = True
    _add(entry, "key", type=key)
    _add(entry, "value", type=value, type_name=type_name)
    _add(
        message, name,
        type=_FIELD.TYPE_MESSAGE, type_name=f".tests.EveryKind.{entry.name}", label=_FIELD.LABEL_REPEATED,
    )  # fmt: skip
