"""Identifiers. Every id in the product is a UUIDv7: sortable by time, unique without a central counter."""

import uuid_utils


def new_id() -> str:
    """A new UUIDv7 as its 36-character string."""
    return str(uuid_utils.uuid7())
