// A page of the site comes alive.

import { enliven, sayState } from "./page.js";
import { followTheme } from "./widgets.js";

followTheme();
sayState();
// Another link to the lab, put into the same tab.
addEventListener("hashchange", () => { if (document.querySelector("[data-page=lab]") && location.hash.includes("=")) location.reload(); });
await enliven();
