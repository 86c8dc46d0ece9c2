"""Time stamps by an outside authority (RFC 3161): requests them over HTTP and checks them.

With a time stamp, an authority that does not run this system confirms that some bytes existed at a time. Not here:
which rows get one (checkpoints), the consequences of an invalid one (chain_walk). Design: docs/design/integrity.md,
"Time stamps".
"""

import hashlib
import http
import http.client
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from shike.capture.errors import TimestampError

ALGORITHM = "rfc3161"
# An answer with its whole chain of certificates has about 10 KB. It becomes a row of the chain.
_LONGEST_ANSWER = 32 << 10
_SHA256 = x509.ObjectIdentifier("2.16.840.1.101.3.4.2.1")
# The start of a response around a token: PKIStatusInfo with the status "granted".
_GRANTED = b"\x30\x03\x02\x01\x00"


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time stamp over the expected bytes. `at_us`: the authority's time (µs UTC).

    `trusted`: whether its signature leads to a trusted certificate; None if the verifier named no certificates.
    `doubt`: why it is not trusted.
    """

    at_us: int
    trusted: bool | None
    doubt: str = ""


def certificates(pem_file: Path) -> tuple[x509.Certificate, ...]:
    """The certificates in a PEM file. TimestampError if it cannot be read or holds none."""
    try:
        return tuple(x509.load_pem_x509_certificates(pem_file.read_bytes()))
    except (OSError, ValueError) as error:
        raise TimestampError(f"{pem_file} holds no certificates in PEM form") from error


def authority(url: str) -> str:
    """The host of an authority's address. Nothing else of the address is stored."""
    return urlsplit(url).hostname or ""


def ask(url: str, data: bytes, timeout_s: float = 5.0) -> bytes:
    """Request a time stamp token (DER) over `data`. TimestampError if there is none or it is over other bytes."""
    request = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).build()
    answer = _post(url, request.as_bytes(), timeout_s)
    try:
        response = decode_timestamp_response(_in_order(answer))
        if response.status not in (0, 1):
            raise TimestampError(f"{authority(url)} refused: {'; '.join(response.status_string) or response.status}")
        if response.tst_info.nonce != request.nonce:
            raise TimestampError(f"{authority(url)} answered another request")
        token = response.time_stamp_token()
    except ValueError as error:
        raise TimestampError(f"{authority(url)} did not answer with a time stamp") from error
    check(token, data, ())
    return token


def check(token: bytes, data: bytes, trusted: tuple[x509.Certificate, ...]) -> Stamp:
    """The time stamp in a token. TimestampError if it cannot be read or is not over `data`."""
    try:
        response = decode_timestamp_response(_in_order(_response(token)))
        imprint, at = response.tst_info.message_imprint, response.tst_info.gen_time
    except ValueError as error:
        raise TimestampError("the time stamp cannot be read") from error
    if imprint.hash_algorithm != _SHA256:
        raise TimestampError("the time stamp is not over a SHA-256")
    if imprint.message != hashlib.sha256(data).digest():
        raise TimestampError("the time stamp is over something else")
    at_us = round(at.timestamp() * 1_000_000)
    if not trusted:
        return Stamp(at_us, None)
    return _stamp_of(trusted, response, data, at_us)


def _stamp_of(trusted: tuple[x509.Certificate, ...], response: TimeStampResponse, data: bytes, at_us: int) -> Stamp:
    try:
        VerifierBuilder(roots=list(trusted)).build().verify_message(response, data)
    except (VerificationError, ValueError) as error:
        return Stamp(at_us, False, str(error))
    return Stamp(at_us, True)


def _post(url: str, body: bytes, timeout_s: float) -> bytes:
    at = urlsplit(url)
    if at.scheme not in ("http", "https") or not at.hostname:
        raise TimestampError("the address of a time stamp authority must begin with http:// or https:// and a host")
    kind = http.client.HTTPSConnection if at.scheme == "https" else http.client.HTTPConnection
    connection = kind(at.hostname, at.port, timeout=timeout_s)
    path = (at.path or "/") + (f"?{at.query}" if at.query else "")
    try:
        connection.request("POST", path, body, {"Content-Type": "application/timestamp-query"})
        answer = connection.getresponse()
        if answer.status != http.HTTPStatus.OK:
            raise TimestampError(f"{at.hostname} answered with HTTP status {answer.status}")
        content = answer.read(_LONGEST_ANSWER + 1)
    except (OSError, http.client.HTTPException) as error:
        raise TimestampError(f"{at.hostname} cannot be reached: {type(error).__name__}") from error
    finally:
        connection.close()
    if len(content) > _LONGEST_ANSWER:
        raise TimestampError(f"{at.hostname} answered with more than {_LONGEST_ANSWER} bytes")
    return content


def _response(token: bytes) -> bytes:
    """A response (DER) around a token: the library reads only responses."""
    inside = _GRANTED + token
    size = len(inside).to_bytes((len(inside).bit_length() + 7) // 8, "big")
    head = bytes([0x30, len(inside)]) if len(inside) < 0x80 else bytes([0x30, 0x80 | len(size)]) + size
    return head + inside


def _in_order(response: bytes) -> bytes:
    """The response with its certificates sorted as DER demands. Many authorities do not sort them, the library accepts
    only sorted ones, and no signature covers their order.
    """
    try:
        _, token = _parts(response, *_parts(response)[0])[:2]
        content = _parts(response, *_parts(response, *token)[1])[0]
        # version, digestAlgorithms, encapContentInfo, [0] certificates
        certificates = _parts(response, *content)[3]
        inside = _parts(response, *certificates)
    except (IndexError, ValueError):
        return response
    if response[certificates[0]] != 0xA0:
        return response
    first, last = inside[0][0], inside[-1][1]
    return response[:first] + b"".join(sorted(response[a:b] for a, b in inside)) + response[last:]


def _parts(data: bytes, start: int | None = None, end: int | None = None) -> list[tuple[int, int]]:
    """Offsets of the elements inside a DER element; of the elements of `data` itself if no element is given."""
    at, until = (0, len(data)) if start is None or end is None else (_body(data, start)[0], end)
    parts: list[tuple[int, int]] = []
    while at < until:
        body, size = _body(data, at)
        parts.append((at, body + size))
        at = body + size
    return parts


def _body(data: bytes, at: int) -> tuple[int, int]:
    """Start and size of the content of the DER element at an offset."""
    size = data[at + 1]
    if size < 0x80:
        return at + 2, size
    count = size & 0x7F
    return at + 2 + count, int.from_bytes(data[at + 2 : at + 2 + count], "big")
