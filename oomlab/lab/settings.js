// The controls: what is run. Made once; a new view only sets their values, so that the focus stays
// where it is and the page has little to lay out again. The knobs are in knobs.js.

class Settings {
  constructor(catalogue, change, refuse) {
    this.catalogue = catalogue;
    this.refuse = refuse;
    this.change = (changes) => {  // a second change before the answer must not lose the first
      this.now = { ...this.now, ...changes };
      change(changes);
    };
    this.controls = new Map();
    const same = (names) => names.map((name) => [name, name]), names = Object.keys(catalogue.policies);
    const pick = (name, label, values) =>
      this.keep(name, choice(label, values, "", (value) => this.change({ [name]: value })));
    this.title = make("p", { className: "title" });
    this.story = new LongText({ className: "title" }, 60);  // beside the picture there is little room
    this.about = new LongText({ className: "title" }, 100);
    this.params = make("div", { className: "params" });
    this.cited = (text) => cited(text, catalogue.sources);
    this.knobs = new Knobs(this, catalogue.knobs);
    this.node = make("div", { className: "settings", role: "group", ariaLabel: "what is run" },
      pick("scenario", "scenario", same(Object.keys(catalogue.scenarios))),
      pick("policy", "policy", same(names)),
      pick("other", "compare with", [["", "nothing"], ...same(names)]),
      this.keep("seed", number("seed", 0, (seed) => this.change({ seed }), refuse)),
      this.params, this.title, this.story.node, this.about.node);
  }

  keep(name, node) {
    const control = node.querySelector("select, input");
    control.dataset.control = name;
    this.controls.set(name, control);
    return node;
  }

  param(name, value) {
    const set = (to) => this.change({ params: { ...this.now.params, [name]: to } });
    const values = this.catalogue.choices[this.now.scenario]?.[name], whole = typeof value === "number";
    if (values) return choice(name, values.map((v) => [v, String(v)]), value, (v) => set(whole ? Number(v) : v));
    if (whole) return number(name, value, set, this.refuse);
    return make("label", {}, name, field({ value, onchange: ({ target }) => set(target.value) }));
  }

  show(view) {
    const fresh = view.settings.scenario !== this.shown?.scenario;
    this.now = this.shown = view.settings;
    if (fresh) {
      this.params.replaceChildren(...Object.entries(view.params)
        .map(([name, value]) => this.keep(`param ${name}`, this.param(name, value))));
    }
    if (fresh) {
      this.title.replaceChildren(...this.cited(view.title));
      this.story.show(...this.cited(quoted(view.story)));
    }
    const about = this.catalogue.policies[this.now.policy];
    const told = about ? `${this.now.policy}: ${about}.` : "";
    if (told !== this.about.text.textContent) this.about.show(...this.cited(told));
    for (const name of ["scenario", "policy", "other", "seed"]) this.set(name, this.now[name]);
    for (const [name, value] of Object.entries(view.params)) this.set(`param ${name}`, value);
    this.knobs.show(view);
  }

  // Give a control its value; a policy that is not among the presets is added to them.
  set(name, value) {
    const control = this.controls.get(name);
    if (control?.type === "checkbox") control.checked = value;
    else if (control && control.value !== String(value)) {
      control.value = value;
      if (control.value !== String(value)) {
        control.append(make("option", { value }, value));
        control.value = value;
      }
    }
    return control;
  }
}
