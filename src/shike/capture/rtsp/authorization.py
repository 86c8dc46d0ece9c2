"""Answering a camera's challenge: Digest (RFC 7616, and RFC 2617 as old cameras have it) or Basic (RFC 7617)."""

import hashlib
import secrets
from base64 import b64encode
from collections.abc import Iterable
from urllib.request import parse_http_list, parse_keqv_list

_DIGESTS = {"md5": hashlib.md5, "sha-256": hashlib.sha256}


class Authorization:
    """One login at one camera. Remembers the challenge, because every later request must answer it, too."""

    def __init__(self, username: str, password: str) -> None:
        self._username, self._password = username, password
        self._said: dict[str, str] | None = None
        self._basic = False
        self._count = 0

    def challenged(self, challenges: Iterable[str]) -> bool:
        """Take the challenges of a 401 in; False where none can be answered, or a login was refused already."""
        if not self._username:
            return False
        refused = self._basic or self._said is not None
        stale = False
        for challenge in challenges:
            scheme, _, rest = challenge.strip().partition(" ")
            if scheme.lower() == "basic" and self._said is None:
                self._basic = True
            if scheme.lower() != "digest":
                continue
            said = {name.lower(): value for name, value in parse_keqv_list(parse_http_list(rest)).items()}
            if said.get("algorithm", "MD5").lower() in _DIGESTS and "nonce" in said:
                stale = said.get("stale", "").lower() == "true" or said["nonce"] != (self._said or said)["nonce"]
                self._said, self._basic, self._count = said, False, 0
                break
        return (self._basic or self._said is not None) and (not refused or stale)

    def header(self, method: str, uri: str) -> str | None:
        """The value of the Authorization header of a request; None before there was a challenge."""
        if self._said is not None:
            return self._digest(self._said, method, uri)
        if self._basic:
            return "Basic " + b64encode(f"{self._username}:{self._password}".encode()).decode()
        return None

    def _digest(self, said: dict[str, str], method: str, uri: str) -> str:
        make = _DIGESTS[said.get("algorithm", "MD5").lower()]

        def digest(text: str) -> str:
            return make(text.encode()).hexdigest()

        realm, nonce = said.get("realm", ""), said["nonce"]
        login, asked = digest(f"{self._username}:{realm}:{self._password}"), digest(f"{method}:{uri}")
        fields = {"username": self._username, "realm": realm, "nonce": nonce, "uri": uri}
        bare = ""
        if "auth" in [each.strip() for each in said.get("qop", "").split(",")]:
            self._count += 1
            count, ours = f"{self._count:08x}", secrets.token_hex(8)
            fields |= {"cnonce": ours}
            bare = f", qop=auth, nc={count}"
            fields["response"] = digest(f"{login}:{nonce}:{count}:{ours}:auth:{asked}")
        else:
            fields["response"] = digest(f"{login}:{nonce}:{asked}")
        fields |= {name: said[name] for name in ("algorithm", "opaque") if name in said}
        return "Digest " + ", ".join(f'{name}="{_quoted(value)}"' for name, value in fields.items()) + bare


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
