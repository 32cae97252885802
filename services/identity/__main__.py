"""``python -m services.identity`` serves; with ``migrate`` it brings the database up to date and ends.

``grant-operator`` with a person's id or a login makes the first operator of a region.
"""

from __future__ import annotations

from services.identity.app import MIGRATIONS, run
from services.identity.config import IdentitySettings
from services.identity.staff.command import GRANT_OPERATOR, grant_operator
from services.kit.process import main

if __name__ == "__main__":
    main("identity", IdentitySettings, run, MIGRATIONS, {GRANT_OPERATOR: grant_operator})
