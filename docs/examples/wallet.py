"""A wallet's backend; it needs httpx alone: WALLET_KEY=pg_... python wallet.py http://localhost:8080 < events.jsonl"""

import json
import os
import sys
from collections.abc import Iterator
from typing import Any

import httpx

OUTCOMES = {"allow": "done", "notify": "done", "challenge": "code", "hold": "waits", "deny": "refused"}


class Wallet:
    """What became of each event, by account and event id, and whose money stays. A real backend keeps both in its database."""

    def __init__(self, payguard: httpx.Client) -> None:
        self.payguard, self.after = payguard, "0"
        self.outcomes: dict[tuple[str, str], str] = {}
        self.frozen: set[str] = set()
        self.came_from: dict[tuple[str, str], tuple[str, Any]] = {}  # account and device of each event
        self.devices: set[tuple[str, Any]] = set()  # signed in, and trusted

    def ask(self, event: dict[str, Any]) -> str:
        """Ask before anything is done, and obey. Without a decision it waits; asking again is harmless."""
        answer = self.payguard.post("/v1/events", params={"wait": "decision"}, json=event).raise_for_status()
        result = answer.json()["results"][0]
        if "decision" not in result:
            return "waits"
        stopped = event["type"] == "transaction" and event["account_id"] in self.frozen
        outcome = "refused" if stopped else OUTCOMES[result["decision"]["action"]]
        name = event["account_id"], event["event_id"]
        self.came_from[name] = event["account_id"], event.get("device_id")
        self.devices |= {self.came_from[name]} if outcome == "done" else set()
        return self.outcomes.setdefault(name, outcome)

    def follow(self) -> Iterator[tuple[dict[str, Any], str]]:
        """Wait for actions for ever; do each, say so, and yield it with what was said."""
        while True:
            page = self.payguard.get(f"/v1/actions?after={self.after}&wait=25").raise_for_status().json()
            for action in (each for each in page["actions"] if each["result"] in (None, "failed")):
                said, path = self.obey(action), f"/v1/actions/{action['action_id']}/result"
                self.payguard.post(path, json={"result": said}).raise_for_status()
                yield action, said
            self.after = page["next"]  # only now: after a crash the same actions are read again

    def obey(self, action: dict[str, Any]) -> str:
        """Do what an action asks for; twice is harmless. What this wallet has never heard of is `failed`."""
        kind, account, name = action["kind"], action["account_id"], (action["account_id"], action["event_id"])
        if kind == "freeze":
            self.frozen.add(account)
        elif kind == "unfreeze":
            self.frozen.discard(account)
        elif kind in ("release_payment", "cancel_payment"):
            self.outcomes[name] = "done" if kind == "release_payment" else "refused"
        elif kind in ("revoke_sessions", "revoke_device", "forget_device"):
            gone = {each for each in self.devices if each[0] == account}
            self.devices -= gone if kind == "revoke_sessions" else {self.came_from.get(name, (account, None))}
        else:
            return "failed"
        return "done"


if __name__ == "__main__":
    bearer = {"Authorization": f"Bearer {os.environ['WALLET_KEY']}"}
    wallet = Wallet(httpx.Client(base_url=sys.argv[1], headers=bearer, timeout=30.0))
    for event in map(json.loads, sys.stdin):
        print(f"{event['event_id']}: {wallet.ask(event)}", flush=True)
    for action, said in wallet.follow():
        print(f"{action['kind']} {action['account_id']}: {said}", flush=True)
