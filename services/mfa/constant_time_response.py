"""When a refused code is answered, so that the time it takes tells nothing of why."""

from __future__ import annotations

import asyncio

from services.mfa.recovery import is_recovery_code

#: Seconds after the request: later than any refusal is known. A recovery code costs a hash, a TOTP code does not.
REFUSED_AFTER_S, RECOVERY_REFUSED_AFTER_S = 0.02, 0.25


class AnswerTime:
    """Answers every refusal of a kind of code at the same time after its request."""

    def __init__(
        self, refused_after_s: tuple[float, float] = (REFUSED_AFTER_S, RECOVERY_REFUSED_AFTER_S)
    ) -> None:
        """`refused_after_s`: for a TOTP code and for a recovery code."""
        self._refused_after_s = refused_after_s

    def due(self, code: str | None) -> float:
        """The loop's time at which a refusal of this code, offered now, is answered."""
        after_s = 0.0 if code is None else self._refused_after_s[is_recovery_code(code)]
        return asyncio.get_running_loop().time() + after_s

    async def wait(self, due: float) -> None:
        """Sleep until then; not at all when it has passed."""
        await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
