// The state graph of a small scenario: time goes to the right, each state in the layer of its nearest
// schedule. Pointing at a state replays the way to it, and all other views show that run until one
// points elsewhere; a click, or Enter, goes there.

class StateGraph {
  constructor(lab) {
    this.lab = lab;
    this.start = make("button", { type: "button", onclick: () => this.draw() }, "draw all states");
    this.looked = null;  // the state that all other views show
    this.said = make("p", { role: "status" });
    this.way = make("p", { className: "quiet", ariaLive: "polite" });
    this.picture = make("div");
    this.key = make("p", { className: "quiet", hidden: true },
      "● a state  ○ nothing can move any more  ■ the property is broken  ◎ where the run is. " +
      "Pointing looks, a click goes there; arrow keys look, Enter goes there, Escape looks away.");
    this.node = make("section", { className: "pane hand", ariaLabel: "state graph", hidden: true },
      make("p", { className: "head" }, "the state graph"), this.said, this.picture, this.way, this.key);
  }

  draw() {
    this.node.hidden = false;
    this.said.textContent = "visiting every state …";
    this.lab.ask("graph", { property: this.lab.asked });
  }

  // Another scenario, policy or parameter has another graph.
  show({ settings, hand }) {
    const about = JSON.stringify([settings.scenario, settings.policy, settings.params, settings.knobs]);
    if (this.about !== undefined && about !== this.about) this.clear();
    this.about = about;
    this.here(hand?.entries ?? null);
  }

  clear() {
    this.graph = this.looked = null;
    this.picture.replaceChildren();
    this.said.textContent = this.way.textContent = "";
    this.key.hidden = this.node.hidden = true;
  }

  // What was asked for cannot be drawn: the sentence stands here, too.
  refused(sentence) {
    if (this.said.textContent.startsWith("visiting")) this.said.textContent = sentence;
  }

  load(graph) {
    this.graph = graph;
    this.said.textContent = graph.sentence;
    this.key.hidden = false;
    const layers = [];
    graph.layers.forEach((layer, n) => (layers[layer] ??= []).push(n));
    this.rows = layers;
    const tallest = Math.max(...layers.map((layer) => layer.length));
    const [wide, high] = [Math.max(300, Math.min(1000, layers.length * 40)), Math.min(360, Math.max(80, tallest * 12 + 20))];
    this.place = graph.layers.map((layer, n) => {
      const row = layers[layer], gap = (high - 16) / (row.length + 1);
      return [12 + (layer * (wide - 24)) / Math.max(1, layers.length - 1), 8 + gap * (row.indexOf(n) + 1)];
    });
    const svg = (tag, attributes, ...children) => {
      const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
      for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
      node.append(...children);
      return node;
    };
    const at = (n) => this.place[n].map((v) => v.toFixed(1)).join(" ");
    const goesOn = new Set(graph.edges.map(([from]) => from)), bad = new Set(graph.bad);
    const lines = graph.edges.map(([from, to]) => `M${at(from)}L${at(to)}`).join("");
    const mark = (n) => {
      const [x, y] = this.place[n];
      if (bad.has(n)) return svg("rect", { x: x - 4.5, y: y - 4.5, width: 9, height: 9, class: "bad", "data-state": n });
      return svg("circle", { cx: x, cy: y, r: n ? 3 : 5, class: goesOn.has(n) ? "" : "end", "data-state": n });
    };
    this.lit = svg("path", { class: "way", pathLength: 1 });
    this.ring = svg("circle", { r: 8, class: "here", visibility: "hidden" });
    this.focus = svg("circle", { r: 6, class: "focus", visibility: "hidden" });
    const drawing = svg("svg", {
      viewBox: `0 0 ${wide} ${high}`, class: "states", role: "application", tabindex: 0, "aria-label": graph.sentence,
    }, svg("path", { d: lines, class: "edges" }), this.lit, ...graph.layers.map((_, n) => mark(n)), this.focus, this.ring);
    drawing.style.maxWidth = `${wide}px`;
    const state = ({ target }) => (target.dataset?.state === undefined ? null : Number(target.dataset.state));
    drawing.addEventListener("pointerover", (event) => { const n = state(event); if (n !== null) this.point(n); });
    drawing.addEventListener("pointerleave", () => this.look(null));
    drawing.addEventListener("blur", () => this.look(null));
    drawing.addEventListener("click", (event) => { const n = state(event); if (n !== null) this.go(n); });
    drawing.addEventListener("keydown", (event) => this.pressed(event));
    this.picture.replaceChildren(drawing);
    this.pointed = 0;
    this.here(this.lab.view.hand?.entries ?? null);
  }

