// What every page of the site has, and the single file, too: a line about Python, and what is alive.

import { onState, stop } from "./python.js";
import { show } from "./widgets.js";

// One line for the whole page: what Python does, while it is not simply ready, and an end to it.
export function sayState() {
  const line = document.createElement("p"), says = document.createElement("span"), end = document.createElement("button");
  line.id = "python-state";
  says.setAttribute("role", "status");
  Object.assign(end, { type: "button", textContent: "stop it" });
  end.addEventListener("click", () => stop());
  line.append(says, end);
  document.body.append(line);
  onState((state, words) => {
    says.textContent = words;
    line.classList.toggle("said", words !== "");
    end.hidden = state !== "busy";
    document.body.dataset.python = state;
  });
}

const WIDE = "article pre:not([tabindex]), article .table-wrapper, article table.docutils, article math[display=block], article .output > div";

// What is wider than its place is scrolled by the arrow keys: it can have the focus then.
const reach = new ResizeObserver((boxes) => {
  for (const { target: box } of boxes) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
});

// The widgets and the exercises of what is shown; one that fails leaves the others as they are.
export async function enliven() {
  reach.disconnect();
  document.querySelectorAll(WIDE).forEach((box) => reach.observe(box));
  for (const place of document.querySelectorAll(".oomlab-widget")) {
    await show(place).catch((wrong) => {
      console.error(wrong);
      place.append(`This one cannot be shown here: ${wrong.message}.`);
    });
  }
  if (!document.querySelector(".oomlab-sheet")) return;
  const { begin, beginSheet } = await import("./exercise.js");
  document.querySelectorAll(".oomlab-exercise").forEach(begin);
  document.querySelectorAll(".oomlab-sheet").forEach(beginSheet);
  document.body.classList.add("exercises-alive");
}
