"""A backtest as one HTML page that needs no network and runs no script: words first, then figures, plots and their tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from importlib.resources import files
from math import log1p

from contracts.decisions import ACTIONS, Action, Decision
from services.lab.backtest import plots
from services.lab.backtest.comparison import Comparison, Example
from services.lab.backtest.summary import period, rows, scenario_rows, sentences
from services.lab.backtest.texts import ACTION_WORDS, TEXTS, TYPE_WORDS
from services.lab.summarise.words import words_in
from services.scoring.explain import money

_RANK = {action: rank for rank, action in enumerate(ACTIONS)}


def page(comparison: Comparison, locale: str) -> str:
    """The whole page. Raises ValueError for a locale without texts."""
    if locale not in TEXTS:
        raise ValueError(f"no texts for locale {locale!r}; known: {', '.join(TEXTS)}")
    t = TEXTS[locale]
    first, second = comparison.sides
    title = t["title"].format(a=first.name, b=second.name)
    heading = escape(t["title"]).format(a=_side("a", f"A {first.name}"), b=_side("b", f"B {second.name}"))
    sections = [
        _summary(comparison, locale),
        _figures(comparison, locale),
        _matrix(comparison, locale),
        _examples(comparison, locale),
        plots.days(comparison, t),
        plots.scores(comparison, t),
        *((plots.curve(comparison, t), _scenarios(comparison, locale)) if comparison.labelled else ()),
        _reading(comparison, t),
    ]
    style = files("services.lab.backtest").joinpath("page.css").read_text("utf-8")
    return (
        f'<!doctype html>\n<html lang="{locale}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>\n{style}</style></head>\n<body><header>"
        f'<div class="top"><h1>{heading}</h1>{_theme(t)}</div>'
        f'<p class="soft">{escape(period(comparison, locale))}</p></header>\n<main>\n'
        + "\n".join(sections)
        + "\n</main></body></html>\n"
    )


def _theme(t: dict[str, str]) -> str:
    choices = ""
    for name in ("auto", "light", "dark"):
        checked = " checked" if name == "auto" else ""
        choices += f'<label><input type="radio" name="theme" id="{name}"{checked}> {escape(t["theme_" + name])}</label>'
    return f'<fieldset class="theme" aria-label="{escape(t["theme"])}">{choices}</fieldset>'


def _summary(comparison: Comparison, locale: str) -> str:
    said = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences(comparison, locale))
    return plots.section(TEXTS[locale]["summary"], f"<ul>{said}</ul>", css="summary")


def _figures(comparison: Comparison, locale: str) -> str:
    t = TEXTS[locale]
    heads = (escape(t["figure"]), _side("a", "A"), _side("b", "B"), escape(t["difference"]))
    body = "".join(
        f'<tr><th scope="row">{escape(row.name)}</th><td>{row.first}</td><td>{row.second}</td>'
        f'<td class="{("down", "", "up")[row.rises + 1]}">{escape(row.difference)}</td></tr>'
        for row in rows(comparison, locale)
    )
    return plots.section(t["figures"], plots.table(heads, body, css="wide"))


def _matrix(comparison: Comparison, locale: str) -> str:
    t, words = TEXTS[locale], ACTION_WORDS[locale]
    most = log1p(max(comparison.pairs.values(), default=1))
    body = ""
    for a in ACTIONS:
        cells = "".join(_cell(comparison, a, b, most, t) for b in ACTIONS)
        body += f'<tr><th scope="row">{_side("a", words[a])}</th>{cells}</tr>'
    heads = (escape(t["matrix_corner"]), *(_side("b", words[b]) for b in ACTIONS))
    return plots.section(t["matrix"], plots.table(heads, body, css="matrix"), note=t["matrix_note"])


def _cell(comparison: Comparison, a: Action, b: Action, most: float, t: dict[str, str]) -> str:
    found = comparison.pairs[a, b]
    if not found:
        return '<td class="none">0</td>'
    css = "same" if a == b else "more" if _RANK[b] > _RANK[a] else "less"
    fraud, honest = (comparison.changed_truth[a, b, truth] for truth in ("fraud", "honest"))
    known = f"<small>{escape(t['frauds_of'].format(fraud=f'{fraud:,}', honest=f'{honest:,}'))}</small>"
    return f'<td class="{css}" style="--h:{log1p(found) / most:.2f}">{found:,}{known if fraud or honest else ""}</td>'


def _examples(comparison: Comparison, locale: str) -> str:
    t, words, say = TEXTS[locale], ACTION_WORDS[locale], words_in(locale)
    parts: list[str] = []
    for (a, b), kept in comparison.examples().items():
        pair = t["pair"].format(a=words[a], b=words[b])
        shown = "".join(_example(example, locale, say) for example in kept)
        head = f"<summary><b>{escape(pair)}</b> ({comparison.pairs[a, b]:,})</summary>"
        parts.append(f"<details{'' if parts else ' open'}>{head}{shown}</details>")
    note = t["examples_note"] if parts else ""
    return plots.section(t["examples"], "".join(parts) or f"<p>{escape(t['no_examples'])}</p>", note=note)


def _example(example: Example, locale: str, say: Callable[[Decision], list[str]]) -> str:
    t, first = TEXTS[locale], example.decisions[0]
    what = TYPE_WORDS[locale].get(first.type, first.type)
    if example.amount is not None and example.currency is not None:
        what += " " + money(example.amount, example.currency, locale)
    marked = example.marked
    tag = t[marked.truth] + (f": {marked.scenario.replace('_', ' ')}" if marked.scenario else "")
    sides = "".join(
        f"<div>{_side(css, f'{css.upper()} {ACTION_WORDS[locale][decision.action]}')} "
        f'<span class="soft">{escape(t["score"].format(score=decision.score))}</span><ul>'
        + "".join(f"<li>{escape(line)}</li>" for line in say(decision)[1:] or [t["no_reason"]])
        + "</ul></div>"
        for css, decision in zip("ab", example.decisions, strict=True)
    )
    about = f"<code>{escape(first.event_id)}</code>, <code>{escape(first.account_id)}</code>, "
    return (
        f'<div class="example"><b>{escape(what)}</b> {about}{plots.moment(first.at)} '
        f'<span class="tag {marked.truth}">{escape(tag)}</span><div class="grid2">{sides}</div></div>'
    )


def _scenarios(comparison: Comparison, locale: str) -> str:
    t = TEXTS[locale]
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{frauds}</td><td>{stopped}</td><td>{others}</td></tr>'
        for name, frauds, stopped, others in scenario_rows(comparison, locale)
    )
    heads: Sequence[str] = (
        escape(t["scenario"]),
        escape(t["frauds"]),
        escape(t["stopped"]).format(side=_side("a", "A")),
        escape(t["stopped"]).format(side=_side("b", "B")),
    )
    return plots.section(t["scenarios"], plots.table(heads, body, css="wide")) if body else ""


def _reading(comparison: Comparison, t: dict[str, str]) -> str:
    first, second = comparison.sides
    said = [t["made"], t[comparison.unanswered], t["stopped_means"]]
    if comparison.refused_lines:
        said.append(t["refused"].format(count=f"{comparison.refused_lines:,}"))
    said.append(t["versions"].format(a=first.version, b=second.version))
    return plots.section(t["reading"], "".join(f"<p>{escape(text)}</p>" for text in said))


def _side(css: str, text: str) -> str:
    return f'<span class="key-{css}">{escape(text)}</span>'
