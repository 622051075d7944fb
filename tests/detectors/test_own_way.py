"""What an unusual amount weighs where device, payee and city have long been the account's own."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from contracts.events import PLACELESS, Network
from contracts.profile import DAY_S, AmountStatistics, Seen, Sightings
from detectors import unusual_amount
from tests.detectors.build import BEIJING, NOW, SHANGHAI, Kind, fix, found, key, payer, transaction, weigh

AT_HOME = [fix(SHANGHAI, NOW - 3600)]
WEEK_AGO = int(NOW - 7 * DAY_S)


def known_since(at: int, count: int = 2) -> Seen:
    return Seen(at, int(NOW - 3600), count)


def test_weighs_less_from_the_own_device_at_home_to_a_payee_paid_before() -> None:
    own = found(unusual_amount, transaction(400.0), payer(fixes=AT_HOME))
    strangers = found(unusual_amount, transaction(400.0, payee="broker"), payer(fixes=AT_HOME))

    assert own.weight == pytest.approx(strangers.weight - 2.0)
    assert own.facts is not None
    assert own.facts["own_way_nats"] == 2.0
    assert (own.quarantine, own.threshold) == (strangers.quarantine, strangers.threshold)


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"device": "new"},
        {"device": None},
        {"payee": "broker"},
        {"payee": None},
        {"place": BEIJING},
        {"place": None},
    ],
    ids=str,
)
def test_weighs_in_full_where_anything_is_not_the_accounts_own(elsewhere: dict[str, Any]) -> None:
    plain = weigh(unusual_amount, transaction(400.0), payer())

    assert weigh(unusual_amount, transaction(400.0, **elsewhere), payer(fixes=AT_HOME)) == pytest.approx(
        plain
    )


@pytest.mark.parametrize("kind", sorted(PLACELESS))
def test_weighs_in_full_over_a_network_that_hides_the_place(kind: Kind) -> None:
    hidden = replace(transaction(400.0), network=Network(64500, "Example Net", kind))

    facts = found(unusual_amount, hidden, payer(fixes=AT_HOME)).facts
    assert facts is not None
    assert "own_way_nats" not in facts


@pytest.mark.parametrize(("table", "name"), [("device", "phone"), ("payee", "grocer")])
@pytest.mark.parametrize(
    ("seen", "less"),
    [(known_since(WEEK_AGO), True), (known_since(WEEK_AGO + 1), False), (known_since(WEEK_AGO, 1), False)],
)
def test_what_came_within_a_week_or_only_once_is_not_yet_the_accounts_own(
    table: str, name: str, seen: Seen, less: bool
) -> None:
    account = payer(fixes=AT_HOME)
    setattr(account, f"{table}_rows", Sightings.of({key(name): seen}).rows)

    facts = found(unusual_amount, transaction(400.0), account).facts
    assert facts is not None
    assert ("own_way_nats" in facts) is less


def test_ten_times_the_usual_is_asked_about_whoever_is_paid() -> None:
    assert weigh(unusual_amount, transaction(800.0), payer(fixes=AT_HOME)) > 3.5


def test_a_sum_large_for_anybody_weighs_in_full_whoever_is_paid() -> None:
    amounts = {("payment", "CNY"): AmountStatistics(40, 8.5, 0.2)}
    at_home = payer(fixes=AT_HOME, amounts=amounts, velocity={})

    assert weigh(unusual_amount, transaction(40_000.0), at_home) == weigh(
        unusual_amount, transaction(40_000.0), payer(amounts=amounts, velocity={})
    )
