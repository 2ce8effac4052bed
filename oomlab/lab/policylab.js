// The policy lab's controls and what is said around the timeline. The picture stands first, and the
// controls that are used most beside it, or below it where the page is narrow.
//
// What a person does becomes one message to Python; the answer is a new `view`, drawn at once. While
// an answer is awaited only the latest change waits, so that a dragged control never queues up.

class Lab extends Viewer {
  constructor(model, root) {
    super(root, model);
    model.on("change:view", () => this.show());
    model.on("msg:custom", (message) => this.exported(message));
    model.on("stopped", () => this.stopped());
    model.on("refused", (sentence) => { this.error.textContent = sentence; });  // an address of a page
    model.on("change:step", () => { if (model.get("step") !== this.now) this.go(model.get("step")); });
    this.show();
  }

  parts(model) {
    super.parts();
    this.model = model;
    const { schedule } = JSON.parse(model.get("view")).settings;
    this.now = model.get("step") ?? (schedule ? Infinity : 0);  // a schedule is given for how it ends
    this.sent = null;  // the mark of what was asked last: no other view of this model has the same
    this.left = null;  // the step to go back to, while a state of the graph is looked at
    this.queue = new Map();  // what waits for Python, by what it asks for
    this.line = new Line(model, (sentence) => { this.error.textContent = sentence; });
    const { properties } = model.get("catalogue");
    this.error = make("p", { className: "error", role: "alert" });
    this.settings = new Settings(model.get("catalogue"), (changes) => this.ask("change", changes),
      (sentence) => { this.error.textContent = sentence; });
    this.explored = make("p", { className: "explored", role: "status" });
    const names = Object.keys(properties).map((name) => [name, name]);
    this.property = choice("property", names, names[0][0], () => this.showMeaning());
    this.meaning = make("p", { className: "quiet" });
    this.explorer = make("button", { type: "button", className: "main", onclick: () => this.explore() }, "every schedule");
    this.hand = new HandView(this);
    this.graph = new StateGraph(this);
    // Where the page can end a search; in a notebook that is the kernel's own "interrupt".
    this.stopper = make("button", { type: "button", hidden: true, onclick: () => model.stop() }, "stop");
    this.showMeaning();
  }

  get asked() { return this.property.querySelector("select").value; }

  showMeaning() {
    this.meaning.textContent = `${this.asked}: ${this.model.get("catalogue").properties[this.asked]}.`;
  }

  build(root) {
    const exports = ["HTML", "JSON", "SVG", "PNG", "Markdown"].map((form) =>
      make("button", { type: "button", onclick: () => this.export(form.toLowerCase()) }, `save ${form}`));
    const picture = make("div", { className: "picture" }, this.outcome.node, this.lanes, this.stepButtons(),
      this.hand.node, this.says, this.laneSays, this.parted, this.legend);
    this.stage = make("div", { className: "stage" }, picture, this.settings.node);
    root.append(
      this.stage, this.settings.knobs.node, this.error,
      make("div", { className: "row", role: "group", ariaLabel: "explore" }, this.property, this.explorer, this.stopper,
        this.graph.start, this.hand.boot, this.hand.start),
      this.meaning, this.explored, this.graph.node, this.detailsSay, this.beside, ...this.log.nodes,
      make("div", { className: "row", role: "group", ariaLabel: "export" }, ...exports));
  }

  // The step is known to whoever holds the model: it stands in the address of a page.
  go(n) {
    super.go(n);
    this.model.set("step", this.now);
  }

  // The lane that is looked at lights the choices that would move its task.
  look(timeline, row, n) {
    super.look(timeline, row, n);
    this.hand.light();
  }

  // Look at the lane of a task, if it is seen.
  lookAt(task) {
    const { timeline } = this.views[0], row = timeline.picture.lanes.findIndex(({ name }) => name === task);
    if (row >= 0) this.look(timeline, row, this.now);
  }

  numbers(i) { return this.model.get("numbers")[i]; }

  // Send now, or, while Python is at work, when it has answered; of each kind the latest is kept, but
  // every move, and settings that were changed meanwhile are changed together.
  ask(what, how) {
    if (this.waiting) {
      const kind = what === "move" ? Symbol(what) : what, before = this.queue.get(kind)?.[1];
      this.queue.set(kind, [what, what === "change" ? { ...before, ...how } : how]);
      return;
    }
    this.waiting = true;
    this.began = performance.now();
    this.doing = what;
    this.sent = Math.random();
    this.line.tell(() => {
      if (this.forgotten) this.model.send({ do: "change", with: this.view.settings });
      this.forgotten = false;
      this.model.send({ do: what, with: how, number: this.sent, at: this.now });
    });
    setTimeout(() => this.line.reach(() => this.model.send({ do: "nothing" })), 8);  // see do() in policylab.py
  }

