// Predict, then check: a frozen timeline and questions; an answer is locked, then the rest is shown.

class Prediction {
  constructor(model, root) {
    this.model = model;
    this.given = [...model.get("given")];
    this.title = make("p", { className: "policy" });
    this.outcome = make("p", { className: "outcome", role: "status" });
    this.legend = make("ul", { className: "legend", ariaLabel: "legend" });
    this.timeline = new Timeline({ role: "img" });
    this.canvas = this.timeline.canvas;
    root.append(this.title, this.timeline.node, this.legend, this.outcome,
      ...model.get("questions").map((question, i) => this.question(question, i)));
    this.stopTheme = onTheme(root, (dark) => {
      this.legend.replaceChildren(...swatches([...STATES, ...Object.keys(FATES)]));
      this.timeline.setTheme(dark);
      this.draw();
    });
    this.resized = new ResizeObserver(() => this.canvas.clientWidth !== this.wide && this.draw());
    this.resized.observe(root);
  }

  get done() { return this.given.every((answer) => answer !== null); }

  draw() {
    const picture = decode(this.model.get(this.done ? "whole" : "frozen"));
    this.wide = this.canvas.clientWidth;
    this.timeline.load(picture);
    this.timeline.now = this.done ? this.model.get("frozen").steps - 1 : picture.steps - 1;
    this.timeline.draw(this.timeline.node.clientWidth);
    this.title.textContent = picture.title;
    const said = this.done ? `${picture.verdict}: ${picture.outcome}.`
      : `The trace is stopped at step ${picture.steps}. What happens next?`;
    this.outcome.textContent = said;
    this.canvas.ariaLabel = `${picture.title}. ${stepSentence(picture, this.timeline.now)} ` +
      picture.lanes.map((_, row) => laneSentence(picture, row, this.timeline.now)).join(" ");
  }

  question({ text, choices, answer, why }, i) {
    const name = `oomlab-${Math.random()}`, verdict = make("p", { role: "status" });
    const options = choices.map((words, value) => make("label", {},
      make("input", { type: "radio", name, value, onchange: () => { lock.disabled = false; } }), words));
    const radios = options.map((label) => label.firstChild);
    const reveal = (given) => {
      radios.forEach((radio, n) => { radio.disabled = true; radio.checked = n === given; });
      lock.disabled = true;
      lock.textContent = "locked";
      verdict.className = given === answer ? "right" : "wrong";
      verdict.textContent = (given === answer ? "Right: " : "No: ") + `${choices[answer]}; ${why}.`;
    };
    const lock = make("button", { type: "button", className: "main", disabled: true, onclick: () => {
      this.given[i] = radios.findIndex((radio) => radio.checked);
      reveal(this.given[i]);
      this.model.set("given", [...this.given]);
      this.model.save_changes();
      if (this.done) this.draw();
    } }, "lock my answer");
    if (this.given[i] !== null) reveal(this.given[i]);
    return make("fieldset", {}, make("legend", {}, `${i + 1}. ${text}`), ...options, lock, verdict);
  }
}

export default {
  render({ model, el }) {
    el.classList.add("oomlab");
    ownKeys(el);
    const prediction = new Prediction(model, el);
    return () => { prediction.stopTheme(); prediction.resized.disconnect(); };
  },
};
