"""Rows that were added to a chain after a verification walked it: segments that were linked or deleted meanwhile.

Not here: the walk (chain_walk), what follows from these rows (integrity).
"""

from collections.abc import Mapping, Set

from shike.capture.archive.chain import Chain, Link
from shike.capture.errors import FootageError


class NewerRows:
    """The rows after position `last_row`. Reads them again whenever the chain has grown."""

    def __init__(self, chain: Chain, last_row: int) -> None:
        self._chain, self._last_row = chain, last_row
        self._mark: object = None
        self._deleted: dict[str, bool] = {}
        self._linked: set[str] = set()

    @property
    def deleted(self) -> Mapping[str, bool]:
        """Ids of segments with a newer `deleted` row, and whether their file was already missing."""
        self._read()
        return self._deleted

    @property
    def linked(self) -> Set[str]:
        """Ids of segments with a newer `segment` row."""
        self._read()
        return self._linked

    def _read(self) -> None:
        if (mark := self._chain.mark()) == self._mark:
            return
        for _, line in self._chain.rows(self._last_row + 1):
            link = parsed(line)
            if link is not None and link.kind == "deleted":
                self._deleted.setdefault(str(link.fields.get("segment")), bool(link.fields.get("missing", False)))
            elif link is not None and link.kind == "segment":
                self._linked.add(str(link.fields.get("segment")))
        self._mark = mark


def parsed(line: bytes) -> Link | None:
    """The row of a line; None if it cannot be parsed or its segment id is no text."""
    try:
        link = Link.parse(line)
    except FootageError:
        return None
    return link if isinstance(link.fields.get("segment"), str | None) else None
