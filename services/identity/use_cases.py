"""What people can do here, and how the areas stand on each other."""

from __future__ import annotations

from dataclasses import dataclass

from grpc import aio

from services.identity.areas.account import AccountArea, account_of
from services.identity.areas.children import ChildrenArea, children_of
from services.identity.areas.entry import EntryArea, entry_of
from services.identity.areas.family import FamilyArea, family_of
from services.identity.areas.ground import Ground
from services.identity.areas.office import OfficeArea, office_of
from services.identity.areas.privacy import PrivacyArea, privacy_of
from services.identity.areas.proof import ProofArea, proof_of
from services.identity.areas.records import RecordsArea, records_of
from services.identity.areas.region import RegionArea, region_of


@dataclass(frozen=True, slots=True)
class UseCases:
    """Everything people can do here, behind whichever door; an area knows of those above it alone."""

    proof: ProofArea
    account: AccountArea
    family: FamilyArea
    privacy: PrivacyArea
    office: OfficeArea
    entry: EntryArea
    children: ChildrenArea
    records: RecordsArea
    region: RegionArea

    def serve(self, ground: Ground, server: aio.Server) -> None:
        """Open every door."""
        self.proof.serve(ground, server)
        self.account.serve(ground, server)
        self.family.serve(server)
        self.privacy.serve(server)
        self.office.serve(ground, server)
        self.entry.serve(ground, server)
        self.children.serve(server)
        self.records.serve(ground, server)
        self.region.serve(server)


def use_cases_of(ground: Ground) -> UseCases:
    """Every use case of the service; opens nothing."""
    proof = proof_of(ground)
    account = account_of(ground, proof)
    family = family_of(ground, proof)
    privacy = privacy_of(ground, proof, family)
    office = office_of(ground, proof, account, privacy)
    entry = entry_of(ground, proof, office)
    return UseCases(
        proof=proof,
        account=account,
        family=family,
        privacy=privacy,
        office=office,
        entry=entry,
        children=children_of(ground, family, entry),
        records=records_of(ground, proof, family, entry),
        region=region_of(ground, proof),
    )
