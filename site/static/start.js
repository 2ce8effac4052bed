// What a page of the site does when it is there: theme, widgets, and what the page is for.

import { onState } from "./python.js";
import { followTheme, show } from "./widgets.js";

followTheme();

// One line for the whole page: what Python does, while it is not simply ready.
const line = document.createElement("p");
line.id = "python-state";
line.setAttribute("role", "status");
document.body.append(line);
onState((state, words) => { line.textContent = words; document.body.dataset.python = state; });

for (const place of document.querySelectorAll(".oomlab-widget")) {
  await show(place);
}
if (document.querySelector(".oomlab-sheet")) {
  const { begin, beginSheet } = await import("./exercise.js");
  document.querySelectorAll(".oomlab-exercise").forEach(begin);
  document.querySelectorAll(".oomlab-sheet").forEach(beginSheet);
  document.body.classList.add("exercises-alive");
}
