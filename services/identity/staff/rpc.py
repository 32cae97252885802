"""`StaffService` on the wire."""

from __future__ import annotations

from uuid import UUID

from school.identity.v1 import staff_pb2, staff_pb2_grpc
from services.identity.people.rules import FullName, Snils
from services.identity.staff.messages import member_message, post_message, role_of
from services.identity.staff.usecases import Place, Search, Staff
from services.kit.caller import caller
from services.kit.paging import PageWish
from services.kit.rpc.around import Context
from services.kit.rpc.parse import date_or_none, uuid_of


class StaffRpc(staff_pb2_grpc.StaffServiceServicer):
    """Who works where, and with which rights.

    Args:
        staff: the use cases.
        allow_test_snils: accept the SNILS of ESIA's test persons.
    """

    def __init__(self, staff: Staff, *, allow_test_snils: bool) -> None:
        self._staff = staff
        self._allow_test_snils = allow_test_snils

    async def ListStaff(
        self, request: staff_pb2.ListStaffRequest, context: Context
    ) -> staff_pb2.ListStaffResponse:
        """A page of the staff of a school, or of the region."""
        page = await self._staff.members(caller(), _school(request.school_id), PageWish.of(request))
        return staff_pb2.ListStaffResponse(
            members=map(member_message, page.rows), next_page_token=page.next_token
        )

    async def FindStaffCandidates(
        self, request: staff_pb2.FindStaffCandidatesRequest, context: Context
    ) -> staff_pb2.FindStaffCandidatesResponse:
        """Whom documents describe."""
        name = FullName(*(part.strip() for part in _parts(request)))
        snils = request.snils.strip()
        search = Search(
            name,
            date_or_none(request.birth_date, "birth_date"),
            Snils.parse(snils, allow_test_range=self._allow_test_snils) if snils else None,
        )
        found = await self._staff.candidates(caller(), _school(request.school_id), search)
        return staff_pb2.FindStaffCandidatesResponse(members=[member_message(member) for member in found])

    async def GetStaffMember(
        self, request: staff_pb2.GetStaffMemberRequest, context: Context
    ) -> staff_pb2.GetStaffMemberResponse:
        """One person with their posts at the school."""
        member = await self._staff.member(
            caller(), uuid_of(request.person_id, "person_id"), _school(request.school_id)
        )
        return staff_pb2.GetStaffMemberResponse(member=member_message(member))

    async def GrantStaffRole(
        self, request: staff_pb2.GrantStaffRoleRequest, context: Context
    ) -> staff_pb2.GrantStaffRoleResponse:
        """The person with their posts at the school."""
        member = await self._staff.grant(caller(), _place(request), request)
        return staff_pb2.GrantStaffRoleResponse(member=member_message(member))

    async def RevokeStaffRole(
        self, request: staff_pb2.RevokeStaffRoleRequest, context: Context
    ) -> staff_pb2.RevokeStaffRoleResponse:
        """The person with the posts that are left at the school."""
        member = await self._staff.revoke(caller(), _place(request), request)
        return staff_pb2.RevokeStaffRoleResponse(member=member_message(member))

    async def ListMyPosts(
        self, request: staff_pb2.ListMyPostsRequest, context: Context
    ) -> staff_pb2.ListMyPostsResponse:
        """The caller's posts."""
        posts = await self._staff.my_posts(caller())
        return staff_pb2.ListMyPostsResponse(posts=[post_message(post) for post in posts])


def _school(text: str) -> UUID | None:
    """The school; None for the whole region. Raises `BadId`."""
    return uuid_of(text, "school_id") if text else None


def _place(request: staff_pb2.GrantStaffRoleRequest | staff_pb2.RevokeStaffRoleRequest) -> Place:
    return Place(uuid_of(request.person_id, "person_id"), _school(request.school_id), role_of(request.role))


def _parts(request: staff_pb2.FindStaffCandidatesRequest) -> tuple[str, str, str]:
    return request.name.surname, request.name.given_name, request.name.patronymic