  // A part of the details that is not here yet is asked for, once the hand rests.
  missing(picture, n) {
    this.detailsSay.textContent = `Code, state and waits of step ${n + 1} are being looked up …`;
    this.beside.classList.add("stale");
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.ask("look", { picture, step: n }), 60);
  }

  lookedUp(part, answers) {
    if (part.of === this.view.of) {  // else of a run that is gone
      this.details = [...this.details.slice(-5), new Details(part)];
      this.showDetails();
    }
    this.answered(answers);
  }

  // Python has time for what was asked meanwhile.
  answered(number) {
    if (number === this.sent) {
      this.waiting = false;
      this.line.heard();
    }
    if (this.waiting || !this.queue.size) return;
    const [[kind, [what, how]]] = this.queue;
    this.queue.delete(kind);
    this.ask(what, how);
  }

  show() {
    const view = (this.view = JSON.parse(this.model.get("view")));
    if (view.answers === this.sent) this.line.heard();
    this.error.textContent = view.error ?? "";
    if (view.error) this.hand.refused();
    const did = this.doing === "move" || this.doing === "play", fresh = view.of !== this.shown;
    if (view.looks) {  // a state of the graph is pointed at: its run's end is seen for as long
      // What is pointed at is below: it must not move away under the pointer as the pictures change.
      if (this.left === null) this.stage.style.height = `${this.stage.getBoundingClientRect().height}px`;
      this.left ??= this.now;
      this.now = Infinity;
    } else {
      this.stage.style.height = "";
      this.now = view.hand && did && fresh ? Infinity : this.left ?? this.now;  // what was just done is looked at
      this.left = null;
    }
    this.showPictures(view);
    this.settings.show(view);
    this.hand.show(view);
    this.graph.show(view);
    if (view.error) this.graph.refused(view.error);
    performance.measure("oomlab-painted", { start: this.began ?? 0 });
    if (view.answers === this.sent && !this.queue.has("explore")) this.exploring = false;
    this.answered(view.answers);
    this.explorer.disabled = Boolean(this.exploring);
    this.stopper.hidden = !this.exploring || !this.model.stop;
    if (!this.exploring) this.explored.textContent = view.explored;
  }

  explore() {
    this.exploring = this.explorer.disabled = true;
    this.explored.textContent = "trying every schedule …";
    this.stopper.hidden = !this.model.stop;
    this.ask("explore", { property: this.asked, ...(this.model.stop && { seconds: 120 }) });
  }

  export(form) {
    this.ask("export", { form });
  }

  // The search was ended, and Python with it: what it had not said is not known, and the next one
  // is told what is on the screen before it is asked anything.
  stopped() {
    this.forgotten = true;
    this.waiting = this.exploring = this.explorer.disabled = false;
    this.queue.clear();
    this.stopper.hidden = true;
    this.settings.show(this.view);  // what was set, and not answered, is not on the screen
    this.explored.textContent = `Stopped before there was an answer${this.progress ? `: ${this.progress}` : ""}.`;
  }

  async exported({ form, text, details, schedules, graph, answers, progress }) {
    if (progress) {
      if (!this.exploring) return;  // it comes too late
      if (!this.model.stop) this.line.wait();
      this.progress = progress;
      this.explored.textContent = `trying every schedule: ${progress} …`;
      return;
    }
    if (details) return this.lookedUp(details, answers);
    if (graph) { this.graph.load(graph); return this.answered(answers); }
    if (schedules) { this.hand.compared(schedules); return this.answered(answers); }
    if (answers !== this.sent) return;  // another view of this lab has asked for it
    const end = form === "markdown" ? "md" : form, name = `oomlab-${this.view.settings.scenario}.${end}`;
    const blob = new Blob([text], { type: form === "svg" || form === "png" ? "image/svg+xml" : "text/plain" });
    save(name, form === "png" ? await asPixels(blob) : blob);
  }
}

// A picture as pixels, two to each of its own, for those who cannot take SVG.
async function asPixels(svg) {
  const image = new Image();
  image.src = URL.createObjectURL(svg);
  await image.decode();
  const paper = new OffscreenCanvas(2 * image.naturalWidth, 2 * image.naturalHeight);
  paper.getContext("2d").drawImage(image, 0, 0, paper.width, paper.height);
  URL.revokeObjectURL(image.src);
  return paper.convertToBlob();
}

export default withStepLinks(Lab);
