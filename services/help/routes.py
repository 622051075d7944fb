"""HTTP of the help's library, for whoever keeps it (scope `admin`): answers in both languages, each version kept."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self, cast

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.help.articles import Article, Locale, Text, Topic
from services.help.library import Changed, Library
from services.http.api_keys import ApiKey, require
from services.http.problems import RESPONSES, Problem, problem_answer
from services.http.times import utc

router = APIRouter(prefix="/v1/faq", tags=["help"], responses=RESPONSES)
_UNKNOWN: dict[int | str, dict[str, Any]] = {
    404: problem_answer("There is no such answer, or no such version.")
}
_CHANGED: dict[int | str, dict[str, Any]] = {
    409: problem_answer("Another version was written meanwhile: `version` is the current one.")
}
_LINE = r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$"
Line = Annotated[str, Field(min_length=1, max_length=200, pattern=_LINE)]


class AnswerWanted(BaseModel):
    """An answer in one language, all of it.

    `asked` is how people ask for it: the search looks there, too. `body` is Markdown: paragraphs, lists, emphasis and links;
    pictures and HTML are left out. `{service}` stands for the service's name; `{hold_hours}`, `{undo_minutes}`,
    `{code_minutes}`, `{reset_hours}`, `{money_days}` and `{access_days}` for what policy and settings say. `shown: false` takes
    it out of the help and keeps it here. `follows` is the version that was read before, 0 for a new answer.
    """

    model_config = ConfigDict(extra="forbid")
    topic: Topic
    title: Line
    asked: Annotated[list[Line], Field(max_length=60)] = []
    body: Annotated[str, Field(min_length=1, max_length=8000, pattern=r"^[^\x00]*\S[^\x00]*$")]
    reviewed_by: Annotated[str, Field(min_length=1, max_length=128, pattern=_LINE)]
    reviewed_at: date
    review_by: date
    shown: bool = True
    follows: Annotated[int, Field(ge=0, le=1_000_000)]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.review_by <= self.reviewed_at:
            raise ValueError("review_by must come after reviewed_at")
        return self

    def text(self) -> Text:
        """What it says."""
        return Text(**self.model_dump(exclude={"follows", "asked"}), asked=tuple(self.asked))


class AnswerShown(BaseModel):
    """A version of an answer."""

    slug: str
    locale: Locale
    version: int
    topic: Topic
    title: str
    asked: list[str]
    body: str
    reviewed_by: str
    reviewed_at: date
    review_by: date
    shown: bool
    written_by: str
    written_at: datetime

    @classmethod
    def of(cls, article: Article) -> Self:
        """The version as shown."""
        text = article.text
        return cls(
            slug=article.slug,
            locale=cast("Locale", article.locale),
            version=article.version,
            topic=text.topic,
            title=text.title,
            asked=list(text.asked),
            body=text.body,
            reviewed_by=text.reviewed_by,
            reviewed_at=text.reviewed_at,
            review_by=text.review_by,
            shown=text.shown,
            written_by=article.written_by,
            written_at=utc(article.written_at),
        )


class AnswerList(BaseModel):
    """Answers, by name and language."""

    answers: list[AnswerShown]


async def _library(request: Request) -> Library:
    return cast("Library", request.app.state.library)


Service = Annotated[Library, Depends(_library)]
Keeper = Annotated[ApiKey, Depends(require("admin"))]
Slug = Annotated[str, Path(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
InLocale = Annotated[Literal["en", "zh-CN"], Path()]


@router.get("")
async def list_answers(library: Service, _key: Keeper) -> AnswerList:
    """Every answer in its current version, those that are not shown too."""
    return AnswerList(answers=[AnswerShown.of(each) for each in await library.all()])


@router.get("/{slug}/{locale}", responses=_UNKNOWN)
async def show_answer(
    library: Service,
    _key: Keeper,
    slug: Slug,
    locale: InLocale,
    version: Annotated[
        int | None, Query(ge=1, le=1_000_000, description="The current one by default.")
    ] = None,
) -> AnswerShown:
    """An answer as it is written."""
    found = await library.find(slug, locale, version)
    if found is None:
        raise Problem(404, "unknown_answer", "there is no such answer, or no such version of it")
    return AnswerShown.of(found)


@router.put("/{slug}/{locale}", responses=_CHANGED)
async def write_answer(
    library: Service, key: Keeper, slug: Slug, locale: InLocale, body: AnswerWanted
) -> AnswerShown:
    """Write a new version of an answer; users find it at once. The audit says who wrote it, and the version before is kept."""
    try:
        return AnswerShown.of(await library.change(slug, locale, body.text(), body.follows, key.actor))
    except Changed as error:
        raise Problem(409, "changed_meanwhile", str(error), version=error.current) from None
