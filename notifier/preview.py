"""Every letter as its readers get it, in files to look at: light and dark side by side, on one page. No service is needed."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from msgspec import Struct

from notifier.channels import Letter
from notifier.render import Templates
from notifier.routing import Route
from notifier.samples import every, samples
from notifier.short import parts

_ZONES = {"zh-CN": "Asia/Shanghai", "en": "Europe/London"}
_LINK = "https://wallet.example/my/answer/" + "0nlyF0rTheEyeN0tAnAnswer000"
_DARK = "@media (prefers-color-scheme: dark)"


class Shot(Struct, frozen=True):
    """One letter of the preview; `name` is its file's, without the ending."""

    name: str
    template: str
    kind: str
    locale: str
    letter: Letter

    @property
    def shorts(self) -> list[tuple[str, list[str], str]]:
        """What the letter is by the other channels: the channel, its lines, and how long it is."""
        short, count = self.letter.short, parts(self.letter.short.text)
        pushed = [short.title, *short.body.split("\n"), *([short.link] if short.link else [])]
        inside = [self.letter.subject, *pushed[1:]]
        return [
            ("SMS", [short.text], f"{len(short.text)} characters, {count} part{'s' if count > 1 else ''}"),
            ("Push, chat, browser", pushed, _length(short.title, short.body)),
            ("Wallet inbox", inside, f"{_length(self.letter.subject, short.body)}, and the plain text"),
        ]


def _length(title: str, body: str) -> str:
    return f"title of {len(title)}, text of {len(body)} characters"


def shots(service: str, locales: Sequence[str]) -> list[Shot]:
    """Every letter of the preview: each template, type of event, sample and language."""
    templates = Templates(service, lambda *_: _LINK)
    return [
        Shot(
            "-".join(part for part in (template, kind, str(number + 1), locale) if part),
            template,
            kind,
            locale,
            templates.letter(notice, Route("mail", "reader@wallet.example", locale, _ZONES[locale])),
        )
        for template in every()
        for kind, notices in samples(template)
        for number, notice in enumerate(notices)
        for locale in locales
    ]


def write(folder: Path, service: str, locales: Sequence[str]) -> int:
    """Write each letter as .html, .dark.html and .txt, and `index.html`; how many letters there are. Raises OSError."""
    made = shots(service, locales)
    folder.mkdir(parents=True, exist_ok=True)
    for shot in made:
        (folder / f"{shot.name}.html").write_text(in_scheme(shot.letter.html, dark=False), "utf-8")
        (folder / f"{shot.name}.dark.html").write_text(in_scheme(shot.letter.html, dark=True), "utf-8")
        (folder / f"{shot.name}.txt").write_text(f"{shot.letter.subject}\n\n{shot.letter.text}", "utf-8")
    env = Environment(
        loader=PackageLoader("notifier", "templates"), autoescape=True, undefined=StrictUndefined
    )
    sheet = files("notifier.templates").joinpath("preview.css").read_text("utf-8")
    page = env.get_template("preview.html").render(shots=made, service=service, sheet=sheet)
    (folder / "index.html").write_text(page, "utf-8")
    return len(made)


def in_scheme(page: str, *, dark: bool) -> str:
    """The page as whoever prefers that scheme sees it, whatever the browser that shows it prefers."""
    page = page.replace('content="light dark"', f'content="{"dark" if dark else "light"}"')
    return page.replace(_DARK, "@media all" if dark else "@media not all")
