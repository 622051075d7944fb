"""What every detector is held to; each check raises AssertionError with what is wrong.

A check gets the detector, its source file and the questions that its own tests and a made-up life put to it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from functools import cache
from math import isfinite
from pathlib import Path
from time import process_time
from typing import Any

from msgspec import Struct, msgpack, structs

from contracts.circumstances import Circumstance
from contracts.events import EVENT_TYPES
from contracts.findings import TallyWanted
from contracts.profile import Profile
from detectors import Detector, stated_params
from services.memory.glance import look
from services.scoring.explain import filled
from services.scoring.wording import LOCALES
from tests.detectors.build import Case, copied, settled
from tests.detectors.pace import a_round
from tests.detectors.stream import life, play, restored

Check = Callable[[Detector, Path, Sequence[Case]], None]
HEADINGS = ("Sees:", "Misses:", "Fires falsely when:", "When it fires:")
UNITS = {"s", "h", "km", "kmh", "nats", "count", "share", "ratio", "z", "log", "usd"}
PURE_MODULES = {"__future__", "collections", "contracts", "detectors", "math", "msgspec", "typing"}
MEMORY_BYTES, SLOWEST = 600, 400.0
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_fields = cache(structs.fields)
_WORDS = re.compile(r"[0-9a-f]{8,}|b'[^']*'")


def four_headings(detector: Detector, source: Path, cases: Sequence[Case]) -> None:
    """The docstring has a first line and the four headings, each with words, and nothing is left to do."""
    doc = detector.doc
    assert "TODO" not in source.read_text(encoding="utf-8"), "something is left to do"
    places = [doc.find("\n" + heading) for heading in HEADINGS]
    assert -1 not in places, f"the docstring needs {', '.join(HEADINGS)}"
    assert places == sorted(places), "the headings stand in another order"
    ends = [*places[1:], len(doc)]
    for heading, start, end in zip(HEADINGS, places, ends, strict=True):
        assert len(doc[start + len(heading) + 1 : end].split()) >= 3, f"{heading} says nothing"


def card(detector: Detector, source: Path, cases: Sequence[Case]) -> None:
    """The Spec names the file, its events, its ATT&CK ids and a sentence a language for each reason."""
    spec = detector.spec
    assert spec.name == source.stem, "the name is not the file's"
    assert spec.version >= 1
    assert spec.family
    assert spec.event_types
    assert set(spec.event_types) <= set(EVENT_TYPES)
    assert all(re.fullmatch(r"T\d{4}(\.\d{3})?", technique) for technique in spec.attack)
    codes = [reason.code for reason in spec.reasons]
    assert codes
    assert len(codes) == len(set(codes)), "a reason is declared twice"
    for reason in spec.reasons:
        assert reason.en.endswith("."), "an English sentence ends in a full stop"
        assert not _CHINESE.search(reason.en)
        assert reason.zh_cn.endswith("。"), "a Chinese sentence ends in its own full stop"
        assert _CHINESE.search(reason.zh_cn)


def parameters(detector: Detector, source: Path, cases: Sequence[Case]) -> None:
    """Params are frozen, their names end in a unit, and no function reads PARAMS instead of its argument."""
    assert type(detector.params).__struct_config__.frozen, "Params must be frozen"
    for name in stated_params(detector.params):
        assert name.rpartition("_")[2] in UNITS, f"{name} does not end in a unit of {sorted(UNITS)}"
    for function in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(function, ast.FunctionDef):
            names = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
            assert "PARAMS" not in names, f"{function.name} reads PARAMS instead of its argument"


def purity(detector: Detector, source: Path, cases: Sequence[Case]) -> None:
    """The file imports nothing that has a clock, chance, input or output, and opens or prints nothing."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        modules: list[str] = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module or ""]
        for module in modules:
            assert module.partition(".")[0] in PURE_MODULES, f"imports {module}"
        if isinstance(node, ast.Name):
            assert node.id not in {"open", "print", "input", "eval", "exec", "hash", "id"}, f"calls {node.id}"
        assert not isinstance(node, ast.Global | ast.Nonlocal), "writes a global"


