// Small things that both widgets are made of: elements, the theme of the page, files to save.

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name in node && name !== "list" && name !== "form") node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

function choice(label, values, chosen, onchange) {
  const select = make("select", { onchange: () => onchange(select.value) });
  for (const [value, text] of values) select.append(make("option", { value }, text));
  select.value = chosen;
  return make("label", {}, label, select);
}

// Enter and leaving the field both mean: take it. The browser says "change" only when it is left.
function field(attributes) {
  const input = make("input", attributes);
  input.addEventListener("keydown", (event) => { if (event.key === "Enter") { input.blur(); input.focus(); } });
  return input;
}

// A whole number from 0 on; anything else, and an empty field, is a sentence for `refuse`.
function number(label, value, onchange, refuse) {
  const input = field({ type: "number", min: 0, step: 1, value, onchange: () => {
    const text = input.value.trim();
    if (/^[0-9]{1,15}$/.test(text)) return onchange(Number(text));
    const given = input.validity.badInput ? "this is none" : text ? `${text} is none` : "the field is empty";
    refuse(`${label} takes a whole number from 0 on, and ${given}.`);
  } });
  return make("label", {}, label, input);
}

// JupyterLab has plans of its own for arrows and letters, unless the focused element forbids it.
function ownKeys(root) {
  root.addEventListener("focusin", ({ target }) => { target.dataset.lmSuppressShortcuts = "true"; });
}

// Jupyter says which theme it shows; any other page is asked for its preference.
function pageIsDark() {
  const said = document.body.dataset.jpThemeLight;
  return said ? said === "false" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function onTheme(root, redraw) {
  const look = () => { root.classList.toggle("dark", pageIsDark()); redraw(pageIsDark()); };
  const watch = new MutationObserver(look);
  watch.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  look();
  return () => watch.disconnect();
}

// What is drawn in some pictures: states and fates, events, and whether free memory falls below min.
function marksOf(pictures) {
  const states = STATES.filter((_, i) => pictures.some((p) => p.segments[i].length));
  const fates = Object.keys(FATES).filter((kind) => pictures.some((p) => p.lanes.some((l) => l.fates.some((f) => f[2] === kind))));
  const kinds = Object.keys(MOMENTS).filter((kind) => pictures.some((p) => p.moments.some((m) => m[1] === kind)));
  return [[...states, ...fates], kinds, pictures.some((p) => p.free.some((pages) => pages < p.zone.min))];
}

// The key of what is drawn: states and fates by their pattern, events by their letter.
function swatches(shown, kinds, dips) {
  const theme = THEMES[pageIsDark() ? "dark" : "light"];
  const letters = kinds.map((kind) => {
    const [letter, word] = MOMENTS[kind], failed = kind === "loss" || kind === "bug" ? " and ✖ on the lane" : "";
    return make("li", {}, make("b", {}, letter), ` ${word}${failed}`);
  });
  const plain = (colour, words) => {
    const swatch = make("i", { ariaHidden: "true" });
    swatch.style.background = colour;
    return make("li", {}, swatch, words);
  };
  const memory = [plain(theme.water, "free pages; the lines: min, low, high")];
  if (dips) memory.push(plain(COLOURS.killed, "free pages below min"));
  return [...shown.map((state) => {
    const hatch = HATCHES[state] ? `<path d="${HATCHES[state]}" stroke="${theme.paper}" stroke-width="2"/>` : "";
    const tile = `<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8">` +
      `<rect width="8" height="8" fill="${COLOURS[state] ?? theme.faint}"/>${hatch}</svg>`;
    const swatch = make("i", { ariaHidden: "true", className: state in FATES ? "thin" : "" });
    swatch.style.background = `url('data:image/svg+xml,${encodeURIComponent(tile)}')`;
    return make("li", {}, swatch, (STATE_WORDS[state] ?? FATES[state]));
  }), ...memory, ...letters];
}

// A name that stands in backticks, as Python's docstrings have it, stands in quotes on a page.
function quoted(text) {
  return text.replaceAll(/\x60([^\x60]*)\x60/g, "\u2018$1\u2019");
}

// A text whose mails and commits are links, each with what it is under the pointer; and what a K says.
function cited(text, sources) {
  return text.split(/\b(M\d\d|K|[0-9a-f]{12})\b/).map((part) => {
    if (part === "K") return make("abbr", { title: "read in the source of that version of Linux" }, part);
    const [title, href] = sources[part] ?? [];
    return href ? make("a", { href, title, target: "_blank", rel: "noopener" }, part) : part;
  });
}

// A text of more than `most` letters is cut after two lines, with a button for the rest, if there is
// one: how much two lines hold depends on the page.
class LongText {
  constructor(attributes, most = 220) {
    this.most = most;
    this.text = make("p", attributes);
    this.more = make("button", { type: "button", className: "more", ariaExpanded: "false", onclick: () => this.open(!this.opened) }, "all of it");
    this.node = make("div", { className: "long" }, this.text, this.more);
    new ResizeObserver(() => this.fit()).observe(this.text);
  }

  show(...text) {
    this.text.replaceChildren(...text);
    this.open(false);
  }

  open(yes) {
    this.opened = yes;
    this.text.classList.toggle("cut", !yes && this.text.textContent.length >= this.most);
    this.more.textContent = yes ? "less of it" : "all of it";
    this.more.ariaExpanded = String(yes);
    this.fit();
  }

  // While it is not shown it has no height, and nothing is known.
  fit() {
    if (this.text.textContent.length < this.most) this.more.hidden = true;
    else if (this.text.clientHeight) this.more.hidden = !this.opened && this.text.scrollHeight <= this.text.clientHeight + 1;
  }
}

// Scrolls a box until its line of that class is in the middle, now and whenever the box comes back:
// JupyterLab takes a cell that is far away out of the page, which forgets how far it was scrolled.
function middle(box, line) {
  const scroll = () => {
    const lit = box.querySelector(line);
    box.scrollTop = lit ? lit.offsetTop - box.clientHeight / 2 : 0;
  };
  new ResizeObserver(scroll).observe(box);
  return scroll;
}

function save(name, blob) {
  const link = make("a", { download: name, href: URL.createObjectURL(blob) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
