"""Letters to the security team on an attack, in Chinese and English: one thread an attack. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape

from contracts.amounts import grouped
from notifier.channels import Letter, Short
from services.attacks.telling import AttackAlert

_KINDS = {
    "credential_stuffing": ("撞库", "credential stuffing"),
    "password_spraying": ("密码喷洒", "password spraying"),
    "code_guessing": ("猜测验证码", "guessing of codes"),
    "card_testing": ("盗卡测试", "card testing"),
}
_WHY = {
    "recognised": ("发现一次针对大量账户的攻击。", "An attack on many accounts was recognised."),
    "grown": ("攻击波及的账户已翻倍。", "It has touched twice as many accounts as last told."),
    "gave_way": ("已有账户被登入或被盗用。", "Accounts have let somebody in."),
    "over": ("一小时内没有新的尝试，攻击已结束。", "Nothing was tried for an hour: it is over."),
}
_NETWORKS = {
    "unknown": ("未知", "unknown"),
    "residential": ("住宅", "residential"),
    "mobile": ("移动网络", "mobile"),
    "hosting": ("机房", "hosting"),
    "vpn": ("VPN", "VPN"),
    "tor": ("Tor", "Tor"),
    "relay": ("中继", "relay"),
    "satellite": ("卫星", "satellite"),
}
_STAKES = {
    "held": ("已暂停", "held"),
    "refused": ("已拒绝", "refused"),
    "completed": ("已付出", "paid out"),
    "requested": ("处理中", "asked for"),
}
_CHINESE, _ENGLISH = 0, 1


def letter(alert: AttackAlert, to: str, desk_url: str) -> Letter:
    """The letter; all letters of an attack have one subject, and answer the first."""
    chinese, english = _KINDS[alert.kind]
    subject = f"[{alert.attack_id}] 攻击：{chinese} · Attack: {english}"
    link = f"{desk_url.rstrip('/')}/desk/attacks/{alert.attack_id}"
    text = "\n\n".join("\n".join(_lines(alert, link, language)) for language in (_CHINESE, _ENGLISH))
    title = f"{alert.attack_id} {english}"
    return Letter(
        to=to,
        subject=subject,
        text=text + "\n",
        html=_html(alert, link),
        language="zh-CN, en",
        short=Short(title=title, body=text, text=title, link=link),
        account_id="",
        template="attack",
        reference=alert.attack_id,
        answers=None if alert.number == 1 else f"attack-{alert.attack_id}-1",
    )


def _lines(alert: AttackAlert, link: str, language: int) -> list[str]:
    chinese = language == _CHINESE
    colon = "：" if chinese else ": "

    def line(chinese_name: str, english_name: str, value: object) -> str:
        return f"{chinese_name if chinese else english_name}{colon}{value}"

    return [
        (" " if not chinese else "").join(_WHY[why][language] for why in alert.why),
        line("编号", "Number", alert.attack_id),
        line("类型", "Kind", _KINDS[alert.kind][language]),
        line("开始（UTC）", "Began (UTC)", _moment(alert.begun_at)),
        line("最近一次（UTC）", "Last attempt (UTC)", _moment(alert.last_at)),
        line("尝试次数", "Attempts", f"{alert.attempts:,}"),
        line("波及账户", "Accounts touched", f"{alert.accounts:,}"),
        line("失守账户", "Accounts that gave way", f"{alert.gave_way:,}"),
        line("来源地址", "Addresses", f"{alert.sources:,}{_networks(alert.networks, language)}"),
        line("涉及资金", "Money at stake", _stakes(alert.at_stake, language)),
        line("处理", "Act on it", link),
    ]


def _networks(networks: Mapping[str, int], language: int) -> str:
    if not networks:
        return ""
    most = sorted(networks.items(), key=lambda each: (-each[1], each[0]))
    parts = [f"{_NETWORKS[kind][language]} {count:,}" for kind, count in most]
    return f"（{'、'.join(parts)}）" if language == _CHINESE else f" ({', '.join(parts)})"


def _stakes(stakes: Mapping[str, Mapping[str, str]], language: int) -> str:
    parts = [
        f"{_STAKES[state][language]} {grouped(amount)} {currency}"
        for state, money in stakes.items()
        for currency, amount in money.items()
    ]
    if not parts:
        return ("无", "none")[language]
    return ("；", "; ")[language].join(parts)


def _html(alert: AttackAlert, link: str) -> str:
    parts = []
    for language, name in ((_CHINESE, "zh-CN"), (_ENGLISH, "en")):
        *lines, last = _lines(alert, link, language)
        written = "<br>".join(map(escape, lines))
        address = escape(link, quote=True)
        label = escape(last.removesuffix(link))
        parts.append(f'<p lang="{name}">{written}<br>{label}<a href="{address}">{address}</a></p>')
    title = escape(alert.attack_id)
    head = f'<head><meta charset="utf-8"><title>{title}</title></head>'
    return f'<!doctype html><html lang="zh-CN">{head}<body>{"".join(parts)}</body></html>'


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")
