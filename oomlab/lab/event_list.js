// A run to step through, and its events as sentences: each of them moves the cursor.

class TimelineView extends Viewer {
  constructor(model, root) {
    super(root);
    this.model = model;
    const view = JSON.parse(model.get("view")), [picture] = view.pictures;
    this.title.textContent = picture.title;
    this.items = picture.moments.map(([n, , , sentence]) => {
      const step = make("button", { type: "button", onclick: () => this.go(n) }, `step ${n + 1}`);
      return make("li", {}, step, ` ${sentence}`);
    });
    this.times = picture.moments.map(([n]) => n);
    this.events.append(...this.items);
    this.showPictures(view);
  }

  numbers(i) { return this.model.get("numbers")[i]; }

  build(root) {
    this.title = make("p", { className: "title" });
    this.events = make("ul", { className: "events", ariaLabel: "what happened" });
    root.append(this.title, this.outcome.node, this.lanes, this.stepButtons(), this.says, this.laneSays, this.legend,
      this.events);
  }

  missing() {}  // code, state and waits are the policy lab's

  // The last event up to the cursor is the one that is lit.
  go(n) {
    super.go(n);
    const lit = this.times.findLastIndex((step) => step <= this.now);
    this.items.forEach((item, i) => item.classList.toggle("lit", this.times[i] === this.times[lit]));
  }
}

export default withStepLinks(TimelineView);
