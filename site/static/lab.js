// The policy lab's page: its address names what is seen, and opens it again; a patch can be typed.

import { Model, draw } from "./widgets.js";

const PLAIN = ["scenario", "policy", "other"];

// A schedule in an address: pids, and timers as pid:function.
const entry = (each) => (Array.isArray(each) ? each.join(":") : String(each));
const entryOf = (text) => {
  const [pid, timer] = text.split(":");
  return timer ? [Number(pid), timer] : Number(pid);
};

function written(values) {
  return Object.entries(values).map(([name, value]) => `${name}:${JSON.stringify(value)}`).join(",");
}

// name:value,name:value; a value is JSON, or a word.
function read(text) {
  const found = {};
  for (const part of text.split(/,(?=[\w.]+:)/).filter(Boolean)) {
    const at = part.indexOf(":"), value = part.slice(at + 1);
    try { found[part.slice(0, at)] = JSON.parse(value); } catch { found[part.slice(0, at)] = value; }
  }
  return found;
}

export function addressOf(settings, step, patch = "") {
  const parts = new URLSearchParams();
  for (const name of PLAIN) if (settings[name] && !(patch && name === "policy")) parts.set(name, settings[name]);
  for (const name of ["knobs", "params"]) if (Object.keys(settings[name]).length) parts.set(name, written(settings[name]));
  if (settings.schedule) parts.set("schedule", settings.schedule.map(entry).join(","));
  else parts.set("seed", settings.seed);
  parts.set("step", step + 1);
  if (patch) parts.set("patch", patch);
  return `#${parts}`.replaceAll("%2C", ",").replaceAll("%3A", ":").replaceAll("%22", '"');
}

// What an address asks for: {settings, step, patch}; null where it asks for nothing.
export function settingsOf(hash) {
  const parts = new URLSearchParams(hash.replace(/^#/, ""));
  if (!["scenario", "policy", "schedule", "seed", "knobs", "params", "step", "patch"].some((name) => parts.has(name))) return null;
  const settings = {};
  for (const name of PLAIN) if (parts.has(name)) settings[name] = parts.get(name);
  for (const name of ["knobs", "params"]) if (parts.has(name)) settings[name] = read(parts.get(name));
  if (parts.has("seed")) settings.seed = Number(parts.get("seed"));
  if (parts.has("schedule")) settings.schedule = parts.get("schedule").split(",").filter(Boolean).map(entryOf);
  return { settings, step: Math.max(0, Number(parts.get("step") ?? 1) - 1) || 0, patch: parts.get("patch") ?? "" };
}

let patch = "", current = null;

function follow(model) {
  current = model;
  const write = () => {
    if (model !== current || !model.state.view) return;
    const { settings } = JSON.parse(model.get("view"));
    history.replaceState(null, "", addressOf(settings, model.get("step") ?? 0, patch));
  };
  let soon = null;
  const later = () => { clearTimeout(soon); soon = setTimeout(write, 120); };
  model.on("change:step", later);
  model.on("change:view", later);
  // After a search was stopped a new Python is told where the old one was.
  model.on("stopped", () => {
    const { settings } = JSON.parse(model.get("view"));
    model.wake(patch);
    model.tell({ do: "change", with: settings });
  });
}

const once = (model, ...events) => new Promise((resolve) => events.forEach((event) => model.on(event, (value) => resolve([event, value]))));

// Ask, and wait for the view that answers: the one with which a lab opens answers nothing.
async function answer(model, message) {
  model.tell(message);
  for (;;) {
    const [event] = await once(model, "change:view", "failed");
    if (event === "failed" || "answers" in JSON.parse(model.get("view"))) return;
  }
}

// Before the lab is drawn: a link that asks for another state waits for Python, and says so; what
// was baked is another run, and is not shown in its place.
export async function before(place, model) {
  const asked = settingsOf(location.hash);
  if (asked?.patch) {
    document.getElementById("patch").value = asked.patch;
    document.getElementById("patch-says").textContent = "This link carries a patch. Read it, then press the button to run it.";
    document.getElementById("patch").closest("details").open = true;
    return;
  }
  if (!asked) return;
  if (Object.keys(asked.settings).length) {
    place.querySelector("div").textContent = "The step of this link is shown as soon as Python has started.";
    model.wake();
    await answer(model, { do: "change", with: asked.settings });
  }
  model.set("step", asked.step);
}

export function begin(place, model) {
  follow(model);
  model.wake();
  const text = document.getElementById("patch"), says = document.getElementById("patch-says");
  document.getElementById("run-patch").addEventListener("click", async () => {
    says.textContent = "running …";
    const now = JSON.parse(current.get("view")).settings, asked = settingsOf(location.hash);
    const next = new Model({ widget: "PolicyLab", made_with: [[asked?.patch && asked.settings.scenario || now.scenario], {}], state: {} });
    next.wake(text.value);
    const [event, sentence] = await once(next, "opened", "failed");
    if (event === "failed") { says.textContent = sentence; return; }
    const linked = asked?.patch === text.value ? asked : null;
    patch = text.value;
    says.textContent = "The lab now runs your patch; its name is among the policies.";
    if (linked) {
      const { policy, ...rest } = linked.settings;
      await answer(next, { do: "change", with: rest });
      next.set("step", linked.step);
    }
    await draw(place, next);
    follow(next);
    next.fire("change:view");
  });
}
