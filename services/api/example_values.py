"""What the members of bodies and answers are called in the examples of the OpenAPI document: a payment of Li's that was held."""

from __future__ import annotations

from typing import Any

import msgspec

from contracts.decisions import Contribution, Decision, HoldPayment, Notify, OpenCase, effect_id
from contracts.shown import Shown, Usual

ACCOUNT, EVENT, PAYEE = "acct-li", "pay-2026-0917", "chen-wei-4471"
CASE = effect_id(ACCOUNT, EVENT, "open_case")
HOLD = effect_id(ACCOUNT, EVENT, "hold_payment")
_LATER = "2026-09-18T08:30:00Z"
#: Epoch seconds and RFC 3339 of the same moment.
_AT, _WHEN = 1_789_633_800.0, "2026-09-17T08:30:00Z"

_DECISION = Decision(
    event_id=EVENT,
    account_id=ACCOUNT,
    type="transaction",
    at=_AT,
    risk=0.83,
    score=83,
    action="hold",
    policy_version="1",
    findings=(
        Contribution(detector="new_device", reason="new_device", weight=1.6, share=47),
        Contribution(detector="new_payee_amount", reason="large_to_new_payee", weight=1.3, share=36),
    ),
    effects=(
        OpenCase(effect_id=CASE, severity="high"),
        HoldPayment(effect_id=HOLD, due_s=86_400, amount="18000.00", currency="CNY", payee_id=PAYEE),
        Notify(effect_id=effect_id(ACCOUNT, EVENT, "notify"), template="hold_notice"),
    ),
    held=True,
    shown=Shown(
        device="iOS, Mobile Safari",
        country="CN",
        city="Shanghai",
        accuracy_km=20.0,
        network_kind="mobile",
        amount="18000.00",
        currency="CNY",
        payee_id=PAYEE,
        kind="transfer",
        status="requested",
        session_id="s-81f2",
        usual=Usual(country="CN", at=1_789_500_000.0, amount="210.00", currency="CNY", payee_known=False),
    ),
)
DECISION: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(_DECISION))

#: Of what is never absent in an example although it may be: no page follows, nothing has ended, nobody is told otherwise.
ABSENT = frozenset(
    {
        "next_cursor", "released_at", "settled_at", "settled_by", "resolved_at", "verdict", "decided_by", "approved_at",
        "approved_by", "ended_at", "ended_by", "locked_until", "disabled_at", "disabled_why", "failing_since", "last_error",
        "hint", "joins", "failure", "about", "about_event_id", "reset_due_at", "pending_until", "next_at", "detail_url",
    }
)  # fmt: skip

