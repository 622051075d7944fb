"""The three words for what can go wrong; anything else crashes the process and its supervisor restarts it."""

from __future__ import annotations


class Malformed(Exception):
    """This input can never be processed: answer with an error or dead-letter it, never retry.

    `reason` is a short stable code (a metric label); the message says what is wrong without personal data.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Overloaded(Exception):
    """We are asked for more than we can do now: slow down, pause the partition, answer 429.

    `retry_after_s` says after how many seconds to ask again.
    """

    retry_after_s: int = 1


class Unavailable(Exception):
    """A store or broker is away: retry with back-off, answer 503.

    `reason` is a short stable code (a metric label), such as `disk_full`.
    """

    def __init__(self, detail: str = "", reason: str = "away") -> None:
        super().__init__(detail)
        self.reason = reason


class Fenced(Exception):
    """Another owner has learned past our offset: this worker lost its partition and must stop writing."""
