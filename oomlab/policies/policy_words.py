"""A policy as it shows itself: what it is made from, what is turned, and what that means."""

from dataclasses import fields
from html import escape
from typing import Any


def in_words(policy: Any) -> str:
    """Its name and what it models; below, its preset and what differs, if anything."""
    lines = [f"<Policy {policy.name}: {policy.about}"]
    if policy.turned or policy.patch or policy.name != policy.preset:
        turned = ", ".join(f"{name}={value}" for name, value in policy.turned.items())
        lines.append(f" {policy.preset} with {turned or 'no knob turned'}")
    if policy.patch:
        replaced = [*policy.patch.functions, *policy.patch.kthreads]
        lines.append(f" patched: {', '.join(replaced)}")
    return "\n".join(lines) + ">"


def as_html(policy: Any, made_from: Any) -> str:
    """The same, and a table of the turned knobs: value here, value of the preset, meaning."""
    meanings = {knob.name: knob.metadata.get("meaning", "") for knob in fields(policy)}
    rows = "".join(
        f"<tr><td>{name}</td><td>{escape(str(value))}</td>"
        f"<td>{escape(str(getattr(made_from, name)))}</td><td>{escape(meanings[name])}</td></tr>"
        for name, value in policy.turned.items()
    )
    head = f"<th>knob</th><th>here</th><th>{policy.preset}</th><th>meaning</th>"
    table = f"<table><tr>{head}</tr>{rows}</table>" if rows else ""
    return f"<p>{escape(in_words(policy)[1:-1])}</p>{table}"