#: By the member's name, or the schema's and the member's: the first that its schema allows is taken.
VALUES: dict[str, tuple[Any, ...]] = {
    "EntryShown.kind": ("opened",),
    "EntryShown.note": (None,),
    "EntryShown.actor": (None,),
    "Link.url": ("https://pay.wallet.example/my/e/5Qm2hWc8",),
    "UsualShown.amount": ("210.00",),
    "UsualShown.at": ("2026-09-15T19:20:00Z",),
    "account_id": (ACCOUNT,),
    "accuracy_km": (20.0,),
    "action": (DECISION["action"],),
    "action_id": (HOLD,),
    "address": ("l•@wallet.example",),
    "alert_id": (effect_id(ACCOUNT, EVENT, "raise_alert"),),
    "alg": ("EdDSA",),
    "amount": ("18000.00",),
    "approval_id": (effect_id(ACCOUNT, EVENT, "approval"),),
    "asked_by": ("key:mei",),
    "assignee": ("mei",),
    "attempts_left": (4,),
    "attempts": (1,),
    "at": (_WHEN, _AT),
    "case_id": (CASE,),
    "challenge_id": (effect_id(ACCOUNT, EVENT, "challenge"),),
    "change": ("email_change", "known_device"),
    "channel": ("email",),
    "city": ("Shanghai",),
    "code": ("492039",),
    "country": ("CN",),
    "created_by": ("key:ops",),
    "crv": ("Ed25519",),
    "currency": ("CNY",),
    "decision": (DECISION,),
    "decision_url": (f"/v1/decisions/{EVENT}",),
    "detail": ("spoke to the owner", "see the documentation"),
    "detector": ("new_device",),
    "device": ("iOS, Mobile Safari",),
    "device_id": ("phone-51c0",),
    "device_name": ("Li's phone",),
    "due_at": (_LATER,),
    "effect_id": (HOLD,),
    "email": ("li@wallet.example",),
    "event_id": (EVENT,),
    "expires_at": (_LATER,),
    "grant": ("eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhY2N0LWxpIn0.c2lnbmF0dXJl",),
    "hold_id": (effect_id(ACCOUNT, EVENT, "freeze"),),
    "ip": ("203.0.113.77",),
    "kid": ("2026-1",),
    "kind": ("transfer", "release_payment", "hold_payment"),
    "kinds": (["freeze", "release_payment"],),
    "kty": ("OKP",),
    "last_status": (204,),
    "latitude": (31.23,),
    "longitude": (121.47,),
    "method": ("password",),
    "name": ("li",),
    "network_kind": ("mobile",),
    "next": ("41",),
    "note": ("called back on the number on file",),
    "notice_id": (effect_id(ACCOUNT, EVENT, "notify"),),
    "otpauth_uri": (f"otpauth://totp/UPay:{ACCOUNT}?secret=JBSWY3DPEHPK3PXP&issuer=UPay",),
    "outcome": ("success", "released", "requested", "delivered"),
    "payee_id": (PAYEE,),
    "payee_known": (False,),
    "placed_by": ("decision",),
    "policy_version": ("1",),
    "proved_at": (_WHEN, _AT),
    "qr_url": (f"/v1/accounts/{ACCOUNT}/totp/qr/3f9a",),
    "reason": ("lost phone", "wrong_password"),
    "recovery_codes": (["h4kq-9w2m-x7tr", "m2pd-7c5n-q8vf"],),
    "recovery_codes_left": (10,),
    "reference": ("PG-7F3K-92Q4",),
    "requested_by": ("key:mei",),
    "request_id": ("5d1c7a90",),
    "reset_id": (effect_id(ACCOUNT, EVENT, "reset"),),
    "risk": (0.83,),
    "score": (83,),
    "secret": ("JBSWY3DPEHPK3PXP", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    "session_id": ("s-81f2",),
    "severity": ("high",),
    "source": ("decision", "support"),
    "state": ("held", "open", "active", "requested", "waiting"),
    "status": ("requested", "accepted", "valid"),
    "template": ("hold_notice",),
    "ticket": ("3f9a",),
    "time_zone": ("Asia/Shanghai",),
    "title": ("Malformed",),
    "type": ("transaction",),
    "url": ("https://wallet.example/payguard",),
    "use": ("sig",),
    "user_agent": (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Mobile/15E148 Safari/604.1",
    ),
    "version": (1,),
    "warnings": ([],),
    "webhook_id": (effect_id(ACCOUNT, EVENT, "webhook"),),
    "why": ("spoke to the owner, the phone is theirs",),
    "x": ("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",),
}

_SEEN = {
    "ip": VALUES["ip"][0],
    "user_agent": VALUES["user_agent"][0],
    "device_id": VALUES["device_id"][0],
    "session_id": VALUES["session_id"][0],
}
#: One event of each kind that is taken over HTTP.
EVENTS: dict[str, dict[str, Any]] = {
    "login": {
        "type": "login",
        "event_id": "login-2026-0917",
        "account_id": ACCOUNT,
        "occurred_at": _WHEN,
        "outcome": "success",
        "method": "password",
        **_SEEN,
    },
    "transaction": {
        "type": "transaction",
        "event_id": EVENT,
        "account_id": ACCOUNT,
        "occurred_at": _WHEN,
        "amount": "18000.00",
        "currency": "CNY",
        "kind": "transfer",
        "status": "requested",
        "payee_id": PAYEE,
        **_SEEN,
    },
    "account_change": {
        "type": "account_change",
        "event_id": "change-2026-0917",
        "account_id": ACCOUNT,
        "occurred_at": _WHEN,
        "change": "email_change",
        **_SEEN,
    },
    "user_report": {
        "type": "user_report",
        "event_id": "report-2026-0917",
        "account_id": ACCOUNT,
        "occurred_at": _LATER,
        "about_event_id": EVENT,
        "verdict": "not_me",
    },
    "label": {
        "type": "label",
        "event_id": "label-2026-0917",
        "account_id": ACCOUNT,
        "occurred_at": _LATER,
        "about_event_id": EVENT,
        "verdict": "fraud",
    },
}