def inputs_unchanged(detector: Detector, source: Path, cases: Sequence[Case]) -> None:
    """Neither observing nor learning changes what it was given."""
    for case in cases:
        profile, memory, tallies = copied(case.profile), copied(case.memory), dict(case.tallies)
        _observe(detector, case, profile, memory, tallies)
        if detector.learn is not None and isinstance(case.event, detector.taught_by):
            detector.learn(case.event, memory, detector.params)
        assert profile == case.profile, "the profile was changed"
        assert memory == case.memory, "the memory was changed in place"
        assert tallies == case.tallies, "the tallies were changed"


def same_answer_twice(detector: Detector, source: Path, cases: Sequence[Case]) -> None:
    """The same question gets the same answer."""
    for case in cases:
        assert _ask(detector, case) == _ask(detector, case), "two answers to one question"


def other_accounts_irrelevant(detector: Detector, source: Path, cases: Sequence[Case]) -> None:
    """Neither another account's event in between nor the account's own name changes an answer."""
    for case in cases:
        _ask(detector, case)
        alone = _ask(detector, case)
        stranger = structs.replace(case.event, account_id="account-0002", event_id="event-9999")
        other = Case(stranger, settled(5, devices=("other",)), case.tallies, case.memory)
        _ask(detector, other)
        assert _ask(detector, case) == alone, "another account changed the answer"
        renamed = Case(stranger, case.profile, case.tallies, case.memory)
        assert _ask(detector, renamed) == alone, "the answer depends on who the account is"


def missing_fields_harmless(detector: Detector, source: Path, cases: Sequence[Case]) -> None:
    """Any optional field may be missing, and all of them at once."""
    for case in cases:
        fields = _fields(type(case.event))
        optional = [field.name for field in fields if field.default is None and not field.required]
        for names in [[name] for name in optional] + [optional]:
            poorer: Any = structs.replace(case.event, **dict.fromkeys(names))
            _ask(detector, Case(poorer, case.profile, {}, case.memory))


def unknown_account_quiet(detector: Detector, source: Path, cases: Sequence[Case]) -> None:
    """An account without history and without counts is learning, not anomalous; only a large sum is one for anybody."""
    memory = detector.memory() if detector.memory is not None else None
    for case in cases:
        answer = _ask(detector, Case(case.event, Profile(), {}, memory))
        assert answer is None or answer.reason == "large_first_amount", "fires without any history"


def declared_only(detector: Detector, source: Path, cases: Sequence[Case]) -> None:
    """Findings carry the detector's name, family and a declared reason, and a weight in 0..8 nats."""
    codes = {reason.code for reason in detector.spec.reasons}
    for finding in _findings(detector, cases):
        assert finding.detector == detector.spec.name
        assert finding.family == detector.spec.family
        assert finding.reason in codes, f"reason {finding.reason} is not declared"
        assert isfinite(finding.weight)
        assert 0.0 <= finding.weight <= 8.0, "the weight is outside 0..8 nats"


def sentences_fill(detector: Detector, source: Path, cases: Sequence[Case]) -> None:
    """Every finding fills its sentence in every language."""
    reasons = {reason.code: reason for reason in detector.spec.reasons}
    for finding in _findings(detector, cases):
        facts = {**structs.asdict(finding), **(finding.facts or {})}
        for locale in LOCALES if finding.reason in reasons else ():
            try:
                sentence = filled(reasons[finding.reason], locale, facts)
            except (LookupError, ValueError, TypeError) as wrong:
                raise AssertionError(f"the sentence wants what the finding lacks: {wrong!r}") from wrong
            assert "None" not in sentence, "the sentence speaks of None"


def names_nobody(detector: Detector, source: Path, cases: Sequence[Case]) -> None:
    """No address, device, payee, session or account appears in the evidence, in clear or as its key."""
    for case in cases:
        finding = _ask(detector, case)
        if finding is None:
            continue
        told = str([finding.value, finding.baseline, finding.threshold, finding.facts])
        for name in ("account_id", "event_id", "ip", "device_id", "session_id", "payee_id", "user_agent"):
            secret = getattr(case.event, name, None)
            assert secret is None or secret not in told, f"the evidence tells the {name}"
        for name in ("device_key", "ip_key", "network_key", "payee_key"):
            hashed = getattr(case.event, name, None)
            assert hashed is None or not {hashed.hex(), repr(hashed)} & set(_WORDS.findall(told)), (
                f"tells the {name}"
            )


def counts_never_hold(detector: Detector, source: Path, cases: Sequence[Case]) -> None:
    """Counts across accounts depend on partition order, so they keep nothing out of a profile."""
    if detector.spec.tally is not None:
        assert not any(each.quarantine for each in _findings(detector, cases)), "holds because of a count"


