"""The texts, as files: ``<purpose>-<edition>.toml``, each for ever as it is."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final

from services.identity.consents.rules import Purpose, Text, version_of, worded
from services.identity.consents.settings import OperatorSettings

FOLDER: Final = Path(__file__).parent


def texts_of(operator: OperatorSettings, folder: Path = FOLDER) -> list[Text]:
    """The newest edition of every purpose, in the words of this region's operator."""
    values = {"operator": operator.name, "address": operator.address, "contact": operator.contact}
    texts = []
    for purpose in Purpose:
        edition, file = max(
            (int(file.stem.rpartition("-")[2]), file) for file in folder.glob(f"{purpose.lower()}-*.toml")
        )
        said = tomllib.loads(file.read_text("utf-8"))
        texts.append(
            Text(
                purpose,
                version_of(edition, operator.revision),
                worded(said["wording"], values),
                worded(said["consequence"], values),
            )
        )
    return texts
