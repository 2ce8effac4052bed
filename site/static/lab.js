// The policy lab's page: its address names what is seen, and opens it again; a patch can be typed.

import * as python from "./python.js";
import { Model, draw } from "./widgets.js";

const PLAIN = ["scenario", "policy", "other"];

// A schedule in an address: pids, and timers as pid:function.
const entry = (each) => (Array.isArray(each) ? each.join(":") : String(each));
const entryOf = (text) => {
  const [pid, timer] = text.split(":");
  return timer ? [whole(pid), timer] : whole(pid);
};
const schedule = (entries) => entries.map(entry).join(",");
const scheduleOf = (text) => text.split(",").filter(Boolean).map(entryOf);

// A whole number; what is none stays as it is, and Python says what it takes.
const whole = (text) => (/^[0-9]{1,15}$/.test(text) ? Number(text) : text);

function written(values) {
  return Object.entries(values).map(([name, value]) => `${name}:${JSON.stringify(value)}`).join(",");
}

// name:value,name:value; a value is JSON, or a word. A name may be any, also one that objects have.
function read(text) {
  const found = Object.create(null);
  for (const part of text.split(/,(?=[\w.]+:)/).filter(Boolean)) {
    const at = part.indexOf(":"), value = part.slice(at + 1);
    try { found[part.slice(0, at)] = JSON.parse(value); } catch { found[part.slice(0, at)] = value; }
  }
  return found;
}

export function addressOf({ settings, hand }, step, patch = "") {
  const parts = new URLSearchParams();
  for (const name of PLAIN) if (settings[name] && !(patch && name === "policy")) parts.set(name, settings[name]);
  for (const name of ["knobs", "params"]) if (Object.keys(settings[name]).length) parts.set(name, written(settings[name]));
  if (hand) parts.set("hand", schedule(hand.entries));
  else if (settings.schedule) parts.set("schedule", schedule(settings.schedule));
  else parts.set("seed", settings.seed);
  parts.set("step", step + 1);
  if (patch) parts.set("patch", patch);
  return `#${parts}`.replaceAll("%2C", ",").replaceAll("%3A", ":").replaceAll("%22", '"');
}

