"""The content security policy of a page: of the scripts that stand in it, it runs those that were
there when it was built, each known by its hash. What a report or a link might bring runs not.

    sealed(html)      # the same page; its policy names its scripts
"""

import base64
import hashlib
import re

SCRIPT = re.compile(r"<script(?P<about>[^>]*)>(?P<text>.*?)</script>", re.DOTALL)
RUNS = re.compile(r'^(?!.*\bsrc=)(?!.*\btype="(?!module"|importmap"))', re.DOTALL)  # else: data
PLACE = re.compile(r'(<meta http-equiv="Content-Security-Policy" content="[^"]*script-src)')


def sealed(html: str) -> str:
    """A page whose policy allows its own scripts. ValueError if it has no policy."""
    allowed = "".join(
        f" 'sha256-{fingerprint(found['text'])}'"
        for found in SCRIPT.finditer(html)
        if RUNS.match(found["about"])
    )
    html, places = PLACE.subn(rf"\1{allowed}", html, count=1)
    if not places:
        raise ValueError("a page of the site says nothing of what it may run")
    return html


def fingerprint(script: str) -> str:
    """The hash of a script, as a policy has it."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
