"""Bad detectors, each a good one with a change or two, and the check of the contract that must catch it."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import NamedTuple

from detectors import Detector, read

_PLAIN, _REMEMBERING = "plain_detector", "remembering_detector"
_ANSWER = "return SPEC.finding(weight=params.strange_nats)"
_WEIGHT = "weight=params.strange_nats"
_SENTENCE = 'en="A strange device."'
_CARD_ENDS = "\n)\n\n\nclass Params"


class Bad(NamedTuple):
    """The `changes` of the text of the `good` detector make it one that `check` must catch, and no other check."""

    check: str
    changes: dict[str, str]
    good: str = _PLAIN


BAD = {
    "says_not_what_to_do": Bad("four_headings", {"When it fires: ask for the second factor.\n": ""}),
    "no_full_stop": Bad("card", {_SENTENCE: 'en="strange device"'}),
    "unitless": Bad(
        "parameters", {"strange_nats: float": "strange: float", "params.strange_nats": "params.strange"}
    ),
    "own_params": Bad("parameters", {_ANSWER: "return SPEC.finding(weight=PARAMS.strange_nats)"}),
    "asks_the_clock": Bad(
        "purity",
        {
            "from msgspec import": "from time import time\n\nfrom msgspec import",
            "    if not profile.devices": "    if time() < event.at:\n        return None\n    if not profile.devices",
        },
    ),
    "teaches_the_profile": Bad("inputs_unchanged", {_ANSWER: f"profile.logins += 1\n    {_ANSWER}"}),
    "changes_its_mind": Bad(
        "same_answer_twice",
        {
            "SPEC = ": "_asked: list[int] = []\n\nSPEC = ",
            _ANSWER: "_asked.append(1)\n    return SPEC.finding(weight=params.strange_nats * (len(_asked) % 2))",
        },
    ),
    "remembers_others": Bad(
        "other_accounts_irrelevant",
        {
            "SPEC = ": "_last: dict[str, str] = {}\n\nSPEC = ",
            _ANSWER: """weight = params.strange_nats * (1 + (_last.get("account", event.account_id) != event.account_id))
    _last["account"] = event.account_id
    return SPEC.finding(weight=weight)""",
        },
    ),
    "trusts_every_field": Bad(
        "missing_fields_harmless",
        {_ANSWER: f'if event.user_agent.startswith("probe"):\n        return None\n    {_ANSWER}'},
    ),
    "fears_newcomers": Bad("unknown_account_quiet", {"not profile.devices or ": ""}),
    "undeclared_reason": Bad("declared_only", {_WEIGHT: f'reason="peculiar", {_WEIGHT}'}),
    "overweight": Bad("declared_only", {_WEIGHT: f"{_WEIGHT} * 12.0"}),
    "half_a_sentence": Bad("sentences_fill", {_SENTENCE: 'en="A strange device in {city}."'}),
    "tells_the_address": Bad("names_nobody", {_WEIGHT: f'{_WEIGHT}, facts={{"from": event.ip}}'}),
    "holds_on_counts": Bad(
        "counts_never_hold",
        {
            "Spec, Tallies": "Spec, Tallies, TallyWanted",
            _CARD_ENDS: """
    tally=TallyWanted(
        name="strange", event_types=(Login,), key=lambda event: "all", adds=lambda event: True, bucket_s=600
    ),"""
            + _CARD_ENDS,
            _WEIGHT: f"{_WEIGHT}, quarantine=True",
        },
    ),
    "forgets_at_the_cut": Bad(
        "splits_harmless", {"return msgpack.decode(packed, type=Memory)": "return Memory()"}, _REMEMBERING
    ),
    "oversleeps": Bad(
        "awake_when_needed",
        {
            "from contracts.events": "from contracts.circumstances import Circumstance\nfrom contracts.events",
            _CARD_ENDS: f"\n    wakes_on=Circumstance.NEW_COUNTRY,{_CARD_ENDS}",
        },
    ),
    "sleeps_in_class": Bad(
        "taught_when_needed",
        {
            "from contracts.events": "from contracts.circumstances import Circumstance\nfrom contracts.events",
            _CARD_ENDS: f"\n    learns_on=Circumstance.NEW_COUNTRY,{_CARD_ENDS}",
        },
        _REMEMBERING,
    ),
    "counts_twice": Bad(
        "duplicates_harmless", {"memory if event.at in memory.logins else ": ""}, _REMEMBERING
    ),
    "hoards": Bad("memory_small", {"[-9:]": "[-900:]"}, _REMEMBERING),
    "dawdles": Bad(
        "speed",
        {
            "    if not profile.devices": "    total = sum(float(each) for each in range(3000))\n    if not profile.devices",
            _WEIGHT: f"{_WEIGHT} * min(total, 1.0)",
        },
    ),
}


def write(name: str, folder: Path) -> Path:
    """The bad detector of this name as a file; each change fits one place of the good one's text."""
    bad = BAD[name]
    text = Path(__file__).with_name(f"{bad.good}.py").read_text(encoding="utf-8")
    for old, new in {f'name="{bad.good}"': f'name="{name}"', **bad.changes}.items():
        assert text.count(old) == 1, f"{name}: {old!r} stands {text.count(old)} times in {bad.good}"
        text = text.replace(old, new)
    path = folder / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    return path


def loaded(path: Path) -> Detector:
    """The detector that the file holds."""
    spec = spec_from_file_location(f"bad_detectors.{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return read(module)
