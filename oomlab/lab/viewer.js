// What is seen of runs: timelines with one cursor, what the step under it did, the kernel log.
//
// The policy lab puts its settings around this (policylab.js); a saved run is this alone (saved.py).

// One canvas that is a slider: its value is the step.
function lanesView(lab, index) {
  const timeline = new Timeline({
    tabIndex: 0, role: "slider", ariaLabel: `timeline ${index + 1}`, ariaValueMin: "1",
    ariaKeyShortcuts: "ArrowLeft ArrowRight Home End PageUp PageDown ArrowUp ArrowDown + -",
  });
  const policy = make("p", { className: "policy" });
  const { canvas, node } = timeline;
  const at = (event) => timeline.place.n(event.offsetX);
  const look = (event) => {
    const row = timeline.rowAt(event.offsetY), n = at(event);
    if (row !== null && n >= 0 && n < timeline.picture.steps) lab.look(timeline, row, n);
  };
  canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); lab.go(at(event)); });
  canvas.addEventListener("pointermove", (event) => { if (event.buttons) lab.go(at(event)); look(event); });
  canvas.addEventListener("keydown", (event) => {
    const far = event.shiftKey ? 10 : 1;
    const keys = {
      ArrowRight: () => lab.go(lab.now + far), ArrowLeft: () => lab.go(lab.now - far),
      Home: () => lab.go(0), End: () => lab.go(Infinity),
      PageDown: () => lab.jump(1), PageUp: () => lab.jump(-1),
      ArrowDown: () => lab.lookNext(timeline, 1), ArrowUp: () => lab.lookNext(timeline, -1),
      "+": () => timeline.zoom(0.5), "-": () => timeline.zoom(2), " ": () => lab.play(),
    };
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
  });
  return { node, policy, canvas, timeline };
}

class Viewer {
  constructor(root, ...more) {
    this.now = 0;
    this.views = [];
    this.parts(...more);
    this.build(root);
    this.stopTheme = onTheme(root, (dark) => this.retheme(dark));
    this.resized = new ResizeObserver(() => this.views.forEach((v) => {
      if (v.node.clientWidth !== v.wide) { v.wide = null; this.redraw(v); }
    }));
    this.resized.observe(root);
  }

  button(text, label, onclick) {
    return make("button", { type: "button", title: label, ariaLabel: label, onclick }, text);
  }

  // Everything that is seen, not yet in its place.
  parts() {
    const part = (name, attributes = {}) => (this[name] = make("p", { className: name, ...attributes }));
    part("outcome", { role: "status" });
    part("parted");
    this.says = make("p", { className: "now", role: "status", ariaLive: "polite" });
    this.laneSays = make("p", { className: "lane", ariaLive: "polite" });
    this.lanes = make("div");
    this.logTitle = make("div", { className: "quiet" });
    this.log = make("div", { className: "log", tabIndex: 0, role: "region", ariaLabel: "kernel log" });
    this.legend = make("ul", { className: "legend", ariaLabel: "legend" });
    this.kinds = make("select", { ariaLabel: "jump to the next", onchange: () => this.jumpTo(this.kinds.value) });
    this.playing = this.button("▶ play", "play", () => this.play());
    this.steps = 0;
    this.stepping = [
      this.button("|◀", "first step", () => this.go(0)), this.button("◀ step", "step back", () => this.go(this.now - 1)),
      this.playing, this.button("step ▶", "step forward", () => this.go(this.now + 1)),
      this.button("◀ event", "event before", () => this.jump(-1)), this.button("event ▶", "next event", () => this.jump(1)),
      this.kinds,
    ];
  }

  build(root) {
    root.append(this.outcome, make("div", { className: "row", role: "group", ariaLabel: "steps" }, ...this.stepping),
      this.parted, this.lanes, this.legend, this.says, this.laneSays, this.logTitle, this.log);
  }

  showPictures(view) {
    while (this.views.length < view.pictures.length) this.views.push(lanesView(this, this.views.length));
    this.views.length = view.pictures.length;
    if (this.lanes.childElementCount !== 2 * this.views.length) {
      this.lanes.replaceChildren(...this.views.flatMap((v) => [v.policy, v.node]));
    }
    this.steps = Math.max(...view.pictures.map((p) => p.steps));
    this.now = Math.max(0, Math.min(this.now, this.steps - 1));
    this.views.forEach((v, i) => {
      const picture = decode(view.pictures[i], this.numbers(i)), more = picture.more;
      v.timeline.load(picture);
      v.timeline.row = null;
      v.timeline.now = this.now;
      v.timeline.parted = view.parted?.[i]?.[0] ?? null;
      v.policy.textContent = `${picture.policy}: ${picture.verdict}` +
        (more ? ` (${more} more steps in which nothing changes are not shown)` : "");
      v.canvas.ariaLabel = `timeline of ${picture.title}, ${picture.lanes.length} tasks`;
      v.canvas.ariaValueMax = String(Math.max(1, picture.steps));
      if (!v.timeline.theme) v.timeline.setTheme(pageIsDark());
      this.redraw(v);
    });
    const parted = view.parted?.map((p, i) => `${view.pictures[i].policy}: ${p ? `${p[1]} (step ${p[0] + 1})` : "nothing more happens"}`);
    this.parted.textContent = parted ? `They part at the thick line. ${parted.join("; ")}. The policies differ in ${view.differs}.`
      : view.pictures.length > 1 ? `Every event is the same. The policies differ in ${view.differs}.` : "";
    this.fillLog(view.pictures[0]);
    this.fillKinds();
    this.go(this.now);
  }

