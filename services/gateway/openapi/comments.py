"""The comments of the contracts, by the full name of what they stand beside."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from google.protobuf import descriptor_pb2

# Field numbers in descriptor.proto: the steps of a SourceCodeInfo path.
_MESSAGES, _ENUMS, _SERVICES = 4, 5, 6
_FIELDS, _NESTED_MESSAGES, _NESTED_ENUMS = 2, 3, 4
_ENUM_VALUES, _METHODS = 2, 2
# A machine reason in running text: NOT_THEIR_PUPIL.
_REASON = re.compile(r"(?<![`A-Z0-9_])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?![`A-Z0-9_])")

Path = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment as the contract has it."""

    text: str

    @property
    def summary(self) -> str:
        """The first sentence, on one line."""
        first = " ".join(self.text.partition("\n\n")[0].split())
        return first.partition(". ")[0].rstrip(".")

    @property
    def paragraphs(self) -> list[str]:
        """Its paragraphs, each on one line."""
        return [" ".join(part.split()) for part in self.text.split("\n\n") if part.strip()]

    @property
    def reasons(self) -> list[str]:
        """The machine reasons it names, in its order."""
        return list(dict.fromkeys(_REASON.findall(self.text)))


NONE = Comment("")


def read_comments(files: Iterable[descriptor_pb2.FileDescriptorProto]) -> dict[str, Comment]:
    """Every comment in ``files``."""
    found: dict[str, Comment] = {}
    for file in files:
        names = dict(_names(file))
        for location in file.source_code_info.location:
            name = names.get(tuple(location.path))
            if name is not None and location.leading_comments:
                found[name] = Comment(location.leading_comments.strip())
    return found


def _names(file: descriptor_pb2.FileDescriptorProto) -> Iterator[tuple[Path, str]]:
    """The full name of everything in a file, by its path in SourceCodeInfo."""
    for index, service in enumerate(file.service):
        name = f"{file.package}.{service.name}"
        yield (_SERVICES, index), name
        for at, method in enumerate(service.method):
            yield (_SERVICES, index, _METHODS, at), f"{name}.{method.name}"
    for index, message in enumerate(file.message_type):
        yield from _names_of_message((_MESSAGES, index), file.package, message)
    for index, enum in enumerate(file.enum_type):
        yield from _names_of_enum((_ENUMS, index), file.package, enum)


def _names_of_message(
    path: Path, scope: str, message: descriptor_pb2.DescriptorProto
) -> Iterator[tuple[Path, str]]:
    name = f"{scope}.{message.name}"
    yield path, name
    for at, field in enumerate(message.field):
        yield (*path, _FIELDS, at), f"{name}.{field.name}"
    for at, inner in enumerate(message.nested_type):
        yield from _names_of_message((*path, _NESTED_MESSAGES, at), name, inner)
    for at, enum in enumerate(message.enum_type):
        yield from _names_of_enum((*path, _NESTED_ENUMS, at), name, enum)


def _names_of_enum(
    path: Path, scope: str, enum: descriptor_pb2.EnumDescriptorProto
) -> Iterator[tuple[Path, str]]:
    name = f"{scope}.{enum.name}"
    yield path, name
    for at, value in enumerate(enum.value):
        yield (*path, _ENUM_VALUES, at), f"{name}.{value.name}"
