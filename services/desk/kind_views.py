"""A case of a kind besides risk as values for its template: steps, evidence, fields, deadlines, ends and the message. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from services.cases.business_days import DeadlineSet
from services.cases.case_deadlines import Deadline, deadlines_of
from services.cases.kind_files import kinds
from services.cases.kind_shapes import DeskField, KindFile, Step
from services.desk.case_header import Chip, Header
from services.desk.evidence_found import Found, event_words
from services.desk.failure_view import failure_view, flagged_words
from services.desk.kind_evidence import EVIDENCE
from services.desk.kind_messages import ready_of
from services.desk.kind_reading import Around
from services.desk.steps_done import step_done
from services.desk.story_parts import Telling, one_line
from services.desk.top_up_trace import trace_of

#: The template of a kind's page; all others are told by their kind's file alone.
TEMPLATES = {
    "risk": "case_risk",
    "dispute": "case_dispute",
    "top_up_missing": "case_topup",
    "payment_failed": "case_failed",
}
_MOST_TITLE = 90


class StepShown(Struct, frozen=True, kw_only=True):
    """A step: done, now or to come; `ticked`: by a person, who may take it back."""

    name: str
    words: str
    below: str
    css: str
    ticked: bool
    may: bool


class EvidenceShown(Struct, frozen=True):
    """A line of evidence; `css` is red where it is missing."""

    name: str
    said: str
    source: str
    css: str


class FieldShown(Struct, frozen=True, kw_only=True):
    """A field: its form, what stands in it, as it is read, and who wrote it when."""

    name: str
    words: str
    form: str
    value: str
    read: str
    by: str
    choices: Sequence[tuple[str, str]]


class DeadlineShown(Struct, frozen=True):
    """A deadline on the reader's clock."""

    words: str
    due: str
    css: str
    source: str


class EndShown(Struct, frozen=True):
    """A way to close: what it does, its keys, and who may, where not everybody does."""

    words: str
    does: str
    keys: str
    who: str


def template_of(kind: str) -> str:
    """The name of the template of a case of the kind."""
    return TEMPLATES.get(kind, "case_report")


def kind_values(
    around: Around,
    head: Header,
    deadlines: DeadlineSet,
    tell: Telling,
    owner: Telling,
    role: str,
    now: float,
) -> dict[str, Any]:
    """What the templates of the kinds ask for beside those of every case; `role` is the reader's."""
    case = around.file.case
    kind = kinds()[case.kind]
    due = deadlines_of(case, deadlines, now)
    regulator = deadlines.regulator
    steps = steps_shown(kind, around, due, tell, role, now)
    evidence = evidence_shown(kind, around, tell, now)
    return {
        "head": replace(
            head, title=title(around, tell, now), chips=[*_chips(around, tell, now), *head.chips]
        ),
        "k": {
            "kind": case.kind,
            "steps": steps,
            "told": around.told,
            "told_at": "" if around.told is None else _moment(around.told.made_at, tell),
            "answers": _answers(kind, around, tell),
            "evidence": evidence,
            "known": sum(not each.css for each in evidence),
            "fields": [_field(each, around, tell) for each in kind.fields],
            "deadlines": [_deadline(each, tell, now) for each in due],
            "ends": [
                EndShown(
                    each.said.in_(tell.locale),
                    each.does.in_(tell.locale),
                    f"v {each.key}",
                    "" if "agent" in each.who else tell.join(*(tell.t(f"role.{who}") for who in each.who)),
                )
                for each in kind.closings
            ],
            "calendar": deadlines.zone,
            "regulator": regulator.in_(tell.locale),
            "ready": ready_of(around, tell, owner, due, regulator.in_(owner.locale), now),
            "trace": trace_of(around, tell, now) if case.kind == "top_up_missing" else None,
            "failure": failure_view(around, tell) if case.kind == "payment_failed" else None,
            "channel": around.channel,
            "faq": around.answers,
            "open": case.state != "resolved",
            "facts": _facts(around, tell, now),
        },
    }


def title(around: Around, tell: Telling, now: float) -> str:
    """A sentence that a colleague could act on."""
    case, t, row = around.file.case, tell.t, around.subject
    kind = kinds()[case.kind]
    if case.kind == "payment_failed" and around.failed:
        n = len(around.failed)
        return t("title.failed", n=n, cause=failure_view(around, tell).cause.rstrip(".。"))
    if case.kind == "top_up_missing" and row is not None:
        return t(
            "title.top_up",
            money=tell.money(row.amount, row.currency),
            state=trace_of(around, tell, now).state,
        )
    said = _answers(kind, around, tell)
    first = said[0][1] if said else kind.name.in_(tell.locale)
    if row is not None:
        return t("title.about", what=first, event=event_words(row, tell))
    told = "" if around.told is None else one_line(around.told.text)
    cut = told if len(told) <= _MOST_TITLE else f"{told[:_MOST_TITLE]}…"
    return t("title.about", what=first, event=cut) if cut else first


