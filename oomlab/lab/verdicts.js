// Scenarios against versions: a table whose cells are buttons. Python opens the run in the lab below.
// One cell is reached by Tab, the others from there by the arrow keys.

function verdictTable(model) {
  const error = make("p", { className: "error", role: "alert" }), say = (sentence) => { error.textContent = sentence; };
  const line = new Line(model, say);
  model.on("msg:custom", (message) => { line.heard(); say(message.error); });
  const columns = model.get("columns"), colours = model.get("colours"), letters = model.get("letters");
  const short = Object.keys(letters).length > 0, place = (row, n) => cells[row]?.[n];
  const shortened = (name) => (short ? name.replace(/^linux-/, "") : name);
  const head = make("tr", {}, make("td", {}), ...columns.map((name) => make("th", { scope: "col" }, shortened(name))));
  const cells = model.get("rows").map(([scenario, verdicts], row) => verdicts.map((verdict, n) => {
    const open = () => {
      for (const other of cells.flat()) other.ariaPressed = String(other === button);
      line.tell(() => model.send({ scenario, policy: columns[n] }));
    };
    const button = make("button", {
      type: "button", onclick: open, ariaPressed: "false", tabIndex: row || n ? -1 : 0,
      title: `${scenario} under ${columns[n]}: ${verdict}`, ariaLabel: `${scenario} under ${columns[n]}: ${verdict}`,
      onkeydown: (event) => {
        const ways = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };
        const next = ways[event.key] && place(row + ways[event.key][0], n + ways[event.key][1]);
        if (!next) return;
        event.preventDefault();
        [button.tabIndex, next.tabIndex] = [-1, 0];
        next.focus();
      },
    }, short ? letters[verdict] ?? verdict : verdict);
    button.style.background = `${colours[verdict] ?? "#888888"}55`;
    return button;
  }));
  const rows = model.get("rows").map(([scenario], row) => make("tr", {},
    make("th", { scope: "row" }, scenario), ...cells[row].map((button) => make("td", {}, button))));
  const seen = new Set(model.get("rows").flatMap(([, verdicts]) => verdicts));
  const key = Object.keys(letters).filter((verdict) => seen.has(verdict)).map((verdict) => {
    const swatch = make("i", {});
    swatch.style.background = `${colours[verdict] ?? "#888888"}55`;
    return make("li", {}, swatch, letters[verdict] && make("b", {}, `${letters[verdict]} `), verdict);
  });
  const table = make("table", { className: short ? "verdicts many" : "verdicts" }, make("thead", {}, head), make("tbody", {}, ...rows));
  return [...key.length ? [make("ul", { className: "legend", ariaLabel: "legend" }, ...key)] : [], make("div", { className: "wide" }, table), error];
}

export default {
  render({ model, el }) {
    el.classList.add("oomlab");
    ownKeys(el);
    el.append(...verdictTable(model));
    return onTheme(el, () => {});
  },
};
