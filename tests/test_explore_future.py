"""A file with `from __future__ import annotations`: no step evaluates one, translated or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from test_explore_kinds import agree, machine

import oomlab

if TYPE_CHECKING:
    from nowhere import Number


def with_annotations(current, *rest, by: Number = 1):
    yield "add", "one"

    def add(number: Number, *numbers: list[Number]) -> Number:
        return number + by + len(rest) + len(numbers)

    current.kernel.busy_workers: Number = add(current.kernel.busy_workers)
    del add
    yield "add", "no more"


def test_annotations_are_not_evaluated(monkeypatch):
    build = machine(((with_annotations,),))
    assert agree(monkeypatch, build, lambda k: k.busy_workers == 1) == ("violated", 1)
    assert agree(monkeypatch, build, lambda k: k.busy_workers == 2)[0] == "holds"


def test_a_lambda_that_yields_is_refused(monkeypatch):
    program = lambda current: (yield "do", "it")  # noqa: E731
    monkeypatch.setitem(oomlab.SCENARIOS, "kind", machine(((program,),)))
    with pytest.raises(ValueError, match="a lambda with a yield .* is not explored: write def"):
        oomlab.explore("kind", property=lambda kernel: False)
