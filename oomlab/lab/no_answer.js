// The line from a widget to Python. The kernel may be busy with another cell; one that was restarted,
// or begun for a notebook that was opened again, knows nothing of this widget. Where no answer comes
// that is said, until one comes.

const PATIENCE = 5000;  // milliseconds
const UNHEARD = "Python has not answered yet. Its kernel is busy, or is a new one that does not know this figure: then run this cell again.";

class Line {
  // `say` shows a sentence, or an empty one in its place.
  constructor(model, say) {
    Object.assign(this, { model, say });
    model.on("stopped", () => this.heard());
  }

  // `send` sends a message, or saves what was set.
  tell(send) {
    if (this.reach(send) && !this.model.stop) this.wait();  // a page says by itself how its Python is
  }

  reach(send) {
    try { send(); } catch { this.miss(); return false; }  // so JupyterLab says that there is no kernel
    return true;
  }

  wait() {
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.miss(), PATIENCE);
  }

  miss() {
    this.missed = true;
    this.say(UNHEARD);
  }

  heard() {
    clearTimeout(this.soon);
    if (this.missed) this.say("");
    this.missed = false;
  }
}
