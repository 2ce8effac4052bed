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

function number(label, value, onchange) {
  const input = field({ type: "number", min: 0, value, onchange: () => onchange(+input.value) });
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

function swatches() {
  const theme = THEMES[pageIsDark() ? "dark" : "light"];
  const letters = Object.values(MOMENTS).map(([letter, word]) => make("li", {}, make("b", {}, letter), ` ${word}`));
  const failed = make("li", {}, make("b", {}, "\u2716"), " failed");
  return [...Object.entries(STATE_WORDS).map(([state, words]) => {
    const hatch = HATCHES[state] ? `<path d="${HATCHES[state]}" stroke="${theme.paper}" stroke-width="2"/>` : "";
    const tile = `<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8">` +
      `<rect width="8" height="8" fill="${COLOURS[state] ?? theme.faint}"/>${hatch}</svg>`;
    const swatch = make("i", { ariaHidden: "true" });
    swatch.style.background = `url('data:image/svg+xml,${encodeURIComponent(tile)}')`;
    return make("li", {}, swatch, words);
  }), ...letters, failed];
}

function save(name, blob) {
  const link = make("a", { download: name, href: URL.createObjectURL(blob) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
