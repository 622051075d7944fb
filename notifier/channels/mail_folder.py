"""Mail on a laptop: one .eml file a message, named by its idempotency key."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from pathlib import Path

from contracts.errors import Unavailable
from notifier.channels import Letter, Sent
from notifier.channels.envelope import message


class FolderMail:
    """Writes messages into a folder; a message that is there already is left alone, so each appears once."""

    name = "mail"

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder = folder
        self._sender = sender

    async def send(self, letter: Letter, key: str, at: float) -> Sent:
        """Write the message; raises Unavailable when the folder cannot be written."""
        data = message(letter, key, self._sender, at).as_bytes()
        try:
            await asyncio.to_thread(self._write, key, data)
        except OSError as error:
            raise Unavailable(f"outbox folder away: {type(error).__name__}", "folder_away") from error
        return Sent()

    def _write(self, key: str, data: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        target = self._folder / f"{key}.eml"
        if target.exists():
            return
        part = self._folder / f".{key}.{secrets.token_hex(8)}.part"
        try:
            with part.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            # A link, not a rename: the message that came first stays.
            with contextlib.suppress(FileExistsError):
                os.link(part, target)
        finally:
            part.unlink(missing_ok=True)
