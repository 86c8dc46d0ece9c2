"""What of a camera's chain goes with footage that leaves the house, so that it can be checked without the rest.

Here: which rows, and that they are signed. Not here: signatures (signing), the file that they go into (pack).
Design: docs/design/integrity.md, "The pack".
"""

from collections.abc import Collection
from dataclasses import dataclass

from shike.capture.archive.chain import Chain, Link
from shike.capture.clock import Clock
from shike.capture.errors import NoFootage
from shike.capture.proof.signing import Signer, checkpoint, introduce

# How many rows more are worth a time stamp: with one an hour and some rows a minute there are a few hundred.
_ROWS_FOR_A_STAMP = 5_000


@dataclass(frozen=True, slots=True)
class Proof:
    """`rows` without a hole, from the first that is spoken of to a checkpoint behind the last.

    `keys`: the rows of all keys that stand elsewhere in the chain. `deleted`: later rows that say what became of
    segments in `rows`. `stamp`: the row of a time stamp on the closing checkpoint.
    """

    rows: tuple[Link, ...]
    keys: tuple[Link, ...]
    deleted: tuple[Link, ...]
    stamp: Link | None

    @property
    def checkpoint(self) -> Link:
        """The checkpoint that closes the rows."""
        return self.rows[-1]

    @property
    def segments(self) -> dict[str, Link]:
        """The row of every segment in `rows`; the later one where there are two."""
        return {str(link.said["segment"]): link for link in self.rows if link.kind == "segment"}

    @property
    def all_keys(self) -> tuple[Link, ...]:
        """The rows of all keys of the chain, oldest first."""
        return tuple(sorted((*self.keys, *(r for r in self.rows if r.kind == "key")), key=lambda link: link.number))


def proof(chain: Chain, numbers: Collection[int]) -> Proof | None:
    """What proves the rows with these numbers; None where no checkpoint is behind the last of them yet.

    NoFootage if there are no rows, or fewer in the chain than are spoken of.
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
    segments = {link.said.get("segment") for link in rows if link.kind == "segment"}
    return Proof(
        rows=tuple(rows),
        keys=tuple(link for link in keys if not first <= link.number <= closing.number),
        deleted=tuple(
            link
            for link in chain.of_kinds("deleted")
            if link.number > closing.number and link.said.get("segment") in segments
        ),
        stamp=stamp,
    )


def _signed(chain: Chain, last: int) -> tuple[list[Link], Link | None, Link | None]:
    """All keys; the checkpoint behind row `last` that closes a proof, and its time stamp if one is near enough.

    Of a chain of years only what is told is kept.
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
        elif link.kind == "timestamp" and stamp is None and link.said["checkpoint"] in behind:
            stamp = link
    return keys, nearest if stamp is None else behind[stamp.said["checkpoint"]], stamp


def prove(chain: Chain, camera_id: str, numbers: Collection[int], signer: Signer, clock: Clock) -> Proof:
    """What proves the rows with these numbers: signs the chain first where that was not yet done behind the last.

    NoFootage if there are no rows, FootageError if the chain cannot be read, SigningKeyError if the key was replaced
    meanwhile, OSError if the volume refuses.
    """
    found = proof(chain, numbers)
    if found is None:
        checkpoint(chain, camera_id, signer, clock)
        found = proof(chain, numbers)
    if found is None:
        raise NoFootage(f"the chain of camera {camera_id} ends before row {max(numbers)}")
    if all(key.said["key"] != signer.key_id for key in found.all_keys):
        # Signed with a key that was replaced since: what signs the pack must follow from it.
        introduce(chain, camera_id, signer, clock)
        found = proof(chain, numbers) or found
    return found
