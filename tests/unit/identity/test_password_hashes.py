"""What is computed when a password is looked at is the same for every login, whatever hash it has (A22)."""

from __future__ import annotations

from itertools import permutations

import pytest

from services.identity.passwords import HashCost, Hasher, Passwords, cost_of

FORMER, PRESENT, COMING = (HashCost(memory_kib=each) for each in (64, 128, 256))


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[HashCost | None]:
    """The cost of each hash that is compared, in order; they are compared all the same."""
    costs: list[HashCost | None] = []
    matches = Hasher.matches

    def remembering(self: Hasher, present: str, password: str) -> bool:
        costs.append(cost_of(present))
        return matches(self, present, password)

    monkeypatch.setattr(Hasher, "matches", remembering)
    return costs


async def _computed(
    passwords: Passwords, computed: list[HashCost | None], present: str | None
) -> list[HashCost | None]:
    computed.clear()
    assert not await passwords.verify("wrong", present)
    return list(computed)


async def test_a22_a_hash_of_the_former_cost_costs_what_an_unknown_login_does(
    computed: list[HashCost | None],
) -> None:
    """Also where several costs are in use, and from whichever side one looks."""
    async with Passwords(PRESENT) as passwords:
        hashes = [Hasher(cost).hash("right") for cost in (FORMER, PRESENT, COMING)]
        for present in hashes:
            await passwords.verify("wrong", present)

        nobodys = await _computed(passwords, computed, None)

        assert sorted(map(str, nobodys)) == sorted(map(str, (FORMER, PRESENT, COMING)))
        assert [await _computed(passwords, computed, present) for present in hashes] == [nobodys] * 3


async def test_while_one_cost_is_in_use_one_hash_is_computed(computed: list[HashCost | None]) -> None:
    async with Passwords(PRESENT) as passwords:
        assert await _computed(passwords, computed, None) == [PRESENT]
        assert await _computed(passwords, computed, Hasher(PRESENT).hash("right")) == [PRESENT]


@pytest.mark.parametrize("order", list(permutations((FORMER, PRESENT, COMING))), ids=str)
async def test_the_right_password_matches_at_every_cost_and_nobodys_at_none(
    order: tuple[HashCost, ...],
) -> None:
    async with Passwords(PRESENT) as passwords:
        for cost in order:
            present = Hasher(cost).hash("right")
            assert await passwords.verify("right", present)
            assert not await passwords.verify("wrong", present)
        assert not await passwords.verify("right", None)


async def test_what_is_no_hash_costs_what_an_unknown_login_does(computed: list[HashCost | None]) -> None:
    async with Passwords(PRESENT) as passwords:
        assert await _computed(passwords, computed, "$argon2id$damaged") == [PRESENT]
