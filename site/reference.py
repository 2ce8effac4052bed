"""The reference, written from the code: public names, scenarios, policies with their knobs."""

import oomlab
from oomlab import KNOBS, PRESETS, difference
from oomlab.scenarios import SCENARIOS, parameters, title


def cell(value: object) -> str:
    """A value in a table of Markdown."""
    return " ".join(str(value).replace("|", "\\|").split())


def api() -> str:
    """Every public name, with its docstring, in the order of the rooms where they live."""
    lines = [
        "# Public names",
        "",
        "`import oomlab` is enough; each name is loaded when it is first used.",
        "",
    ]
    for room, names in oomlab._ROOMS.items():
        lines += [f"## oomlab.{room}", ""]
        for name in names.split():
            value = getattr(oomlab, name)
            if isinstance(value, type):
                kind, options = "autoclass", ":members:\n"
            elif callable(value):
                kind, options = "autofunction", ""
            else:
                said = next(
                    line for line in oomlab.__doc__.splitlines() if line.split()[:1] == [name]
                )
                lines += [f"`oomlab.{name}`: {said.split(maxsplit=1)[1]}.", ""]
                continue
            lines += ["```{eval-rst}", f".. {kind}:: oomlab.{name}"]
            lines += [f"   {line}" for line in options.splitlines()] + ["```", ""]
    return "\n".join(lines)


def scenarios() -> str:
    """Every scenario, with what can be set."""
    lines = [
        "# Scenarios",
        "",
        "| name | what it is | what can be set, and what it is at first |",
        "| --- | --- | --- |",
    ]
    for name in SCENARIOS:
        params = ", ".join(f"`{key}={value!r}`" for key, value in parameters(name).items())
        lines.append(
            f"| [`{name}`](../lab.md#scenario={name}) | {cell(title(name))} | {cell(params)} |"
        )
    return "\n".join(lines) + "\n"


def presets() -> str:
    """Every policy, in what it differs from the one it stands on; and a table of all knobs."""
    lines = ["# Policies and their knobs", "", "## Policies", ""]
    before = None
    for name, policy in PRESETS.items():
        about = policy.about.rstrip(".")
        lines += [f"### {name}", "", f"{about[0].upper()}{about[1:]}.", ""]
        if before is not None:
            turned = difference(before, policy)
            said = "; ".join(f"`{k}`: `{old}` → `{new}`" for k, (old, new) in turned.items())
            lines += [f"Beside `{before.name}`: {said or 'the same knobs'}.", ""]
        before = policy
    lines += ["## Knobs", "", "| knob | meaning | values | source |", "| --- | --- | --- | --- |"]
    knobs = [(name, knob) for name, knob in KNOBS.items() if name not in ("name", "kernel")]
    for name, knob in knobs:
        about = knob.metadata
        values = ", ".join(f"`{value}`" for value in about.get("choices") or ())
        values = values or f"`{type(knob.default).__name__}`"
        lines.append(
            f"| `{name}` | {cell(about['meaning'])} | {values} | {cell(about['source'])} |"
        )
    lines += ["", "## How each policy stands", ""]
    names = list(PRESETS)
    lines += ["| knob | " + " | ".join(names) + " |", "| --- |" + " --- |" * len(names)]
    for name, _ in knobs:
        values = " | ".join(f"`{getattr(policy, name)}`" for policy in PRESETS.values())
        lines.append(f"| `{name}` | {values} |")
    return "\n".join(lines) + "\n"


def pages() -> dict[str, str]:
    """{file name: text} of the whole reference."""
    return {"api.md": api(), "scenarios.md": scenarios(), "presets.md": presets()}
