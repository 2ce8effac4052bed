// Exercises in the page: what is written is kept in this browser, run in the page's Python, and
// saved as the notebook that is graded.

import * as python from "./python.js";

const first = 1e6;  // numbers of listeners that no widget has
const key = (box) => `oomlab/${box.dataset.sheet}/${box.dataset.cell}`;

// A browser that keeps nothing, or is full, loses only the keeping.
const keep = (name, text) => { try { localStorage.setItem(name, text); } catch { /* not kept */ } };
const kept = (name) => { try { return localStorage.getItem(name); } catch { return null; } };

export function begin(box) {
  const text = box.querySelector("textarea"), said = box.querySelector("pre");
  const asItWas = text.value, to = first + Number(box.dataset.cell);
  text.value = kept(key(box)) ?? asItWas;
  text.addEventListener("input", () => keep(key(box), text.value));
  // Enter keeps the indentation; Tab leaves the box, as everywhere.
  text.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    const line = text.value.slice(0, text.selectionStart).split("\n").pop();
    const indent = line.match(/^ */)[0] + (line.trimEnd().endsWith(":") ? "    " : "");
    if (!indent) return;
    event.preventDefault();
    text.setRangeText(`\n${indent}`, text.selectionStart, text.selectionEnd, "end");
    keep(key(box), text.value);
  });
  python.listen(to, ({ practised, failed, stopped }) => {
    if (stopped) { if (box.dataset.busy) said.textContent = "Stopped."; } else said.textContent = practised ?? failed;
    delete box.dataset.busy;
  });
  const run = (exercise) => {
    said.textContent = "running …";
    box.dataset.busy = "yes";
    python.send(to, { practise: { sheet: box.dataset.sheet, code: text.value, exercise } });
  };
  box.querySelector(".check")?.addEventListener("click", () => run(box.dataset.exercise));
  box.querySelector(".run")?.addEventListener("click", () => run(""));
  box.querySelector(".reset").addEventListener("click", () => {
    text.value = asItWas;
    keep(key(box), asItWas);
  });
}

export function beginSheet(place) {
  const { sheet } = place.dataset;
  place.querySelector(".stop").addEventListener("click", () => python.stop());
  place.querySelector(".save").addEventListener("click", async () => {
    const notebook = await (await fetch(new URL(`exercises/${sheet}.json`, import.meta.url))).json();
    for (const box of document.querySelectorAll(".oomlab-exercise")) {
      notebook.cells[box.dataset.cell].source = box.querySelector("textarea").value.split(/(?<=\n)/);
    }
    const link = document.createElement("a");
    link.download = `${sheet}.ipynb`;
    link.href = URL.createObjectURL(new Blob([JSON.stringify(notebook, null, 1)], { type: "application/x-ipynb+json" }));
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
}
