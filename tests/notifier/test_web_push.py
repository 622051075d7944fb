"""Pushes to browsers are sealed as RFC 8291 says, signed as RFC 8292 says, and their services' answers are understood."""

from __future__ import annotations

import base64
import os

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json, structs

from contracts.errors import Malformed, Unavailable
from notifier.channels import Sent
from notifier.channels.web_push import WebPush, _expand, _extract, public_text, seal, signing_key
from services.cases.contact_kinds import checked
from services.platform.embedded import free_port
from tests.notifier.doubles import HttpDouble
from tests.notifier.test_channels import AT, LETTER

OURS = ec.generate_private_key(ec.SECP256R1())


def raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def plain(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Browser:
    """A browser that subscribed, and opens what is pushed to it."""

    def __init__(self, port: int) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.public = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.auth = os.urandom(16)
        keys = {"p256dh": plain(self.public), "auth": plain(self.auth)}
        self.address = json.encode({"endpoint": f"http://127.0.0.1:{port}/push/1", "keys": keys}).decode()

    def opened(self, body: bytes) -> bytes:
        salt, theirs, sealed = body[:16], body[21:86], body[86:]
        shared = self.key.exchange(
            ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs)
        )
        secret = _expand(_extract(self.auth, shared), b"WebPush: info\0" + self.public + theirs, 32)
        mixed = _extract(salt, secret)
        content_key = _expand(mixed, b"Content-Encoding: aes128gcm\0", 16)
        nonce = _expand(mixed, b"Content-Encoding: nonce\0", 12)
        return AESGCM(content_key).decrypt(nonce, sealed, None).rstrip(b"\x02")


def push(answer_s: float = 5.0) -> WebPush:
    return WebPush(OURS, "security@upay.example", private_networks=True, answer_s=answer_s, clock=lambda: AT)


def test_the_example_of_the_standard_is_sealed_to_the_same_bytes() -> None:
    """RFC 8291, appendix A."""
    ours = signing_key("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")
    key = raw("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4")
    sealed = seal(
        b"When I grow up, I want to be a watermelon",
        key,
        raw("BTBZMqHH6r4Tts7J_aSIgg"),
        ours,
        raw("DGv6ra1nlYgDCS1FRnbzlw"),
    )

    assert plain(sealed) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_"
        "yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


async def test_a_browser_opens_its_push_and_its_service_knows_who_sent_it() -> None:
    async with HttpDouble() as double:
        browser = Browser(double.port)
        assert await push().send(structs.replace(LETTER, to=browser.address), "n1.web_push.k", AT) == Sent(
            "/m/1"
        )

    ((path, headers, body),) = double.posts
    told = json.decode(browser.opened(body))
    assert (path, told["id"], told["title"], told["body"]) == (
        "/push/1",
        "n1.web_push.k",
        LETTER.short.title,
        LETTER.short.body,
    )
    token, key = headers["authorization"].removeprefix("vapid t=").split(", k=")
    known = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw(key))
    claims = jwt.decode(
        token,
        known,
        algorithms=["ES256"],
        audience=f"http://127.0.0.1:{double.port}",
        options={"verify_exp": False},
    )
    assert (key, claims["sub"], claims["exp"]) == (
        public_text(OURS),
        "mailto:security@upay.example",
        int(AT) + 43_200,
    )
    assert (headers["content-encoding"], int(headers["ttl"]) > 0, len(headers["topic"])) == (
        "aes128gcm",
        True,
        32,
    )


@pytest.mark.parametrize(
    ("status", "raised", "reason"),
    [
        (404, Malformed, "address_gone"),
        (410, Malformed, "address_gone"),
        (413, Malformed, "message_refused"),
        (429, Unavailable, "push_put_off"),
        (500, Unavailable, "push_put_off"),
        (302, Unavailable, "push_put_off"),
    ],
)
async def test_a_service_that_does_not_take_it_says_whether_it_ever_will(
    status: int, raised: type[Exception], reason: str
) -> None:
    async with HttpDouble() as double:
        double.status = status
        with pytest.raises(raised) as error:
            await push().send(structs.replace(LETTER, to=Browser(double.port).address), "k", AT)

    assert error.value.reason == reason  # type: ignore[attr-defined]


async def test_a_service_that_hangs_or_is_away_is_left() -> None:
    async with HttpDouble() as double:
        double.hangs = True
        with pytest.raises(Unavailable, match="ReadTimeout"):
            await push(0.2).send(structs.replace(LETTER, to=Browser(double.port).address), "k", AT)
    with pytest.raises(Unavailable) as error:
        await push().send(structs.replace(LETTER, to=Browser(free_port()).address), "k", AT)

    assert error.value.reason == "push_away"


async def test_no_push_goes_into_the_operator_s_own_networks() -> None:
    closed = WebPush(OURS, "security@upay.example", private_networks=False)
    async with HttpDouble() as double:
        with pytest.raises(Unavailable):
            await closed.send(structs.replace(LETTER, to=Browser(double.port).address), "k", AT)

    assert double.posts == []


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.example/1",
        "https://127.0.0.1/1",
        "https://localhost/1",
        "https://user@push.example/",
        "file:///x",
    ],
)
def test_a_subscription_that_leads_inside_is_refused(endpoint: str) -> None:
    keys = {"p256dh": plain(b"\x04" + bytes(64)), "auth": plain(bytes(16))}
    with pytest.raises(Malformed):
        checked("web_push", json.encode({"endpoint": endpoint, "keys": keys}).decode())


ANY_JSON = st.recursive(
    st.none() | st.text(max_size=9), lambda inner: st.dictionaries(st.text(max_size=9), inner, max_size=3)
)


@given(st.text(max_size=60) | ANY_JSON.map(lambda found: json.encode(found).decode()))
def test_whatever_is_no_subscription_is_refused_with_the_rule(address: str) -> None:
    with pytest.raises(Malformed, match="web_push"):
        checked("web_push", address)
