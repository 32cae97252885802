"""Families as rows; other capabilities join with ``relations``, read its rows and ask ``children_of``."""

from services.identity.families.storage.standing import children_of, relation_of, relations

__all__ = ["children_of", "relation_of", "relations"]
