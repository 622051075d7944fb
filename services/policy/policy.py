"""From risk to action: a frozen Policy, with a table lookup an event. `policy_text` reads one."""

# long because the order in which a ruling comes about is read in one piece

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeVar

from msgspec import Struct, ValidationError, convert, structs, to_builtins

from contracts.actions import ACTIONS, ASKING, RANK, Action
from contracts.decisions import Contribution, Severity, WaitsFor
from contracts.events import AnyEvent, Event, Login, Transaction
from contracts.exchange import ExchangeRates
from contracts.findings import Finding, Mode
from contracts.profile import DAY_S, HOUR_S, Profile
from services.policy.acts import Acts
from services.policy.cost import CostRule
from services.policy.reader import InvalidPolicy
from services.policy.snoozes import Snoozes
from services.policy.thresholds import Bands, Thresholds, bands_by_worth
from services.risk.fusion import Calibration, Fused, fuse
from services.risk.learned_pattern import NAME as LEARNED
from services.risk.model import Evidence

#: State of a decision on an account whose partition was found empty where it had been filled.
MEMORY_LOST = "memory_lost"
#: States of a decision in which the rules under `unavailable` hold.
AWAY_STATES = frozenset({"tallies_unavailable", "memory_unavailable", MEMORY_LOST})
#: States that a policy adds: findings were snoozed; a challenge was not asked for because too many were; the evidence did not
#: suffice to deny.
SNOOZED, BUDGET_SPENT, HELD_NOT_DENIED = "snoozed", "budget_spent", "held_not_denied"
BUDGET_WINDOW_S = 7 * DAY_S

_NOTIFY, _CHALLENGE, _HOLD, _DENY = (RANK[name] for name in ("notify", "challenge", "hold", "deny"))
_Params = TypeVar("_Params", bound=Struct)


class Rules(NamedTuple):
    """What holds for one type of event. Ranks are positions in ACTIONS; the fail rules say what each becomes.

    `confirms`: a challenge without a factor waits for the owner's word; `owners`: such a challenge is no matter of support's.
    """

    thresholds: Thresholds
    no_factor: int
    overflow: int
    unavailable: tuple[int, ...]
    degraded: tuple[int, ...]
    confirms: bool = False
    owners: bool = False


class Account(NamedTuple):
    """What a policy must know of an account: whether it has a second factor (or had one that wrong codes disabled), how many
    challenges it was asked for within BUDGET_WINDOW_S and an hour, and whether the event is from an unknown device."""

    has_factor: bool
    asked: int = 0
    asked_lately: int = 0
    disabled: bool = False
    stranger: bool = False


class Ruling(NamedTuple):
    """An action, whether its effects may ask for a challenge, and whether they would but for a spent budget.

    `asks_owner`: a hold that is for the owner to end, not for support. `spared`: a hold in place of a denial.
    """

    action: Action
    may_challenge: bool = False
    spent: bool = False
    asks_owner: bool = False
    spared: bool = False

    @property
    def waits_for(self) -> WaitsFor | None:
        """Whose word a hold waits for; None of any other action."""
        if self.action != "hold":
            return None
        return "owner" if self.asks_owner else "support"


