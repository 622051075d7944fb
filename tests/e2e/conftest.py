"""Stacks on the embedded parts, and on Apache Kafka and Redis: the same tests run on both."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.conftest import empty_store
from tests.chaos.stack import Stack, stack_settings

KINDS = ["embedded", pytest.param("real", marks=pytest.mark.real)]
MakeStack = Callable[..., Any]


@pytest.fixture(params=KINDS)
def make_stack(request: pytest.FixtureRequest, tmp_path: Path, migrated_file: Path) -> Iterator[MakeStack]:
    """Call it (with settings that differ) for a prepared stack with topics and a store of its own."""
    kafka: str = request.getfixturevalue(f"{request.param}_kafka")
    redis: str = request.getfixturevalue(f"{request.param}_redis")
    made: list[Stack] = []

    async def make(**more: Any) -> Stack:
        folder = tmp_path / f"stack{len(made)}"
        folder.mkdir()
        shutil.copy(migrated_file, folder / "payguard.db")
        database = f"sqlite:///{folder / 'payguard.db'}"
        stack = Stack(stack_settings(kafka, await empty_store(redis), database, folder, **more), folder)
        made.append(stack)
        await stack.prepare()
        return stack

    yield make
    for stack in made:
        stack.stop()
        print(stack.logs())
