"""The actions a policy may take, the weakest first: a row for each names all that differs. To add one, see docs/extend.md."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

Action = Literal["allow", "notify", "challenge", "hold", "deny"]
ACTIONS: tuple[Action, ...] = get_args(Action)
#: What may follow from an action, by the tags of `contracts.decisions.AnyEffect`, and what the policy's page calls it.
EffectName = Literal[
    "issue_challenge",
    "raise_alert",
    "open_case",
    "hold_payment",
    "release_payment",
    "freeze",
    "revoke_sessions",
    "notify",
    "forget_account",
]
EFFECTS: dict[EffectName, str] = {
    "issue_challenge": "challenge",
    "raise_alert": "alert",
    "open_case": "case",
    "hold_payment": "the payment waits",
    "release_payment": "the payment waits no more",
    "freeze": "outgoing money frozen",
    "revoke_sessions": "sessions ended",
    "notify": "notice to the owner, if an address is known",
    "forget_account": "what is kept of the account is deleted",
}


class Headlines(NamedTuple):
    """What a decision of this action is called, by type of event."""

    login: str
    transaction: str
    account_change: str


class ActionKind(NamedTuple):
    """One action.

    `zh_cn` is its name in Chinese, `colour` a terminal's. `stops`: the event waits or is refused. `effects` follow in this order,
    a challenge only where the account can answer one. `notice` is the template of the notice, None for that of the event's type.
    `reached` is what happens from its threshold on, in the words of the policy's page. `optional`: a policy need not state its
    threshold, and then never takes it, nor its severity, which then is "high".
    """

    name: Action
    zh_cn: str
    colour: str
    en_headlines: Headlines
    zh_cn_headlines: Headlines
    stops: bool = False
    effects: tuple[EffectName, ...] = ()
    notice: str | None = None
    reached: str = ""
    optional: bool = False


ALLOW = ActionKind(
    "allow",
    "放行",
    "green",
    Headlines("Login: no objection", "Payment allowed", "Account change allowed"),
    Headlines("登录：无异议", "交易已放行", "账户变更已放行"),
)
NOTIFY = ActionKind(
    "notify",
    "通知",
    "cyan",
    Headlines("Login noted", "Payment allowed", "Account change allowed"),
    Headlines("登录已记录", "交易已放行", "账户变更已放行"),
    effects=("notify",),
    reached="a notice to the owner is due",
)
CHALLENGE = ActionKind(
    "challenge",
    "验证",
    "yellow",
    Headlines("Login waits for a code", "Payment waits for a code", "Account change waits for a code"),
    Headlines("登录需输入动态验证码", "交易需输入动态验证码", "账户变更需输入动态验证码"),
    stops=True,
    effects=("issue_challenge", "raise_alert"),
    reached="a second factor is asked for",
)
HOLD = ActionKind(
    "hold",
    "暂停",
    "magenta",
    Headlines("Login held for support", "Payment held for support", "Account change held for support"),
    Headlines("登录已暂停，等待客服核实", "交易已暂停，等待客服核实", "账户变更已暂停，等待客服核实"),
    stops=True,
    effects=("issue_challenge", "hold_payment", "raise_alert", "open_case", "notify"),
    notice="hold_notice",
    reached="the event waits for support",
)
DENY = ActionKind(
    "deny",
    "拒绝",
    "bold red",
    Headlines(
        "Login refused, account frozen",
        "Payment refused, account frozen",
        "Account change refused, account frozen",
    ),
    Headlines("登录已拒绝，账户已冻结", "交易已拒绝，账户已冻结", "账户变更已拒绝，账户已冻结"),
    stops=True,
    effects=("freeze", "revoke_sessions", "raise_alert", "open_case", "notify"),
    notice="deny_notice",
    reached="the event is refused and the account is frozen",
)

KINDS = (ALLOW, NOTIFY, CHALLENGE, HOLD, DENY)
KIND_OF: dict[str, ActionKind] = {kind.name: kind for kind in KINDS}
RANK: dict[str, int] = {action: rank for rank, action in enumerate(ACTIONS)}
#: Those with a threshold: all but the weakest.
STEPS = KINDS[1:]
STOPPING = frozenset(kind.name for kind in KINDS if kind.stops)
ASKING = frozenset(kind.name for kind in KINDS if "issue_challenge" in kind.effects)
