"""What people look at: figures, the policy lab, OOM reports, questions to answer first.

    from oomlab.lab import PolicyLab, Prediction, ReportView, Sentence, TimelineView, Verdicts
    from oomlab.lab import figures

The widgets need the extra `lab`; figures, and questions as text (question_text.py), do not.
"""

from importlib import import_module

HOMES = {
    "PolicyLab": ".policylab",
    "Prediction": ".prediction",
    "ReportView": ".reportview",
    "Sentence": ".draggable_sentence",
    "TimelineView": ".timelineview",
    "Verdicts": ".verdicts",
    "figures": ".figures",
}


def __getattr__(name: str):
    """Import a widget or the figures when they are first asked for: each needs other packages."""
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        home = import_module(HOMES[name], __name__)
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("oomlab"):
            raise
        text = f"{name} needs {missing.name}: pip install 'oomlab[lab]'"
        raise ModuleNotFoundError(text, name=missing.name) from None
    return getattr(home, name, home)