// What mail programs make of an address: its & as HTML has it, or its = and & as % and digits.
function unmailed(hash) {
  const text = hash.replace(/^#/, "").replaceAll("&amp;", "&");
  if (text.includes("=") || !/%3D/i.test(text)) return text;
  try { return decodeURIComponent(text); } catch { return text; }
}

const HOW = { __proto__: null, knobs: read, params: read, seed: whole, schedule: scheduleOf };

// What an address asks for: {settings, hand, step, patch}; null where it names a place of the page, or
// a page of the one file. A name that the lab does not know is a setting, too: Python refuses it, and
// no other run is shown as if it were the one that was meant.
export function settingsOf(hash) {
  const text = unmailed(hash);
  if (!text.includes("=") || text.startsWith("page=")) return null;
  const { hand, step = "1", patch = "", ...named } = Object.fromEntries(new URLSearchParams(text));
  const settings = Object.fromEntries(Object.entries(named).map(([name, value]) => [name, (HOW[name] ?? String)(value)]));
  return { settings, hand: hand === undefined ? null : scheduleOf(hand), step, patch };
}

let patch = "", current = null, baked = {}, refused = "";

function follow(model) {
  current = model;
  const write = () => {
    if (model !== current || !model.state.view) return;
    const view = JSON.parse(model.get("view"));
    if (!view.looks) history.replaceState(null, "", addressOf(view, model.get("step") ?? 0, patch));
  };
  let soon = null;
  const later = () => { clearTimeout(soon); soon = setTimeout(write, 120); };
  if (!settingsOf(location.hash)?.patch) write();  // which waits to be read
  model.on("change:step", later);
  model.on("change:view", later);
  model.on("stopped", () => python.start());
}

const once = (model, ...events) => new Promise((resolve) => events.forEach((event) => model.on(event, (value) => resolve([event, value]))));

// Ask, and wait for the view that answers: the one with which a lab opens answers nothing.
async function answer(model, message) {
  model.wake();  // also after a stop
  model.tell(message);
  for (;;) {
    const [event] = await once(model, "change:view", "failed", "stopped");
    if (event !== "change:view" || "answers" in JSON.parse(model.get("view"))) return;
  }
}

// Everything that an address asks for, a message after the other, what it does not name as it was
// baked; what is refused is said by the lab.
async function goTo(model, { settings, hand, step }) {
  await answer(model, { do: "change", with: { ...baked, ...settings } });
  if (hand && !JSON.parse(model.get("view")).error) {
    await answer(model, { do: "move", with: { what: "replay", entries: hand } });
  }
  goToStep(model, step);
}

// The step that an address names, 0 before the first; one that the run does not have is said.
function goToStep(model, step) {
  const { pictures, error } = JSON.parse(model.get("view")), most = Math.max(1, ...pictures.map((picture) => picture.steps));
  const there = /^(0|[1-9][0-9]*)$/.test(step) && Number(step) <= most;
  model.set("step", there ? Number(step) - 1 : 0);
  refused = there || error ? "" : `The address names step ${step}; the steps of this run are 0 to ${most}.`;
  if (refused) model.fire("refused", refused);
}

// A patch that came with a link is code that its sender wrote: it is read first, and run by a button.
function offer(linked) {
  document.getElementById("patch").value = linked;
  document.getElementById("patch-says").textContent = "This link carries a patch. Read it, then press the button to run it.";
  document.getElementById("patch").closest("details").open = true;
}

// Before the lab is drawn: a link that asks for another state waits for Python, and says so; what
// was baked is another run, and is not shown in its place.
export async function before(place, model) {
  const asked = settingsOf(location.hash);
  baked = JSON.parse(model.get("view")).settings;
  if (asked?.patch) offer(asked.patch);
  if (!asked || asked.patch) return;
  if (!asked.hand && !Object.keys(asked.settings).length) {
    goToStep(model, asked.step);
    return;
  }
  const stop = document.createElement("button");
  stop.textContent = "stop, and show the lab";
  stop.addEventListener("click", () => model.stop());
  place.querySelector("div").replaceChildren("The step of this link is shown as soon as Python has started. ", stop);
  await goTo(model, asked);
}

export function begin(place, model) {
  follow(model);
  if (refused) model.fire("refused", refused);  // it was found before there was a lab to say it
  model.wake();
  // Another link, put into the same tab; by now the address may name the last state again.
  addEventListener("hashchange", ({ newURL }) => {
    const asked = settingsOf(new URL(newURL).hash);
    if (!place.isConnected || !asked) return;
    if (asked.patch) { offer(asked.patch); return; }
    patch = "";
    goTo(current, asked);
  });
  const text = document.getElementById("patch"), says = document.getElementById("patch-says");
  const run = document.getElementById("run-patch");
  run.disabled = false;  // what is pressed before there is a lab would be lost
  run.addEventListener("click", async () => {
    says.textContent = "running …";
    const now = JSON.parse(current.get("view")).settings, asked = settingsOf(location.hash);
    const next = new Model({ widget: "PolicyLab", made_with: [[asked?.patch && asked.settings.scenario || now.scenario], {}], state: {} }, text.value);
    next.wake();
    const [event, sentence] = await once(next, "opened", "failed", "stopped");
    if (event !== "opened") { says.textContent = sentence ?? "Stopped before the patch had run."; return; }
    const linked = asked?.patch === text.value ? asked : null;
    patch = text.value;
    says.textContent = "The lab now runs your patch; its name is among the policies.";
    if (linked) {
      const { policy } = JSON.parse(next.get("view")).settings;
      await goTo(next, { ...linked, settings: { ...linked.settings, policy } });
    }
    await draw(place, next);
    follow(next);
    next.fire("change:view");
  });
}
