"""An open loop of offered codes.

`python -m benchmarks.workloads.verify_sender HOST PORTS RATE WARM_UP_S FILE`, key in the variable BENCH_API_KEY.
PORTS are separated by commas: requests go to one after the other. FILE holds the owners as a JSON array, one a request. Codes
are made for the moment they are due. Prints one JSON object: `Sent`.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import uvloop
from msgspec import json

from benchmarks.workloads.http_sender import Sender, Sent, request_of
from benchmarks.workloads.verify_accounts import Owner
from services.mfa import totp

#: Codes made before the first is sent: less than this time passes meanwhile.
_AHEAD_S = 2.0


async def run(host: str, ports: list[int], rate: float, warm_up_s: float, owners: list[Owner]) -> Sent:
    """The whole run."""
    begin_s = time.time() + _AHEAD_S
    requests = [
        request_of(
            host,
            ports[0],
            f"/v1/challenges/{owner.challenge_id}/verify",
            _body(owner, begin_s + index / rate),
        )
        for index, owner in enumerate(owners)
    ]
    await asyncio.sleep(begin_s - time.time())
    return await Sender(host, *ports).run(requests, rate, int(rate * warm_up_s))


def _body(owner: Owner, at: float) -> bytes:
    step = totp.step_at(at)
    code = totp.code_of(owner.secret, step) if owner.right else _wrong(owner.secret, step)
    return json.encode({"code": code, "ip": owner.ip, "device_id": owner.device_id})


def _wrong(secret: str, step: int) -> str:
    """A code of no step near, for that would be a wrong clock."""
    near = {totp.code_of(secret, step + away) for away in range(-15, 16)}
    return next(code for code in map("{:06d}".format, range(100)) if code not in near)


def main() -> None:
    """The process."""
    host, given, rate, warm_up_s, file = sys.argv[1:]
    ports = [int(port) for port in given.split(",")]
    owners = json.decode(Path(file).read_bytes(), type=list[Owner])
    sent = uvloop.run(run(host, ports, float(rate), float(warm_up_s), owners))
    sys.stdout.buffer.write(json.encode(sent) + b"\n")


if __name__ == "__main__":
    main()
