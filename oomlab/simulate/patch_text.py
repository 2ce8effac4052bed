"""A reviewer's patch as a policy: from functions in a notebook, from a file, and back to text.

    mine = oomlab.patch("linux-4.6", wake_oom_reaper=my_generator, state={"memcg.oom_slot": None},
                        name="slot per memcg")

The text form is a Python file. A function with the name of one of the model's functions replaces
it; `base`, `name`, `about`, `state` and `kthreads` say the rest. Every name of the model is there
without an import, so that a patch reads like the function it replaces.
"""

import builtins
import copyreg
import hashlib
import inspect
import linecache
import re
import textwrap
from collections.abc import Mapping
from dataclasses import replace
from types import FunctionType, ModuleType
from typing import Any

from ..arguments import checked
from ..naming import short
from ..policies.patch import Patch, in_model, model_functions, model_modules, names_in
from ..policies.policy import Policy
from ..policies.presets import PRESETS, difference
from .setup import choose_policy

SETTINGS = {
    "base": str,
    "name": str,
    "about": str,
    "knobs": dict,
    "state": dict,
    "kthreads": dict,
}

PLACE = re.compile(r"<.* [0-9a-f]{12}>")  # what run_text() calls a text, for who reads a traceback


@checked
def patch(
    base: str | Policy,
    *,
    name: str,
    about: str = "",
    state: Mapping[str, object] | None = None,
    kthreads: Mapping[str, FunctionType] | None = None,
    **functions: FunctionType,
) -> Policy:
    """A policy that is `base` with some of the model's functions replaced.

    `functions`: by the name of the kernel function that each replaces; a generator function for a
    generator function, with as many arguments. `state`: more attributes for the model's objects,
    {"memcg.oom_slot": None}, each with its first value. `kthreads`: kernel threads to start at
    boot, {name: generator function of one argument, its own task}.

    ValueError, in one sentence, for a function that cannot be replaced or state that cannot be
    declared.
    `about`: what it models, in a line.
    """
    policy = choose_policy(base, {})
    if policy.patch is not None:
        raise ValueError(f"{policy.name} is a patch already; patch the policy it is made from")
    if policy.name not in PRESETS:
        raise ValueError(f"a patch needs a preset to stand on, and {policy.name} is none")
    for thread, function in (kthreads or {}).items():
        if not inspect.isgeneratorfunction(function):
            raise ValueError(
                f"kthread {short(thread)} is a generator function, not {short(function)}"
            )
    if name in PRESETS:
        raise ValueError(f"{name} is a preset's name; a patched policy needs one of its own")
    made = Patch(policy.name, functions, state or {}, kthreads or {})
    if not functions and not kthreads:
        raise ValueError("a patch replaces a function of the model or adds a kthread")
    return replace(policy, name=name, about=about or f"{policy.name}, patched", patch=made)


@checked
def read_patch(text: str, source: str = "patch.py") -> Policy:
    """The policy that a patch's text makes. The text is Python and is run: trust it first.

    ValueError, in one sentence, for text that is no patch.
    `source`: the name of the file, which the sentence names.
    """
    names = model_names()
    known = run_text(text, source)
    settings: dict[str, Any] = {
        key: known[key] for key in SETTINGS if known.get(key) is not names.get(key)
    }
    for key, value in settings.items():
        if not isinstance(value, SETTINGS[key]):
            raise ValueError(
                f"{source}: {key} must be a {SETTINGS[key].__name__}, not {short(value)}"
            )
    if "base" not in settings:
        raise ValueError(f"{source} must say what it changes: base = 'linux-4.6', for example")
    settings.setdefault("name", source.removesuffix(".py"))
    replaced: dict[str, Any] = {
        key: value
        for key, value in known.items()
        if isinstance(value, FunctionType)
        and value is not names.get(key)
        and key in names
        and value.__globals__ is known
    }
    if not replaced and not settings.get("kthreads"):
        raise ValueError(f"{source} replaces no function of the model and adds no kthread")
    base = choose_policy(settings.pop("base"), settings.pop("knobs", {}))
    return patch(base, **settings, **replaced)


def run_text(text: str, source: str) -> dict[str, object]:
    """Run Python text that may use every name of the model; the names it then has.

    ValueError, in one sentence, for text that cannot be run.
    """
    if not encodable(text):
        raise ValueError(f"{source} holds half a character, which UTF-8 cannot write")
    place = f"<{source} {patch_hash(text)}>"  # two texts of one name are two places
    linecache.cache[place] = len(text), None, text.splitlines(keepends=True), place
    try:
        code = compile(text, place, "exec")
    except (SyntaxError, ValueError) as wrong:
        line = getattr(wrong, "lineno", None)  # none for a text with a null byte
        where = f", line {line}" if line else ""
        raise ValueError(f"{source}{where}: {getattr(wrong, 'msg', wrong)}") from None
    known = model_names()
    try:
        exec(code, known)
    except (Exception, SystemExit) as wrong:
        raise ValueError(f"{source} cannot be run: {type(wrong).__name__}: {wrong}") from None
    return known


