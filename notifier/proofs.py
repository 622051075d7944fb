"""By what somebody showed at a sign-in that it was them, as its owner reads it. Pure."""

from __future__ import annotations

import re

from notifier.words import Words

#: What wallets and identity providers call it (RFC 8176 among others), by its name in the words.
_CALLED = {
    "password": ("password", "pwd", "passwd"),
    "totp": ("totp", "authenticator", "app"),
    "code": ("code", "otp", "mfa", "2fa", "email_otp", "email", "challenge"),
    "sms": ("sms", "sms_otp", "phone", "tel"),
    "recovery": ("recovery", "recovery_code", "backup_code"),
    "passkey": ("passkey", "webauthn", "fido", "fido2", "u2f", "hwk", "swk", "sc", "security_key"),
    "body": ("biometric", "biometrics", "face", "face_id", "fpt", "fingerprint", "touch_id", "iris", "vbm"),
    "pin": ("pin",),
    "link": ("link", "magic_link", "magic"),
    "other": ("sso", "oidc", "saml", "social", "federated", "fed", "oauth", "qr", "wechat", "alipay"),
}
_NAMES = {called: name for name, every in _CALLED.items() for called in every}
_BETWEEN = re.compile(r"[^a-z0-9_]+")


def proof(method: str | None, words: Words) -> str | None:
    """The method of a sign-in in words: "Password and code from your authenticator"; None where it is not known to us."""
    parts = [part for part in _BETWEEN.split((method or "").lower().replace("-", "_")) if part]
    names = [_NAMES.get(part) for part in parts]
    if not names or None in names:
        return None
    said = words.say("proof.and").join(words.say(f"proof.{name}") for name in dict.fromkeys(names))
    return said[0].upper() + said[1:]
