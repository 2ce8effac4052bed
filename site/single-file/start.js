// The site in one file: a page is shown in the place of another, and stands in the address.

import { onState } from "./python.js";
import { followTheme, show, unpack } from "./widgets.js";

const text = (id) => document.getElementById(id).textContent;
const { worker, main } = JSON.parse(text("about"));
const root = "https://oomlab.invalid/";  // where a page may believe that it is; no host has it
let pages = null, files = null, shown = main;

// What a script fetches is in this file. The worker gets it all with its first message.
const held = () => (files ??= JSON.parse(text("files")));
window.fetch = async (what) => {
  const [packed, letters] = held()[String(what).replace(`${root}_static/`, "")];
  const raw = new Blob([Uint8Array.from(atob(letters), (c) => c.charCodeAt(0))]);
  return new Response(packed ? raw.stream().pipeThrough(new DecompressionStream("gzip")) : raw);
};
const Plain = window.Worker;
window.Worker = class extends Plain {
  constructor() {
    super(URL.createObjectURL(new Blob([worker], { type: "text/javascript" })));
    this.postMessage({ files: held() });
  }
};

// A link to a page of this file becomes a fragment: #page=NAME#PLACE, for the lab what it shows. What
// is not in this file, as the search, cannot be linked to.
function link(within) {
  for (const a of within.querySelectorAll("a[href]")) {
    const url = new URL(a.getAttribute("href"), root + shown);
    if (!url.href.startsWith(root)) continue;
    const page = url.pathname.slice(1);
    if (page === main && url.hash.includes("=")) a.href = url.hash;
    else if (page in pages) a.href = `#page=${page}${url.hash}`;
    else a.removeAttribute("href");
  }
}

// What the address asks for: [page, place in it]; null where it names a place of the frame.
function asked() {
  const hash = decodeURIComponent(location.hash.slice(1));
  if (hash.startsWith("page=")) return hash.slice(5).split("#");
  return hash && !hash.includes("=") ? null : [main, ""];
}

async function follow() {
  const [page, place] = asked() ?? [];
  if (!(page in pages)) return;
  if (page !== shown || page === main) {
    put(page);
    await enliven();
  }
  if (place) document.getElementById(place)?.scrollIntoView();
  else scrollTo(0, 0);
}

function put(page) {
  const fresh = new DOMParser().parseFromString(pages[page].main, "text/html");
  shown = page;
  document.title = pages[page].title;
  for (const part of ["article", "footer", "aside.toc-drawer"]) {
    const put = fresh.querySelector(part);
    link(put);
    document.querySelector(`.main ${part}`).replaceWith(put);
  }
  for (const a of document.querySelectorAll(".sidebar-tree a[href]")) {
    a.parentElement.classList.toggle("current-page", a.getAttribute("href") === `#page=${page}`);
  }
}

// As start.js of the site does for a page that has just been opened.
async function enliven() {
  for (const place of document.querySelectorAll(".oomlab-widget")) await show(place);
  if (!document.querySelector(".oomlab-sheet")) return;
  const { begin, beginSheet } = await import("./exercise.js");
  document.querySelectorAll(".oomlab-exercise").forEach(begin);
  document.querySelectorAll(".oomlab-sheet").forEach(beginSheet);
  document.body.classList.add("exercises-alive");
}

followTheme();
const line = document.createElement("p");
line.id = "python-state";
line.setAttribute("role", "status");
document.body.append(line);
onState((state, words) => { line.textContent = words; document.body.dataset.python = state; });
pages = await unpack(text("pages"));
link(document);
addEventListener("hashchange", follow);
await follow();
