// "Why that process?": a file can be dropped as well as pasted, and the page that it makes is saved.

import * as python from "./python.js";
import { save } from "./save.js";

export function begin(place, model) {
  model.wake();
  const text = place.querySelector("textarea");
  const take = async (file) => {
    text.value = await file.text();
    text.dispatchEvent(new Event("input", { bubbles: true }));
    [...place.querySelectorAll("button")].find((button) => button.textContent === "explain").click();
  };
  const file = document.getElementById("report-file");
  file.addEventListener("change", () => { if (file.files[0]) take(file.files[0]); });
  for (const kind of ["dragover", "drop"]) {
    place.addEventListener(kind, (event) => {
      event.preventDefault();
      if (kind === "drop" && event.dataTransfer.files[0]) take(event.dataTransfer.files[0]);
    });
  }
  const summary = document.getElementById("report-summary");
  let wanted = "";
  const ask = (what) => {
    wanted = what;
    python.send(model.number, { report: text.value });
  };
  document.getElementById("report-save").addEventListener("click", () => ask("page"));
  document.getElementById("report-all").addEventListener("click", () => ask("summary"));
  model.on("made", (made) => {
    summary.hidden = wanted !== "summary";
    summary.textContent = made.summary;
    if (wanted === "page") save("why-that-process.html", made.page, "text/html");
  });
}
