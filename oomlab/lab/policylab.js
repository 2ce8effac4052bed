// The policy lab's controls and what is said around the timeline.
//
// What a person does becomes one message to Python; the answer is a new `view`, drawn at once. While
// an answer is awaited only the latest change waits, so that a dragged control never queues up.

class Lab extends Viewer {
  constructor(model, root) {
    super(root, model);
    model.on("change:view", () => this.show());
    model.on("msg:custom", (message) => this.exported(message));
    this.show();
  }

  parts(model) {
    super.parts();
    this.model = model;
    this.sent = 0;
    const { properties } = model.get("catalogue");
    this.settings = new Settings(model.get("catalogue"), (changes) => this.ask("change", changes));
    this.error = make("p", { className: "error", role: "alert" });
    this.explored = make("p", { className: "explored", role: "status" });
    this.property = make("select", { ariaLabel: "property" }, ...Object.entries(properties)
      .map(([value, title]) => make("option", { value, title }, value)));
    this.explorer = make("button", { type: "button", className: "main", onclick: () => this.explore() }, "every schedule");
  }

  build(root) {
    const exports = ["HTML", "JSON", "SVG", "PNG", "Markdown"].map((form) =>
      make("button", { type: "button", onclick: () => this.export(form.toLowerCase()) }, `save ${form}`));
    root.append(
      ...this.settings.nodes, this.error, this.outcome,
      make("div", { className: "row", role: "group", ariaLabel: "steps" },
        ...this.stepping, make("label", {}, "property", this.property), this.explorer),
      this.explored, this.parted, this.lanes, this.legend, this.says, this.laneSays, this.logTitle, this.log,
      make("div", { className: "row", role: "group", ariaLabel: "export" }, ...exports));
  }

  numbers(i) { return this.model.get("numbers")[i]; }

  // Send now, or, while Python is at work, when it has answered; only the latest is kept.
  ask(what, how) {
    if (this.waiting) { this.next = [what, how]; return; }
    this.waiting = true;
    this.asked = performance.now();
    this.model.send({ do: what, with: how, number: ++this.sent });
    setTimeout(() => this.model.send({ do: "nothing" }), 8);  // see answer() in policylab.py
  }

  show() {
    const view = (this.view = JSON.parse(this.model.get("view")));
    if (view.answers === this.sent) this.waiting = false;
    this.error.textContent = view.error ?? "";
    this.outcome.textContent = view.sentence;
    this.explored.textContent = view.explored;
    this.explorer.disabled = false;
    this.showPictures(view);
    this.settings.show(view);
    performance.measure("oomlab-painted", { start: this.asked ?? 0 });
    if (!this.waiting && this.next) { const next = this.next; this.next = null; this.ask(...next); }
  }

  explore() {
    this.explorer.disabled = true;
    this.explored.textContent = "trying every schedule …";
    this.ask("explore", { property: this.property.value });
  }

  export(form) {
    const { picture, theme, canvas } = this.views[0].timeline, name = `oomlab-${this.view.settings.scenario}`;
    if (form === "svg") {
      save(`${name}.svg`, new Blob([toSvg(picture, 1000, theme)], { type: "image/svg+xml" }));
    } else if (form === "png") canvas.toBlob((blob) => save(`${name}.png`, blob));
    else this.ask("export", { form });
  }

  exported({ form, text }) {
    const end = { html: "html", json: "json", markdown: "md" }[form];
    save(`oomlab-${this.view.settings.scenario}.${end}`, new Blob([text], { type: "text/plain" }));
  }

}

export default {
  render({ model, el }) {
    el.classList.add("oomlab");
    ownKeys(el);
    const lab = new Lab(model, el);
    return () => lab.leave();
  },
};
