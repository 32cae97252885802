"""Who processes personal data, as the texts of consents name them."""

from __future__ import annotations

from pydantic import BaseModel, Field


class OperatorSettings(BaseModel):
    """The operator in the sense of 152-ФЗ, article 3: whoever runs this mesh for the region."""

    name: str = Field(min_length=3)
    """The full legal name, such as "Министерство образования Н-ской области"."""
    address: str = Field(min_length=3)
    """The legal address."""
    contact: str = Field(min_length=3)
    """Where people write about their data: an e-mail or postal address."""
    revision: int = Field(default=1, ge=1, le=99)
    """To be raised when name, address or contact change: the texts are other texts then."""
