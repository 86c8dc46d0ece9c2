"""Chooses the rows of a camera's chain that prove exported footage without the rest of the chain.

Here: which rows, and a checkpoint if none follows them yet. Not here: signatures (signing), the ZIP file (pack).
Design: docs/design/integrity.md, "The pack".
"""

from collections.abc import Collection
from dataclasses import dataclass

from shike.capture.archive.chain import Chain, Link
from shike.capture.clock import Clock
from shike.capture.errors import NoFootage
from shike.capture.proof.signing import Signer, checkpoint, introduce

# An excerpt grows by at most this many rows to end with a time-stamped checkpoint. Time stamps once an hour are a few
# hundred rows apart.
_ROWS_FOR_A_STAMP = 5_000


@dataclass(frozen=True, slots=True)
class Proof:
    """`rows`: consecutive, from the first row of the exported segments to a checkpoint after the last.

    `keys`: the `key` rows elsewhere in the chain. `deleted`: later `deleted` rows about segments in `rows`.
    `stamp`: the row of a time stamp on the closing checkpoint.
    """

    rows: tuple[Link, ...]
    keys: tuple[Link, ...]
    deleted: tuple[Link, ...]
    stamp: Link | None

    @property
    def checkpoint(self) -> Link:
        """The checkpoint at the end of `rows`."""
        return self.rows[-1]

    @property
    def segments(self) -> dict[str, Link]:
        """The row of each segment in `rows`; the later one if there are two."""
        return {str(link.fields["segment"]): link for link in self.rows if link.kind == "segment"}

    @property
    def all_keys(self) -> tuple[Link, ...]:
        """All `key` rows of the chain, oldest first."""
        return tuple(sorted((*self.keys, *(r for r in self.rows if r.kind == "key")), key=lambda link: link.number))


def proof(chain: Chain, numbers: Collection[int]) -> Proof | None:
    """The proof of the rows with these numbers; None if no checkpoint follows the last of them yet.

    NoFootage if `numbers` is empty or the chain lacks some of the rows.
    """
    if not numbers:
        raise NoFootage("no row of the chain speaks of this footage")
    first, last = min(numbers), max(numbers)
    keys, closing, stamp = _signed(chain, last)
    if closing is None:
        return None
    rows: list[Link] = []
    for link in chain.links(first):
        rows.append(link)
        if len(rows) > closing.number - first:
            break
    if not rows or rows[-1].line != closing.line:
        raise NoFootage(f"the chain does not hold rows {first} to {closing.number}")
    segments = {link.fields.get("segment") for link in rows if link.kind == "segment"}
    return Proof(
        rows=tuple(rows),
        keys=tuple(link for link in keys if not first <= link.number <= closing.number),
        deleted=tuple(
            link
            for link in chain.of_kinds("deleted")
            if link.number > closing.number and link.fields.get("segment") in segments
        ),
        stamp=stamp,
    )


def _signed(chain: Chain, last: int) -> tuple[list[Link], Link | None, Link | None]:
    """All `key` rows; the checkpoint after row `last` that ends the proof; its time stamp if one is near enough.

    Keeps only a few rows in memory, however long the chain is.
    """
    keys: list[Link] = []
    behind: dict[int, Link] = {}
    nearest: Link | None = None
    stamp: Link | None = None
    for link in chain.of_kinds("key", "checkpoint", "timestamp"):
        if link.kind == "key":
            keys.append(link)
        elif link.kind == "checkpoint" and link.number > last:
            nearest = nearest or link
            if link.number - nearest.number < _ROWS_FOR_A_STAMP:
                behind[link.number] = link
        elif link.kind == "timestamp" and stamp is None and link.fields["checkpoint"] in behind:
            stamp = link
    return keys, nearest if stamp is None else behind[stamp.fields["checkpoint"]], stamp


def prove(chain: Chain, camera_id: str, numbers: Collection[int], signer: Signer, clock: Clock) -> Proof:
    """The proof of the rows with these numbers. Signs the chain first if no checkpoint follows the last of them.

    NoFootage if there are no rows, FootageError if the chain cannot be read, SigningKeyError if the key was replaced
    meanwhile, OSError if the volume refuses.
    """
    excerpt = proof(chain, numbers)
    if excerpt is None:
        checkpoint(chain, camera_id, signer, clock)
        excerpt = proof(chain, numbers)
    if excerpt is None:
        raise NoFootage(f"the chain of camera {camera_id} ends before row {max(numbers)}")
    if all(key.fields["key"] != signer.key_id for key in excerpt.all_keys):
        # The rows are signed with an earlier key. The chain must introduce the key that signs the pack.
        introduce(chain, camera_id, signer, clock)
        excerpt = proof(chain, numbers) or excerpt
    return excerpt
