// Exercises in the page: what is written is kept in this browser, run in the page's Python, and
// saved as the notebook that is graded.

import * as python from "./python.js";
import { keep, kept, save } from "./save.js";

const NOT_KEPT = "This browser keeps nothing of what you write: save it as a notebook before you leave the page.";

const first = 1e6;  // numbers of listeners that no widget has
// By the exercise: in the sheet of another year its cell may have another number.
const key = ({ dataset: { sheet, exercise, cell } }) => `oomlab/${sheet}/${exercise || cell}`;

export function begin(box) {
  const text = box.querySelector("textarea"), said = box.querySelector("pre");
  const asItWas = text.defaultValue, to = first + Number(box.dataset.cell);
  text.value = kept(key(box)) ?? asItWas;
  text.readOnly = false;
  const remember = () => {
    const sheet = document.querySelector(".oomlab-sheet .python-note");
    sheet.textContent = keep(key(box), text.value) ? "" : NOT_KEPT;
  };
  text.addEventListener("input", remember);
  // Enter keeps the indentation; Tab leaves the box, as everywhere.
  text.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    const line = text.value.slice(0, text.selectionStart).split("\n").pop();
    const indent = line.match(/^ */)[0] + (line.trimEnd().endsWith(":") ? "    " : "");
    if (!indent) return;
    event.preventDefault();
    text.setRangeText(`\n${indent}`, text.selectionStart, text.selectionEnd, "end");
    remember();
  });
  python.listen(to, ({ practised, failed, stopped, why }) => {
    if (stopped) { if (box.dataset.busy) said.textContent = why ?? "Stopped."; } else said.textContent = practised ?? failed;
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
    remember();
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
    save(`${sheet}.ipynb`, JSON.stringify(notebook, null, 1), "application/x-ipynb+json");
  });
}
