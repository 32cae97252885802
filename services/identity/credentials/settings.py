"""What a region asks of passwords."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from services.identity.credentials.rules.policy import LEAST_LENGTH
from services.identity.passwords import LEAST_COST, HashCost


class PasswordSettings(BaseModel):
    """``MESH_PASSWORDS__…``. A region may ask for more than the defaults, never for less."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # 64 at the most: else nobody could set one (NIST SP 800-63B-4 wants at least 64 to be accepted).
    least_length: int = Field(default=LEAST_LENGTH, ge=LEAST_LENGTH, le=64)
    """The fewest characters of a password."""
    memory_kib: int = Field(default=LEAST_COST.memory_kib, ge=LEAST_COST.memory_kib)
    """Memory of one argon2id hash, KiB; a replica computes as many at once as it has processors."""
    passes: int = Field(default=LEAST_COST.passes, ge=LEAST_COST.passes)
    """Passes of argon2id over the memory (t)."""
    lanes: int = Field(default=LEAST_COST.lanes, ge=LEAST_COST.lanes)
    """Lanes of argon2id (p)."""

    @property
    def cost(self) -> HashCost:
        """What a hash costs. Changed, it takes effect for each person at their next sign-in."""
        return HashCost(self.memory_kib, self.passes, self.lanes)
