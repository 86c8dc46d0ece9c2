"""Logging in at a camera: the examples of the standards, and the challenges of real cameras."""

import re
from base64 import b64decode
from hashlib import md5

import pytest

from shike.capture.source.rtsp.authorization import Authorization

MUFASA = 'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
MUFASA += 'opaque="5ccc069c403ebaf9f0171e9517f40e41"'
RFC_7616 = 'realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
RFC_7616 += (
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
OLD = 'Digest realm="IP Camera(23435)", nonce="{}", stale="FALSE"'
BASIC = 'Basic realm="/"'
URI = "rtsp://10.0.0.9:554/Streaming/Channels/101"


def fields(header: str | None) -> dict[str, str]:
    """The fields of a Digest header by name, without quotes."""
    assert header is not None and header.startswith("Digest ")
    return {name: value.strip('"') for name, value in re.findall(r'(\w+)=("[^"]*"|[^,]+)', header)}


def hashed(text: str) -> str:
    return md5(text.encode()).hexdigest()


def test_the_example_of_rfc_2617() -> None:
    login = Authorization("Mufasa", "Circle Of Life", lambda: "0a4f113b")
    assert login.header("GET", "/dir/index.html") is None
    assert login.challenged([MUFASA])
    header = login.header("GET", "/dir/index.html")
    answer = fields(header)
    assert answer["response"] == "6629fae49393a05397450978507c4ef1"
    assert (answer["nc"], answer["qop"], answer["cnonce"]) == ("00000001", "auth", "0a4f113b")
    assert answer["opaque"] == "5ccc069c403ebaf9f0171e9517f40e41"
    assert header is not None and "nc=00000001" in header and "qop=auth" in header  # both without quotes
    assert fields(login.header("GET", "/dir/index.html"))["nc"] == "00000002"


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_rfc_7616(algorithm: str, response: str) -> None:
    login = Authorization("Mufasa", "Circle of Life", lambda: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")
    assert login.challenged(["Digest " + RFC_7616.format(algorithm)])
    header = login.header("GET", "/dir/index.html")
    assert fields(header)["response"] == response
    assert f"algorithm={algorithm}" in str(header)


def test_a_session_algorithm_mixes_the_nonces_into_the_login() -> None:
    login = Authorization("u", "p", lambda: "ours")
    assert login.challenged(['Digest realm="r", nonce="n", algorithm=MD5-sess, qop="auth"'])
    key = hashed(f"{hashed('u:r:p')}:n:ours")
    expected = hashed(f"{key}:n:00000001:ours:auth:{hashed(f'PLAY:{URI}')}")
    assert fields(login.header("PLAY", URI))["response"] == expected


def test_a_camera_without_qop_is_answered_by_rfc_2069() -> None:
    login = Authorization("admin", "12345")
    assert login.challenged([OLD.format("abc")])
    answer = fields(login.header("DESCRIBE", URI))
    expected = hashed(f"{hashed('admin:IP Camera(23435):12345')}:abc:{hashed(f'DESCRIBE:{URI}')}")
    assert answer == {
        "username": "admin",
        "realm": "IP Camera(23435)",
        "nonce": "abc",
        "uri": URI,
        "response": expected,
    }


@pytest.mark.parametrize(
    "challenges",
    [
        [BASIC, OLD.format("n")],
        [OLD.format("n"), BASIC],
        [f"{BASIC}, {OLD.format('n')}"],
        [f"{OLD.format('n')}, {BASIC}"],
        ['Digest realm="r", nonce="x", algorithm=SHA-512-256', OLD.format("n")],
    ],
)
def test_of_several_challenges_the_supported_digest_is_answered(challenges: list[str]) -> None:
    login = Authorization("admin", "12345")
    assert login.challenged(challenges)
    assert fields(login.header("DESCRIBE", URI))["nonce"] == "n"


def test_basic_alone_is_answered() -> None:
    login = Authorization("管理员", "密码:1")
    assert login.challenged(["basic realm=cam"])
    header = login.header("DESCRIBE", URI)
    assert header is not None
    assert b64decode(header.removeprefix("Basic ")).decode() == "管理员:密码:1"


def test_names_with_quotes_and_chinese_letters_are_written_and_hashed_as_they_are() -> None:
    login = Authorization('课"堂\\1', "密")
    assert login.challenged([OLD.format("n")])
    header = login.header("PLAY", URI)
    assert 'username="课\\"堂\\\\1"' in str(header)
    login_hash = hashed('课"堂\\1:IP Camera(23435):密')
    assert hashed(f"{login_hash}:n:{hashed(f'PLAY:{URI}')}") in str(header)


@pytest.mark.parametrize("nonces", [("a", "a"), ("a", "b")])
def test_a_password_that_was_refused_is_not_tried_again(nonces: tuple[str, str]) -> None:
    login = Authorization("admin", "wrong")
    assert login.challenged([OLD.format(nonces[0])])
    assert not login.challenged([OLD.format(nonces[1])])
    basic = Authorization("admin", "wrong")
    assert basic.challenged([BASIC])
    assert not basic.challenged([BASIC])
    assert not basic.challenged([OLD.format("n")])


def test_a_stale_nonce_is_not_a_refused_password() -> None:
    login = Authorization("admin", "right")
    assert login.challenged([OLD.format("a")])
    assert login.challenged([OLD.format("b").replace("FALSE", "TRUE")])
    assert fields(login.header("PLAY", URI))["nonce"] == "b"
    assert not login.challenged([OLD.format("b").replace("FALSE", "true")])


def test_a_new_nonce_after_an_accepted_login_is_answered_even_if_the_old_one_is_not_called_stale() -> None:
    login = Authorization("admin", "right")
    assert login.challenged([MUFASA])
    login.header("DESCRIBE", URI)
    login.accepted()
    assert login.challenged([MUFASA.replace("dcd98b", "new")])
    assert fields(login.header("PLAY", URI))["nc"] == "00000001"
    assert not login.challenged([MUFASA.replace("dcd98b", "new")])


@pytest.mark.parametrize(
    "challenge",
    [
        "",
        "Digest",
        "Digest realm",
        "Digest nonce",
        'Digest realm="r"',
        'Digest realm="r", nonce="n", algorithm=unknown',
        "Bearer x",
        "=,=,,",
        'Digest "nonce"="',
    ],
)
def test_a_challenge_that_cannot_be_answered_raises_nothing(challenge: str) -> None:
    assert not Authorization("admin", "12345").challenged([challenge])


def test_a_flag_without_a_value_or_an_empty_one_does_no_harm() -> None:
    login = Authorization("admin", "12345")
    assert login.challenged(['Digest realm=, nonce=n1, stale, domain="/", NONCE=other'])
    assert (fields(login.header("PLAY", URI))["nonce"], fields(login.header("PLAY", URI))["realm"]) == ("n1", "")


def test_without_a_user_name_nothing_is_answered() -> None:
    assert not Authorization("", "").challenged([MUFASA, BASIC])
