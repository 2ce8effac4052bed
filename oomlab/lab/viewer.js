// What is seen of runs: timelines with one cursor, what the step under it did, the kernel log.
//
// The policy lab puts its settings around this (policylab.js); a saved run is only this (run_page.py).

const MANY = 8;  // tasks, from which on one may want to see only some of them

// One canvas that is a slider: its value is the step.
function lanesView(lab, index) {
  const timeline = new Timeline({
    tabIndex: 0, role: "slider", ariaLabel: `timeline ${index + 1}`, ariaValueMin: "0",
    ariaKeyShortcuts: "ArrowLeft ArrowRight Home End PageUp PageDown ArrowUp ArrowDown + -",
  });
  const policy = make("p", { className: "policy" });
  const { canvas, node } = timeline;
  const at = (event) => timeline.place.n(event.offsetX);
  const look = (event) => {
    const row = timeline.rowAt(event.offsetY), n = at(event);
    if (row !== null && n >= -1 && n < timeline.picture.steps) lab.look(timeline, row, n);
  };
  canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); lab.go(at(event)); });
  canvas.addEventListener("pointermove", (event) => { if (event.buttons) lab.go(at(event)); look(event); });
  canvas.addEventListener("keydown", (event) => {
    const far = event.shiftKey ? 10 : 1;
    const keys = {
      ArrowRight: () => lab.go(lab.now + far), ArrowLeft: () => lab.go(lab.now - far),
      Home: () => lab.go(-1), End: () => lab.go(Infinity),
      PageDown: () => lab.stepping.jump(1), PageUp: () => lab.stepping.jump(-1),
      ArrowDown: () => lab.lookNext(timeline, 1), ArrowUp: () => lab.lookNext(timeline, -1),
      "+": () => lab.zoom(0.5), "-": () => lab.zoom(2), " ": () => lab.stepping.play(),
    };
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
  });
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;  // a wheel alone scrolls the page
    event.preventDefault();
    lab.zoom(event.deltaY < 0 ? 0.5 : 2);
  });
  return { node, policy, canvas, timeline };
}

class Viewer {
  constructor(root, ...more) {
    this.now = 0;
    this.steps = 0;
    this.views = [];
    this.parts(...more);
    this.build(root);
    this.stopTheme = onTheme(root, (dark) => this.retheme(dark));
    this.resized = new ResizeObserver(() => this.views.forEach(({ timeline }) => timeline.resized()));
    this.resized.observe(root);
  }

  // Everything that is seen, not yet in its place.
  parts() {
    this.outcome = new LongText({ className: "outcome", role: "status" });
    this.parted = make("p", { className: "parted" });
    this.says = make("p", { className: "now", role: "status", ariaLive: "polite" });
    this.laneSays = make("p", { className: "lane", ariaLive: "polite" });
    this.lanes = make("div");
    this.log = new KernelLog((n) => this.go(n));
    this.legend = make("ul", { className: "legend", ariaLabel: "legend" });
    this.stepping = new Stepping(this);
    this.word = make("input", { type: "search", placeholder: "reaper victim …", oninput: () => this.sift() });
    this.sieve = make("label", {}, "only tasks called", this.word);
    this.panes = [new CodeView(), new StateView(), new WaitsView()];
    this.details = [];
    this.detailsSay = make("p", { className: "quiet", role: "status" });
    const [code, state, waits] = this.panes.map(({ node }) => node);
    this.beside = make("div", { className: "beside" }, make("div", {}, code, waits), state);
  }

  stepButtons() { return make("div", { className: "row steps", role: "group", ariaLabel: "steps" }, ...this.stepping.nodes, this.sieve); }

  build(root) {
    root.append(this.outcome.node, this.lanes, this.stepButtons(), this.says, this.laneSays, this.parted, this.legend,
      this.detailsSay, this.beside, ...this.log.nodes);
  }

  showPictures(view) {
    while (this.views.length < view.pictures.length) this.views.push(lanesView(this, this.views.length));
    this.views.length = view.pictures.length;
    if (this.lanes.childElementCount !== 2 * this.views.length) {
      this.lanes.replaceChildren(...this.views.flatMap((v) => [v.policy, v.node]));
    }
    if (view.of === undefined || view.of !== this.shown) this.details = (view.details ?? []).map((part) => new Details(part));
    this.shown = view.of;
    this.steps = Math.max(...view.pictures.map((p) => p.steps));
    this.now = Math.max(-1, Math.min(this.now, this.steps - 1));
    this.outcome.show(view.sentence);
    const scenario = view.pictures[0].scenario, same = scenario === this.scenario;  // then a zoom stays
    this.scenario = scenario;
    this.views.forEach((v, i) => { v.whole = decode(view.pictures[i], this.numbers(i)); });
    this.views.forEach((v, i) => {
      const picture = v.whole, { more } = picture;
      this.pick(v, same);
      v.timeline.asked = this.now;
      v.timeline.parted = view.parted?.[i]?.[0] ?? null;
      v.policy.textContent = `${picture.policy}: ${picture.verdict}` +
        (more ? ` (what follows, ${more} step${more > 1 ? "s" : ""} in which nothing new happens, is not shown)` : "");
      v.canvas.ariaValueMax = String(picture.steps);
      if (!v.timeline.theme) v.timeline.setTheme(pageIsDark());
      v.timeline.draw();
    });
    this.sieve.hidden = this.views.every(({ whole }) => whole.lanes.length < MANY);
    this.lookAgain();
    const parted = view.parted?.map((p, i) => `${view.pictures[i].policy}: ${p ? `${p[1]} (step ${p[0] + 1})` : "nothing more happens"}`);
    this.parted.textContent = parted ? `Both have one scale, in steps: a step stands below the same step, not a tick below the same tick. They part at the thick line. ${parted.join("; ")}. ${view.differs}`
      : view.pictures.length > 1 ? `Both have one scale, in steps: a step stands below the same step, not a tick below the same tick. Every event is the same. ${view.differs}` : "";
    this.log.load(view.pictures[0]);
    this.stepping.load();
    this.stepping.showZoom(this.views[0].timeline);
    this.fillLegend();
    this.go(this.now);
  }

