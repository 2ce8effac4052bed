// The widgets of a page: each shows at once what was baked when the site was built, and comes alive
// with the first thing that a person does, or at once where the page asks for it.

import * as python from "./python.js";
import { keep, kept } from "./save.js";

let count = 0;
const models = new Map();  // of the page, by the number that each had where it was baked

// A value as standin/anywidget.py splits it, with its bytes in their places again.
export function join(text, buffers) {
  return JSON.parse(text, (_, value) => (value && typeof value === "object" && "$bytes" in value
    ? view(buffers[value.$bytes]) : value));
}

const view = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export async function unpack(base64) {
  const packed = Uint8Array.from(atob(base64.trim()), (c) => c.charCodeAt(0));
  return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
}

// What anywidget gives to a widget's JavaScript: get, set, save_changes, on, off, send.
export class Model {
  constructor({ widget, made_with: madeWith, state, nth, parts = {} }, patch = null) {
    Object.assign(this, { widget, madeWith, nth, parts, patch, number: ++count, open: false, changed: {}, listeners: {}, own: {} });
    models.set(nth, this);
    this.state = state;
    python.listen(this.number, (message, buffers) => this.hear(message, buffers));
  }

  get(name) { return this.state[name]; }

  set(name, value) {
    this.state[name] = this.changed[name] = value;
    this.fire(`change:${name}`, value);
  }

  on(event, listener) { (this.listeners[event] ??= new Set()).add(listener); }

  off(event, listener) { this.listeners[event]?.delete(listener); }

  fire(event, value) { for (const listener of this.listeners[event] ?? []) listener(value); }

  // What is only looked at, such as answers that were given, needs no Python.
  save_changes() {
    const set = this.changed;
    this.changed = {};
    Object.assign(this.own, set);
    if (this.open) python.send(this.number, { set });
  }

  send(msg) {
    if (msg.do === "nothing") return;
    if (!this.madeWith) {
      this.fire("still");
      return;
    }
    this.wake();
    this.tell(msg);
  }

  tell(msg) {
    this.fire("told");
    python.send(this.number, { msg });
  }

  // End what Python does; whoever listens to "stopped" begins anew.
  stop() { python.stop(); }

  // Make the widget in Python, too, by the same call as in the lesson, and before it what it shows
  // beside itself.
  wake() {
    if (this.open) return;
    this.open = true;
    const parts = Object.fromEntries(Object.entries(this.parts).map(([name, nth]) => [name, models.get(nth)]));
    for (const part of Object.values(parts)) part.wake();
    python.send(this.number, { open: {
      widget: this.widget, made_with: this.madeWith, known: this.own, patch: this.patch,
      parts: Object.fromEntries(Object.entries(parts).map(([name, { number }]) => [name, number])),
    } });
  }

  hear(message, buffers) {
    if (message.stopped) {
      const { open } = this;
      this.open = false;
      this.fire("stopped", message.why);
      if (open && message.why) this.fire("failed", message.why);
    }
    else if (message.state) {
      const state = join(JSON.stringify(message.state), buffers);
      Object.assign(this.state, state);
      for (const name of Object.keys(state)) this.fire(`change:${name}`, state[name]);
    } else if (message.msg) this.fire("msg:custom", message.msg);
    else if (message.made) this.fire("made", message.made);
    else if (message.opened) this.fire("opened");
    else if (message.still) this.fire("still");
    else if (message.failed) this.fire("failed", message.failed);
  }
}

// Furo says light, dark or auto; the widgets ask for what Jupyter says.
export function followTheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const look = () => {
    const theme = document.body.dataset.theme;
    document.body.dataset.jpThemeLight = String(theme === "light" || (theme !== "dark" && !dark.matches));
  };
  new MutationObserver(look).observe(document.body, { attributes: true, attributeFilter: ["data-theme"] });
  dark.addEventListener("change", look);
  look();
}

// Answers that were locked are kept in this browser, as a notebook keeps them in its file.
function remember(model) {
  const name = `oomlab/${document.title}/${model.nth}`, questions = model.get("questions");
  const asked = questions.map(({ text }) => text).join("\n");
  const fits = (answer, i) => answer === null || (Number.isInteger(answer) && answer in questions[i].choices);
  let told = null;
  try { told = JSON.parse(kept(name)); } catch { /* not ours */ }
  if (told?.asked === asked && told.given?.length === questions.length && told.given.every(fits)) {
    Object.assign(model.state, { given: told.given, opened: told.opened });
  }
  const write = () => keep(name, JSON.stringify({ asked, given: model.get("given"), opened: model.get("opened") }));
  model.on("change:given", write);
  model.on("change:opened", write);
}

// Draw one widget in its place in the page; its model comes back.
export async function show(place) {
  if (place.dataset.page) python.start();  // while the picture is drawn
  const packed = await unpack(place.querySelector("script.state").textContent);
  const buffers = packed.buffers.map((text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)));
  const model = new Model(join(JSON.stringify(packed.widget), buffers));
  if (model.widget === "Prediction") remember(model);
  const page = place.dataset.page ? await import(`./${place.dataset.page}.js`) : {};
  await page.before?.(place, model);
  await draw(place, model);
  page.begin?.(place, model);
  return model;
}

export async function draw(place, model) {
  const { default: widget } = await import(`./widgets/${model.widget}.js`);
  const root = document.createElement("div");
  const note = document.createElement("p");
  note.className = "python-note";
  note.setAttribute("role", "status");
  model.on("still", () => { note.textContent = "This one was made of what only the lesson's own Python has: open the lesson as a notebook to change it."; });
  model.on("failed", (sentence) => { note.textContent = sentence; });
  model.on("told", () => { note.textContent = ""; });
  place.replaceChildren(root, note);
  widget.render({ model, el: root });
  place.classList.add("alive");
  performance.mark("oomlab-drawn");
}
