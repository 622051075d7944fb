"""A decision in words: what was decided, reasons with figures and shares, what would have passed, what was known. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import asdict

from contracts.decisions import Contribution, Counterfactual, Decision
from contracts.events import PLACELESS
from services.desk.limits import Limit, Limiting
from services.desk.reason_figures import figures
from services.desk.story_parts import Telling
from services.portal.figures import money
from services.scoring.explain import Reasons, headline, sentence
from services.scoring.wording import STATES

#: With any of these the decision knew less than it should: that is told before its reasons.
_DOUBTS = frozenset(
    {
        "learning",
        "memory_lost",
        "memory_unavailable",
        "tallies_unavailable",
        "place_unavailable",
        "network_unavailable",
    }
)
#: States that have a row of their own.
_IN_ROWS = frozenset({"learning", "tallies_unavailable", "place_unavailable"})
_BAR = 100.0


class ReasonRow(Struct, frozen=True, kw_only=True):
    """A reason: `label` names it, `full` is its sentence, `bar` the width of its share; one on trial has no share."""

    label: str
    full: str
    code: str
    now: str
    usual: str
    limit: str
    share: int
    bar: float
    trial: bool


class Known(Struct, frozen=True):
    """What was known when it was decided; `doubt`: less than there should be."""

    name: str
    value: str
    doubt: bool = False


class DecisionView(Struct, frozen=True, kw_only=True):
    """A decision as the page tells it. `below` says what was not told of the score; `doubtful`: What was known comes first."""

    headline: str
    small: str
    score: int
    limits: Sequence[Limit]
    other_policy: str | None
    reasons: Sequence[ReasonRow]
    passed: Sequence[tuple[str, str]]
    known: Sequence[Known]
    doubtful: bool
    states: Sequence[str]
    event_id: str


class Background(Struct, frozen=True, kw_only=True):
    """What stands beside the decision: for how many days the account is known, and how many payments are."""

    days: int
    payments: int


def decision_view(
    decision: Decision, reasons: Reasons, limits: Limiting, background: Background, tell: Telling
) -> DecisionView:
    """The decision for its reader."""
    t = tell.t
    most = max((finding.share for finding in decision.findings), default=0)
    small = (
        t("decision.risk", risk=f"{decision.risk:.3f}"),
        tell.clock(decision.at, seconds=True),
        t("decision.policy", version=decision.policy_version.partition("+")[0]),
    )
    known = _known(decision, background, tell)
    same = decision.policy_version == limits.version or decision.policy_version.startswith(
        f"{limits.version}+"
    )
    return DecisionView(
        headline=headline(decision, tell.locale),
        small=" · ".join(small),
        score=decision.score,
        limits=limits.of(decision),
        other_policy=None if same else decision.policy_version,
        reasons=[_reason(each, decision, reasons, most, tell) for each in _in_order(decision.findings)],
        passed=[_passed(each, tell) for each in decision.counterfactuals],
        known=known,
        doubtful=any(each.doubt for each in known),
        states=[STATES[tell.locale].get(each, each) for each in decision.states if each not in _IN_ROWS],
        event_id=decision.event_id,
    )


def _in_order(findings: Sequence[Contribution]) -> list[Contribution]:
    """The largest share first; what is on trial behind."""
    return sorted(findings, key=lambda each: (each.mode != "on", -each.share, -each.weight))


def _reason(
    finding: Contribution, decision: Decision, reasons: Reasons, most: int, tell: Telling
) -> ReasonRow:
    shown = {} if decision.shown is None else asdict(decision.shown)
    now, usual, limit = figures(finding, shown, tell)
    full = sentence(finding, tell.locale, reasons)
    named = f"reason.{finding.reason}"
    return ReasonRow(
        label=tell.t(named) if named in tell.t else full,
        full=full,
        code=finding.detector,
        now=now,
        usual=usual,
        limit=limit,
        share=finding.share,
        bar=round(_BAR * finding.share / most, 1) if most else 0.0,
        trial=finding.mode != "on",
    )


def _passed(change: Counterfactual, tell: Telling) -> tuple[str, str]:
    """A single change with which it would have passed, and what it would then have got."""
    t, amount = tell.t, ""
    if change.amount is not None and change.currency is not None:
        amount = money(change.amount, change.currency, tell.locale)
    said = f"passed.{change.change}"
    words = t(said, amount=amount, hours=change.hours) if said in t else change.change
    return words, t(f"instead.{change.action}")


def _known(decision: Decision, background: Background, tell: Telling) -> list[Known]:
    t, states = tell.t, frozenset(decision.states)
    learning = "learning" in states
    profile = t("known.history", days=background.days, payments=background.payments)
    rows = [
        Known(t("known.profile"), t("known.learning", history=profile) if learning else profile, learning),
        _place(decision, tell),
        Known(
            t("known.tallies"),
            t("known.tallies_away" if "tallies_unavailable" in states else "known.tallies_read"),
            "tallies_unavailable" in states,
        ),
        Known(
            t("known.skipped"),
            t("story.and").join(decision.degraded) if decision.degraded else t("known.none"),
            bool(decision.degraded),
        ),
    ]
    for state in decision.states:
        if state in _DOUBTS - _IN_ROWS:
            rows.append(Known(t("known.doubt"), STATES[tell.locale].get(state, state), True))
    version = decision.policy_version.partition("+")[0]
    if decision.model_version is not None:
        version = tell.join(version, t("known.model", version=decision.model_version))
    return [*rows, Known(t("known.policy"), version)]


def _place(decision: Decision, tell: Telling) -> Known:
    t, shown = tell.t, decision.shown
    name = t("known.place")
    if "place_unavailable" in decision.states:
        return Known(name, t("known.place_away"), True)
    if shown is None:
        return Known(name, t("known.place_unasked"))
    if shown.network_kind in PLACELESS:
        network = tell.network(shown.network_kind)
        return Known(name, t("known.place_unsure", network=network))
    if shown.city is None and shown.country is None:
        return Known(name, t("known.place_unknown"))
    return Known(name, t("known.place_known"))
