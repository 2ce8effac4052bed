// The knobs of the policy: in the groups that the model declares, found by a word, each option with
// what it does. Those that differ from the preset are named on top, and can be put back there.

const asPython = (value) => ({ true: "True", false: "False" })[value] ?? value;

class Knobs {
  constructor(settings, knobs) {
    this.settings = settings;
    this.items = new Map(Object.entries(knobs).map(([name, knob]) => [name, this.knob(name, knob)]));
    this.summary = make("summary");
    this.turned = make("ul", { className: "turned", ariaLabel: "knobs that differ from the preset" });
    this.word = make("input", { type: "search", placeholder: "reserve, mm_count, 4.14 …", oninput: () => this.find() });
    this.found = make("span", { className: "quiet", role: "status" });
    const groups = Map.groupBy ? Map.groupBy(this.items.values(), ({ group }) => group) : this.grouped();
    this.groups = [...groups].map(([group, items]) =>
      make("details", { className: "group" }, make("summary", {}, `${group} (${items.length})`),
        make("div", { className: "knobs", role: "group", ariaLabel: group }, ...items.map(({ node }) => node))));
    this.node = make("details", { className: "policyknobs" }, this.summary, this.turned,
      make("div", { className: "row" }, make("label", {}, "find a knob", this.word), this.found), ...this.groups);
  }

  grouped() {
    const groups = new Map();
    for (const item of this.items.values()) groups.set(item.group, [...(groups.get(item.group) ?? []), item]);
    return groups;
  }

  set(name, value) {
    const { settings } = this;
    settings.change({ knobs: { ...settings.now.knobs, [name]: value } });
  }

  knob(name, { group, kind, options, meaning, source }) {
    const set = (value) => this.set(name, value);
    const choose = () => {
      const parse = kind === "int" ? Number : String;
      return choice(name, options.map(([c]) => [c, String(c)]), "", (value) => set(parse(value)));
    };
    const tick = () => {
      const box = make("input", { type: "checkbox", onchange: () => set(box.checked) });
      return make("label", {}, name, box);
    };
    const control = kind === "bool" ? tick() : options.length ? choose() : number(name, 0, set, this.settings.refuse);
    const lines = options.map(([value, does]) => make("li", { value }, make("b", {}, String(value)), ...this.settings.cited(`: ${does}`)));
    options.forEach(([value], i) => { lines[i].dataset.option = value; });
    const node = make("div", { className: "knob" }, this.settings.keep(`knob ${name}`, control),
      make("small", {}, ...this.settings.cited(`${meaning} (${source})`)), make("ul", {}, ...lines));
    const words = [name, group, meaning, source, ...options.flat()].join(" ").toLowerCase();
    return { name, group, node, lines, words };
  }

  // Show only what has all the words; an empty field shows everything again.
  find() {
    const words = this.word.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const { node, words: has } of this.items.values()) {
      node.hidden = !words.every((word) => has.includes(word));
      count += !node.hidden;
    }
    for (const group of this.groups) {
      group.hidden = ![...group.querySelectorAll(".knob")].some((node) => !node.hidden);
      group.open = words.length > 0 && !group.hidden;
    }
    this.found.textContent = words.length ? `${count} of ${this.items.size} knobs` : "";
  }

  show(view) {
    const turned = Object.entries(view.preset);
    this.summary.textContent = `${this.items.size} knobs, ` +
      (turned.length ? `turned: ${turned.map(([name]) => name).join(", ")}` : "all as in the preset");
    this.turned.replaceChildren(...turned.map(([name, was]) => make("li", {},
      make("b", {}, `${name} = ${asPython(view.knobs[name])}`), `, ${asPython(was)} in ${view.settings.policy} `,
      make("button", { type: "button", ariaLabel: `put ${name} back`, onclick: () => this.set(name, was) }, "put back"))));
    for (const [name, item] of this.items) {
      const value = view.knobs[name];
      this.settings.set(`knob ${name}`, value);
      if (item.value === value && item.turned === name in view.preset) continue;
      [item.value, item.turned] = [value, name in view.preset];
      item.node.classList.toggle("changed", item.turned);
      for (const line of item.lines) line.classList.toggle("chosen", line.dataset.option === String(value));
    }
  }
}
