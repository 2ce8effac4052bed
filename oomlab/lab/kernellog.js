// The kernel log: the lines around the last one that was printed by now.

class KernelLog {
  constructor(go) {
    this.go = go;
    this.title = make("div", { className: "quiet" });
    this.box = make("div", { className: "log", tabIndex: 0, role: "region", ariaLabel: "kernel log" });
    this.scroll = middle(this.box, ".now");
    this.nodes = [this.title, this.box];
  }

  load(picture) {
    const words = picture.log.length ? "what is still to come is in italics" : "the kernel prints nothing";
    this.title.textContent = `kernel log of ${picture.title}; ${words}`;
    this.box.hidden = !picture.log.length;
    const key = JSON.stringify(picture.log);
    if (key === this.key) return;  // another run that printed the same
    this.key = key;
    this.printed = picture.log;
    this.line = null;
  }

  // What follows the line of now is still to come.
  show(now) {
    let low = 0, high = this.printed.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.printed[middle][0] <= now) low = middle + 1; else high = middle;
    }
    if (low === this.line) return;
    this.line = low;
    const first = Math.max(0, low - 40), last = Math.min(low + 40, this.printed.length);
    const line = ([n, text], i) =>
      make("div", { className: first + i === low - 1 ? "now" : "", onclick: () => this.go(n) }, text);
    const lines = this.printed.slice(first, last).map(line);
    const rest = (count, where) =>
      (count > 0 ? [make("div", { className: "rest" }, `… ${count} lines ${where}`)] : []);
    this.box.classList.toggle("unborn", low === 0);
    this.box.replaceChildren(...rest(first, "before"), ...lines, ...rest(this.printed.length - last, "after"));
    this.scroll();
  }
}