  // Load the lanes that are asked for, and look at the same task, if it is still there.
  pick({ timeline, whole, canvas }, zoomStays) {
    const name = timeline.picture?.lanes[timeline.row]?.name, picture = only(whole, this.word.value), { lanes } = picture;
    timeline.load(picture, this.views.map((v) => v.whole), zoomStays);
    const row = lanes.findIndex((lane) => lane.name === name);
    timeline.row = row < 0 ? null : row;
    canvas.ariaLabel = `timeline of ${picture.title}, ${whole.lanes.length} tasks` +
      (lanes.length < whole.lanes.length ? `, of which are shown: ${lanes.map((l) => l.name).join(", ")}` : "");
  }

  lookAgain() {
    this.looked = this.views.find(({ timeline }) => timeline.row !== null)?.timeline ?? null;
    if (!this.looked) this.laneSays.textContent = "";
  }

  // Other lanes of the same runs: what else is seen stays as it is, the zoom, too.
  sift() {
    for (const v of this.views) {
      this.pick(v, true);
      v.timeline.draw();
    }
    this.lookAgain();
    this.fillLegend();
    this.go(this.now);
  }

  retheme(dark) {
    this.key = null;
    for (const v of this.views ?? []) { v.timeline.setTheme(dark); v.timeline.draw(); }
    if (this.views?.length) this.fillLegend();
  }

  // Only what is in the picture: made again when that has changed.
  fillLegend() {
    const shown = marksOf(this.views.map(({ timeline }) => timeline.picture)), key = shown.join();
    if (key === this.key) return;
    this.key = key;
    this.legend.replaceChildren(...swatches(...shown));
  }

  // See `factor` times as many steps around the cursor, in each picture.
  zoom(factor) {
    for (const { timeline } of this.views) timeline.zoom(factor);
    this.stepping.showZoom(this.views[0].timeline);
  }

  // The cursor, and everything that follows it.
  go(n) {
    this.now = Math.max(-1, Math.min(n, this.steps - 1));
    for (const { timeline, canvas } of this.views) {
      timeline.scrub(this.now);
      canvas.ariaValueNow = String(timeline.now + 1);
      canvas.ariaValueText = stepSentence(timeline.picture, timeline.now);
    }
    const named = (picture) => (this.views.length > 1 ? `${picture.policy}: ` : "");
    this.says.textContent = this.views
      .map(({ timeline: { picture, now } }) => named(picture) + stepSentence(picture, now)).join(" ");
    this.log.show(this.now);
    if (this.looked) this.look(this.looked, this.looked.row, this.now);
    this.stepping.show(this.now, this.steps);
    this.showDetails();
  }

  // What stands beside the timeline, of the picture that was looked at last, else of the first.
  showDetails() {
    const { timeline } = this.views.find((v) => v.timeline === this.looked) ?? this.views[0];
    const index = this.views.findIndex((v) => v.timeline === timeline), { picture, now } = timeline;
    const details = this.details.find((d) => d.picture === index && d.holds(now));
    if (!details) return this.missing(index, now);
    const of = this.views.length > 1 ? ` of ${picture.policy}` : "";
    const when = now < 0 ? "before the first step" : `at step ${now + 1}`;
    this.detailsSay.textContent = `Code, state and waits${of} ${when}:`;
    this.beside.classList.remove("stale");
    for (const pane of this.panes) pane.show(details, now, picture);
  }

  missing(index, n) {
    this.detailsSay.textContent = `Code, state and waits of step ${n + 1} are not on this page.`;
    this.beside.classList.add("stale");
  }

  // Say what one lane is doing; the mouse looks where it points, the arrow keys move up and down.
  look(timeline, row, n) {
    if (row === null) return;
    for (const { timeline: t } of this.views) {
      const now = t === timeline ? row : null;
      if (t.row !== now) { t.row = now; t.scrub(this.now); }
    }
    this.looked = timeline;
    this.laneSays.textContent = laneSentence(timeline.picture, row, Math.min(n, timeline.picture.steps - 1));
  }

  lookNext(timeline, by) {
    const rows = timeline.picture.lanes.length;
    this.look(timeline, ((timeline.row ?? (by > 0 ? -1 : 0)) + by + rows) % rows, this.now);
  }

  leave() { this.stepping.stop(); this.stopTheme(); this.resized.disconnect(); }
}
