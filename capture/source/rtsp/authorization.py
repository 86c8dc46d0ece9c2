"""Answering a camera's challenge: Digest (RFC 7616, and RFC 2617 of older cameras) or Basic (RFC 7617).

A password that was refused is not sent again: cameras lock an account after a few wrong logins.
"""

import hashlib
import re
import secrets
from base64 import b64encode
from collections.abc import Callable, Iterable

_DIGESTS = {"md5": hashlib.md5, "sha-256": hashlib.sha256}
_SESSION = "-sess"
# The text between two commas that are not inside quotes.
_ITEM = re.compile(r'(?:[^",\\]|"(?:[^"\\]|\\.)*"?|\\)+')
_ESCAPED = re.compile(r"\\(.)")


class Authorization:
    """One login at one camera. Keeps the challenge, because every later request must answer it, too."""

    def __init__(self, username: str, password: str, nonce: Callable[[], str] = lambda: secrets.token_hex(8)) -> None:
        """`nonce` makes the client's nonce (cnonce), a new one for each request."""
        self._username, self._password, self._nonce = username, password, nonce
        self._challenge: dict[str, str] | None = None
        self._basic = False
        self._count = 0
        self._accepted = False

    @property
    def tried(self) -> bool:
        """Whether the password, or a digest of it, was sent."""
        return self._basic or self._challenge is not None

    def accepted(self) -> None:
        """Note that the camera answered a request other than with 401."""
        self._accepted = self.tried

    def challenged(self, challenges: Iterable[str]) -> bool:
        """Take the challenges of a 401. False if none can be answered, or if the login itself was refused.

        A second 401 does not refuse the login if it brings a new nonce and the camera calls the old one stale, or had
        accepted the login with the old one.
        """
        if not self._username:
            return False
        offered = [each for line in challenges for each in _challenges(line)]
        digest = next((fields for scheme, fields in offered if scheme == "digest" and _is_known(fields)), None)
        if digest is not None:
            before = self._challenge or {}
            is_stale = digest.get("stale", "").lower() == "true" or self._accepted
            may_answer = not self.tried or (digest["nonce"] != before.get("nonce") and is_stale)
            if may_answer:
                self._challenge, self._basic, self._count = digest, False, 0
            return may_answer
        if self.tried or all(scheme != "basic" for scheme, _ in offered):
            return False
        self._basic = True
        return True

    def header(self, method: str, uri: str) -> str | None:
        """The value of the Authorization header of a request; None before there was a challenge."""
        if self._challenge is not None:
            return self._digest(self._challenge, method, uri)
        if self._basic:
            return "Basic " + b64encode(f"{self._username}:{self._password}".encode()).decode()
        return None

    def _digest(self, challenge: dict[str, str], method: str, uri: str) -> str:
        algorithm = challenge.get("algorithm", "MD5").lower()
        new_hash = _DIGESTS[algorithm.removesuffix(_SESSION)]

        def digest(text: str) -> str:
            return new_hash(text.encode()).hexdigest()

        realm, nonce, cnonce = challenge.get("realm", ""), challenge["nonce"], self._nonce()
        login, request = digest(f"{self._username}:{realm}:{self._password}"), digest(f"{method}:{uri}")
        if algorithm.endswith(_SESSION):
            login = digest(f"{login}:{nonce}:{cnonce}")
        quoted = {"username": self._username, "realm": realm, "nonce": nonce, "uri": uri}
        unquoted = {"algorithm": challenge["algorithm"]} if "algorithm" in challenge else {}
        if "auth" in [each.strip().lower() for each in challenge.get("qop", "").split(",")]:
            self._count += 1
            unquoted |= {"qop": "auth", "nc": f"{self._count:08x}"}
            response = digest(f"{login}:{nonce}:{unquoted['nc']}:{cnonce}:auth:{request}")
            quoted |= {"response": response, "cnonce": cnonce}
        else:
            quoted["response"] = digest(f"{login}:{nonce}:{request}")
            quoted |= {"cnonce": cnonce} if algorithm.endswith(_SESSION) else {}
        quoted |= {"opaque": challenge["opaque"]} if "opaque" in challenge else {}
        fields = [f'{name}="{_quoted(value)}"' for name, value in quoted.items()]
        return "Digest " + ", ".join(fields + [f"{name}={value}" for name, value in unquoted.items()])


def _challenges(line: str) -> list[tuple[str, dict[str, str]]]:
    """The challenges of one header: each scheme in lower case, and its fields by lower-case name."""
    challenges: list[tuple[str, dict[str, str]]] = []
    for item in map(str.strip, _ITEM.findall(line)):
        name, _, value = item.partition("=")
        words = name.split()
        if len(words) == 2 or (len(words) == 1 and "=" not in item):
            challenges.append((words[0].lower(), {}))
        if challenges and words and "=" in item:
            value = value.strip()
            is_quoted = len(value) >= 2 and value[0] == value[-1] == '"'
            plain = _ESCAPED.sub(r"\1", value[1:-1]) if is_quoted else value
            challenges[-1][1].setdefault(words[-1].lower(), plain)
    return challenges


def _is_known(challenge: dict[str, str]) -> bool:
    return "nonce" in challenge and challenge.get("algorithm", "MD5").lower().removesuffix(_SESSION) in _DIGESTS


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
