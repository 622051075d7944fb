"""What the routes of challenges and of factors share: the challenge in a path, the code in a body, no-store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Path, Request, Response

from services.http.identifiers import plain
from services.mfa.body import MAX_DEVICE_ID, malformed, read_submission
from services.mfa.records import Context
from services.mfa.service import ChallengesService
from services.mfa.typed_code import MAX_TYPED


async def no_store(response: Response) -> None:
    """Nobody on the way may keep the answer."""
    response.headers["Cache-Control"] = "no-store"


async def _challenge(challenge_id: Annotated[str, Path(min_length=1, max_length=128)]) -> str:
    return plain(challenge_id)


@dataclass(frozen=True)
class Offered:
    """A well-formed code of a request's body, and who offers it. Its text form shows neither."""

    code: str
    context: Context

    def __repr__(self) -> str:
        return "Offered(...)"


async def count_malformed(request: Request, context: Context) -> None:
    """Count what is no code against its network. Raises SlowDown when there were many."""
    challenges: ChallengesService = request.app.state.challenges
    await challenges.refuse_malformed(context)


async def offered(request: Request) -> Offered:
    """The code in the body; a malformed one costs its network, then it is 400 or, when there were many, 429."""
    submission = await read_submission(request.stream())
    if submission.code is None:
        await count_malformed(request, submission.context)
        raise malformed()
    return Offered(submission.code, submission.context)


ChallengeId = Annotated[str, Depends(_challenge)]
Code = Annotated[Offered, Depends(offered)]

#: Schema of what a body may say of the user.
WHOM: dict[str, Any] = {
    "ip": {
        "type": ["string", "null"],
        "description": "The user's address, where the wallet knows it.",
    },
    "device_id": {
        "type": ["string", "null"],
        "minLength": 1,
        "maxLength": MAX_DEVICE_ID,
        "description": "The user's device, as in events.",
    },
}
#: Schema of a code.
CODE: dict[str, Any] = {
    "type": "string",
    "maxLength": MAX_TYPED,
    "description": "Six digits of the authenticator, or a recovery code, as the user typed it: full-width characters, spaces "
    "and dashes between characters are read. Text, never a number.",
}


def json_body(required: str, properties: dict[str, Any]) -> dict[str, Any]:
    """For the decorator of a route that reads a JSON object with these fields and no other, one of them required."""
    schema = {
        "type": "object",
        "required": [required],
        "additionalProperties": False,
        "properties": properties,
    }
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


#: For the decorator of a route that reads a code.
CODE_BODY = json_body("code", {"code": CODE, **WHOM})
