"""Labels whose values are known stand at 0 from the start, and are those of the things they speak of."""

from __future__ import annotations

from typing import get_args, get_type_hints

from contracts.events import Network
from services.platform import metrics
from services.platform.build import tell_build


def test_kinds_of_networks_are_those_of_events() -> None:
    assert set(metrics.NETWORK_KINDS) == set(get_args(get_type_hints(Network)["kind"]))


def test_the_funnel_and_money_begin_at_nought_for_every_class() -> None:
    known = {tuple(each.labels.values()) for family in metrics.FUNNEL.collect() for each in family.samples}
    ends = {each.labels["end"] for family in metrics.MONEY.collect() for each in family.samples}

    assert len({labels[:3] for labels in known}) == 5 * len(metrics.NETWORK_KINDS) * 3
    assert ends == set(metrics.MONEY_ENDS)


def test_a_process_says_which_release_it_runs() -> None:
    tell_build()

    [sample] = [each for family in metrics.BUILD_INFO.collect() for each in family.samples]
    assert (sample.value, sample.labels["code"]) == (1.0, "interpreted")
    assert sample.labels["version"]
