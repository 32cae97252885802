"""The RPCs of the region as their contracts describe them: messages, HTTP path, who may call.

Routes, decoders, encoders and the OpenAPI document are all built from what is read here, once at start.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module, resources

from google.api import annotations_pb2, http_pb2
from google.protobuf import descriptor_pb2, message_factory
from google.protobuf.descriptor import FileDescriptor, MethodDescriptor
from google.protobuf.message import Message

from school.access.v1.policy_pb2 import Policy, policy
from services.kit.rpc.policy import policies_of

# Packages are named school.<service>.v1; this one holds the policy option and no RPC.
_ROOT = "school/"


class ContractError(Exception):
    """A contract asks for something that the gateway does not do; it does not start."""


@dataclass(frozen=True, slots=True)
class Rpc:
    """One RPC and the one HTTP path beside it."""

    service: str
    """Who answers: ``identity``, ``diary``, ``notifications``."""
    descriptor: MethodDescriptor
    request: type[Message]
    reply: type[Message]
    http_method: str
    template: str
    """The path with its fields in braces: ``/v1/pupils/{pupil_id}/week``."""
    has_body: bool
    """Whether the fields that are not in the path come from a JSON body; else from the query."""
    policy: Policy

    @property
    def path(self) -> str:
        """The gRPC path: ``/school.diary.v1.WeekService/GetWeek``."""
        return f"/{self.descriptor.containing_service.full_name}/{self.descriptor.name}"

    @property
    def streams(self) -> bool:
        """Whether the reply is a stream, which the gateway answers itself."""
        return bool(self.descriptor.server_streaming)


def read_descriptor_set() -> descriptor_pb2.FileDescriptorSet:
    """The committed descriptors with the comments of the contracts. A few hundred kB: read, use, let go."""
    file = resources.files("school").joinpath("contracts.binpb")
    return descriptor_pb2.FileDescriptorSet.FromString(file.read_bytes())


def read_rpcs() -> list[Rpc]:
    """Every RPC of the contracts that has an HTTP path.

    Raises:
        ContractError: an RPC asks for an HTTP mapping that is not offered here.
        PolicyMissing: an RPC does not say who may call it.
    """
    found: list[Rpc] = []
    for file in _files():
        services = list(file.services_by_name.values())
        policies_of(service.full_name for service in services)
        for service in services:
            with_path = (m for m in service.methods if m.GetOptions().HasExtension(annotations_pb2.http))
            found.extend(_rpc(file, method) for method in with_path)
    return found


def _files() -> Iterator[FileDescriptor]:
    for file in read_descriptor_set().file:
        if file.name.startswith(_ROOT):
            module = file.name.removesuffix(".proto").replace("/", ".") + "_pb2"
            yield import_module(module).DESCRIPTOR


def _rpc(file: FileDescriptor, method: MethodDescriptor) -> Rpc:
    options = method.GetOptions()
    rule: http_pb2.HttpRule = options.Extensions[annotations_pb2.http]
    verb = rule.WhichOneof("pattern")
    if options.Extensions[policy].WhichOneof("admits") == "internal":
        raise ContractError(f"{method.full_name}: what only services may call has no HTTP path")
    if (
        verb not in {"get", "put", "post", "delete", "patch"}
        or rule.additional_bindings
        or rule.response_body
    ):
        raise ContractError(f"{method.full_name}: only one plain HTTP method per RPC is offered")
    if rule.body not in {"", "*"}:
        raise ContractError(f'{method.full_name}: a body is all fields ("*") or none')
    if method.client_streaming:
        raise ContractError(f"{method.full_name}: HTTP has no stream of requests")
    return Rpc(
        service=file.package.split(".")[1],
        descriptor=method,
        request=message_factory.GetMessageClass(method.input_type),
        reply=message_factory.GetMessageClass(method.output_type),
        http_method=verb.upper(),
        template=getattr(rule, verb),
        has_body=rule.body == "*",
        policy=options.Extensions[policy],
    )
