"""Identifiers. Every id in the product is a UUIDv7, which sorts by time and needs no central counter."""

import uuid_utils


def new_id() -> str:
    """A new UUIDv7 as its 36-character string."""
    return str(uuid_utils.uuid7())
