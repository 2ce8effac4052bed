// The buttons that move the cursor: by a step, by an event, by play; and those that zoom.

class Stepping {
  constructor(viewer) {
    this.viewer = viewer;
    const button = (text, label, onclick) =>
      make("button", { type: "button", title: label, ariaLabel: label, onclick }, text);
    const go = (by) => () => viewer.go(viewer.now + by);
    this.first = button("|◀", "to the start, before the first step", () => viewer.go(-1));
    this.back = button("◀ step", "step back", go(-1));
    this.forward = button("step ▶", "step forward", go(1));
    this.before = button("◀ event", "event before", () => this.jump(-1));
    this.after = button("event ▶", "next event", () => this.jump(1));
    this.playing = button("▶ play", "play", () => this.play());
    this.kinds = make("select", { ariaLabel: "jump to the next", onchange: () => this.jumpTo(this.kinds.value) });
    this.closer = button("zoom +", "zoom in", () => viewer.zoom(0.5));
    this.wider = button("zoom −", "zoom out", () => viewer.zoom(2));
    this.seen = make("span", { className: "quiet", role: "status" });
    this.nodes = [
      this.first, this.back, this.playing, this.forward, this.before, this.after, this.kinds,
      make("span", { className: "zooms" }, this.closer, this.wider), this.seen,
    ];
  }

  moments() { return this.viewer.views.flatMap(({ timeline }) => timeline.picture.moments); }

  // One entry for each kind of event there is: choosing it goes to the next one, round and round.
  load() {
    const counts = {}, moments = this.moments();
    for (const [, kind] of moments) counts[kind] = (counts[kind] ?? 0) + 1;
    this.kinds.replaceChildren(make("option", { value: "" }, "jump to …"),
      ...Object.entries(counts).map(([kind, count]) => make("option", { value: kind }, `${MOMENTS[kind][1]} (${count})`)));
    const steps = moments.map(([n]) => n);
    [this.earliest, this.latest] = [Math.min(...steps), Math.max(...steps)];
  }

  // What can do nothing here says so, but keeps the focus of who is pressing it.
  show(now, steps) {
    const idle = (button, yes) => { button.ariaDisabled = String(yes); };
    for (const button of [this.first, this.back]) idle(button, now < 0);
    idle(this.forward, now >= steps - 1);
    idle(this.before, !(this.earliest < now));
    idle(this.after, !(this.latest > now));
    if (now >= steps - 1) this.stop();
  }

  showZoom({ from, to, steps, zoomed }) {
    this.wider.ariaDisabled = String(!zoomed);
    this.closer.ariaDisabled = String(to - from <= 20);
    this.seen.textContent = !zoomed ? "" : `steps ${from + 1} to ${to} of ${steps}`;
  }

  jump(by) {
    const { now } = this.viewer, steps = this.moments().map(([n]) => n);
    const next = by > 0 ? Math.min(...steps.filter((n) => n > now)) : Math.max(...steps.filter((n) => n < now));
    if (Number.isFinite(next)) this.viewer.go(next);
  }

  jumpTo(kind) {
    const { now } = this.viewer;
    const steps = this.moments().filter((moment) => moment[1] === kind).map(([n]) => n).sort((a, b) => a - b);
    this.viewer.go(steps.find((n) => n > now) ?? steps[0] ?? now);
    this.kinds.value = "";
  }

  // Play to the end in about ten seconds, but never faster than each frame or slower than a blink.
  play() {
    if (this.timer) return this.stop();
    const { viewer } = this;
    if (viewer.now >= viewer.steps - 1) viewer.go(-1);
    this.playing.textContent = "■ stop";
    this.playing.ariaLabel = "stop";
    const pause = Math.min(400, Math.max(30, 10000 / viewer.steps)), by = Math.ceil(viewer.steps / 333);
    this.timer = setInterval(() => viewer.go(viewer.now + by), pause);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    this.playing.textContent = "▶ play";
    this.playing.ariaLabel = "play";
  }
}
