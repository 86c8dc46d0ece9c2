"""What of a camera's chain goes with footage that leaves the house, so that it can be checked without the rest.

Here: which rows, and that they are signed. Not here: signatures (signing), the file that they go into (pack).
Design: docs/design/integrity.md, "The pack".
"""

from collections.abc import Collection
from dataclasses import dataclass

from shike.capture.chain import Chain, Link
from shike.capture.clock import Clock
from shike.capture.errors import NoFootage
from shike.capture.signing import Signer, checkpoint, introduce

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
    marks = list(chain.of_kinds("key", "checkpoint", "timestamp", "deleted"))
    behind = [link for link in marks if link.kind == "checkpoint" and link.number > last]
    if not behind:
        return None
    closing, stamp = behind[0], None
    for link in marks:
        if link.kind == "timestamp" and 0 <= link.said["checkpoint"] - closing.number < _ROWS_FOR_A_STAMP:
            closing = next((each for each in behind if each.number == link.said["checkpoint"]), closing)
            stamp = link if closing.number == link.said["checkpoint"] else None
            break
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
        keys=tuple(link for link in marks if link.kind == "key" and not first <= link.number <= closing.number),
        deleted=tuple(
            link
            for link in marks
            if link.kind == "deleted" and link.number > closing.number and link.said.get("segment") in segments
        ),
        stamp=stamp,
    )


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
