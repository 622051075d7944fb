"""What the routes of challenges and of factors share: checked identifiers, the code in a body, no-store."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, Path, Request, Response

from contracts.errors import Malformed
from services.challenges.body import read_code


def no_store(response: Response) -> None:
    """Nobody on the way may keep the answer."""
    response.headers["Cache-Control"] = "no-store"


def utc(at: float) -> datetime:
    """Epoch seconds as answers show them."""
    return datetime.fromtimestamp(at, UTC)


def _identifier(value: str) -> str:
    if "\x00" in value:
        raise Malformed("identifier", "an identifier must not hold a NUL character")
    return value


def _account(account_id: Annotated[str, Path(min_length=1, max_length=128)]) -> str:
    return _identifier(account_id)


def _challenge(challenge_id: Annotated[str, Path(min_length=1, max_length=128)]) -> str:
    return _identifier(challenge_id)


async def _code(request: Request) -> str:
    return await read_code(request.stream())


AccountId = Annotated[str, Depends(_account)]
ChallengeId = Annotated[str, Depends(_challenge)]
Code = Annotated[str, Depends(_code)]

#: For the decorator of a route that reads a code.
CODE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["code"],
                    "additionalProperties": False,
                    "properties": {"code": {"type": "string", "pattern": "^[0-9]{6}$"}},
                }
            }
        },
    }
}