  // The entries of the nearest schedule to a state.
  schedule(n) {
    const way = [n];
    while (this.graph.parents[way[0]] >= 0) way.unshift(this.graph.parents[way[0]]);
    return [way, way.slice(1).map((state) => this.graph.entries[state])];
  }

  point(n) {
    this.pointed = n;
    this.look(n);
    const [way, entries] = this.schedule(n), turns = [];
    this.lit.setAttribute("d", `M${way.map((state) => this.place[state].join(" ")).join("L")}`);
    this.lit.classList.remove("drawn");
    this.lit.getBoundingClientRect();  // so that the replay begins again
    this.lit.classList.add("drawn");
    for (const entry of entries) {
      const [pid, timer] = Array.isArray(entry) ? entry : [entry], name = (this.graph.tasks[pid] ?? `pid ${pid}`) + (timer ? ` (${timer})` : "");
      if (turns.at(-1)?.[0] === name) turns.at(-1)[1]++; else turns.push([name, 1]);
    }
    const words = turns.map(([name, count]) => (count > 1 ? `${name} ${count} times` : name)).join(", ");
    const broken = this.graph.bad.includes(n) ? `: ${this.graph.property} is broken` : "";
    this.way.textContent = n ? `State ${n + 1}, after ${entries.length} steps${broken}. The way: ${words}.` : "The start.";
    for (const [name, value] of Object.entries({ cx: this.place[n][0], cy: this.place[n][1], visibility: "visible" })) this.focus.setAttribute(name, value);
  }

  // All other views show the run to a state, once the hand rests on it; null: what was shown before.
  look(n) {
    clearTimeout(this.soon);
    if (n === this.looked) return;
    this.soon = setTimeout(() => {
      this.looked = n;
      this.lab.ask("peek", { entries: n === null ? null : this.schedule(n)[1], property: this.lab.asked });
    }, n === null ? 0 : 80);
  }

  go(n) {
    clearTimeout(this.soon);
    this.looked = null;
    this.lab.ask("move", { what: "replay", property: this.lab.asked, entries: this.schedule(n)[1] });
  }

  pressed(event) {
    const n = this.pointed, row = this.rows[this.graph.layers[n]], i = row.indexOf(n);
    const next = this.graph.edges.find(([from, to]) => from === n && this.graph.layers[to] > this.graph.layers[n])?.[1];
    const moves = { ArrowRight: next, ArrowLeft: this.graph.parents[n], ArrowUp: row[i - 1], ArrowDown: row[i + 1] };
    if (event.key === "Enter") this.go(n);
    else if (event.key === "Escape") this.look(null);
    else if (!(event.key in moves)) return;
    else if (moves[event.key] >= 0) this.point(moves[event.key]);
    event.preventDefault();
  }

  // Ring the state that the run has reached, if it was made by hand.
  here(entries) {
    if (!this.graph) return;
    let n = entries ? 0 : undefined;
    for (const entry of entries ?? []) {
      n = this.graph.edges.find(([from, , by]) => from === n && String(by) === String(entry))?.[1];
    }
    this.ring.setAttribute("visibility", n === undefined ? "hidden" : "visible");
    if (n === undefined) return;
    this.ring.setAttribute("cx", this.place[n][0]);
    this.ring.setAttribute("cy", this.place[n][1]);
    this.ring.dataset.at = n;
  }
}
