// The timeline: task lanes, what happened when, and free memory, on a canvas.
//
// paint() draws a whole picture; before the column of step 1 stands one of step 0, the machine as it
// was set up (n is -1 there). Runs that are compared have one scale. The cursor is an element that
// moves above the canvas: to scrub, nothing is drawn again. The picture that is saved comes from
// Python (figures/whole_run.py).

const ROW = 24, TOP = 26, STRIP = 74, AXIS = 20;
const LEAST = 2;  // pixels: ten failed attempts are ten slivers, however long the run
const APART = 11;  // pixels from one letter to the next
const FEW = 3;  // slivers in a row: to wait for a lock, to try, and to give it back

// Okabe and Ito's colours; a line pattern says the same to those who cannot tell them apart.
const COLOURS = {
  running: "#009E73", allocating: "#E69F00", locked: "#CC79A7", frozen: "#56B4E9",
  exiting: "#F0E442", killed: "#D55E00", reaped: "#0072B2",
};
const HATCHES = { allocating: "M0 8 8 0", locked: "M0 8 8 0M0 0 8 8", frozen: "M3 4h2", exiting: "M0 0 8 8" };
const THEMES = {
  light: { paper: "#ffffff", ink: "#1a1a1a", quiet: "#555555", faint: "#e4e4e4", water: "#9cc7e0" },
  dark: { paper: "#111418", ink: "#f2f2f2", quiet: "#b5b5b5", faint: "#3a3f45", water: "#1c4f70" },
};

// Where everything is: `from` to `to` are the steps that are seen, `beside` all pictures of one scale.
function layout(picture, beside, width, from, to) {
  const names = beside.flatMap(({ lanes }) => lanes.map((lane) => lane.name.length));
  const label = Math.min(150, 14 + 7 * Math.max(10, ...names));
  const scale = (width - label - 8) / Math.max(1, to - from);
  const bottom = TOP + picture.lanes.length * ROW;
  return {
    width, label, scale, from, to, beside, bottom, height: bottom + STRIP + AXIS,
    x: (n) => label + (n - from) * scale,
    n: (x) => Math.floor(from + (x - label) / scale),
  };
}

function paint(paper, picture, place, theme, fills) {
  const { width, height, label, x, from, to, scale, bottom } = place;
  paper.fillStyle = theme.paper;
  paper.fillRect(0, 0, width, height);
  paper.font = "12px system-ui, sans-serif";
  paper.textBaseline = "middle";
  const seen = (start, end) => end > from && start < to;
  const bar = (start, end, y, tall) => {
    const left = x(Math.max(start, from)), right = x(Math.min(end, to));
    paper.fillRect(left, y, Math.max(right - left, 0.7), tall);
  };
  STATES.forEach((state, i) => {
    paper.fillStyle = fills[state];
    for (const s of picture.segments[i]) if (seen(s.start, s.end)) bar(s.start, s.end, TOP + s.row * ROW + 3, 13);
  });
  paintSlivers(paper, picture, place, fills);
  picture.lanes.forEach((lane, row) => {
    for (const [start, end, kind] of lane.fates) {
      paper.fillStyle = COLOURS[kind];
      if (seen(start, end)) bar(start, end, TOP + row * ROW + 17, 4);
    }
    paper.fillStyle = theme.ink;
    paper.fillText(lane.name, 4, TOP + row * ROW + 10, label - 10);
  });
  for (const s of picture.segments[2]) {  // the lock's name, where it fits
    const left = x(Math.max(s.start, from)), room = x(Math.min(s.end, to)) - left;
    if (!seen(s.start, s.end) || room < 7.5 * s.on.length + 14) continue;
    withHalo(paper, s.on, left + 7, TOP + s.row * ROW + 10, theme);
  }
  if (picture.verdict === "panic" && picture.steps <= to) {  // here every lane ends
    paper.fillStyle = theme.ink;
    paper.fillRect(Math.min(x(picture.steps), width - 4), TOP, 3, bottom - TOP);
  }
  paintMoments(paper, picture, place, theme);
  paintMemory(paper, picture, place, theme);
  paper.fillStyle = theme.quiet;
  const every = nice(60 / scale);
  for (let n = Math.ceil((from + 1) / every) * every - 1; n < to; n += every) {
    const words = String(n + 1), half = paper.measureText(words).width / 2;  // under its tick
    paper.fillText(words, Math.min(x(n), width - 8 - half) - half, height - AXIS / 2);  // not over the edge
    paper.fillRect(x(n), bottom + STRIP - 6, 1, 6);
  }
  paper.fillText("step", 4, height - AXIS / 2);
}

