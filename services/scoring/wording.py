"""Words of decisions in each language: headlines by event type and action, and what was not known."""

from __future__ import annotations

from collections.abc import Mapping

from contracts import actions, changes
from contracts.actions import Headlines

LOCALES = ("en", "zh-CN")


def _headlines(by_action: Mapping[str, Headlines]) -> dict[tuple[str, str], str]:
    return {
        (type_name, action): headline
        for action, headlines in by_action.items()
        for type_name, headline in headlines._asdict().items()
    }


#: (event type, action) to headline, by locale. A decision does not say whether a login succeeded, so its words do not.
HEADLINES: dict[str, dict[tuple[str, str], str]] = {
    "en": {
        **_headlines({kind.name: kind.en_headlines for kind in actions.KINDS}),
        ("challenge_outcome", "allow"): "Answer to a challenge noted",
        ("user_report", "allow"): "Owner's report noted",
        ("label", "allow"): "Verdict noted",
        ("settlement", "allow"): "End of a hold noted",
        ("erasure", "allow"): "Account forgotten",
        ("owner_act", "allow"): "Owner's act noted",
    },
    "zh-CN": {
        **_headlines({kind.name: kind.zh_cn_headlines for kind in actions.KINDS}),
        ("challenge_outcome", "allow"): "已记录验证结果",
        ("user_report", "allow"): "已记录户主反馈",
        ("label", "allow"): "已记录核实结论",
        ("settlement", "allow"): "已记录冻结或暂停的解除",
        ("erasure", "allow"): "账户数据已删除",
        ("owner_act", "allow"): "已记录用户本人的操作",
    },
}

#: What follows a headline of what was let through and noted: an effect of the decision, the first of them that it has. Whether a
#: letter arrives is not known when an event is decided.
NOTED: dict[str, dict[str, str]] = {
    "en": {"notify": ", a notice to the owner is due", "raise_alert": ", alert raised"},
    "zh-CN": {"notify": "，待通知户主", "raise_alert": "，已告警"},
}

#: The same of what was let through without a word to its owner, and still has consequences: an owner's report, a label, an end.
FOLLOWED: dict[str, dict[str, str]] = {
    "en": {
        "freeze": ", account frozen",
        "release_payment": ", payment let go",
        "open_case": ", case opened",
        "raise_alert": ", alert raised",
    },
    "zh-CN": {
        "freeze": "，账户已冻结",
        "release_payment": "，付款已放行",
        "open_case": "，已转客服核实",
        "raise_alert": "，已告警",
    },
}
#: Headlines that take the place of those of the action, by what a stopped event waits for, or what was too late to stop.
INSTEAD: dict[str, dict[tuple[str, str], str]] = {
    "en": {
        ("login", "code_or_support"): "Login waits for a code or for support",
        ("transaction", "code_or_support"): "Payment waits for a code or for support",
        ("account_change", "code_or_support"): "Account change waits for a code or for support",
        ("transaction", "again"): "Payment waits with an earlier try of it",
        ("login", "owner"): "Login waits for its owner's word",
        ("transaction", "owner"): "Payment waits for its owner's word",
        ("account_change", "owner"): "Account change waits for its owner's word",
        ("transaction", "paid"): "Payment carried out while the account was frozen, alert raised",
        ("transaction", "frozen"): "Payment refused, account is frozen",
    },
    "zh-CN": {
        ("login", "code_or_support"): "登录已暂停，等待动态验证码或客服核实",
        ("transaction", "code_or_support"): "交易已暂停，等待动态验证码或客服核实",
        ("account_change", "code_or_support"): "账户变更已暂停，等待动态验证码或客服核实",
        ("transaction", "again"): "交易已暂停，与此前同一笔付款一并等待处理",
        ("login", "owner"): "登录已暂停，等待户主确认",
        ("transaction", "owner"): "交易已暂停，等待户主确认",
        ("account_change", "owner"): "账户变更已暂停，等待户主确认",
        ("transaction", "paid"): "账户冻结期间交易仍被执行，已告警",
        ("transaction", "frozen"): "交易已拒绝，账户处于冻结状态",
    },
}

