"""What has had its day is removed."""

from __future__ import annotations

from importlib import import_module
from pkgutil import walk_packages

from services import identity
from services.identity import sweep


def test_whatever_can_be_swept_is_swept() -> None:
    """Who writes a `sweep_…` into a storage and forgets to have it called is told here."""
    modules = walk_packages(identity.__path__, f"{identity.__name__}.")
    storages = [import_module(module.name) for module in modules if ".storage" in module.name]

    written = {name for storage in storages for name in vars(storage) if name.startswith("sweep_")}

    assert written == {name for name in vars(sweep) if name.startswith("sweep_")}
