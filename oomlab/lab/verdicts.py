"""How every scenario ends under every version, as a picture whose cells open the run in a lab.

    Verdicts(["lost-victim", "stuck-writer"], ["linux-4.4", "linux-4.6", "linux-6.12"])

    Verdicts()      # every scenario under every version of Linux, with seed 0

Without a kernel it is a table, or the picture of all.
"""

from collections.abc import Sequence

from IPython.display import display
from traitlets import Dict, List

from ..arguments import checked
from ..looks import VERDICTS
from ..scenarios import SCENARIOS
from .answering import Answering
from .figures import heat_map
from .grid import Grid
from .policylab import HERE, PolicyLab, scripts
from .verdict_table import SEEDS, every_end, usual_end, versions


class Verdicts(Answering):
    """A table of verdicts above a policy lab; `table[scenario, policy]` is a verdict.

    Of what is named the model is asked, five schedules each; all that there is was written down.
    """

    _esm = scripts("dom.js", "no_answer.js", "verdicts.js")
    _css = HERE / "policylab.css"

    columns: List = List().tag(sync=True)
    rows: List = List().tag(sync=True)  # (scenario, verdicts)
    colours = Dict(VERDICTS).tag(sync=True)
    letters = Dict().tag(sync=True)  # what stands in a cell for its verdict; empty: the verdict

    @checked
    def __init__(self, scenarios: Sequence[str] = (), policies: Sequence[str] = ()):
        """No scenarios: all of them; no policies: all versions of Linux. ValueError for a name that
        does not exist.
        """
        self.all = not scenarios and not policies
        if self.all:
            ends = {cell: (verdict, 0) for cell, verdict in every_end().items()}
            scenarios, policies = (list(dict.fromkeys(key[n] for key in ends)) for n in (0, 1))
        else:
            scenarios, policies = scenarios or list(SCENARIOS), policies or versions()
            ends = {(s, p): usual_end(s, p) for s in scenarios for p in policies}
        self.table = {cell: verdict for cell, (verdict, _) in ends.items()}
        self.seeds = {cell: seed for cell, (_, seed) in ends.items()}
        rows = [(s, [self.table[s, p] for p in policies]) for s in scenarios]
        letters = heat_map.LETTERS if self.all else {}
        super().__init__(columns=list(policies), rows=rows, letters=letters)
        self.lab = PolicyLab(scenarios[0], policies[0])

    def do(self, message: dict) -> None:
        """Show the run of one cell in the lab: that of the first seed that ends as it says."""
        cell = message["scenario"], message["policy"]
        if cell in self.seeds:
            scenario, policy = cell
            changes = dict(scenario=scenario, policy=policy, seed=self.seeds[cell], other="")
            self.lab.answer(self.lab, {"do": "change", "with": changes}, [])

    def tell(self, message: dict, done: None, error: str) -> None:
        self.send({"error": error})

    def grid(self) -> Grid:
        """The same as a table that needs no kernel."""
        rows = {name: dict(zip(self.columns, row, strict=True)) for name, row in self.rows}
        return Grid(f"The usual end of {SEEDS} schedules each", rows)

    def _ipython_display_(self) -> None:
        bundle = self._repr_mimebundle_()
        if bundle is not None:
            # Where no widget lives, what follows says it all: not even a repr stands in its place.
            display(bundle[0] | {"text/html": "", "text/plain": ""}, raw=True)
            shown = heat_map.of_all().img if self.all else self.grid()._repr_html_()
            static = f"<section class='oomlab-static'>{shown}</section>"
            display({"text/html": static, "text/plain": repr(self.grid())}, raw=True)
            display(self.lab)
