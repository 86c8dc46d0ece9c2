"""Answering a camera's challenge: Digest (RFC 7616, and RFC 2617 as old cameras have it) or Basic (RFC 7617).

A password that was refused is not tried again: cameras lock whoever does so a few times.
"""

import hashlib
import re
import secrets
from base64 import b64encode
from collections.abc import Callable, Iterable

_DIGESTS = {"md5": hashlib.md5, "sha-256": hashlib.sha256}
_SESSION = "-sess"
# Whatever lies between commas that are not quoted.
_ITEM = re.compile(r'(?:[^",\\]|"(?:[^"\\]|\\.)*"?|\\)+')
_ESCAPED = re.compile(r"\\(.)")


class Authorization:
    """One login at one camera. Remembers the challenge, because every later request must answer it, too."""

    def __init__(self, username: str, password: str, nonce: Callable[[], str] = lambda: secrets.token_hex(8)) -> None:
        """`nonce`: makes the client's own, different each time."""
        self._username, self._password, self._nonce = username, password, nonce
        self._said: dict[str, str] | None = None
        self._basic = False
        self._count = 0
        self._accepted = False

    @property
    def tried(self) -> bool:
        """Whether the password was sent, or something made of it."""
        return self._basic or self._said is not None

    def accepted(self) -> None:
        """A request that carried the login was not refused for it."""
        self._accepted = self.tried

    def challenged(self, challenges: Iterable[str]) -> bool:
        """Take the challenges of a 401 in; False where none can be answered, or the login itself was refused.

        It was not if the camera says that its nonce is stale, or if the login was accepted with another nonce before.
        """
        if not self._username:
            return False
        offered = [each for line in challenges for each in _challenges(line)]
        said = next((said for scheme, said in offered if scheme == "digest" and _is_known(said)), None)
        if said is not None:
            before = self._said or {}
            stale = said.get("stale", "").lower() == "true" or self._accepted
            may = not self.tried or (said["nonce"] != before.get("nonce") and stale)
            if may:
                self._said, self._basic, self._count = said, False, 0
            return may
        if self.tried or all(scheme != "basic" for scheme, _ in offered):
            return False
        self._basic = True
        return True

    def header(self, method: str, uri: str) -> str | None:
        """The value of the Authorization header of a request; None before there was a challenge."""
        if self._said is not None:
            return self._digest(self._said, method, uri)
        if self._basic:
            return "Basic " + b64encode(f"{self._username}:{self._password}".encode()).decode()
        return None

    def _digest(self, said: dict[str, str], method: str, uri: str) -> str:
        algorithm = said.get("algorithm", "MD5").lower()
        make = _DIGESTS[algorithm.removesuffix(_SESSION)]

        def digest(text: str) -> str:
            return make(text.encode()).hexdigest()

        realm, nonce, ours = said.get("realm", ""), said["nonce"], self._nonce()
        login, asked = digest(f"{self._username}:{realm}:{self._password}"), digest(f"{method}:{uri}")
        if algorithm.endswith(_SESSION):
            login = digest(f"{login}:{nonce}:{ours}")
        quoted = {"username": self._username, "realm": realm, "nonce": nonce, "uri": uri}
        bare = {"algorithm": said["algorithm"]} if "algorithm" in said else {}
        if "auth" in [each.strip().lower() for each in said.get("qop", "").split(",")]:
            self._count += 1
            bare |= {"qop": "auth", "nc": f"{self._count:08x}"}
            quoted |= {"response": digest(f"{login}:{nonce}:{bare['nc']}:{ours}:auth:{asked}"), "cnonce": ours}
        else:
            quoted["response"] = digest(f"{login}:{nonce}:{asked}")
            quoted |= {"cnonce": ours} if algorithm.endswith(_SESSION) else {}
        quoted |= {"opaque": said["opaque"]} if "opaque" in said else {}
        fields = [f'{name}="{_quoted(value)}"' for name, value in quoted.items()]
        return "Digest " + ", ".join(fields + [f"{name}={value}" for name, value in bare.items()])


def _challenges(line: str) -> list[tuple[str, dict[str, str]]]:
    """The challenges of one header: its schemes in lower case, and what each says by lower-case name."""
    found: list[tuple[str, dict[str, str]]] = []
    for item in map(str.strip, _ITEM.findall(line)):
        name, _, value = item.partition("=")
        words = name.split()
        if len(words) == 2 or (len(words) == 1 and "=" not in item):
            found.append((words[0].lower(), {}))
        if found and words and "=" in item:
            value = value.strip()
            is_quoted = len(value) >= 2 and value[0] == value[-1] == '"'
            plain = _ESCAPED.sub(r"\1", value[1:-1]) if is_quoted else value
            found[-1][1].setdefault(words[-1].lower(), plain)
    return found


def _is_known(said: dict[str, str]) -> bool:
    return "nonce" in said and said.get("algorithm", "MD5").lower().removesuffix(_SESSION) in _DIGESTS


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
