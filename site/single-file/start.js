// The site in one file: a page is shown in the place of another, and stands in the address.

import { enliven, sayState } from "./page.js";
import { leave } from "./python.js";
import { save } from "./save.js";
import { followTheme, unpack } from "./widgets.js";

const text = (id) => document.getElementById(id).textContent;
const { worker, main } = JSON.parse(text("about"));
const root = "https://oomlab.invalid/";  // where a page may believe that it is; no host has it
let pages = null, files = null, shown = main, turns = 0;

// What a script fetches is in this file. The worker gets it all with its first message.
const held = () => (files ??= JSON.parse(text("files")));
window.fetch = async (what) => {
  const [packed, letters] = held()[String(what).replace(root, "").replace("_static/", "")];
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
// is not in this file, as the search, cannot be linked to. A step of a figure, and what the frame
// says of whatever page it shows, stay as they are.
function link(within) {
  for (const a of within.querySelectorAll("a[href]")) {
    const own = a.getAttribute("href");
    if (own.startsWith("#step-") || (own.startsWith("#") && !a.closest(".main") && within === document)) continue;
    const url = new URL(own, root + shown);
    if (!url.href.startsWith(root)) continue;
    const page = url.pathname.slice(1);
    if (a.hasAttribute("download")) download(a, url);
    else if (page === main && url.hash.includes("=")) a.href = url.hash;
    else if (Object.hasOwn(pages, page)) a.href = `#page=${page}${url.hash}`;
    else a.removeAttribute("href");
  }
}

// A file of the site is in this file, too, packed.
function download(a, url) {
  a.href = "#";
  a.addEventListener("click", async (event) => {
    event.preventDefault();
    save(url.pathname.split("/").pop(), await (await fetch(url)).blob(), "application/octet-stream");
  });
}

// What the address asks for: [page, place in it]; null where it names a place of the frame.
function asked() {
  let hash = location.hash.slice(1);
  try { hash = decodeURIComponent(hash); } catch { /* it is no address of this file, and is told below */ }
  if (hash.startsWith("page=")) return hash.slice(5).split("#");
  return hash && !hash.includes("=") ? null : [main, ""];
}

async function follow(first) {
  const [page, place] = asked() ?? [], turn = ++turns;
  if (page === undefined) return;
  const there = Object.hasOwn(pages, page);
  if (!there || page !== shown || first) {
    put(there ? page : main);
    await enliven();
    if (turn !== turns) return;  // another link was followed meanwhile
  }
  if (!there) document.querySelector(".main article").prepend(note(`This file has no page ${page}; here is the lab.`));
  const target = place ? document.getElementById(place) : null;
  document.querySelector(".targeted")?.classList.remove("targeted");
  target?.classList.add("targeted");  // as :target is in a page of its own
  if (target) target.scrollIntoView();
  else scrollTo(0, 0);
}

function note(sentence) {
  const said = document.createElement("p");
  said.className = "python-note";
  said.setAttribute("role", "status");
  said.textContent = sentence;
  return said;
}

function put(page) {
  const fresh = new DOMParser().parseFromString(pages[page].main, "text/html");
  leave();
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

followTheme();
sayState();
pages = await unpack(text("pages"));
link(document);
addEventListener("hashchange", () => follow(false));
await follow(true);
