"""Stylesheets, scripts and pictures of pages: each under an address with its digest in it, so that it may be kept for ever."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cached_property
from importlib.resources import files

from starlette.responses import Response

from services.http.problems import Problem

_KINDS = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_FOR_EVER = "public, max-age=31536000, immutable"


class AssetFiles:
    """The files in a room's folder `assets`, under the prefix of its pages. They are read once."""

    def __init__(self, room: str, prefix: str) -> None:
        self._room = room
        self._prefix = prefix

    @cached_property
    def bodies(self) -> Mapping[str, tuple[bytes, str]]:
        """Body and media type of each by name."""
        found = [file for file in files(self._room).joinpath("assets").iterdir() if file.is_file()]
        return {
            file.name: (file.read_bytes(), _KINDS[ending])
            for file in found
            if (ending := file.name.rpartition(".")[2]) in _KINDS
        }

    @cached_property
    def digests(self) -> Mapping[str, str]:
        """Short digest of each by name."""
        return {name: hashlib.sha256(body).hexdigest()[:12] for name, (body, _) in self.bodies.items()}

    def path(self, name: str) -> str:
        """The path of one."""
        return f"{self._prefix}/assets/{self.digests[name]}/{name}"

    def answer(self, digest: str, name: str, headers: Mapping[str, str]) -> Response:
        """One of them, with these headers. Raises Problem 404 for a name or a digest that is none."""
        if self.digests.get(name) != digest:
            raise Problem(404, "not_found", "there is no such file")
        body, kind = self.bodies[name]
        return Response(body, media_type=kind, headers={**headers, "Cache-Control": _FOR_EVER})
