// The wait-for graph under the cursor, memory as a resource: tasks left, what they wait for right. An
// edge goes from one column to the other, so that it crosses no node; a cycle is drawn thick.

const WAITS = { row: 30, wide: 440, box: 150, tall: 22 };

class WaitsView {
  constructor() {
    this.body = make("div");
    this.node = make("section", { className: "pane", ariaLabel: "who waits for whom" },
      make("p", { className: "head" }, "who waits for whom"), this.body);
  }

  show(details, n) {
    const graph = new Map(), moment = details.go(n);
    let cycle = [];
    for (const [row, cells] of details.group("waits for", moment)) {
      for (const [column, [value]] of cells) {
        if (value === "gone") continue;
        const names = value ? value.split(", ") : [];
        if (column === "cycle") cycle = names; else graph.set(row, names);
      }
    }
    const key = JSON.stringify([[...graph], cycle]);
    if (key === this.key) return;
    this.key = key;
    this.body.replaceChildren(...(graph.size ? this.draw(graph, cycle, details.group("tasks", moment)) : [
      make("p", { className: "quiet" }, "No task waits for a lock or loops for memory.")]));
  }

  draw(graph, cycle, tasks) {
    const isTask = (name) => tasks.has(name), waitedFor = new Set([...graph.values()].flat());
    const alike = new Map();  // tasks that wait for the same, and for which nothing waits, are one node
    for (const [name, others] of graph) {
      if (!isTask(name)) continue;
      const key = waitedFor.has(name) ? name : `=${others}`;
      alike.set(key, [...(alike.get(key) ?? []), name]);
    }
    for (const name of waitedFor) if (isTask(name) && !graph.has(name)) alike.set(name, [name]);
    const things = [...new Set([...graph.keys(), ...waitedFor])].filter((name) => !isTask(name));
    const left = [...alike.values()], place = new Map();
    left.forEach((names, i) => names.forEach((name) => place.set(name, [0, i])));
    things.forEach((name, i) => place.set(name, [1, i]));
    const { row, wide, box, tall } = WAITS, high = row * Math.max(left.length, things.length) + 8;
    const svg = (tag, attributes, ...children) => {
      const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
      for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
      node.append(...children);
      return node;
    };
    const inCycle = (a, b) => cycle.some((name, i) => name === a && cycle[(i + 1) % cycle.length] === b);
    const seen = new Set(), edges = [];
    for (const [from, others] of graph) {
      for (const to of others) {
        const [side, i] = place.get(from), [, j] = place.get(to), id = `${side},${i},${j}`;
        if (seen.has(id) && !inCycle(from, to)) continue;
        seen.add(id);
        // A task's edges leave above its middle, and arrive below it: two ways are two lines.
        const dy = side === 0 ? -5 : 5, y = (k) => k * row + 4 + tall / 2 + dy;
        const [x1, x2] = side === 0 ? [box, wide - box - 6] : [wide - box, box + 6], middle = (x1 + x2) / 2;
        edges.push(svg("path", { d: `M${x1} ${y(i)}C${middle} ${y(i)} ${middle} ${y(j)} ${x2} ${y(j)}`,
          class: inCycle(from, to) ? "edge cycle" : "edge", "marker-end": "url(#oomlab-arrow)" }));
      }
    }
    const node = (side, names, i) => {
      const x = side ? wide - box : 0, label = names.length > 2 ? `${names[0]} and ${names.length - 1} more` : names.join(", ");
      const text = svg("text", { x: x + 6, y: i * row + 4 + 15 }, label.length > 23 ? `${label.slice(0, 22)}…` : label);
      return svg("g", { class: names.some((name) => cycle.includes(name)) ? "cycle" : "" }, svg("title", {}, names.join(", ")),
        svg("rect", { x, y: i * row + 4, width: box, height: tall, rx: side ? 0 : 9 }), text);
    };
    const arrow = svg("marker", { id: "oomlab-arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, orient: "auto", markerUnits: "userSpaceOnUse" },
      svg("path", { d: "M0 0 8 4 0 8z" }));
    const words = [...graph].map(([name, others]) => `${name} waits for ${others.join(", ") || "no task"}`).join("; ");
    const drawing = svg("svg", { viewBox: `-2 0 ${wide + 4} ${high}`, role: "img", "aria-label": words, class: "waits" },
      arrow, ...edges, ...left.map((names, i) => node(0, names, i)), ...things.map((name, i) => node(1, [name], i)));
    const circle = cycle.length ? [make("p", { className: "error" }, `A cycle, drawn thick: ${[...cycle, cycle[0]].join(" → ")}.`)] : [];
    const key = (left.length ? "Round: tasks. " : "") + (things.length ? "Square: what they wait for. " : "");
    return [drawing, ...circle, make("p", { className: "quiet" }, `${key}An arrow leads to what must come first.`)];
  }
}
