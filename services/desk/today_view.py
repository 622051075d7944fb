"""The page of today: each question with its answer in a sentence, four figures and two charts, in the reader's words. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from services.desk import today_charts as charts
from services.desk.today import Today
from services.desk.today_attack import Attack
from services.desk.today_charts import LATE_S, Chart
from services.desk.today_figures import Heard
from services.desk.today_writer import Writer

Tone = Literal["", "warn", "bad"]
#: From so many alerts an hour on, and so many times the usual, it is an attack, or looks like one.
_ATTACK, _MORE = (20, 5.0), (10, 3.0)
#: What is wrong with the machine, and what helps.
_RUNBOOKS = {
    "stuck": "consumer-failing.md",
    "behind": "outbox-stuck.md",
    "wallet": "freeze-unacknowledged.md",
}
#: Shares of letters that nobody got, and the seconds until a message that are slow.
_FEW_REACHED, _FEWER_REACHED, _SLOW_S = 0.05, 0.2, 60.0


class Figure(Struct, frozen=True):
    """A figure: its name, its value, a unit or note beside it, and whether it calls for somebody."""

    name: str
    value: str
    note: str = ""
    tone: Tone = ""


class Panel(Struct, frozen=True, kw_only=True):
    """A question, its answer, four figures and two charts; `to` is where the answer leads."""

    name: str
    question: str
    answer: str
    tone: Tone
    to: str
    figures: Sequence[Figure]
    charts: Sequence[Chart]


def panels_of(today: Today, writer: Writer, runbooks: str = "") -> list[Panel]:
    """The four, in their order; what is wrong with the machine leads to its runbook, where `runbooks` says where those are."""
    return [
        _attack(today, writer),
        _heard(today, writer),
        _keeping(today, writer),
        _machine(today, writer, runbooks),
    ]


def _attack(today: Today, writer: Writer) -> Panel:
    t, found = writer.t, today.attack
    answer, tone, to = _under_attack(found, writer)
    lost = writer.money(found.lost)
    return Panel(
        name="attack",
        question=t("today.q1"),
        answer=answer,
        tone=tone,
        to=to,
        figures=[
            Figure(t("today.n_accounts"), f"{found.accounts:,}"),
            Figure(t("today.n_gave_way"), f"{found.gave_way:,}", "", "bad" if found.gave_way else ""),
            Figure(t("today.n_held"), *writer.money(found.held)),
            Figure(t("today.n_lost"), *lost, "bad" if found.lost else ""),
        ],
        charts=[charts.alerts(today, writer, hot=tone == "bad"), charts.funnel(today, writer)],
    )


def _under_attack(found: Attack, writer: Writer) -> tuple[str, Tone, str]:
    """The answer, its tone and where it leads: an attack that was recognised comes before what alerts make likely."""
    t, waves = writer.t, found.waves
    if not waves:
        name, tone = _is_attack(found.last_hour, found.usual_hour)
        said = t(f"today.attack_{name}", count=f"{found.last_hour:,}", usual=f"{found.usual_hour:.1f}")
        return said, tone, "/desk?kind=risk"
    accounts = sum(each.accounts for each in waves)
    gave_way = sum(each.gave_way for each in waves)
    touched = t("today.touched", n=f"{accounts:,}", gave_way=f"{gave_way:,}")
    if len(waves) > 1:
        return t("today.attack_waves", count=len(waves), touched=touched), "bad", "/desk/attacks"
    [wave] = waves
    kind = t(f"attack_kind.{wave.kind}")
    gaps = {"kind": kind[0].lower() + kind[1:], "since": writer.clock(wave.begun_at), "touched": touched}
    return t("today.attack_wave", **gaps), "bad", f"/desk/attacks/{wave.attack_id}"


def _is_attack(last_hour: int, usual: float) -> tuple[str, Tone]:
    if last_hour >= _ATTACK[0] and last_hour >= _ATTACK[1] * usual:
        return "yes", "bad"
    if last_hour >= _MORE[0] and last_hour >= _MORE[1] * usual:
        return "more", "warn"
    return "no", ""


def _heard(today: Today, writer: Writer) -> Panel:
    t, found = writer.t, today.heard
    letters = found.sent + found.unreachable
    missed = found.unreachable / letters if letters else 0.0
    name, tone = _is_heard(found, letters, missed)
    share = f"{100 * missed:.1f}"
    return Panel(
        name="heard",
        question=t("today.q2"),
        answer=t(f"today.heard_{name}", median=writer.span(found.median_s), missed=share),
        tone=tone,
        to="",
        figures=[
            Figure(t("today.n_sent"), f"{found.sent:,}", "" if found.whole else t("today.newest")),
            Figure(t("today.n_unreachable"), f"{found.unreachable:,}", f"{share} %" if letters else "", tone),
            Figure(t("today.n_answers"), f"{found.answers:,}"),
            Figure(t("today.n_right"), f"{found.right:,}", f"/ {found.not_me:,}"),
        ],
        charts=[charts.channels(today, writer), charts.stop(today, writer)],
    )


def _is_heard(found: Heard, letters: int, missed: float) -> tuple[str, Tone]:
    if not letters:
        return "none", ""
    if missed > _FEWER_REACHED:
        return "no", "bad"
    if missed > _FEW_REACHED or (found.median_s or 0.0) > _SLOW_S:
        return "slow", "warn"
    return "yes", ""


def _keeping(today: Today, writer: Writer) -> Panel:
    t, found = writer.t, today.keeping
    name: str
    tone: Tone
    name, tone = ("no", "bad") if found.breached else ("barely", "warn") if found.soon else ("yes", "")
    gaps = {"breached": found.breached, "soon": found.soon, "unassigned": found.unassigned}
    return Panel(
        name="keeping",
        question=t("today.q3"),
        answer=t(f"today.keeping_{name}", **gaps),
        tone=tone,
        to="/desk",
        figures=[
            Figure(t("today.n_open"), f"{found.open:,}"),
            Figure(t("today.n_first"), *writer.took(found.first_answer.p90_s)),
            Figure(t("today.n_approvals"), f"{found.approvals:,}"),
            Figure(
                t("today.n_reveals"),
                f"{found.shown.count:,}",
                t("today.unusual", n=found.shown.unusual) if found.shown.unusual else "",
                "bad" if found.shown.unusual else "",
            ),
        ],
        charts=[charts.kinds(today, writer), charts.precision(today, writer)],
    )


def _machine(today: Today, writer: Writer, runbooks: str) -> Panel:
    t, machine, wallet = writer.t, today.machine, today.wallet
    name, tone = _is_well(today)
    gaps = {
        "names": t("today.between").join(machine.stuck),
        "count": wallet.waiting,
        "oldest": writer.span(wallet.oldest_s),
        "behind": writer.span(wallet.unsent_oldest_s),
    }
    return Panel(
        name="machine",
        question=t("today.q4"),
        answer=t(f"today.machine_{name}", **gaps),
        tone=tone,
        to=f"{runbooks}/{_RUNBOOKS[name]}" if runbooks and name in _RUNBOOKS else "",
        figures=[
            Figure(t("today.n_events"), _known(machine.events, writer)),
            Figure(
                t("today.n_behind"),
                *writer.took(wallet.unsent_oldest_s),
                "bad" if wallet.unsent_oldest_s > LATE_S else "",
            ),
            Figure(
                t("today.n_waiting"),
                f"{wallet.waiting:,}",
                writer.span(wallet.oldest_s) if wallet.waiting else "",
                "bad" if wallet.oldest_s > LATE_S else "",
            ),
            Figure(t("today.n_dead"), _known(machine.dead_letters, writer)),
        ],
        charts=[charts.machine(today, writer), charts.confirmed(today, writer)],
    )


def _is_well(today: Today) -> tuple[str, Tone]:
    if today.machine.stuck:
        return "stuck", "bad"
    if today.wallet.unsent_oldest_s > LATE_S:
        return "behind", "bad"
    return ("wallet", "warn") if today.wallet.oldest_s > LATE_S else ("yes", "")


def _known(count: int | None, writer: Writer) -> str:
    return writer.t("today.unknown") if count is None else f"{count:,}"
