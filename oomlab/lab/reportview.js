// A report view: paste a log, read who died and why, and ask who else would have.
//
// What a person does becomes one message to Python; the answer is a new `view`.

const LONGEST = 4e6;  // characters; Jupyter, not a page, drops the connection at a message not much longer

class ReportView {
  constructor(model, root) {
    this.model = model;
    this.line = new Line(model, (sentence) => this.refuse(this.asked, sentence));
    model.on("msg:custom", () => { this.line.heard(); this.show(); });
    this.build(root);
    this.stopTheme = onTheme(root, (dark) => {
      model.set("dark", dark);
      model.save_changes();
    });
    this.redraw = () => this.show();
    model.on("change:view", this.redraw);
    this.show();
  }

  build(root) {
    const part = (name, tag, attributes = {}) => (this[name] = make(tag, { className: name, ...attributes }));
    this.error = make("p", { className: "error", role: "alert" });
    const button = (text, onclick, className = "") => make("button", { type: "button", className, onclick }, text);
    this.text = make("textarea", {
      rows: 7, spellcheck: false, value: this.model.get("text"),
      placeholder: "… invoked oom-killer: …\n…\n… Killed process …",
    });
    this.report = make("select", { onchange: () => this.tell("open", { number: +this.report.value }) });
    this.reports = make("label", { className: "wide" }, "which report of this text", this.report);
    this.task = make("select", { onchange: () => this.showAdj() });
    this.adj = field({ type: "number", min: -1000, max: 1000, step: 1 });
    this.adj.addEventListener("keydown", ({ key }) => { if (key === "Enter") this.ask(); });
    root.append(
      make("label", { className: "wide" }, "the log, or the part of it with the OOM", this.text),
      part("row", "div"),
      this.error,
      part("body", "div"));
    this.row.append(button("explain", () => this.read(), "main"));
    this.body.append(
      this.reports,
      part("cause", "p", { role: "status" }),
      part("outcome", "p", { role: "status" }),
      part("picture", "div", { tabIndex: 0, role: "region", ariaLabel: "picture of the report" }),
      part("advice", "ul", { ariaLabel: "what to do" }),
      make("fieldset", {}, make("legend", {}, "What if?"),
        make("div", { className: "row" },
          make("label", {}, "the task", this.task), make("label", {}, "had oom_score_adj", this.adj),
          button("who dies then?", () => this.ask(), "main"), button("as it was", () => this.tell("as_it_was"))),
        part("answer", "p", { role: "status" })),
      make("details", {}, make("summary", {}, "the whole explanation"),
        part("words", "pre", { tabIndex: 0, role: "region", ariaLabel: "the whole explanation" })),
      make("div", { className: "row" }, button("make it a scenario", () => this.tell("scenario"))),
      part("scenario", "p", { role: "status" }));
    this.places = { read: this.row, open: this.reports, what_if: this.answer, scenario: this.scenario };
  }

  tell(what, how = {}) {
    this.asked = what;
    this.line.tell(() => this.model.send({ do: what, with: how }));
  }

  // A mistake is said below the control that it was made with.
  refuse(what, sentence) {
    this.places[what]?.after(this.error);
    this.error.textContent = sentence;
    this.answered(what === "what_if" && sentence);
  }

  // What was answered; after a mistake it is no answer to what was asked since, and says so.
  answered(refused) {
    const { answer } = this.model.get("view"), before = refused && answer ? "Still shown, from before: " : "";
    this.answer.textContent = before + (answer ?? "");
  }

  read() {
    const text = this.text.value;
    if (text.length <= LONGEST || this.model.stop) this.tell("read", { text });
    else this.refuse("read", "This is more than a page can send: paste the part with the OOM, or use oomlab explain FILE.");
  }

  // Python checks what is asked; an empty field is the one thing that it could not be told.
  ask() {
    if (Number.isInteger(this.adj.valueAsNumber)) this.tell("what_if", { pid: +this.task.value, adj: this.adj.valueAsNumber });
    else this.refuse("what_if", "An oom_score_adj is a whole number from -1000 to 1000.");
  }

  show() {
    const view = this.model.get("view");
    this.refuse(this.asked, view.error);
    this.body.hidden = !view.reports.length;
    this.reports.hidden = view.reports.length < 2;
    fill(this.report, view.reports.map((title, number) => [number, title]), view.number);
    this.cause.textContent = view.cause;
    this.advice.replaceChildren(...view.advice.map((words) => make("li", {}, words)));
    this.outcome.textContent = view.sentence;
    if (this.drawn !== view.picture) this.picture.innerHTML = this.drawn = view.picture;  // escaped by Python
    fill(this.task, view.tasks.map(([pid, name]) => [pid, name]), this.task.value);
    if (!view.error) this.showAdj();
    this.words.textContent = view.words;
    this.scenario.replaceChildren(...(view.scenario
      ? ["It is a scenario now; in a cell: ", make("code", {}, view.scenario)] : []));
  }

  showAdj() {
    const task = this.model.get("view").tasks.find(([pid]) => String(pid) === this.task.value);
    this.adj.value = task ? task[2] : "";
  }
}

// The options of a list; what was chosen stays so if it is still there.
function fill(select, options, chosen) {
  const had = [...select.options].map((option) => option.value + option.text).join("\n");
  if (had !== options.map(([value, text]) => value + text).join("\n")) {
    select.replaceChildren(...options.map(([value, text]) => make("option", { value }, text)));
  }
  select.value = chosen;
  if (select.selectedIndex < 0) select.selectedIndex = 0;
}

export default {
  render({ model, el }) {
    el.classList.add("oomlab");
    ownKeys(el);
    const view = new ReportView(model, el);
    return () => { view.stopTheme(); model.off("change:view", view.redraw); };
  },
};
