"""Signatures over a camera's chain: statements, `checkpoint` rows, and `key` rows before the first use of a key.

A statement is UTF-8 text with a line feed after every line, so that openssl can verify its signature. Not here: storing
keys (signing_keys), verifying a chain (chain_walk). Design: docs/design/integrity.md, "Signatures".
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
    """Signs with the installation's key. Does not notice a replaced key: long-running code makes a new Signer often."""

    def __init__(self, key: Ed25519PrivateKey, former: Callable[[str], Ed25519PrivateKey | None]) -> None:
        """`former`: returns the private half of a replaced key by its id, or None if it no longer exists."""
        self._key, self._former = key, former
        self.public_der = der_of(key.public_key())
        self.key_id = key_id(self.public_der)

    @classmethod
    def at(cls, keys_folder: Path) -> "Signer":
        """The signer of an installation. Makes its first key if there was none. SigningKeyError if the key is lost."""
        keys = SigningKeys(keys_folder)
        return cls(keys.current(), keys.private)

    @classmethod
    def existing(cls, keys_folder: Path) -> "Signer | None":
        """The signer of an installation; None if it has no key yet. SigningKeyError if the key is lost."""
        keys = SigningKeys(keys_folder)
        key = keys.existing()
        return None if key is None else cls(key, keys.private)

    @property
    def public_pem(self) -> bytes:
        """The public key in PEM form."""
        return pem_of(self.public_der)

    def sign(self, data: bytes) -> bytes:
        """The signature over `data`: 64 bytes."""
        return self._key.sign(data)

    def sign_as(self, former_id: str, data: bytes) -> bytes | None:
        """The signature with an earlier key, which this one replaced; None if its private half is gone."""
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
    """The text that a checkpoint signs. `number`, `prev`: of its row. `key`: id of the signing key."""
    return f"shike checkpoint 1\ncamera {camera_id}\nnumber {number}\nprev {prev}\nat_us {at_us}\nkey {key}\n".encode()


def key_statement(camera_id: str, number: int, prev: str, at_us: int, key: str, public: str, by: str) -> bytes:
    """The text that an old key signs to introduce a new one. `public`: the new key, base64. `by`: id of the old key."""
    row = f"camera {camera_id}\nnumber {number}\nprev {prev}\nat_us {at_us}\nkey {key}\n"
    return f"shike key 1\n{row}public {public}\nby {by}\n".encode()


def signature_text(signature: bytes) -> str:
    """A signature as text that names its algorithm: `ed25519:<base64>`."""
    return f"{ALGORITHM}:{base64.b64encode(signature).decode()}"


def signature_of(text: object) -> bytes | None:
    """The signature bytes of a row's `signature`; None if it cannot be read."""
    algorithm, _, value = str(text).partition(":")
    if algorithm != ALGORITHM:
        return None
    try:
        return base64.b64decode(value, validate=True)
    except ValueError:
        return None


def checkpoint(chain: Chain, camera_id: str, signer: Signer, clock: Clock) -> Link:
    """Sign all rows of a chain. Returns the last checkpoint instead if no row after it needs a signature.

    Introduces the key first, signed by the key before it, if it is new to the chain. FootageError if the chain is
    empty, SigningKeyError if the key was replaced meanwhile, OSError if the volume refuses.
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
        fields = {"camera": camera_id, "at_us": at_us, "key": signer.key_id, "signature": signature_text(signature)}
        return append("checkpoint", fields)


def introduce(chain: Chain, camera_id: str, signer: Signer, clock: Clock) -> bool:
    """Introduce the signer's key to a chain that another key signed. False if that was not needed."""
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
    fields = {
        "key": signer.key_id,
        "algorithm": ALGORITHM,
        "public": public,
        "by": None if signed is None else used,
        "signature": None if signed is None else signature_text(signed),
        "at_us": at_us,
    }
    append("key", fields)


def _since_checkpoint(chain: Chain) -> tuple[Link | None, bool, str | None]:
    """The last checkpoint; whether a row after it needs a signature; the id of the key that the chain named last."""
    grown, used = False, None
    for link in chain.backwards():
        if link.kind == "checkpoint":
            return link, grown, used or str(link.fields.get("key"))
        if link.kind == "key":
            used = used or str(link.fields.get("key"))
        elif link.kind != "timestamp":
            grown = True
    return None, grown, used


def _has_seen(chain: Chain, key: str) -> bool:
    return any(link.kind == "key" and link.fields.get("key") == key for link in chain.backwards())
