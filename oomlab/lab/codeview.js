// The model's function that the step under the cursor is in, its line lit, with all its callers; and
// where the function stands in Linux.

class CodeView {
  constructor() {
    this.stack = make("p", { className: "row stack", role: "group", ariaLabel: "who called whom" });
    this.file = make("p", { className: "quiet" });
    this.lines = make("pre", { className: "code", tabIndex: 0, role: "region", ariaLabel: "source of the function" });
    this.scroll = middle(this.lines, ".lit");
    this.linux = make("p", { className: "linux" });
    this.node = make("section", { className: "pane", ariaLabel: "code" },
      make("p", { className: "head" }, "the model's function"), this.stack, this.file, this.lines, this.linux);
  }

  show(details, n) {
    [this.details, this.n] = [details, n];
    this.frame(details.stack(n).length - 1);
  }

  frame(depth) {
    const { details, n } = this, stack = details.stack(n), stands = details.stands(n);
    if (!stack.length) {
      this.lines.textContent = n < 0 ? "Nothing has run yet." : "This step is in no function of the model.";
      this.shown = this.lit = null;
      for (const node of [this.stack, this.file, this.linux]) node.replaceChildren();
      return;
    }
    const [f, line] = stack[depth], told = details.functions[f];
    // Where it stands after the step, if that is the same function, as deep.
    const next = stands[depth]?.[0] === f && stands.slice(0, depth).every(([g], i) => g === stack[i][0])
      ? stands[depth][1] : null;
    const key = JSON.stringify(told);  // the same function of another run needs no new lines
    const lights = JSON.stringify([key, line, next, depth, stack.map(([g]) => details.functions[g].name)]);
    if (lights === this.lit) return;  // to scroll makes the browser lay out the page
    this.lit = lights;
    this.stack.replaceChildren(...stack.map(([f], i) => make("button", {
      type: "button", ariaPressed: String(i === depth), onclick: () => this.frame(i),
    }, `${details.functions[f].name}()`)));
    if (this.shown !== key) {
      this.shown = key;
      this.lines.replaceChildren(...(told.lines.length ? told.lines : ["(its source is not at hand)"])
        .map((text, i) => make("span", {}, make("i", { ariaHidden: "true" }, String(told.first + i).padStart(4)), ` ${text}\n`)));
      const { where, link, words } = told.linux;
      this.linux.replaceChildren(...(where ? ["In Linux: ", where, ". "] : ["Not a function of the kernel's model. "]),
        ...(link ? [make("a", { href: link, target: "_blank", rel: "noopener" }, "read it there"), ". "] : []),
        words ? `What it does: ${quoted(words)}` : "");
    }
    const dots = next === null ? "" : "; dots: where it stands after this step";
    this.file.textContent = `${told.file}, line ${told.first + line}${dots}`;
    [...this.lines.children].forEach((node, i) => {
      node.className = i === line ? "lit" : i === next ? "next" : "";
      if (i === line) node.ariaCurrent = "step"; else node.removeAttribute("aria-current");
    });
    this.scroll();
  }
}