// What is shorter than a sliver is drawn as wide as one, if few such stand between long ones.
function paintSlivers(paper, picture, { x, from, to, scale }, fills) {
  if (scale >= LEAST) return;
  const wide = (s) => (s ? (s.end - s.start) * scale : Infinity);
  picture.rows.forEach((segments, row) => {
    for (let first = 0, next; first < segments.length; first = next + 1) {
      for (next = first; wide(segments[next]) < LEAST;) next++;
      if (next - first > FEW || Math.min(wide(segments[first - 1]), wide(segments[next])) <= 3 * LEAST) continue;
      segments.slice(first, next).forEach((s, i) => {
        if (s.start < from || s.start >= to) return;
        paper.fillStyle = fills[STATES[s.state]];
        paper.fillRect(x(segments[first].start) + i * LEAST, TOP + row * ROW + 3, LEAST, 13);
      });
    }
  });
}

// A text on a pattern: the pattern stays, and a line around each letter keeps it legible.
function withHalo(paper, text, x, y, theme) {
  paper.strokeStyle = theme.paper;
  paper.lineWidth = 4;
  paper.lineJoin = "round";
  paper.strokeText(text, x, y);
  paper.fillStyle = theme.ink;
  paper.fillText(text, x, y);
}

function nice(least) {
  const ten = 10 ** Math.floor(Math.log10(Math.max(least, 1)));
  return [1, 2, 5, 10].map((m) => m * ten).find((m) => m >= least);
}

// The first event of a kind has its letter in any case, so that what the legend explains can be found;
// where several lie close together, they stand beside each other in their order.
function paintMoments(paper, picture, place, theme) {
  const { x, from, to, label, width } = place, firsts = new Map();
  const seen = picture.moments.filter(([n]) => n >= from && n < to).sort((a, b) => a[0] - b[0]);
  for (const moment of seen) if (!firsts.has(moment[1])) firsts.set(moment[1], moment);
  const named = [...firsts.values()], last = ([, kind]) => !["panic", "bug", "loss"].includes(kind);
  for (const moment of [...seen].sort((a, b) => last(a) - last(b))) {
    const [n, kind] = moment, dire = kind !== "exit" && kind !== "wake";
    if (kind === "loss" || kind === "bug") paintFailure(paper, picture, n, place, theme);
    paper.fillStyle = dire ? COLOURS.killed : theme.quiet;
    paper.fillRect(x(n), TOP - 6, 1.5, 6);
    if (named.every(([other]) => Math.abs(x(n) - x(other)) >= APART)) named.push(moment);
  }
  named.sort((a, b) => a[0] - b[0]);
  let free = label;
  const places = named.map(([n]) => (free = Math.max(x(n), free) + APART) - APART);
  free = width - 8;
  paper.fillStyle = theme.ink;
  for (let i = named.length - 1; i >= 0; i--) {  // not over the edge
    const at = Math.min(places[i], free);
    paper.fillText(MOMENTS[named[i][1]][0], at - 3, TOP - 14);
    free = at - APART;
  }
  paper.fillStyle = theme.quiet;
  paper.fillText("events", 4, TOP - 14);
}

// What failed is what the eye must find first: a cross on the lane of the task whose step it was.
function paintFailure(paper, picture, n, { x, scale }, theme) {
  const name = picture.tasks[picture.who[n]], row = picture.lanes.findIndex((lane) => lane.name === name);
  if (row < 0) return;
  const middle = x(n) + Math.min(scale, 14) / 2, y = TOP + row * ROW + 9;
  paper.fillStyle = theme.ink;
  paper.fillRect(middle - 9, y - 9, 18, 18);
  paper.fillStyle = theme.paper;
  paper.fillRect(middle - 7.5, y - 7.5, 15, 15);
  paper.fillStyle = COLOURS.killed;
  paper.fillText("\u2716", middle - 5, y + 1);
}

// Free pages: for each pixel the least that was free there, so that no dip is lost.
function paintMemory(paper, picture, place, theme) {
  const { x, from, bottom, label, width, beside } = place, { min, low, high } = picture.zone;
  const foot = bottom + STRIP - 6, tall = STRIP - 16;
  let most = high;
  for (const each of beside) {
    for (let n = from; n < Math.min(place.to, each.steps); n++) most = Math.max(most, freeAt(each, n));
  }
  const to = Math.min(place.to, picture.steps);
  const y = (pages) => foot - (tall * pages) / most;
  paper.fillStyle = theme.water;
  for (let n = from; n < to;) {
    let least = Infinity, next = n;
    const left = Math.round(x(n));  // whole pixels, or the bars would show their seams
    do least = Math.min(least, freeAt(picture, next++));
    while (next < to && x(next) < left + 1);
    paper.fillStyle = least < min ? COLOURS.killed : theme.water;
    paper.fillRect(left, y(least), Math.max(Math.round(x(next)) - left, 1), Math.max(foot - y(least), 1));
    n = next;
  }
  paper.fillStyle = theme.ink;
  for (const pages of [min, low, high]) paper.fillRect(label, y(pages), width - label - 8, 0.8);
  paper.fillText("free pages", 4, bottom + 14);
  paper.fillText(`min ${min}`, 4, Math.min(y(min), foot - 3));  // at its line
}

