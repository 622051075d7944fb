"""One file a detector; being in this folder is the registration.

A detector is pure: no clock, no chance, no input or output. `detectors.new` writes a fresh one with its test,
`detectors.docs` writes the page about all of them, and `detectors.measures` holds the arithmetic they share.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

from msgspec import Struct, structs

from contracts.events import Event
from contracts.exchange import ExchangeRates
from contracts.findings import Finding, Spec

#: Modules of this folder that are commands, not detectors.
COMMANDS = frozenset({"docs", "new"})


@dataclass(frozen=True)
class Detector:
    """A detector as the runner uses it.

    `observe(event, profile, tallies, memory, params)` answers a finding or None. A detector with a `memory` type also
    has `learn(event, memory, params)`, called for learned events only, and `upgrade(version, packed)`, which reads what
    an older version packed; both answer a memory and leave the one they were given alone.
    """

    spec: Spec
    params: Struct
    observe: Callable[..., Finding | None]
    memory: type[Struct] | None
    learn: Callable[..., Any] | None
    upgrade: Callable[[int, bytes], Any] | None
    doc: str

    @property
    def taught_by(self) -> tuple[type[Event], ...]:
        """The types of events that teach its memory; none without one."""
        if self.memory is None:
            return ()
        return self.spec.event_types if self.spec.learns_from is None else self.spec.learns_from


def stated_params(params: Struct) -> tuple[str, ...]:
    """The names of parameters that a policy may state: all but the table of rates, which is data of the process."""
    return tuple(field.name for field in structs.fields(params) if field.type is not ExchangeRates)


def with_rates(params: Any, rates: ExchangeRates) -> Any:
    """The parameters with the table of rates in them, where they have room for one."""
    return structs.replace(params, rates=rates) if "rates" in params.__struct_fields__ else params


def discover() -> tuple[Detector, ...]:
    """Every detector of this folder, by name. Raises ValueError for a file that is not one."""
    names = sorted(
        found.name
        for found in pkgutil.iter_modules(__path__)
        if not found.ispkg and found.name not in COMMANDS
    )
    return tuple(read(import_module(f"{__name__}.{name}")) for name in names)


def read(module: ModuleType) -> Detector:
    """The detector a module holds. Raises ValueError naming what the module lacks."""
    name = module.__name__.rpartition(".")[2]
    missing = [part for part in ("SPEC", "PARAMS", "observe") if not hasattr(module, part)]
    memory = getattr(module, "Memory", None)
    if memory is not None:
        missing += [part for part in ("learn", "upgrade") if not hasattr(module, part)]
    if missing:
        raise ValueError(f"detector {name} lacks {', '.join(missing)}")
    if module.SPEC.name != name:
        raise ValueError(f"detector {name} calls itself {module.SPEC.name}")
    return Detector(
        spec=module.SPEC,
        params=module.PARAMS,
        observe=module.observe,
        memory=memory,
        learn=getattr(module, "learn", None),
        upgrade=getattr(module, "upgrade", None),
        doc=(module.__doc__ or "").strip(),
    )
