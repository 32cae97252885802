"""A31: what one region gave opens nothing in another, though it lay in the very database."""

from __future__ import annotations

from collections.abc import Awaitable

from sqlalchemy import insert, update

from school.identity.v1 import people_pb2, regions_pb2, sign_in_pb2
from services.identity.accounts.storage import accounts
from services.identity.binding.storage import bindings
from services.identity.links.storage import link_transactions
from services.kit.ids import new_id
from services.kit.tokens import issuer_of
from tests.support.clock import MovableClock
from tests.support.identity import DEADLINE, Doors, Town, reason
from tests.support.keys import REGION

NEIGHBOUR = "50"


async def test_a31_a_binding_of_another_region_lets_nobody_in(here: Town, doors: Doors) -> None:
    """The same profile at the same ESIA, bound there; nobody here has its SNILS."""
    person, citizen = await here.register(), here.citizen(snils=here.snils())
    async with here.database.transaction() as tx:
        await tx.execute(
            insert(bindings).values(
                id=new_id(),
                region=NEIGHBOUR,
                provider=here.bench.settings.issuer,
                subject=str(citizen.oid),
                account_id=person.account_id,
                road="SNILS",
                link_id=new_id(),
                bound_at=here.clock.now(),
            )
        )
    assert await reason(doors.enter(citizen)) == "SNILS_UNKNOWN"


async def test_a31_a_binding_of_another_region_is_in_nobodys_way(here: Town, doors: Doors) -> None:
    """Its row is another region's: here the profile is bound for the first time."""
    snils = here.snils()
    person, citizen = await here.register(snils=snils), here.citizen(snils=snils)
    assert (await doors.enter(citizen)).bound_now
    async with here.database.transaction() as tx:
        await tx.execute(
            update(bindings).where(bindings.c.account_id == person.account_id).values(region=NEIGHBOUR)
        )
    assert (await doors.enter(citizen)).bound_now
    regions = {row.region for row in await here.rows(bindings, bindings.c.account_id == person.account_id)}
    assert regions == {REGION, NEIGHBOUR}


async def test_a31_a_state_of_another_region_ends_nowhere(here: Town, doors: Doors) -> None:
    snils = here.snils()
    person = await here.register(snils=snils)
    redirect = await doors.back_from_esia(here.citizen(snils=snils))
    async with here.database.transaction() as tx:
        await tx.execute(update(link_transactions).values(region=NEIGHBOUR))
    assert await reason(doors.complete(redirect)) == "REGION_DIFFERS"
    assert await here.rows(bindings, bindings.c.account_id == person.account_id) == []


async def test_a31_a_token_of_another_region_is_refused(
    here: Town, doors: Doors, clock: MovableClock
) -> None:
    """Signed by the very key that signs here, as if two regions shared one."""
    person = await here.register()
    [account] = await here.rows(accounts, accounts.c.person_id == person.person_id)

    def ask(region: str) -> Awaitable[people_pb2.GetMeResponse]:
        assert here.keys is not None
        token, _ = here.keys.issuer(region=region, issuer=issuer_of(region), clock=clock).issue(
            person_id=person.person_id, account_id=account.id, session_id=new_id(), roles=frozenset()
        )
        request, metadata = people_pb2.GetMeRequest(), (("authorization", f"Bearer {token}"),)
        return doors.people.GetMe(request, timeout=DEADLINE, metadata=metadata)

    assert (await ask(REGION)).person.person_id == str(person.person_id)
    assert await reason(ask(NEIGHBOUR)) == "TOKEN_REFUSED"


async def test_a31_the_directory_leads_to_the_neighbour_and_opens_no_door_for_it(doors: Doors) -> None:
    reply = await doors.regions.ListRegions(regions_pb2.ListRegionsRequest(), timeout=DEADLINE)
    [there] = [region for region in reply.regions if region.code == NEIGHBOUR]
    assert (there.here, there.address) == (False, "https://50.diary.test")
    request = sign_in_pb2.StartEsiaSignInRequest(region_code=NEIGHBOUR)
    assert await reason(doors.sign_in.StartEsiaSignIn(request, timeout=DEADLINE)) == "REGION_ELSEWHERE"
