from __future__ import annotations

from itertools import pairwise
from math import exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.measures.familiarity import Rung, ladder_nats

#: Country, network, prefix, address: shares of the population and of attackers who copy.
SHARES = ((0.02, 1.0), (0.1, 0.7), (0.002, 0.1), (1 / 256, 0.02))
HISTORIES = (1, 5, 40, 1000)


def home_only(logins: float, known: int) -> list[Rung]:
    """An account with so many logins from one address, asked about a value that it knows down to `known` rungs."""
    return [
        Rung(logins if rung < known else 0.0, logins, 1, share, copied)
        for rung, (share, copied) in enumerate(SHARES)
    ]


def seen_once_abroad(logins: float) -> list[Rung]:
    """An account of the same logins and one more from another country, asked about a new network there."""
    return [
        Rung(1.0 if rung == 0 else 0.0, logins + 1.0, 2, share, copied)
        for rung, (share, copied) in enumerate(SHARES)
    ]


def nats(rungs: list[Rung]) -> float:
    return ladder_nats(rungs, 1.5, 0.5)


@pytest.mark.parametrize("logins", HISTORIES)
def test_home_prefix_network_country_country_once_and_never_rise(logins: int) -> None:
    known_at_home = [nats(home_only(logins + 1, known)) for known in (4, 3, 2, 1)]
    never = [rung._replace(seen=0.0) for rung in seen_once_abroad(logins)]
    ladder = [*known_at_home, nats(seen_once_abroad(logins)), nats(never)]

    assert all(nearer < farther for nearer, farther in pairwise(ladder)), ladder


counts = st.floats(0.01, 1000.0)
rung = st.builds(
    lambda seen, others, distinct, share, copied: Rung(
        seen, seen + others, distinct + (others > 0.0), share, copied
    ),
    counts,
    st.one_of(st.just(0.0), counts),
    st.integers(1, 20),
    st.floats(0.001, 1.0),
    st.floats(0.001, 1.0),
)


@given(st.lists(rung, min_size=1, max_size=5), st.data())
def test_a_value_known_further_down_is_never_stranger(rungs: list[Rung], data: st.DataObject) -> None:
    """Of one table, the values that part from the known one at a coarser rung are the stranger ones."""
    depth = data.draw(st.integers(0, len(rungs) - 1))
    falls_out = [each._replace(seen=0.0) if at >= depth else each for at, each in enumerate(rungs)]
    one_later = [each._replace(seen=0.0) if at > depth else each for at, each in enumerate(rungs)]

    assert nats(one_later) <= nats(falls_out) + 1e-9


@given(st.lists(rung, min_size=1, max_size=5), st.floats(0.0, 1000.0))
def test_a_value_seen_more_often_is_never_stranger(rungs: list[Rung], more: float) -> None:
    last = rungs[-1]
    oftener = last._replace(seen=last.seen + more, together=last.together + more)

    assert nats([*rungs[:-1], oftener]) <= nats(rungs) + 1e-9


@given(st.lists(rung, min_size=1, max_size=5))
def test_evidence_for_the_owner_ends_where_attackers_copy(rungs: list[Rung]) -> None:
    assert nats(rungs) >= log(rungs[-1].copied_share) - 1e-9


@given(st.integers(1, 30), st.integers(1, 30))
def test_an_account_of_ever_new_addresses_expects_one_more(few: int, many: int) -> None:
    few, many = sorted((few, many))
    new = [Rung(0.0, 30.0, distinct, 1 / 256, 0.02) for distinct in (few, many)]

    assert nats([new[1]]) <= nats([new[0]]) + 1e-9


def test_the_formula_by_hand() -> None:
    country, address = Rung(3.0, 4.0, 2, 0.02, 0.5), Rung(0.0, 4.0, 3, 0.1, 0.1)
    # Three addresses below two countries: one each, and one shared out as 3 : 1.
    p_country = (1.0 + 3 / 4 + 2.5 * 0.02) / (3.0 + 2.5)
    q_country = max(0.02, 0.5 * p_country)
    p_address = (0.0 + 3.0 * p_country * 0.1) / (4.0 + 3.0)

    assert nats([country, address]) == pytest.approx(log(q_country * 0.1 / p_address))


def test_no_rungs_and_no_history_say_nothing() -> None:
    assert nats([]) == 0.0
    assert exp(nats([Rung(0.0, 0.0, 0, 0.02, 0.02)])) == pytest.approx(1.0)
