"""Identifiers in paths and queries, as every route takes them.

Dependencies are coroutines even where they wait for nothing: the framework hands plain functions to a thread, which takes
longer than they do.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path

from contracts.errors import Malformed


def plain(value: str) -> str:
    """The identifier without change. Raises Malformed for a NUL, which no SQL database of ours can hold."""
    if "\x00" in value:
        raise Malformed("identifier", "an identifier must not hold a NUL character")
    return value


async def _account(account_id: Annotated[str, Path(min_length=1, max_length=128)]) -> str:
    return plain(account_id)


#: The account in a path.
AccountId = Annotated[str, Depends(_account)]
