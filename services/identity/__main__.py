"""``python -m services.identity`` serves; with ``migrate`` it brings the database up to date and ends.

With a person's id or a login, ``grant-operator`` makes the first operator of a region, and
``remove-second-factor`` helps who has lost both phone and recovery codes. ``tell-again everything`` publishes
the facts that others keep copies of once more. ``dead-letters`` shows events that could not be applied.
"""

from __future__ import annotations

from services.identity.app import MIGRATIONS, effects_of, run
from services.identity.commands import COMMANDS
from services.identity.config import IdentitySettings
from services.kit.process import main

if __name__ == "__main__":
    main("identity", IdentitySettings, run, MIGRATIONS, COMMANDS, effects=effects_of)
