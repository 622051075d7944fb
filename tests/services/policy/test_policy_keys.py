"""Every wrong key of a policy file is refused with its path and what was expected there."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.policy.file import DEFAULT_POLICY
from services.policy.keys import ByType, PolicyFile
from services.policy.reader import InvalidPolicy, all_keys, merged
from services.policy.text import parse_policy, stated_values

BASE = DEFAULT_POLICY.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("colour = 1", "colour: unknown key; known here: version, prior, fade, calibration, thresholds, "),
        (
            "[thresholds.login]\nblock = 0.1",
            "thresholds.login.block: unknown key; known here: notify, challenge, hold, deny",
        ),
        ("[thresholds.refund]\nnotify = 0.1", "thresholds.refund: unknown key; known here: login, "),
        (
            "[thresholds.login]\nnotify = 1.5",
            'thresholds.login.notify: expected a risk above 0 and up to 1, or "never", got 1.5',
        ),
        ("[thresholds]\nlogin = 0.3", "thresholds.login: expected a table, got 0.3"),
        ('prior = "low"', "prior: expected a probability between 0 and 0.5, got 'low'"),
        ("prior = true", "prior: expected a probability between 0 and 0.5, got True"),
        ("prior = nan", "prior: expected a probability between 0 and 0.5, got nan"),
        ("fade = 2", "fade: expected a number from 0 to 1, got 2"),
        ("calibration = [[0, 0], [1, 200]]", "calibration: expected a list of [risk, score] points"),
        ("calibration = [[0, 0, 1], [1, 100]]", "calibration: expected a list of [risk, score] points"),
        ("[[bands.yuan]]\nfrom = 1", "bands.yuan: expected a currency such as CNY or USDT, got 'yuan'"),
        ("[bands.CNY]\nfrom = 1", "bands.CNY: expected a list of tables, got {'from': 1}"),
        (
            "[[bands.CNY]]\nfrom = 0.5",
            "bands.CNY[0].from: expected a whole amount in major units, 0 or more, got 0.5",
        ),
        ("[[bands.CNY]]\nnotify = 0.1", "bands.CNY[0].from: missing; expected a whole amount in major units"),
        (
            '[no_factor]\nlogin = "challenge"',
            "no_factor.login: expected one of notify, confirm, hold, deny, got 'challenge'",
        ),
        (
            '[unavailable]\nlogin = "panic"',
            "unavailable.login: expected one of allow, notify, challenge, hold, deny, or a table such as",
        ),
        (
            "[challenge]\nlifetime_s = 5",
            "challenge.lifetime_s: expected whole seconds from 30 to 3600, got 5",
        ),
        (
            '[challenge]\nletter_after_s = "soon"',
            "challenge.letter_after_s: expected whole seconds from 0 to 3600, or \"never\", got 'soon'",
        ),
        (
            '[challenge]\nexempt_kinds = ["gift"]',
            "challenge.exempt_kinds: expected a list of transaction kinds (transfer, ",
        ),
        ('[lists]\nallow = "acct"', "lists.allow: expected a list of account ids, got 'acct'"),
        ('[severity]\nhold = "red"', "severity.hold: expected one of low, medium, high, critical, got 'red'"),
        (
            '[detectors."New Device"]\nmode = "on"',
            "detectors.New Device: expected a detector's name, got 'New Device'",
        ),
        (
            '[detectors.new_device]\nmode = "sometimes"',
            "detectors.new_device.mode: expected one of off, shadow, on, got 'sometimes'",
        ),
        (
            "[detectors.new_device]\nweight = 1",
            "detectors.new_device.weight: unknown key; known here: mode, params, alone_at_most",
        ),
        (
            "[detectors.new_device]\nparams = 1",
            "detectors.new_device.params: expected a table of the detector's parameters, got 1",
        ),
    ],
)
def test_a_wrong_key_is_named_with_what_was_expected(text: str, said: str) -> None:
    with pytest.raises(InvalidPolicy) as caught:
        parse_policy('version = "test"\n' + text + "\n", BASE)

    assert str(caught.value).startswith(said)


def test_all_wrong_keys_of_all_sections_are_told_at_once_in_the_order_of_the_keys() -> None:
    with pytest.raises(InvalidPolicy) as caught:
        parse_policy(
            "colour = 1\nprior = 3\n[detectors.demo]\nmode = 1\n[[snoozes]]\nholds = 2\n[bands]\nCNY = [3, {}]\n",
            BASE,
        )

    assert [fault.split(":")[0] for fault in caught.value.faults] == [
        "colour", "version", "prior", "bands.CNY[0]", "bands.CNY[1].from",
        "snoozes[0].until", "snoozes[0].reason", "snoozes[0].holds", "detectors.demo.mode",
    ]  # fmt: skip


def test_a_section_stated_in_part_keeps_the_rest_of_its_default() -> None:
    file = stated_values('version = "test"\n[budget.overflow]\nlogin = "deny"\n', BASE)

    assert file.budget.overflow == ByType(login="deny", transaction="hold", account_change="hold")


@pytest.mark.parametrize("section", ["cost", "degraded", "snoozes"])
def test_a_section_stated_at_its_default_leaves_the_version_alone(section: str) -> None:
    stated = {
        "cost": 'cost = { rule = "off" }',
        "degraded": 'degraded = { login = "allow" }',
        "snoozes": "snoozes = []",
    }
    version = 'version = "test"\n'

    assert parse_policy(version + stated[section], BASE).version == parse_policy(version, BASE).version


def test_values_stay_as_they_are_written() -> None:
    file = stated_values('version = "test"\nfade = 1\ncalibration = [[0, 0.0], [1, 100]]\n', BASE)

    assert repr((file.fade, file.calibration)) == "(1, [[0, 0.0], [1, 100]])"


def test_every_key_says_what_it_expects_and_means() -> None:
    keys = list(all_keys(PolicyFile))

    assert all(key.expects and key.meaning and "{}" not in key.meaning for key in keys)
    assert len({key.path for key in keys}) == len(keys)


def test_a_long_wrong_value_is_cut_in_the_message() -> None:
    with pytest.raises(InvalidPolicy) as caught:
        parse_policy(f'version = "test"\nprior = "{"x" * 500}"\n', BASE)

    assert len(str(caught.value)) < 130


def test_merging_joins_tables_and_replaces_lists() -> None:
    base = {"a": {"b": 1, "c": [1, 2]}, "d": 1}

    assert merged(base, {"a": {"c": [3]}}) == {"a": {"b": 1, "c": [3]}, "d": 1}
    assert base == {"a": {"b": 1, "c": [1, 2]}, "d": 1}


_PATHS = [
    key.path.replace("<currency>[]", "CNY").replace("<currency>", "USD").replace("<detector>", "demo")
    for key in all_keys(PolicyFile)
]
_ODD_VALUES = (
    "0", "-1", "1e400", "nan", "-inf", "true", '""', '"never"', "[]", "[[]]", "{}", "{ a = 1 }",
    "1979-05-27", "1979-05-27T07:32:00Z", "1979-05-27T07:32:00",
    "1" + "0" * 400, "1" + "0" * 5000, "0x1" + "0" * 20000,
    "[[0, 0], [1, 1" + "0" * 400 + "]]", '["x", 1]',
)  # fmt: skip


@given(st.sampled_from(_PATHS), st.sampled_from(_ODD_VALUES))
def test_any_value_at_any_key_is_taken_or_refused_by_name(path: str, value: str) -> None:
    table, _, row_key = path.partition("[].")
    stated = f"[[{table}]]\n{row_key} = {value}" if row_key else f"{path} = {value}"
    stated = stated if path == "version" else f'version = "test"\n{stated}'
    with suppress(InvalidPolicy):
        assert parse_policy(stated, BASE).version
