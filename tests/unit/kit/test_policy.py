from __future__ import annotations

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool

from school.access.v1.policy_pb2 import Policy, Role, Roles, policy
from school.diary.v1 import marks_pb2
from services.kit.rpc.policy import PolicyMissing, policies_of


def _service(name: str, said: Policy | None) -> str:
    """Adds a contract with one RPC to the pool; returns the service's full name."""
    file = descriptor_pb2.FileDescriptorProto(
        name=f"test/{name}.proto", package="test", dependency=["school/access/v1/policy.proto"]
    )
    file.message_type.add(name=f"{name}Message")
    method = file.service.add(name=name).method.add(
        name="Do", input_type=f".test.{name}Message", output_type=f".test.{name}Message"
    )
    if said is not None:
        method.options.Extensions[policy].CopyFrom(said)
    descriptor_pool.Default().AddSerializedFile(file.SerializeToString())
    return f"test.{name}"


def test_the_policies_of_a_contract_are_read() -> None:
    name = marks_pb2.DESCRIPTOR.services_by_name["MarksService"].full_name
    assert policies_of([name])[f"/{name}/SetMark"].any_of.roles == [Role.ROLE_TEACHER]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Silent", None),
        ("Empty", Policy()),
        ("NotEvenAnyone", Policy(anyone=False)),
        ("NoRoles", Policy(any_of=Roles())),
        ("UnspecifiedRole", Policy(any_of=Roles(roles=[Role.ROLE_TEACHER, Role.ROLE_UNSPECIFIED]))),
    ],
)
def test_an_rpc_that_admits_nobody_in_particular_stops_the_start(name: str, said: Policy | None) -> None:
    with pytest.raises(PolicyMissing, match=f"/test.{name}/Do"):
        policies_of([_service(name, said)])
