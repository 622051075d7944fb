"""Watches the policy file of a running worker: what is good comes into use, what is refused changes nothing and is told once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from services.platform import metrics
from services.policy.file import checked_policy, read_bytes, values_of
from services.policy.policy import Policy
from services.policy.reader import InvalidPolicy

log = logging.getLogger(__name__)

_APPLIED, _REFUSED = (metrics.POLICY_RELOADS.labels(result) for result in ("applied", "refused"))
#: What tells one state of a file from another: modified, changed, size, inode; None when there is no such file.
_Stamp = tuple[int, int, int, int] | None


class PolicyWatch:
    """Looks at a file again and again. A file is read once it looks the same twice: half a file may be a valid policy too."""

    def __init__(self, path: Path | None, running: Policy) -> None:
        """Of a path, or of none: then there is nothing to look at."""
        self._path = path
        self._version = running.version
        self._seen: _Stamp | object = object()
        self._considered: _Stamp | object = object()
        self._content: bytes | None = b""
        self._task: asyncio.Task[None] | None = None

    def start(self, apply: Callable[[Policy], None], every_s: float) -> None:
        """Look every so many seconds, on the running loop, until `stop`; `apply` gets each policy that comes into use."""
        metrics.POLICY_INFO.labels(self._version).set(1)
        if self._path is None:
            return
        self._task = asyncio.create_task(self._run(apply, every_s), name="policy-watch")
        self._task.add_done_callback(_ended)

    async def stop(self) -> None:
        """Look no more."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def look(self, apply: Callable[[Policy], None]) -> None:
        """One look: a file that changed, and has not changed since the last look, is read and applied or refused."""
        if (path := self._path) is None:
            return
        stamp = await asyncio.to_thread(_stamp, path)
        if stamp != self._seen:
            self._seen = stamp
            return
        if stamp == self._considered:
            return
        self._considered = stamp
        try:
            policy = await asyncio.to_thread(self._changed, path)
        except InvalidPolicy as error:
            metrics.POLICY_REFUSED.set(1)
            _REFUSED.inc()
            log.error("the policy file is refused, %s stays in use: %s", self._version, error)
            return
        if policy is None:
            return
        metrics.POLICY_REFUSED.set(0)
        if policy.version == self._version:
            return
        apply(policy)
        _APPLIED.inc()
        log.info("policy %s takes the place of %s", policy.version, self._version)
        metrics.POLICY_INFO.remove(self._version)
        metrics.POLICY_INFO.labels(policy.version).set(1)
        self._version = policy.version

    async def _run(self, apply: Callable[[Policy], None], every_s: float) -> None:
        while True:
            await self.look(apply)
            await asyncio.sleep(every_s)

    def _changed(self, path: Path) -> Policy | None:
        """The policy of the file, None when its content is what it was."""
        before, self._content = self._content, None
        content = read_bytes(path)
        self._content = content
        return None if content == before else checked_policy(values_of(content, path), path)


def _stamp(path: Path) -> _Stamp:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def _ended(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        metrics.POLICY_REFUSED.set(1)
        metrics.TASKS_ENDED.labels("policy-watch").inc()
        log.error("the policy file is no longer watched", exc_info=task.exception())