class Verdict(NamedTuple):
    """What a policy says of an event: risk and findings, the ruling, the states it adds, and each detector's mode."""

    fused: Fused
    ruling: Ruling
    states: tuple[str, ...]
    modes: Mapping[str, Mode]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A checked policy. `version` is the stated name, a plus sign and eight digits of a digest of all values.

    `modes` and `params` are by detector name, as stated; findings of `insufficient` detectors alone do not deny;
    `quiet` is the result without findings. An account gets at most `budget` challenges a week, `hourly` an hour; one not passed
    in `letter_after_s` seconds has a letter. None: no bound, none.
    """

    version: str
    prior: float
    fade: float
    calibration: Calibration
    rules: Mapping[type[Event], Rules]
    bands: Mapping[str, Bands]
    cost: CostRule | None
    budget: int | None
    hourly: int | None
    snoozes: Snoozes
    lifetime_s: int
    letter_after_s: int | None
    exempt_kinds: frozenset[str]
    allowed: frozenset[str]
    denied: frozenset[str]
    severity: Mapping[str, Severity]
    acts: Acts
    modes: Mapping[str, Mode]
    params: Mapping[str, Mapping[str, Any]]
    ceilings: Mapping[str, int]
    insufficient: frozenset[str]
    quiet: Fused
    quiet_below: float

    def account(
        self, has_factor: bool, challenge_times: Sequence[float], at: float, disabled: bool = False
    ) -> Account:
        """What this policy must know of an account at event time `at`; `challenge_times` are event times."""
        if disabled:
            return Account(has_factor, disabled=True)
        if not challenge_times or (self.budget is None and self.hourly is None):
            return Account(has_factor)
        week = 0 if self.budget is None else _within(challenge_times, at - BUDGET_WINDOW_S, at)
        hour = 0 if self.hourly is None else _within(challenge_times, at - HOUR_S, at)
        return Account(has_factor, week, hour)

    def standing(self, profile: Profile, at: float) -> Account:
        """As `account`, of an account as it is remembered."""
        return self.account(profile.has_factor, profile.challenge_times, at, profile.factor_disabled)

    def may_challenge(self, account: Account) -> bool:
        """Whether the account can be asked for a code: it has a factor, and its budget is not spent."""
        return account.has_factor and not self._is_spent(account)

    def judge(
        self,
        event: AnyEvent,
        findings: Sequence[Finding],
        account: Account,
        states: Sequence[str] = (),
        degraded: bool = False,
        evidence: Evidence | None = None,
    ) -> Verdict:
        """What to do about an event and why. `degraded` says that a detector failed and was skipped; `evidence` is a trained
        model's.

        Snoozed findings are recorded as those of detectors in `shadow`.
        """
        verdict = self._judged(event, findings, account, states, degraded, frozenset(), evidence)
        if not self.snoozes:
            return verdict
        speaking = {finding.detector for finding in findings} | ({LEARNED} if evidence is not None else set())
        acting = {name for name in speaking if self.modes.get(name, "on") == "on"}
        asleep = self.snoozes.asleep(event.account_id, event.at, acting)
        if asleep is None:
            return verdict
        if asleep.even_holds:
            verdict = self._judged(event, findings, account, states, degraded, asleep.even_holds, evidence)
        if asleep.all == asleep.even_holds or RANK[verdict.ruling.action] >= _HOLD:
            return verdict
        return self._judged(event, findings, account, states, degraded, asleep.all, evidence)

    def decide(
        self,
        event: AnyEvent,
        risk: float,
        has_factor: bool,
        states: Collection[str] = (),
        reasoned: Sequence[Contribution] = (),
    ) -> Action:
        """The action at a risk, of an account whose budget is not spent, snoozes apart; `reasoned` as for `rule`."""
        return self.rule(event, risk, Account(has_factor), states, reasoned).action

    def rule(
        self,
        event: AnyEvent,
        risk: float,
        account: Account,
        states: Collection[str] = (),
        reasoned: Sequence[Contribution] = (),
        degraded: bool = False,
    ) -> Ruling:
        """What to do about the event, snoozes apart.

        Challenge outcomes, reports and labels are always allowed. Failed logins, failed transactions and exempt kinds, but
        for those from a device that the account does not know, are never more than notified. `reasoned` (from `fuse`) is
        needed for the bounds of `alone_at_most`, `deny.insufficient` and the cost rule.
        """
        rules = self.rules.get(event.__class__)
        if rules is None or event.account_id in self.allowed:
            return Ruling("allow")
        spent = account.has_factor and self._is_spent(account)
        may_challenge = account.has_factor and not spent
        rank = self._weighed(event, rules, risk, reasoned)
        without = not (account.has_factor or account.disabled)
        instead_of_a_code = False
        if rank and reasoned and self.ceilings:
            ceiling = self._ceiling(reasoned)
            if ceiling == _CHALLENGE and not may_challenge:
                ceiling, instead_of_a_code = _HOLD, rank >= _HOLD and without and rules.owners
            rank = min(rank, ceiling)
        spared = rank == _DENY and self._is_insufficient(reasoned)
        if spared:
            rank = _HOLD
        if event.__class__ is Transaction and event.kind == "top_up" and event.payee_id is None:
            rank = min(rank, _HOLD)  # whoever puts money in takes none out, on whatever device
        if event.account_id in self.denied:
            rank = _DENY
        if self._exempt(event, account.stranger):
            return Ruling(ACTIONS[min(rank, _NOTIFY)])
        if states and not AWAY_STATES.isdisjoint(states):
            rank = rules.unavailable[rank]
        if degraded:
            rank = rules.degraded[rank]
        spent = spent and ACTIONS[rank] in ASKING
        asks_owner = (instead_of_a_code and rank == _HOLD) or (
            without and rules.confirms and rank == _CHALLENGE
        )
        if rank >= _CHALLENGE and not may_challenge:
            instead = rules.overflow if account.has_factor else rules.no_factor
            if account.disabled:
                instead = max(instead, _HOLD)
            rank = instead if rank == _CHALLENGE else max(instead, rank)
        return Ruling(ACTIONS[rank], may_challenge, spent, asks_owner, spared and rank == _HOLD)

    def params_for(self, detector: str, own: _Params) -> _Params:
        """A detector's own parameters with those of the policy in place; InvalidPolicy names what does not fit."""
        stated = self.params.get(detector)
        if not stated:
            return own
        path = f"detectors.{detector}.params"
        known = {field.name: field.type for field in structs.fields(own) if field.type is not ExchangeRates}
        faults: list[str] = []
        for name, value in stated.items():
            if name not in known:
                faults.append(f"{path}.{name}: unknown key; known here: {', '.join(known) or 'none'}")
                continue
            try:
                convert(value, known[name])
            except ValidationError as error:
                faults.append(f"{path}.{name}: {error}")
        if faults:
            raise InvalidPolicy(*faults)
        try:
            return convert({**to_builtins(own), **stated}, type(own))
        except ValidationError as error:
            raise InvalidPolicy(f"{path}: {error}") from None

    def priced(self, rates: ExchangeRates) -> Policy:
        """This policy with bands for every currency of a known rate, and the rates' digest in its version."""
        if not rates.digest:
            return self
        return replace(
            self,
            bands=bands_by_worth(self.bands, rates),
            version=f"{self.version}+rates.{rates.digest}",
        )

    def _fused(
        self, findings: Sequence[Finding], modes: Mapping[str, Mode], evidence: Evidence | None
    ) -> Fused:
        if not findings and evidence is None:
            return self.quiet
        return fuse(findings, modes, self.prior, self.fade, self.calibration, evidence)

    def _judged(
        self,
        event: AnyEvent,
        findings: Sequence[Finding],
        account: Account,
        states: Sequence[str],
        degraded: bool,
        asleep: frozenset[str],
        evidence: Evidence | None,
    ) -> Verdict:
        modes: Mapping[str, Mode] = self.modes
        added: tuple[str, ...] = ()
        if asleep:
            modes = {**modes, **dict.fromkeys(asleep, "shadow")}
            added = (SNOOZED,)
        fused = self._fused(findings, modes, evidence)
        ruling = self.rule(event, fused.risk, account, states, fused.reasoned, degraded)
        if ruling.spent:
            added += (BUDGET_SPENT,)
        if ruling.spared:
            added += (HELD_NOT_DENIED,)
        return Verdict(fused, ruling, added, modes)

    def _weighed(self, event: AnyEvent, rules: Rules, risk: float, reasoned: Sequence[Contribution]) -> int:
        """The rank by thresholds and, where something speaks against the event, by cost."""
        thresholds = rules.thresholds
        if event.__class__ is Transaction:
            for least, banded in self.bands.get(event.currency, ()):
                if event.value < least:
                    break
                thresholds = banded
        rank = bisect_right(thresholds, risk)  # how many thresholds the risk reaches: a position in ACTIONS
        if self.cost is not None and any(each.mode == "on" and each.weight > 0.0 for each in reasoned):
            return self.cost.weighed(event, risk, rank)
        return rank

    def _ceiling(self, reasoned: Sequence[Contribution]) -> int:
        highest = 0
        for finding in reasoned:
            if finding.mode == "on":
                highest = max(highest, self.ceilings.get(finding.detector, _DENY))
        return highest

    def _is_insufficient(self, reasoned: Sequence[Contribution]) -> bool:
        """Whether what speaks against the event is what its owner might do as well."""
        acting = {finding.detector for finding in reasoned if finding.mode == "on"}
        return bool(acting) and acting <= self.insufficient

    def _is_spent(self, account: Account) -> bool:
        hourly = self.hourly is not None and account.asked_lately >= self.hourly
        return hourly or (self.budget is not None and account.asked >= self.budget)

    def _exempt(self, event: AnyEvent, stranger: bool) -> bool:
        if event.__class__ is Login:
            return event.outcome == "failure"
        if event.__class__ is Transaction:
            return event.status == "failed" or (event.kind in self.exempt_kinds and not stranger)
        return False


def _within(times: Sequence[float], since: float, until: float) -> int:
    return sum(since < when <= until for when in times)