def steps_shown(
    kind: KindFile, around: Around, due: Sequence[Deadline], tell: Telling, role: str, now: float
) -> list[StepShown]:
    """The steps in order; the first that is not done is what comes now."""
    shown: list[StepShown] = []
    by_rule = {each.rule: each for each in due}
    current = around.file.case.state == "resolved"
    for step in kind.steps:
        done, below = _done(step, around, tell, now)
        ticked = step.name in around.work.steps
        css = "done" if done else ""
        if not done and not current and not step.optional:
            css, current = "now", True
        deadline = by_rule.get(step.deadline or "")
        if not done and deadline is not None:
            below = tell.t("step_by.due", day=tell.date(deadline.due_at))
        may = around.file.case.state != "resolved" and role in step.who
        words = step.said.in_(tell.locale)
        shown.append(StepShown(name=step.name, words=words, below=below, css=css, ticked=ticked, may=may))
    return shown


def _done(step: Step, around: Around, tell: Telling, now: float) -> tuple[bool, str]:
    done = step_done(step, around, tell, now)
    if done is None:
        return False, ""
    when = None if done.at is None else tell.date(done.at)
    return True, tell.join(when, None if done.by is None else tell.who(done.by)) or tell.t("step_by.itself")


def evidence_shown(kind: KindFile, around: Around, tell: Telling, now: float) -> list[EvidenceShown]:
    """The evidence that fills itself in, and what support wrote down as evidence; what is missing says so."""
    lines = []
    for row in kind.evidence:
        found = EVIDENCE[row.query](around, tell, now)
        lines.append(_line(row.name.in_(tell.locale), found, tell))
    for field in kind.fields:
        if field.evidence:
            written = around.work.fields.get(field.name)
            found = None
            if written is not None:
                by = tell.join(tell.who(written.set_by), tell.date(written.set_at))
                found = Found(_read(field, written.value, tell), by)
            lines.append(_line(field.said.in_(tell.locale), found, tell))
    return lines


def _line(name: str, found: Found | None, tell: Telling) -> EvidenceShown:
    if found is None:
        return EvidenceShown(name, tell.t("evidence.missing"), "—", "bad")
    source = f"source.{found.source}"
    return EvidenceShown(name, found.said, tell.t(source) if source in tell.t else found.source, "")


def _answers(kind: KindFile, around: Around, tell: Telling) -> list[tuple[str, str]]:
    """What the owner answered to the questions of the kind."""
    if around.told is None or kind.owner is None:
        return []
    said = []
    for field in kind.owner.fields:
        answer = around.told.answers.get(field.name)
        if answer is None:
            continue
        words = next(
            (each.in_(tell.locale) for each in field.choices if each.name == answer), one_line(answer)
        )
        said.append((field.ask.in_(tell.locale), words))
    return said


def _read(field: DeskField, value: str, tell: Telling) -> str:
    return next((each.in_(tell.locale) for each in field.choices if each.name == value), value)


def _field(field: DeskField, around: Around, tell: Telling) -> FieldShown:
    written = around.work.fields.get(field.name)
    value = "" if written is None else written.value
    return FieldShown(
        name=field.name,
        words=field.said.in_(tell.locale),
        form=field.form,
        value=value,
        read=_read(field, value, tell),
        by="" if written is None else tell.join(tell.who(written.set_by), _moment(written.set_at, tell)),
        choices=[(each.name, each.in_(tell.locale)) for each in field.choices],
    )


def _deadline(each: Deadline, tell: Telling, now: float) -> DeadlineShown:
    css = {"late": "bad", "warned": "warn", "calm": ""}[each.stands]
    due = tell.date(each.due_at)
    if each.business_days is not None:
        due = tell.t("due.business_days", day=due, n=each.business_days)
    if each.stands == "late":
        due = tell.t("due.late", due=due, span=tell.span(max(60.0, now - each.due_at)))
    return DeadlineShown(each.said.in_(tell.locale), due, css, each.source)


def _chips(around: Around, tell: Telling, now: float) -> list[Chip]:
    """What stands under the title: what was said of the money, and that PayGuard opened the case by itself."""
    chips = []
    if around.file.case.kind in ("dispute", "unauthorised"):
        factor = EVIDENCE["second_factor"](around, tell, now)
        if factor is not None:
            chips.append(Chip(icon="code", tone="", before=tell.t("chip.factor"), strong=factor.said))
    if (
        around.file.case.kind == "top_up_missing"
        and around.channel is not None
        and around.channel.waiting > 1
    ):
        others = tell.t("chip.others_wait", n=around.channel.waiting - 1)
        chips.append(Chip(icon="warn", tone="bad", before=tell.t("chip.channel"), strong=others))
    flagged = flagged_words(around, tell)
    if flagged:
        chips.append(Chip(icon="clock", tone="", before=tell.t("chip.itself"), strong=flagged))
    if not any(hold.released_at is None for hold in around.file.holds):
        chips.append(Chip(icon="done", tone="ok", before=tell.t("chip.our_hold"), strong=tell.t("chip.none")))
    return chips


def _facts(around: Around, tell: Telling, now: float) -> list[tuple[str, str]]:
    """What the event is called and how old it is."""
    row, t = around.subject, tell.t
    if row is None:
        return []
    facts = [(t("fact.number"), one_line(row.reference or row.event_id))]
    if row.amount is not None:
        facts.append((t("fact.amount"), tell.money(row.amount, row.currency)))
    facts.append((t("fact.age"), tell.span(max(1.0, now - row.at))))
    if row.channel is not None:
        facts.append((t("fact.channel"), one_line(row.channel)))
    return facts


def _moment(at: float, tell: Telling) -> str:
    return f"{tell.date(at)} {tell.clock(at)}"