  // To ask for a width makes the browser lay out the page: it is asked once, and when it changes.
  redraw(v) { v.timeline.draw(v.wide ??= v.node.clientWidth); }

  retheme(dark) {
    this.legend.replaceChildren(...swatches());
    for (const v of this.views ?? []) { v.timeline.setTheme(dark); this.redraw(v); }
  }

  // The cursor, and everything that follows it.
  go(n) {
    this.now = Math.max(0, Math.min(n, this.steps - 1));
    for (const { timeline, canvas } of this.views) {
      timeline.scrub(this.now);
      canvas.ariaValueNow = String(timeline.now + 1);
      canvas.ariaValueText = stepSentence(timeline.picture, timeline.now);
    }
    const named = (picture) => (this.views.length > 1 ? `${picture.policy}: ` : "");
    this.says.textContent = this.views
      .map(({ timeline: { picture, now } }) => named(picture) + stepSentence(picture, now)).join(" ");
    this.syncLog();
    if (this.looked) this.look(this.looked, this.looked.row, this.now);
    if (this.now >= this.steps - 1) this.stop();
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

  jump(by) {
    const steps = this.moments().map(([n]) => n);
    const next = by > 0 ? Math.min(...steps.filter((n) => n > this.now))
      : Math.max(...steps.filter((n) => n < this.now));
    if (Number.isFinite(next)) this.go(next);
  }

  // One entry for each kind of event there is: choosing it goes to the next one, round and round.
  fillKinds() {
    const counts = {};
    for (const [, kind] of this.moments()) counts[kind] = (counts[kind] ?? 0) + 1;
    this.kinds.replaceChildren(make("option", { value: "" }, "jump to the next …"),
      ...Object.entries(counts).map(([kind, count]) => make("option", { value: kind }, `${MOMENTS[kind][1]} (${count})`)));
  }

  moments() { return this.views.flatMap(({ timeline }) => timeline.picture.moments); }

  jumpTo(kind) {
    const steps = this.moments().filter((moment) => moment[1] === kind).map(([n]) => n).sort((a, b) => a - b);
    this.go(steps.find((n) => n > this.now) ?? steps[0] ?? this.now);
    this.kinds.value = "";
  }

  // Play to the end in about ten seconds, but never faster than each frame or slower than a blink.
  play() {
    if (this.timer) return this.stop();
    if (this.now >= this.steps - 1) this.go(0);
    this.playing.textContent = "■ stop";
    this.playing.ariaLabel = "stop";
    const pause = Math.min(400, Math.max(30, 10000 / this.steps)), by = Math.ceil(this.steps / 333);
    this.timer = setInterval(() => this.go(this.now + by), pause);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    this.playing.textContent = "▶ play";
    this.playing.ariaLabel = "play";
  }

  fillLog(picture) {
    this.logTitle.textContent = `kernel log of ${picture.title}`;
    this.printed = picture.log;
    this.logLine = null;
  }

  // The log around the last line that was printed by now; what follows it is still to come.
  syncLog() {
    let low = 0, high = this.printed.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.printed[middle][0] <= this.now) low = middle + 1; else high = middle;
    }
    if (low === this.logLine) return;
    this.logLine = low;
    const first = Math.max(0, low - 40), last = Math.min(low + 40, this.printed.length);
    const line = ([n, text], i) => make("div", { className: first + i === low - 1 ? "now" : "", onclick: () => this.go(n) }, text);
    const lines = this.printed.slice(first, last).map(line);
    const rest = (count, where) => (count > 0 ? [make("div", { className: "rest" }, `… ${count} lines ${where}`)] : []);
    this.log.classList.toggle("unborn", low === 0);
    this.log.replaceChildren(...rest(first, "before"), ...lines, ...rest(this.printed.length - last, "after"));
    this.log.scrollTop = low ? this.log.querySelector(".now").offsetTop - this.log.clientHeight / 2 : 0;
  }

  leave() { this.stop(); this.stopTheme(); this.resized.disconnect(); }
}
