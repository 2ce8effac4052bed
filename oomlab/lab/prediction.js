// Predict, then check: questions, if there is a run a frozen timeline; an answer is locked, then the
// rest is shown. As long as `asks` is a class of the widget, policylab.css hides the cells below.

class Prediction {
  constructor(model, root) {
    this.model = model;
    this.root = root;
    this.error = make("p", { className: "error", role: "alert" });
    this.line = new Line(model, (sentence) => { this.error.textContent = sentence; });
    model.on("msg:custom", () => this.line.heard());
    this.open = make("button", { type: "button", onclick: () => this.keep("opened", true) }, "show the rest without answering");
    this.below = make("p", { className: "quiet below" },
      "The lesson goes on below when your answers are locked. ", this.open);
    if (model.get("frozen").steps) this.trace(root);
    this.stopTheme = onTheme(root, (dark) => {
      if (!this.timeline) return;
      this.timeline.setTheme(dark);
      this.draw();
    });
    const shows = model.get("questions").map((question, i) => this.question(question, i));
    root.append(...shows.map(({ node }) => node), this.error, this.below);
    // What is locked stands in the model alone: another view of it may have locked it.
    const show = () => {
      shows.forEach(({ reveal }, i) => { if (this.given[i] !== null) reveal(this.given[i]); });
      this.wait();
      if (this.done && this.timeline) this.draw();
    };
    model.on("change:given", show);
    model.on("change:opened", show);
    show();
  }

  get given() { return this.model.get("given"); }

  keep(name, value) {
    this.line.tell(() => {
      this.model.set(name, value);
      this.model.save_changes();
    });
  }

  trace(root) {
    this.title = make("p", { className: "policy" });
    this.outcome = make("p", { className: "outcome", role: "status" });
    this.legend = make("ul", { className: "legend", ariaLabel: "legend" });
    this.timeline = new Timeline({ role: "img" });
    this.canvas = this.timeline.canvas;
    root.append(this.title, this.timeline.node, this.legend, this.outcome);
    this.resized = new ResizeObserver(() => this.timeline.resized());
    this.resized.observe(root);
  }

  get done() { return this.given.every((answer) => answer !== null); }

  wait() {
    const waits = !this.done && !this.model.get("opened");
    this.root.classList.toggle("asks", waits);
    this.below.hidden = !waits;
  }

  draw() {
    const picture = decode(this.model.get(this.done ? "whole" : "frozen"));
    this.timeline.load(picture);
    this.legend.replaceChildren(...swatches(...marksOf([picture])));
    this.timeline.asked = this.done ? this.model.get("frozen").steps - 1 : picture.steps - 1;
    this.timeline.draw();
    this.title.textContent = picture.title;
    const said = this.done ? `${picture.verdict}: ${picture.outcome}.`
      : `The trace is stopped at step ${picture.steps}. What happens next?`;
    this.outcome.textContent = said;
    this.canvas.ariaLabel = `${picture.title}. ${stepSentence(picture, this.timeline.now)} ` +
      picture.lanes.map((_, row) => laneSentence(picture, row, this.timeline.now)).join(" ");
  }

  question({ text, choices, answer, why, against }, i) {
    const name = `oomlab-${Math.random()}`, verdict = make("p", { role: "status" });
    const options = choices.map((words, value) => make("label", {},
      make("input", { type: "radio", name, value, onchange: () => { lock.disabled = false; } }), words));
    const radios = options.map((label) => label.firstChild);
    const reveal = (given) => {
      radios.forEach((radio, n) => { radio.disabled = true; radio.checked = n === given; });
      lock.disabled = true;
      lock.textContent = "locked";
      verdict.className = given === answer ? "right" : "wrong";
      const right = `${choices[answer]}. ${why.replace(/\.$/, "")}.`;
      const no = `Not that: ${choices[given]}. ${against[given] ?? ""}`;
      verdict.replaceChildren(...given === answer ? [`Right: ${right}`]
        : [no, make("br"), make("span", { className: "right" }, `It is: ${right}`)]);
    };
    const lock = make("button", { type: "button", className: "main", disabled: true, onclick: () => {
      const mine = radios.findIndex((radio) => radio.checked);
      this.keep("given", this.given.map((locked, n) => (n === i ? mine : locked)));
    } }, "lock my answer");
    return { reveal, node: make("fieldset", {}, make("legend", {}, `${i + 1}. ${text}`), ...options, lock, verdict) };
  }
}

export default {
  render({ model, el }) {
    el.classList.add("oomlab");
    ownKeys(el);
    const prediction = new Prediction(model, el);
    return () => { prediction.stopTheme(); prediction.resized?.disconnect(); };
  },
};
