// The controls: what is run, and how each knob stands. Made once; a new view only sets their values,
// so that the focus stays where it is and the page has little to lay out again.

class Settings {
  constructor(catalogue, change) {
    this.change = change;
    this.controls = new Map();
    const { scenarios, policies, knobs } = catalogue;
    const same = (names) => names.map((name) => [name, name]);
    const pick = (name, label, values) =>
      this.keep(name, choice(label, values, "", (value) => change({ [name]: value })));
    this.title = make("p", { className: "title" });
    this.params = make("div", { className: "row" });
    this.summary = make("summary");
    this.count = Object.keys(knobs).length;
    this.nodes = [
      make("div", { className: "row" },
        pick("scenario", "scenario", same(Object.keys(scenarios))),
        pick("policy", "policy", same(policies)),
        pick("other", "compare with", [["", "nothing"], ...same(policies)]),
        this.keep("seed", number("seed", 0, (seed) => change({ seed })))),
      this.title, this.params,
      make("details", {}, this.summary,
        make("div", { className: "knobs", tabIndex: 0, role: "group", ariaLabel: "knobs of the policy" },
          ...Object.entries(knobs).map(([name, knob]) => this.knob(name, knob)))),
    ];
  }

  keep(name, node) {
    const control = node.querySelector("select, input");
    control.dataset.control = name;
    this.controls.set(name, control);
    return node;
  }

  knob(name, { kind, choices, meaning, source }) {
    const set = (value) => this.change({ knobs: { ...this.now.knobs, [name]: value } });
    const choose = () => {
      const parse = kind === "int" ? Number : String;
      return choice(name, choices.map((c) => [c, String(c)]), "", (value) => set(parse(value)));
    };
    const tick = () => {
      const box = make("input", { type: "checkbox", onchange: () => set(box.checked) });
      return make("label", {}, name, box);
    };
    const node = kind === "bool" ? tick() : choices.length ? choose() : number(name, 0, set);
    return make("div", { className: "knob" }, this.keep(`knob ${name}`, node),
      make("small", {}, `${meaning} (${source})`));
  }

  param(name, value) {
    const set = (to) => this.change({ params: { ...this.now.params, [name]: to } });
    if (typeof value === "number") return number(name, value, set);
    return make("label", {}, name, field({ value, onchange: ({ target }) => set(target.value) }));
  }

  show(view) {
    if (view.settings.scenario !== this.now?.scenario) {
      this.params.replaceChildren(...Object.entries(view.params)
        .map(([name, value]) => this.keep(`param ${name}`, this.param(name, value))));
    }
    this.now = view.settings;
    this.title.textContent = view.title;
    this.summary.textContent = `${this.count} knobs, ` +
      (view.changed.length ? `turned: ${view.changed.join(", ")}` : "all as in the preset");
    for (const name of ["scenario", "policy", "other", "seed"]) this.set(name, this.now[name]);
    for (const [name, value] of Object.entries(view.params)) this.set(`param ${name}`, value);
    for (const [name, value] of Object.entries(view.knobs)) {
      this.set(`knob ${name}`, value)?.closest(".knob").classList.toggle("changed", view.changed.includes(name));
    }
  }

  // Give a control its value; a policy that is not among the presets is added to them.
  set(name, value) {
    const control = this.controls.get(name);
    if (control?.type === "checkbox") control.checked = value;
    else if (control) {
      control.value = value;
      if (control.value !== String(value)) {
        control.append(make("option", { value }, value));
        control.value = value;
      }
    }
    return control;
  }
}
