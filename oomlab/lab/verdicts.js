// Scenarios against versions: a table whose cells are buttons. Python opens the run in the lab below.

function verdictTable(model) {
  const columns = model.get("columns"), colours = model.get("colours");
  const head = make("tr", {}, make("th", {}), ...columns.map((name) => make("th", { scope: "col" }, name)));
  const rows = model.get("rows").map(([scenario, verdicts]) => make("tr", {},
    make("th", { scope: "row" }, scenario),
    ...verdicts.map((verdict, n) => {
      const open = () => {
        for (const other of table.querySelectorAll("button")) other.ariaPressed = String(other === button);
        model.send({ scenario, policy: columns[n] });
      };
      const button = make("button", { type: "button", onclick: open, ariaPressed: "false" }, verdict);
      button.title = `open ${scenario} under ${columns[n]}`;
      button.style.background = `${colours[verdict] ?? "#888888"}55`;
      return make("td", {}, button);
    })));
  const table = make("table", { className: "verdicts" }, make("thead", {}, head), make("tbody", {}, ...rows));
  return table;
}

export default {
  render({ model, el }) {
    el.classList.add("oomlab");
    ownKeys(el);
    el.append(verdictTable(model));
    return onTheme(el, () => {});
  },
};
