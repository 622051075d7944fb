"""Turns a template and its values into an answer, with the headers that every page carries."""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from services.portal.asset_files import AssetFiles
from services.portal.portal import portal_of
from services.portal.whole import whole
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
#: The files that these pages load.
ASSETS = AssetFiles("services.portal", PREFIX)


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
        templates()
        .get_template(f"{template}.html")
        .render(
            t=wording(locale),
            locale=locale,
            languages=_languages(request, locale),
            service=portal.service,
            prefix=PREFIX,
            asset=ASSETS.path,
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


def part(template: str, locale: str, **values: Any) -> Markup:
    """A part of pages, the same for whoever reads that language."""
    text = templates().get_template(f"{template}.html").render(t=wording(locale), **values)
    return Markup(text)  # noqa: S704 (a template escapes what it is given)


def headers_of(request: Request) -> dict[str, str]:
    """What every answer to a browser carries."""
    return {
        **_HEADERS,
        **({"Strict-Transport-Security": _STRICT_TRANSPORT} if portal_of(request).secure else {}),
    }


def _languages(request: Request, locale: str) -> list[dict[str, str]]:
    """The other languages, for the switch; none on a page that an address alone does not show again."""
    if request.method != "GET":
        return []
    asked = [(name, said) for name, said in request.query_params.multi_items() if name != "lang"]
    return [
        {"locale": other, "name": NAMES[other], "query": urlencode([*asked, ("lang", other)])}
        for other in LOCALES
        if other != locale
    ]


@cache
def templates(room: str = "services.portal") -> Environment:
    """The templates of a room's pages: everything is escaped, and what is not given is an error."""
    found = Environment(
        loader=PackageLoader(room),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    found.filters["whole"] = whole
    return found
