"""The kinds of account change: a row for each names all that differs among them. To add one, see docs/extend.md."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

#: What wallets report, and what PayGuard's own second factor says: `totp_enrolled` the first, `totp_replaced` one in place of
#: another. An event of the latter is believed under PayGuard's signature alone.
WalletChange = Literal[
    "password_reset",
    "password_change",
    "phone_change",
    "email_change",
    "address_change",
    "limit_raise",
    "device_removed",
]
OwnChange = Literal[
    "totp_enrolment_started",
    "totp_enrolled",
    "totp_replaced",
    "totp_removed",
    "totp_locked",
    "totp_disabled",
    "totp_reset_requested",
    "totp_reset_approved",
    "totp_reset_cancelled",
    "recovery_codes_made",
    "recovery_code_used",
]
ChangeName = Literal[WalletChange, OwnChange]


class Factor(NamedTuple):
    """What an account has: a factor that can be asked for, or one that wrong codes have disabled."""

    present: bool
    disabled: bool = False


class ChangeKind(NamedTuple):
    """One kind of change.

    `en` and `zh_cn` are what a finding calls it; empty where none does. `credential`: it changes how one signs in.
    `takeover_step`: takeovers go through it on their way to the money. `factor` is what the account has after it, where that
    changes. `teaches`: its device and network become the account's.
    """

    name: ChangeName
    en: str = ""
    zh_cn: str = ""
    credential: bool = False
    takeover_step: bool = False
    factor: Factor | None = None
    teaches: bool = True


KINDS = (
    ChangeKind("password_reset", "a password reset", "重置密码", credential=True, takeover_step=True),
    ChangeKind("password_change", "a new password", "修改密码", credential=True, takeover_step=True),
    ChangeKind("phone_change", "a new phone number", "更换手机号", credential=True, takeover_step=True),
    ChangeKind("email_change", "a new e-mail address", "更换邮箱", credential=True, takeover_step=True),
    ChangeKind("address_change"),
    ChangeKind("limit_raise", "a higher limit", "提高限额", takeover_step=True),
    ChangeKind("device_removed", "a device removed", "移除设备", takeover_step=True),
    # Whoever began an enrolment has proved the password alone.
    ChangeKind("totp_enrolment_started", teaches=False),
    ChangeKind(
        "totp_enrolled", "a new authenticator", "绑定新的身份验证器", takeover_step=True, factor=Factor(True)
    ),
    ChangeKind(
        "totp_replaced",
        "another authenticator in place of the old one",
        "更换身份验证器",
        takeover_step=True,
        factor=Factor(True),
    ),
    ChangeKind(
        "totp_removed",
        "the second factor removed",
        "解除两步验证",
        takeover_step=True,
        factor=Factor(False),
    ),
    ChangeKind("totp_locked"),
    ChangeKind("totp_disabled", factor=Factor(False, disabled=True)),
    ChangeKind("totp_reset_requested"),
    ChangeKind("totp_reset_approved"),
    ChangeKind("totp_reset_cancelled"),
    ChangeKind("recovery_codes_made", "new recovery codes", "重新生成恢复码"),
    ChangeKind("recovery_code_used", "a recovery code used", "使用恢复码", takeover_step=True),
)
CHANGES: dict[str, ChangeKind] = {kind.name: kind for kind in KINDS}
OWN_CHANGES = frozenset(get_args(OwnChange))
CREDENTIAL_CHANGES = frozenset(kind.name for kind in KINDS if kind.credential)
TAKEOVER_STEPS = frozenset(kind.name for kind in KINDS if kind.takeover_step)