function patterns(theme) {
  const fill = (state) => {
    const tile = new OffscreenCanvas(8, 8), paper = tile.getContext("2d");
    paper.fillStyle = COLOURS[state] ?? theme.faint;
    paper.fillRect(0, 0, 8, 8);
    paper.strokeStyle = theme.paper;
    paper.lineWidth = 2;
    if (HATCHES[state]) paper.stroke(new Path2D(HATCHES[state]));
    return paper.createPattern(tile, "repeat");
  };
  return Object.fromEntries(STATES.map((state) => [state, fill(state)]));
}

class Timeline {
  constructor(attributes) {
    const mark = (className) => make("div", { className, ariaHidden: "true" });
    this.canvas = make("canvas", attributes);
    [this.cursor, this.frame, this.border] = ["cursor", "frame", "border"].map(mark);
    this.node = make("div", { className: "lanes" }, this.canvas, this.frame, this.border, this.cursor);
    this.asked = this.now = 0;
    this.row = null;  // the lane that is looked at
    this.parted = null;  // the step where two policies part
  }

  // Another picture, drawn to one scale with those beside it. A zoom may stay: `kept`.
  load(picture, beside = [picture], kept = false) {
    const span = kept && this.zoomed ? this.to - this.from : Infinity;
    [this.picture, this.beside] = [picture, beside];
    this.steps = Math.max(...beside.map(({ steps }) => steps));
    this.see(this.from ?? -1, span);
  }

  get zoomed() { return this.to - this.from <= this.steps; }

  // See so many steps from one on, as far as there are any.
  see(from, span) {
    const most = Math.min(span, this.steps + 1);
    this.from = Math.max(-1, Math.min(from, this.steps - most));
    this.to = this.from + most;
  }

  setTheme(dark) {
    this.theme = THEMES[dark ? "dark" : "light"];
    this.fills = patterns(this.theme);
  }

  // Draw everything, at once, as wide as there is room. To ask for the room makes the browser lay out
  // the page: it is asked once, and when it has changed. While a theme changes there is none.
  draw() {
    const width = Math.max((this.wide ??= this.node.clientWidth), 240), ratio = window.devicePixelRatio || 1, { canvas } = this;
    this.place = layout(this.picture, this.beside, width, this.from, this.to);
    const { height, bottom } = this.place;
    if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
    if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
    canvas.style.height = `${height}px`;
    for (const line of [this.cursor, this.border]) line.style.height = `${bottom + STRIP - TOP}px`;
    const paper = canvas.getContext("2d");
    paper.setTransform(ratio, 0, 0, ratio, 0, 0);
    paint(paper, this.picture, this.place, this.theme, this.fills);
    this.scrub(this.asked);
  }

  // The page may have another width than before.
  resized() {
    const wide = this.node.clientWidth;
    if (!wide || wide === this.wide) return;
    this.wide = wide;
    this.draw();
  }

  // Move the cursor, and what else lies above the picture.
  scrub(n) {
    this.asked = Math.max(-1, Math.min(n, this.steps - 1));
    this.now = Math.min(this.asked, this.picture.steps - 1);  // a run that is over stands at its end
    if (this.asked < this.from || this.asked >= this.to) return this.zoom(1);
    const { x, from, to } = this.place, { cursor, frame, border, row, parted } = this;
    const move = (mark, left, top) => { mark.style.transform = `translate(${left}px, ${top}px)`; };
    cursor.hidden = this.now < from;
    move(cursor, x(this.now), TOP - 4);
    frame.hidden = row === null;
    if (row !== null) move(frame, 0, TOP + row * ROW);
    border.hidden = parted === null || parted < from || parted >= to;
    if (!border.hidden) move(border, x(parted), TOP);
  }

  // See `factor` times as many steps, around the cursor.
  zoom(factor) {
    const span = Math.max(20, Math.round((this.to - this.from) * factor));
    this.see(this.asked - Math.round(span / 2), span);
    this.draw();
  }

  rowAt(y) {
    const row = Math.floor((y - TOP) / ROW);
    return row >= 0 && row < this.picture.lanes.length ? row : null;
  }
}
