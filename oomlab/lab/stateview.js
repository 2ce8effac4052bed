// The kernel's state under the cursor: tables of what stands in its variables, changed cells marked.

class StateView {
  constructor() {
    this.body = make("div", { className: "state", tabIndex: 0, role: "region", ariaLabel: "variables of the kernel" });
    this.node = make("section", { className: "pane", ariaLabel: "kernel state" },
      make("p", { className: "head" }, "kernel state", make("small", {}, " ◆ changed in this step")), this.body);
  }

  show(details, n, picture) {
    const moment = details.go(n), groups = new Set(details.keys.map(([group]) => group));
    groups.delete("waits for");
    const tables = [...groups].map((name) => [name, details.group(name, moment)]).filter(([, rows]) => rows.size);
    const key = JSON.stringify([picture.zone, freeAt(picture, n), tables.map(([name, rows]) => [name, [...rows].map(([row, cells]) => [row, ...cells])])]);
    if (key === this.key) return;  // another run, and nothing stands here that differs
    this.key = key;
    this.body.replaceChildren(this.marks(picture, n), ...tables.map(([name, rows]) => this.table(name, rows)));
  }

  // Free pages against the marks: the bar ends where the machine stands.
  marks(picture, n) {
    const { min, low, high, managed } = picture.zone, free = freeAt(picture, n);
    const most = Math.min(managed, Math.max(2 * high, free)), at = (pages) => `${(100 * pages) / most}%`;
    const fill = make("i", { className: free < min ? "fill below" : "fill" });
    fill.style.width = at(free);
    const ticks = [["min", min], ["low", low], ["high", high]].map(([name, pages]) => {
      const tick = make("b", { title: `${name} ${pages}` });
      tick.style.left = at(pages);
      return tick;
    });
    return make("div", { className: "marks", role: "img", ariaLabel: `${free} pages free; min ${min}, low ${low}, high ${high}` },
      fill, ...ticks, make("span", {}, `${free} free: min ${min}, low ${low}, high ${high}`));
  }

  table(name, rows) {
    const columns = [...new Set([...rows.values()].flatMap((cells) => [...cells.keys()]))];
    const cell = ([value, changed] = ["", false]) =>
      make("td", { className: changed ? "changed" : "" }, changed ? `◆ ${value || "none"}` : value);
    const head = columns.join() ? [make("tr", {}, make("td", {}), ...columns.map((c) => make("th", { scope: "col" }, c)))] : [];
    return make("table", {}, make("caption", {}, name), ...head, ...[...rows].map(([row, cells]) =>
      make("tr", {}, make("th", { scope: "row" }, row), ...columns.map((column) => cell(cells.get(column))))));
  }
}