def splits_harmless(detector: Detector, source: Path, cases: Sequence[Case]) -> None:
    """Storing and loading all memory anywhere in the stream changes neither it nor an answer."""
    for case in cases:
        assert restored(detector, case.memory) == case.memory, "the memory does not come back equal"
    whole = [case.answer for case in play(detector)]
    for cut in (lambda _: True, lambda n: n % 7 == 3):
        assert [case.answer for case in play(detector, cut=cut)] == whole, "a cut changed an answer"


def awake_when_needed(detector: Detector, source: Path, cases: Sequence[Case]) -> None:
    """It has nothing to say in circumstances that do not wake it, nor of counts below the least one."""
    spec = detector.spec
    for case in [case for case in cases if _ask(detector, case) is not None]:
        waking = spec.wakes_on & _circumstances(detector, case)
        assert waking, "speaks while asleep"
        if waking == Circumstance.COUNTED and isinstance(spec.tally, TallyWanted):
            assert case.tallies.get(spec.tally.name, 0) >= spec.tally.least_count


def taught_when_needed(detector: Detector, source: Path, cases: Sequence[Case]) -> None:
    """Nothing is learned in circumstances that it does not learn on."""
    for case in cases:
        circumstances = _circumstances(detector, case)
        asleep = isinstance(case.event, detector.taught_by) and not detector.spec.learns_on & circumstances
        if asleep and detector.learn is not None:
            after = detector.learn(case.event, case.memory, detector.params)
            assert after == case.memory, f"would learn in {Circumstance(circumstances)!r}"


def duplicates_harmless(detector: Detector, source: Path, cases: Sequence[Case]) -> None:
    """Learning one event twice is learning it once."""
    if detector.learn is None:
        return
    for case in cases:
        if not isinstance(case.event, detector.taught_by):
            continue
        once = detector.learn(case.event, case.memory, detector.params)
        twice = detector.learn(case.event, once, detector.params)
        assert twice == once, "a repeat taught something"


def memory_small(detector: Detector, source: Path, cases: Sequence[Case]) -> None:
    """The memory packs and stays small after 10,000 events."""
    if detector.memory is None or detector.learn is None:
        return
    memory: Any = detector.memory()
    for event, _, _ in life(10_000):
        if isinstance(event, detector.taught_by):
            memory = detector.learn(event, memory, detector.params)
    size = len(msgpack.encode(memory))
    assert size <= MEMORY_BYTES, f"the memory takes {size} bytes after 10,000 events, at most {MEMORY_BYTES}"


def speed(detector: Detector, source: Path, cases: Sequence[Case]) -> None:
    """An answer takes at most SLOWEST rounds of a plain loop on average (a quick one takes 1 to 25)."""
    answers, rounds = [], []
    for _ in range(20):
        started = process_time()
        _findings(detector, cases)
        answers.append((process_time() - started) / max(len(cases), 1))
        rounds.append(a_round())
    assert (took := min(answers) / min(rounds)) <= SLOWEST, f"{took:.0f} rounds of a plain loop an event"


CHECKS: dict[str, Check] = {
    check.__name__: check
    for check in (
        four_headings,
        card,
        parameters,
        purity,
        inputs_unchanged,
        same_answer_twice,
        other_accounts_irrelevant,
        missing_fields_harmless,
        unknown_account_quiet,
        declared_only,
        sentences_fill,
        names_nobody,
        counts_never_hold,
        splits_harmless,
        awake_when_needed,
        taught_when_needed,
        duplicates_harmless,
        memory_small,
        speed,
    )
}


def _observe(detector: Detector, case: Case, profile: Profile, memory: Struct | None, tallies: Any) -> Any:
    return detector.observe(case.event, profile, tallies, memory, detector.params)


def _ask(detector: Detector, case: Case) -> Any:
    return _observe(detector, case, case.profile, case.memory, case.tallies)


def _circumstances(detector: Detector, case: Case) -> int:
    seen = look(case.event, copied(case.profile), case.tallies).circumstances
    remembers = detector.memory is not None and case.memory != detector.memory()
    return seen | Circumstance.REMEMBERED if remembers else seen


def _findings(detector: Detector, cases: Sequence[Case]) -> list[Any]:
    return [found for case in cases if (found := _ask(detector, case)) is not None]
