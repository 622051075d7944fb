"""The finding of a trained model: what it makes of a payment beyond what the detectors found, in words of its main aspects."""

from __future__ import annotations

from collections.abc import Mapping

from contracts.circumstances import Circumstance
from contracts.events import Transaction
from contracts.findings import Finding, Reason, Spec, Value

NAME = "learned_pattern"
#: An aspect is named beside the first only when it pushes at least this part of what that one does.
_SECOND_SHARE = 0.25

SPEC = Spec(
    name=NAME,
    version=1,
    event_types=(Transaction,),
    family=NAME,
    reasons=(
        Reason(
            code=NAME,
            en="Of past payments like this one {value:percent} were fraud, above all for {first}.",
            zh_cn="与此相似的历史交易中，有 {value:percent} 为欺诈，主要依据是{first}。",
        ),
        Reason(
            code="learned_patterns",
            en="Of past payments like this one {value:percent} were fraud, above all for {first} and {second}.",
            zh_cn="与此相似的历史交易中，有 {value:percent} 为欺诈，主要依据是{first}和{second}。",
        ),
    ),
    wakes_on=Circumstance.ALWAYS,
)

#: Aspects of an event, as `services.risk.features` names them, in words.
ASPECT_WORDS: dict[str, dict[str, str]] = {
    "en": {
        "aspect_amount": "its amount",
        "aspect_balance": "its share of the balance",
        "aspect_kind": "its kind",
        "aspect_category": "the payee's trade",
        "aspect_pace": "the pace of the account's payments",
        "aspect_hour": "its time of day",
        "aspect_own_payee": "the account's own history with the payee",
        "aspect_payee_age": "the age of the payee",
        "aspect_payee_crowd": "the payee's other payers",
        "aspect_payee_frauds": "confirmed fraud at the payee",
        "aspect_device": "the device",
        "aspect_network": "the network",
        "aspect_country": "the country",
        "aspect_failures": "the failed logins before it",
        "aspect_history": "the account's age and history",
        "aspect_held": "money of the last days that is still held back",
        "aspect_findings": "the other findings together",
    },
    "zh-CN": {
        "aspect_amount": "交易金额",
        "aspect_balance": "占余额的比例",
        "aspect_kind": "交易类型",
        "aspect_category": "收款方行业",
        "aspect_pace": "该账户的交易节奏",
        "aspect_hour": "交易时段",
        "aspect_own_payee": "该账户与收款方的往来记录",
        "aspect_payee_age": "收款方的存续时间",
        "aspect_payee_crowd": "收款方的其他付款人",
        "aspect_payee_frauds": "收款方已确认的欺诈",
        "aspect_device": "设备",
        "aspect_network": "网络",
        "aspect_country": "国家或地区",
        "aspect_failures": "此前的登录失败",
        "aspect_history": "该账户的历史长短",
        "aspect_held": "近日仍被暂缓的款项",
        "aspect_findings": "其他各项发现的叠加",
    },
}
FINDINGS_ASPECT = "findings"


def pattern(risk: float, weight: float, pushed: Mapping[str, float]) -> Finding:
    """The model's finding: `risk` is its probability of fraud, `weight` what it adds in nats, `pushed` nats by aspect.

    It never holds the event out of the profile: what an account is taught must not depend on counts across accounts, and
    stays what the model was trained on.
    """
    order = sorted(pushed, key=lambda aspect: (-pushed[aspect], aspect))
    first = order[0]
    facts: dict[str, Value] = {"first": f"aspect_{first}"}
    code = NAME
    if len(order) > 1 and pushed[order[1]] > max(0.0, _SECOND_SHARE * pushed[first]):
        facts["second"] = f"aspect_{order[1]}"
        code = "learned_patterns"
    return Finding(
        detector=NAME,
        reason=code,
        family=NAME,
        weight=round(weight, 4),
        value=round(risk, 4),
        facts=facts,
    )
