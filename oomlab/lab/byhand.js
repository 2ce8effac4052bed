// You are the scheduler: who moves next, one step back, or let another go on from here. A choice that
// is pointed at, or has the focus, lights the lane that it would move; a lane lights its choice.

class HandView {
  constructor(lab) {
    this.lab = lab;
    const button = (text, title, onclick) => make("button", { type: "button", title, onclick }, text);
    const move = (what) => (how = {}) => lab.ask("move", { what, property: lab.asked, ...how });
    this.start = button("play by hand from here", "you say which task moves next, after the step under the cursor",
      () => lab.ask("play", { step: lab.now + 1 }));
    this.boot = button("play by hand from the start", "you say which task moves, from the first step on",
      () => lab.ask("play", { step: 0 }));
    this.undo = button("↶ undo", "take the last step back", () => move("undo")());
    this.worst = button("as bad as possible", "the nearest way from here to what breaks the property", () => move("worst")());
    this.seed = field({ type: "number", min: 0, step: 1, value: 0, ariaLabel: "seed to go on with" });
    this.goOn = button("go on with seed", "the seeded scheduler goes on from here", () => {
      const text = this.seed.value.trim();
      if (/^[0-9]{1,15}$/.test(text)) move("go_on")({ seed: Number(text) });
      else lab.settings.refuse("a seed takes a whole number from 0 on.");
    });
    this.choices = make("div", { className: "row", role: "group", ariaLabel: "which task moves next" });
    this.said = make("p", { role: "status" });
    this.text = make("textarea", { rows: 2, ariaLabel: "the schedule, as JSON", spellcheck: false });
    this.copy = button("copy", "copy the schedule", () => this.copied());
    this.replay = button("replay it", "replay the schedule in the field", () => this.again());
    this.compare = button("what does the explorer say?", "its shortest way, and the one with the fewest decisions", () => {
      this.rows.replaceChildren(make("li", {}, "exploring …"));
      this.exploring = true;
      lab.ask("answers", { property: lab.asked });
    });
    this.rows = make("ul");
    this.node = make("section", { className: "pane hand", ariaLabel: "you are the scheduler", hidden: true },
      make("p", { className: "head" }, "you are the scheduler: which task moves next?"), this.choices,
      make("div", { className: "row" }, this.undo, this.worst, this.goOn, this.seed, this.compare),
      this.said, this.rows, make("div", { className: "row schedule" }, this.text, this.copy, this.replay));
  }

  async copied() {
    try { await navigator.clipboard.writeText(this.text.value); } catch {
      this.text.select();
      this.lab.settings.refuse("The browser does not let this page copy: the schedule is selected, copy it by hand.");
    }
  }

  // What was asked went wrong, as is said above.
  refused() {
    if (this.exploring) this.rows.replaceChildren();
    this.exploring = false;
  }

  again() {
    let entries;
    try { entries = JSON.parse(this.text.value); } catch { entries = null; }
    if (!Array.isArray(entries)) return this.lab.settings.refuse("a schedule is a list, as [101, 102, [101, \"wake_up_process\"]].");
    this.lab.ask("move", { what: "replay", property: this.lab.asked, entries });
  }

  show({ hand, of }) {
    this.node.hidden = !hand;
    const fresh = of !== this.of;
    if (fresh && !hand) this.rows.replaceChildren();
    this.of = of;
    if (!hand || !fresh) return;  // what was typed and refused stays
    const had = this.choices.contains(document.activeElement) ? document.activeElement.dataset.task : null;
    this.choices.replaceChildren(...hand.choices.map(({ entry, task, function: where, does }) =>
      make("button", {
        type: "button", title: `in ${where}()`, "data-task": task,
        onpointerenter: () => this.lab.lookAt(task), onfocus: () => this.lab.lookAt(task),
        onclick: () => this.lab.ask("move", { what: "take", property: this.lab.asked, entries: [entry] }),
      }, make("b", {}, task), Array.isArray(entry) ? ` ⏱ ${does}` : ` ${does}`)));
    if (!hand.choices.length) this.choices.append(make("p", {}, "Nothing is left that could move."));
    if (had !== null) {  // the same task's choice, or the first
      (this.choices.querySelector(`[data-task="${CSS.escape(had)}"]`) ?? this.choices.querySelector("button"))?.focus();
    }
    this.light();
    this.undo.ariaDisabled = String(!hand.entries.length);
    this.said.textContent = hand.said;
    this.text.value = JSON.stringify(hand.entries);
  }

  // Light the choices of the task whose lane is looked at.
  light() {
    const { looked } = this.lab, task = looked?.picture.lanes[looked.row]?.name;
    for (const choice of this.choices.children) choice.classList.toggle("lit", choice.dataset.task === task);
  }

  compared(rows) {
    this.exploring = false;
    this.rows.replaceChildren(...rows.map(([whose, words, entries]) => make("li", {}, make("b", {}, whose), `: ${words} `,
      ...(entries ? [make("button", { type: "button", ariaLabel: `show ${whose}`,
        onclick: () => this.lab.ask("move", { what: "replay", property: this.lab.asked, entries }) }, "show")] : []))));
  }
}
