"""A factor from enrolment to removal. Everything is in SQL; when it is away every method raises Unavailable."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from services.challenges import factors, repository, totp
from services.challenges.counts import count_check
from services.challenges.factor_check import CodeChecker
from services.challenges.records import Context, Enrolment, FactorStatus
from services.challenges.vault import Vault
from services.database import Database
from services.metrics import ENROLMENTS


class FactorInUse(Exception):
    """The account has a factor already; replacing it is not something a caller may ask for here."""


class FactorLifecycle:
    """The second factor of every account. `clock` gives epoch seconds, `issuer` is what authenticators show."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        checker: CodeChecker,
        clock: Callable[[], float],
        issuer: str,
    ) -> None:
        self._database = database
        self._vault = vault
        self._checker = checker
        self._clock = clock
        self._issuer = issuer

    async def enrol(self, account_id: str) -> Enrolment:
        """A new pending factor with its secret, shown this once. Raises FactorInUse when the account has one in use."""
        at = self._clock()
        secret = totp.new_secret()
        sealed = self._vault.seal(account_id, secret)
        uri = totp.provisioning_uri(secret, account_id, self._issuer)
        async with self._database.begin() as connection:
            started = await factors.start_enrolment(connection, secrets.token_hex(16), account_id, sealed, at)
            if not started:
                # Raised inside, so that nothing of this attempt is kept.
                ENROLMENTS.labels("refused").inc()
                raise FactorInUse("the account has a second factor already")
        ENROLMENTS.labels("started").inc()
        return Enrolment(account_id, secret, uri, at + factors.PENDING_S)

    async def confirm(self, account_id: str, code: str) -> bool:
        """Activate the pending factor by its first code, which is burnt; False for any other code or no such factor."""
        async with self._database.begin() as connection:
            at = self._clock()
            check = await self._checker.check(connection, account_id, "pending", code, Context(), at)
            if check.result == "passed" and check.factor_id is not None:
                await repository.tell_enrolled(connection, account_id, check.factor_id, at)
            await repository.audit(connection, account_id, None, check, at)
        count_check(check)
        ENROLMENTS.labels("confirmed" if check.result == "passed" else "refused").inc()
        return check.result == "passed"

    async def status(self, account_id: str) -> FactorStatus:
        """Whether the account has a factor, without anything secret."""
        async with self._database.read() as connection:
            return await factors.status(connection, account_id)
