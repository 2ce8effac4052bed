// "Why that process?": a file can be dropped as well as pasted, and the page that it makes is saved.

import * as python from "./python.js";
import { save } from "./save.js";

// A log as text; one that was rotated is often packed.
async function read(file) {
  const [first, second] = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  const packed = first === 0x1f && second === 0x8b;
  return packed ? new Response(file.stream().pipeThrough(new DecompressionStream("gzip"))).text() : file.text();
}

export function begin(place, model) {
  model.wake();
  const text = place.querySelector("textarea");
  const take = async (files) => {
    try {
      text.value = (await Promise.all([...files].map(read))).join("\n");
    } catch (wrong) {
      model.fire("failed", `This cannot be read: ${wrong.message}`);
      return;
    }
    text.dispatchEvent(new Event("input", { bubbles: true }));
    [...place.querySelectorAll("button")].find((button) => button.textContent === "explain").click();
  };
  const file = document.getElementById("report-file");
  file.addEventListener("change", () => take(file.files));
  // Anywhere on the page: elsewhere the browser would leave it to show the file. What is no file,
  // as words that are dragged, goes where the browser puts it.
  for (const kind of ["dragover", "drop"]) {
    document.addEventListener(kind, (event) => {
      if (!place.isConnected || !event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      if (kind === "drop") take(event.dataTransfer.files);
    });
  }
  const summary = document.getElementById("report-summary");
  let wanted = "";
  const ask = (what) => {
    wanted = what;
    summary.hidden = true;  // it may be of another text
    model.fire("told");
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