#: States of a decision, by locale.
STATES: dict[str, dict[str, str]] = {
    "en": {
        "learning": "This account has little history yet, so its habits are not known.",
        "place_unavailable": "The place of the address could not be looked up.",
        "network_unavailable": "The network of the address could not be looked up.",
        "address_not_public": "The event came with an address inside a network, which says nothing of the client.",
        "address_malformed": "The event's address could not be read.",
        "place_malformed": "The event's place could not be read as it was sent.",
        "network_malformed": "The event's network could not be read as it was sent.",
        "device_malformed": "What the event says of its device could not be read as it was sent.",
        "device_of_a_crowd": "So many accounts present this device id that it names no device.",
        "field_malformed": "A field of the event could not be read as it was sent: it was cut or left out.",
        "tallies_unavailable": "Counts across accounts could not be read.",
        "memory_unavailable": "The account's history could not be read.",
        "memory_lost": "What was remembered of the account may be lost, so its habits are not known.",
        "late": "The event arrived too late to teach the account's history.",
        "clamped": "The event's time lay in the future and was set to the time it arrived.",
        "snoozed": "Findings are snoozed for now: they are shown and did not count.",
        "budget_spent": "No code was asked for: the account was asked for as many as the policy allows.",
        "held_not_denied": "Held, not denied: the owner may have done all of this, so the account was not frozen.",
        "repeated": "The same payment was stopped before and has not ended: of all its tries at most one is paid.",
    },
    "zh-CN": {
        "learning": "该账户历史记录较少，尚无法判断其使用习惯。",
        "place_unavailable": "无法查询该地址的所在地。",
        "network_unavailable": "无法查询该地址所属的网络。",
        "address_not_public": "事件所带的是内部网络地址，无法说明客户端来自何处。",
        "address_malformed": "无法识别事件所带的地址。",
        "place_malformed": "事件所带的所在地无法完整识别。",
        "network_malformed": "事件所带的网络信息无法完整识别。",
        "device_malformed": "事件所带的设备信息无法完整识别。",
        "device_of_a_crowd": "使用该设备标识的账户过多，无法据此识别设备。",
        "field_malformed": "事件中有字段无法完整识别，已截短或忽略。",
        "tallies_unavailable": "无法读取跨账户的统计。",
        "memory_unavailable": "无法读取该账户的历史记录。",
        "memory_lost": "该账户的历史记录可能已丢失，无法判断其使用习惯。",
        "late": "该事件到达过晚，未计入账户历史。",
        "clamped": "该事件的时间晚于当前时间，已按到达时间处理。",
        "snoozed": "部分检查结果处于静默期：仅作展示，未计入风险。",
        "budget_spent": "请求动态验证码的次数已达策略上限，未再请求。",
        "held_not_denied": "以上情况账户本人也可能遇到，因此只是暂缓，没有拒绝，账户也未冻结。",
        "repeated": "同一笔付款此前已被拦下，尚未了结；无论尝试几次，最多只付一次。",
    },
}

DEGRADED = {
    "en": "These checks failed and were skipped: {names}.",
    "zh-CN": "以下检查出错，已跳过：{names}。",
}

#: Changes with which an event would have passed, and the sentences about them: of what was stopped, and of what was noted.
CHANGES: dict[str, dict[str, str]] = {
    "en": {
        "amount_below": "below {amount}",
        "known_device": "from a known device",
        "known_place": "from a known place and network",
        "known_payee": "to a known payee",
        "unchanged_account": "without a change to the account in the {hours} h before",
    },
    "zh-CN": {
        "amount_below": "金额低于 {amount}",
        "known_device": "使用已知设备",
        "known_place": "在常用地点和网络操作",
        "known_payee": "收款人曾经付过款",
        "unchanged_account": "此前 {hours} 小时内账户资料未变更",
    },
}
WOULD_HAVE_PASSED = {
    "en": "It would have passed {changes}.",
    "zh-CN": "若{changes}，则可直接通过。",
}
WOULD_HAVE_BEEN_QUIET = {
    "en": "It would have raised no alert {changes}.",
    "zh-CN": "若{changes}，则不会告警。",
}
OR = {"en": " or ", "zh-CN": "，或"}

#: Seconds in a unit and its words: (seconds, one, many).
DURATIONS: dict[str, tuple[tuple[int, str, str], ...]] = {
    "en": (
        (86_400, "{n} day", "{n} days"),
        (3_600, "{n} hour", "{n} hours"),
        (60, "{n} minute", "{n} minutes"),
        (1, "{n} second", "{n} seconds"),
    ),
    "zh-CN": (
        (86_400, "{n} 天", "{n} 天"),
        (3_600, "{n} 小时", "{n} 小时"),
        (60, "{n} 分钟", "{n} 分钟"),
        (1, "{n} 秒", "{n} 秒"),
    ),
}

#: Names of currencies in Chinese; others keep their code.
CURRENCIES_ZH = {
    "CNY": "元",
    "USD": "美元",
    "EUR": "欧元",
    "GBP": "英镑",
    "JPY": "日元",
    "HKD": "港元",
    "SGD": "新加坡元",
    "KRW": "韩元",
}

#: Words that findings give as facts, where they differ from what is recorded.
WORDS: dict[str, dict[str, str]] = {
    "en": {
        "vpn": "VPN",
        "tor": "Tor",
        "to_new_payee": "to a payee not paid before",
        "from_new_device": "from a new device",
        "from_new_device_to_new_payee": "from a new device to a payee not paid before",
        "in_new_way": "in a way this account has not used before",
        "failed_logins": "failed logins",
        "failed_codes": "wrong codes",
        "new_device": "a new device",
        "new_payee": "a payee not paid before",
        **{kind.name: kind.en for kind in changes.KINDS if kind.en},
    },
    "zh-CN": {
        "unknown": "未知",
        "residential": "家庭宽带",
        "mobile": "移动网络",
        "hosting": "机房",
        "vpn": "VPN",
        "tor": "Tor",
        "relay": "中继",
        "satellite": "卫星",
        "to_new_payee": "向新收款人",
        "from_new_device": "从新设备",
        "from_new_device_to_new_payee": "从新设备向新收款人",
        "in_new_way": "以从未用过的方式",
        "failed_logins": "多次登录失败",
        "failed_codes": "验证码多次输错",
        "new_device": "出现新设备",
        "new_payee": "首次向该收款人付款",
        **{kind.name: kind.zh_cn for kind in changes.KINDS if kind.zh_cn},
    },
}
