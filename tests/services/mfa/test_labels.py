"""An authenticator shows the very account that the factor is for, whatever the account is called."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.identifiers import MOST, is_identifier
from services.mfa import qr
from services.mfa.totp import new_secret, provisioning_uri
from tests.services.api.test_identifiers_everywhere import NASTY

NAMES = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=MOST).filter(
    is_identifier
)
SECRET = new_secret()


def shown(uri: str) -> tuple[str | None, str | None, str]:
    """What an authenticator reads: issuer, account and secret."""
    read = pyotp.parse_uri(uri)
    return read.issuer, read.name, read.secret


@given(NAMES, st.sampled_from(["UPay", "U Pay", "支付:宝", "a/b & c", "50% off?"]))
def test_the_label_is_read_as_the_account_and_the_issuer(account: str, issuer: str) -> None:
    assert (issuer, account, SECRET) == shown(provisioning_uri(SECRET, account, issuer))


@pytest.mark.parametrize(
    "account", [*NASTY, "שלום", "مرحبا", "+86 138", "a+b", "😀" * MOST, "#", "?secret=AAAA"]
)
def test_nothing_in_an_account_ends_the_label_or_adds_to_it(account: str) -> None:
    assert is_identifier(account)
    uri = provisioning_uri(SECRET, account, "UPay")
    path = urlsplit(uri).path

    assert 1 == path.count("/")
    assert f"UPay:{account}" == unquote(path.removeprefix("/"))
    assert ("UPay", account, SECRET) == shown(uri)


@pytest.mark.parametrize("character", ["x", "用", "😀", "%"])
def test_the_longest_account_still_fits_a_qr_code(character: str) -> None:
    drawn = qr.svg(provisioning_uri(SECRET, character * MOST, "UPay"))

    assert ElementTree.fromstring(drawn).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314 (our own)