def whose_failure(wrong: Exception) -> str:
    """What failed, as a sentence: a patch that was read as text, and in which line, or oomlab."""
    line, at = 0, wrong.__traceback__
    while at is not None:
        if PLACE.fullmatch(at.tb_frame.f_code.co_filename):
            line = at.tb_lineno
        at = at.tb_next
    failed = f"the patch failed in line {line}" if line else "oomlab itself failed"
    return f"{failed}: {type(wrong).__name__}: {wrong}."


def model_names() -> dict[str, object]:
    """Every name of the model's modules that a patch may use without an import."""
    functions = model_functions()
    named = {
        name: value
        for module in model_modules()
        for name, value in vars(module).items()
        if not name.startswith("__") or name.startswith("__GFP")
    }
    return named | functions


@checked
def patch_text(policy: Policy) -> str:
    """A patched policy as the text that read_patch() reads: settings, then functions.

    ValueError where the functions use a name that the text cannot carry.
    """
    made = policy.patch
    if made is None:
        raise ValueError(f"{policy.name} has no patch")
    base = PRESETS[made.base]
    knobs = {name: new for name, (_, new) in difference(base, policy).items()}
    settings: dict[str, object] = {"base": made.base, "name": policy.name, "about": policy.about}
    settings |= {key: value for key, value in (("knobs", knobs), ("state", made.state)) if value}
    lines = [f"{key} = {value!r}" for key, value in settings.items()]
    imports, constants, sources = carried([*made.functions.values(), *made.kthreads.values()])
    for name, function in made.functions.items():  # in the text its name says what it replaces
        old = function.__name__
        if name != old:
            sources[name] = sources.pop(old).replace(f"def {old}(", f"def {name}(", 1)
    lines = [*sorted(imports), "", *lines] if imports else lines
    lines += [f"{name} = {value!r}" for name, value in constants.items()]
    tail = []
    if made.kthreads:
        pairs = (f"{name!r}: {function.__name__}" for name, function in made.kthreads.items())
        tail = [f"kthreads = {{{', '.join(pairs)}}}"]
    return "\n\n\n".join(["\n".join(lines), *sources.values(), *tail]) + "\n"


def carried(functions: list[FunctionType]) -> tuple[list[str], dict[str, object], dict[str, str]]:
    """What the text must carry for these functions: imports, constants and sources by name."""
    model, imports = model_names(), []
    constants: dict[str, object] = {}
    sources: dict[str, str] = {}
    waiting = list(functions)
    while waiting:
        function = waiting.pop(0)
        if function.__name__ in sources:
            continue
        sources[function.__name__] = source_of(function)
        for name in sorted(names_in(function.__code__)):
            value = function.__globals__.get(name, model.get(name))
            if name not in function.__globals__ or value is model.get(name):
                continue
            if isinstance(value, FunctionType) and in_model(value):
                imports.append(f"from {value.__module__} import {value.__name__} as {name}")
            elif isinstance(value, FunctionType):
                waiting.append(value)
            elif isinstance(value, int | str | bool | tuple | type(None)):
                constants[name] = value
            elif not (hasattr(builtins, name) or isinstance(value, ModuleType)):
                raise ValueError(f"{function.__name__} uses {name}, which a text cannot carry")
    return list(dict.fromkeys(imports)), constants, sources


def source_of(function: FunctionType) -> str:
    """The text of one function."""
    if function.__closure__ or function.__name__ == "<lambda>":
        raise ValueError(f"{function.__name__}: write it as a function of its own, with def")
    try:
        return textwrap.dedent(inspect.getsource(function)).strip()
    except OSError:
        raise ValueError(f"the text of {function.__name__} is not to be had") from None


def patch_again(text: str) -> Patch:
    """The functions of a patch that was pickled as its text."""
    if text not in PICKLED:
        made = read_patch(text, "the patch").patch
        assert made is not None
        PICKLED[text] = made
    return PICKLED[text]


def as_text(made: Patch) -> tuple:
    """How a patch is pickled: functions from a notebook or a file have no module to come from."""
    base = PRESETS[made.base]
    text = patch_text(replace(base, name=f"{made.base} patched", patch=made))
    PICKLED[text] = made
    return patch_again, (text,)


PICKLED: dict[str, Patch] = {}  # so that a copy is the patch itself, as it never changes
copyreg.pickle(Patch, as_text)


def encodable(text: str) -> bool:
    """Can it be written to a file in UTF-8?"""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def patch_hash(text: str) -> str:
    """Twelve hex digits that name a patch's text."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]
