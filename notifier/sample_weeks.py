"""Made-up weeks to look at summaries with. Pure."""

from __future__ import annotations

from services.cases.news import Moved, Tip, Week

#: Monday 30 November 2026, 03:09 in Shanghai.
T0 = 1_795_979_340.0
_TIPS = (
    Tip(kind="codes", count=2),
    Tip(kind="device", device="Windows, Edge", at=T0 - 60 * 86_400.0),
    Tip(kind="address", address="s•••@example.com"),
)
WEEKS = tuple(
    Week(
        began=T0 - 604_800.0,
        ended=T0,
        sign_ins=(9, 0, 31)[number],
        new_devices=(1, 0, 2)[number],
        paid=(
            Moved(amount="2318.40", currency="CNY", count=14),
            Moved(amount="12.00", currency="USD", count=1),
        )[: 2 - number],
        received=(Moved(amount="820.00", currency="CNY", count=3),)[:number],
        stopped=(0, 0, 2)[number],
        tip=_TIPS[number],
    )
    for number in range(3)
)
