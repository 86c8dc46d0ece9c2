"""The installation's signing keys: the current key, and the public halves of all keys it ever had.

They lie in `keys/signing`: `<id>.pem` (private, 0600), `<id>.pub.pem`, and `current`, which holds the id of the key in
use. Not here: the signed texts (signing). Design: docs/design/integrity.md, "Keys".
"""

import fcntl
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
    load_pem_public_key,
)

from shike.capture.archive.durable import fsync_folder, replace_file
from shike.capture.errors import SigningKeyError

FOLDER = "signing"
_CURRENT = "current"
_PUT_BACK = "put it back from the backup of keys/"
_NAME = re.compile(r"ed25519-[0-9a-f]{16}")


def der_of(key: Ed25519PublicKey) -> bytes:
    """A public key as SubjectPublicKeyInfo (DER). The digest of these bytes names the key."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def pem_of(public_der: bytes) -> bytes:
    """A public key in PEM form."""
    return load_der_public_key(public_der).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def key_id(public_der: bytes) -> str:
    """The id of a key: `ed25519-` and the first 16 hexadecimal digits of the SHA-256 of its public half."""
    return f"ed25519-{hashlib.sha256(public_der).hexdigest()[:16]}"


def read_public(path: Path) -> bytes:
    """The public key in a PEM file, as DER. SigningKeyError if it is not an Ed25519 key."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SigningKeyError(f"{path.name} is no public key in PEM form") from error
    if not isinstance(key, Ed25519PublicKey):
        raise SigningKeyError(f"{path.name} is a key of another algorithm than Ed25519")
    return der_of(key)


class SigningKeys:
    """The keys in a keys folder."""

    def __init__(self, keys_folder: Path) -> None:
        self._folder = keys_folder / FOLDER

    def current(self) -> Ed25519PrivateKey:
        """The key in use. Makes the first key if there never was one. SigningKeyError if the key in use is lost."""
        self.have_one()
        return self._named()

    def existing(self) -> Ed25519PrivateKey | None:
        """Like `current`, but makes no key: None if there never was one."""
        return self._named() if (self._folder / _CURRENT).exists() else None

    def _named(self) -> Ed25519PrivateKey:
        with self._locked():
            named = (self._folder / _CURRENT).read_text().strip()
            key = self.private(named)
            if key is not None and not self._public(named).exists():
                self._publish(key)  # making the key was interrupted
        if key is None:
            raise SigningKeyError(
                f"the signing key {named} is not in {self._folder}",
                hint="put it back from the backup of keys/, or make a new one with `shike keys rotate`",
            )
        return key

    def have_one(self) -> None:
        """Make the first key if there never was one."""
        with self._locked():
            if not (self._folder / _CURRENT).exists():
                self._make()

    def private(self, named: str) -> Ed25519PrivateKey | None:
        """A private key by its id; None if it no longer exists or `named` is not a key id."""
        if not _NAME.fullmatch(named):
            return None
        try:
            key = load_pem_private_key((self._folder / f"{named}.pem").read_bytes(), None)
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:  # TypeError: the file has a password
            raise SigningKeyError(f"the signing key {named} cannot be read", hint=_PUT_BACK) from error
        if not isinstance(key, Ed25519PrivateKey) or key_id(der_of(key.public_key())) != named:
            raise SigningKeyError(f"{named}.pem in {self._folder} holds another key than that", hint=_PUT_BACK)
        return key

    def publics(self) -> dict[str, bytes]:
        """The public halves (DER) of all keys that this installation ever had, by id."""
        publics = (read_public(path) for path in sorted(self._folder.glob("*.pub.pem")))
        return {key_id(public): public for public in publics}

    def former(self) -> list[str]:
        """Ids of replaced keys whose private halves still exist."""
        named = (self._folder / _CURRENT).read_text().strip()
        kept = sorted(path.stem for path in self._folder.glob("*.pem") if not path.name.endswith(".pub.pem"))
        return [name for name in kept if name != named]

    def drop_unused(self) -> None:
        """Remove private keys without a public half: making them was interrupted, and they never signed."""
        with self._locked():
            for named in self.former() if (self._folder / _CURRENT).exists() else ():
                if not self._public(named).exists():
                    self.retire(named)

    def renew(self) -> Ed25519PrivateKey:
        """Make a new key and use it from now on. The old private half stays until `retire`."""
        with self._locked():
            return self._make()

    def retire(self, named: str) -> None:
        """Remove the private half of a replaced key: nobody can sign with it any more."""
        (self._folder / f"{named}.pem").unlink(missing_ok=True)
        fsync_folder(self._folder)

    def _make(self) -> Ed25519PrivateKey:
        key = Ed25519PrivateKey.generate()
        named = key_id(der_of(key.public_key()))
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        replace_file(self._folder / f"{named}.pem", private)
        replace_file(self._folder / _CURRENT, named.encode() + b"\n")
        # Last, so that a key without a public half that is not the current one never signed anything.
        self._publish(key)
        return key

    def _publish(self, key: Ed25519PrivateKey) -> None:
        public = der_of(key.public_key())
        replace_file(self._public(key_id(public)), pem_of(public))

    def _public(self, named: str) -> Path:
        return self._folder / f"{named}.pub.pem"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.mkdir(mode=0o700, exist_ok=True)
        fd = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)
