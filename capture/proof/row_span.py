"""A range of chain rows by their positions. Not here: the rows (archive.chain)."""

from dataclasses import dataclass


@dataclass(slots=True)
class RowSpan:
    """Positions from `first` to `last`; empty while both are None.

    Contains one row more at each end: a row that does not fit the row before it is reported at the later one.
    """

    first: int | None = None
    last: int | None = None

    def add(self, row: int) -> None:
        """Extend the span to include a row."""
        self.first = row if self.first is None else min(self.first, row)
        self.last = row if self.last is None else max(self.last, row)

    def __contains__(self, row: int | None) -> bool:
        if row is None or self.first is None or self.last is None:
            return False
        return self.first - 1 <= row <= self.last + 1
