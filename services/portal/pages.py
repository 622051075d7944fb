"""Turns a template and its values into an answer, with the headers that every page carries."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from services.portal.portal import portal_of
from services.portal.wording import LOCALES, NAMES, known, preferred, wording

PREFIX = "/my"
LANGUAGE_COOKIE = "payguard_language"
_LANGUAGE_KEPT_S = 180 * 86_400
_POLICY = "; ".join(
    [
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    ]
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_STRICT_TRANSPORT = "max-age=63072000; includeSubDomains"
_KINDS = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


def locale_of(request: Request, wanted: str | None = None) -> str:
    """The reader's language: what they chose, else what the wallet said (`wanted`), else what the browser asks for."""
    chosen = known(request.query_params.get("lang")) or known(request.cookies.get(LANGUAGE_COOKIE))
    return chosen or known(wanted) or preferred(request.headers.get("accept-language", ""))


def page(
    request: Request, template: str, *, wanted: str | None = None, status: int = 200, **values: Any
) -> Response:
    """The page of a template in the reader's language, fresh, unframed, and kept by nobody."""
    locale = locale_of(request, wanted)
    portal = portal_of(request)
    text = (
        _templates()
        .get_template(f"{template}.html")
        .render(
            t=wording(locale),
            locale=locale,
            languages=_languages(request, locale),
            service=portal.service,
            prefix=PREFIX,
            asset=asset_path,
            **values,
        )
    )
    response = Response(text, status_code=status, media_type="text/html", headers=headers_of(request))
    if (chosen := known(request.query_params.get("lang"))) is not None:
        response.set_cookie(
            LANGUAGE_COOKIE,
            chosen,
            _LANGUAGE_KEPT_S,
            path=PREFIX,
            secure=portal.secure,
            httponly=True,
            samesite="strict",
        )
    return response


def headers_of(request: Request) -> dict[str, str]:
    """What every answer to a browser carries."""
    return {
        **_HEADERS,
        **({"Strict-Transport-Security": _STRICT_TRANSPORT} if portal_of(request).secure else {}),
    }


def asset_path(name: str) -> str:
    """The path of an asset, with its digest in it, so that it may be kept for ever."""
    return f"{PREFIX}/assets/{asset_digests()[name]}/{name}"


@cache
def asset_digests() -> Mapping[str, str]:
    """Short digest of each asset by name."""
    return {name: hashlib.sha256(body).hexdigest()[:12] for name, (body, _) in assets().items()}


@cache
def assets() -> Mapping[str, tuple[bytes, str]]:
    """Body and media type of each asset by name."""
    found = [file for file in files("services.portal").joinpath("assets").iterdir() if file.is_file()]
    return {
        file.name: (file.read_bytes(), _KINDS[ending])
        for file in found
        if (ending := file.name.rpartition(".")[2]) in _KINDS
    }


def _languages(request: Request, locale: str) -> list[dict[str, str]]:
    """The other languages, for the switch; none on a page that an address alone does not show again."""
    if request.method != "GET":
        return []
    return [{"locale": other, "name": NAMES[other]} for other in LOCALES if other != locale]


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("services.portal"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
