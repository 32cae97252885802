"""Families as rows; other capabilities join with ``relations`` and ask ``children_of``."""

from services.identity.families.storage.standing import children_of, relations

__all__ = ["children_of", "relations"]
