"""Signatures over a camera's chain: statements, checkpoints, and how a key is introduced before its first use.

Statements are UTF-8 text with a line feed behind every line, so that openssl can check them. Not here: where keys lie
(signing_keys), what holds of a chain (integrity). Design: docs/design/integrity.md, "Signatures".
"""

import base64
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from shike.capture.archive.chain import Chain, Link
from shike.capture.clock import Clock
from shike.capture.errors import FootageError, SigningKeyError
from shike.capture.proof.signing_keys import SigningKeys, der_of, key_id, pem_of

ALGORITHM = "ed25519"

Append = Callable[[str, Mapping[str, Any]], Link]


class Signer:
    """Signs with the installation's key. Cheap to make: whoever signs for long makes a new one now and then."""

    def __init__(self, key: Ed25519PrivateKey, former: Callable[[str], Ed25519PrivateKey | None]) -> None:
        """`former` finds the private half of a replaced key by its id, while it is kept."""
        self._key, self._former = key, former
        self.public_der = der_of(key.public_key())
        self.key_id = key_id(self.public_der)

    @classmethod
    def at(cls, keys_folder: Path) -> "Signer":
        """The signer of an installation; makes its key (0600) where there is none. SigningKeyError if it is lost."""
        keys = SigningKeys(keys_folder)
        return cls(keys.current(), keys.private)

    @classmethod
    def found(cls, keys_folder: Path) -> "Signer | None":
        """The signer of an installation, None where it has no key yet. SigningKeyError if it is lost."""
        keys = SigningKeys(keys_folder)
        key = keys.found()
        return None if key is None else cls(key, keys.private)

    @property
    def public_pem(self) -> bytes:
        """The public key as openssl reads it."""
        return pem_of(self.public_der)

    def sign(self, data: bytes) -> bytes:
        """The signature over `data`: 64 bytes."""
        return self._key.sign(data)

    def sign_as(self, former_id: str, data: bytes) -> bytes | None:
        """The signature of a key that this one replaced; None if its private half is gone."""
        key = self._former(former_id)
        return None if key is None else key.sign(data)


def verify(public_der: bytes, data: bytes, signature: bytes) -> bool:
    """Whether a signature over `data` was made with the private half of a public key."""
    try:
        key = load_der_public_key(public_der)
        if not isinstance(key, Ed25519PublicKey):
            return False
        key.verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def checkpoint_statement(camera_id: str, number: int, prev: str, at_us: int, key: str) -> bytes:
    """What a checkpoint's signature is over; `number` and `prev` are those of its row, `key` the id of the key."""
    return f"shike checkpoint 1\ncamera {camera_id}\nnumber {number}\nprev {prev}\nat_us {at_us}\nkey {key}\n".encode()


def key_statement(camera_id: str, number: int, prev: str, at_us: int, key: str, public: str, by: str) -> bytes:
    """What the old key's signature over a new key is over; `public` is the new key in base64, `by` the old one's id."""
    row = f"camera {camera_id}\nnumber {number}\nprev {prev}\nat_us {at_us}\nkey {key}\n"
    return f"shike key 1\n{row}public {public}\nby {by}\n".encode()


def said_signature(signature: bytes) -> str:
    """A signature that names its algorithm."""
    return f"{ALGORITHM}:{base64.b64encode(signature).decode()}"


def signature_of(said: object) -> bytes | None:
    """The signature in a row; None if there is none that can be read."""
    algorithm, _, value = str(said).partition(":")
    if algorithm != ALGORITHM:
        return None
    try:
        return base64.b64decode(value, validate=True)
    except ValueError:
        return None


def checkpoint(chain: Chain, camera_id: str, signer: Signer, clock: Clock) -> Link:
    """Sign all that a chain holds by now; the checkpoint that is there if nothing came since.

    A key that the chain has not seen is introduced first, by the signature of the one before. FootageError where there
    is nothing to sign, SigningKeyError if the key was replaced meanwhile, OSError if the volume refuses.
    """
    with chain.turn() as append:
        last, grown, used = _since_checkpoint(chain)
        if last is not None and not grown:
            return last
        if used is None and next(chain.backwards(), None) is None:
            raise FootageError(f"the chain of camera {camera_id} is empty")
        if used != signer.key_id:
            _introduce(chain, append, camera_id, signer, used, clock.now())
        number, prev = chain.place()
        at_us = clock.now()
        signature = signer.sign(checkpoint_statement(camera_id, number, prev, at_us, signer.key_id))
        said = {"camera": camera_id, "at_us": at_us, "key": signer.key_id, "signature": said_signature(signature)}
        return append("checkpoint", said)


def introduce(chain: Chain, camera_id: str, signer: Signer, clock: Clock) -> bool:
    """Introduce the signer's key to a chain that was signed with another; whether that was needed."""
    with chain.turn() as append:
        used = _since_checkpoint(chain)[2]
        if used is None or used == signer.key_id:
            return False
        _introduce(chain, append, camera_id, signer, used, clock.now())
        return True


def _introduce(chain: Chain, append: Append, camera_id: str, signer: Signer, used: str | None, at_us: int) -> None:
    if used is not None and _has_seen(chain, signer.key_id):
        raise SigningKeyError(
            f"the chain of camera {camera_id} is signed with {used}, which replaced {signer.key_id}",
            hint="put keys/ back from its newest backup, or make a new key with `shike keys rotate`",
        )
    number, prev = chain.place()
    public = base64.b64encode(signer.public_der).decode()
    signed = None
    if used is not None:
        signed = signer.sign_as(used, key_statement(camera_id, number, prev, at_us, signer.key_id, public, used))
    said = {
        "key": signer.key_id,
        "algorithm": ALGORITHM,
        "public": public,
        "by": None if signed is None else used,
        "signature": None if signed is None else said_signature(signed),
        "at_us": at_us,
    }
    append("key", said)


def _since_checkpoint(chain: Chain) -> tuple[Link | None, bool, str | None]:
    """The last checkpoint; whether something came after it that needs a signature; the key that was said last."""
    grown, used = False, None
    for link in chain.backwards():
        if link.kind == "checkpoint":
            return link, grown, used or str(link.said.get("key"))
        if link.kind == "key":
            used = used or str(link.said.get("key"))
        elif link.kind != "timestamp":
            grown = True
    return None, grown, used


def _has_seen(chain: Chain, key: str) -> bool:
    return any(link.kind == "key" and link.said.get("key") == key for link in chain.backwards())
