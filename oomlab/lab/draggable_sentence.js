// A sentence with numbers in it that are sliders: dragged sideways, or moved by the arrow keys. While
// Python answers only the latest numbers wait, so that a drag never queues up.

function dragged(name, [least, most], value, changed) {
  const node = make("span", { className: "dragged", tabIndex: 0, role: "slider", title: "drag sideways, or use the arrow keys" });
  node.ariaLabel = name;
  [node.ariaValueMin, node.ariaValueMax] = [String(least), String(most)];
  const show = (to) => { value = to; node.textContent = String(to); node.ariaValueNow = String(to); };
  const set = (to) => {
    const next = Math.max(least, Math.min(most, to));
    if (next !== value) { show(next); changed(); }
  };
  let from = null;
  node.addEventListener("pointerdown", (event) => { node.setPointerCapture(event.pointerId); from = [event.clientX, value]; });
  node.addEventListener("pointermove", (event) => {
    if (from) set(from[1] + Math.round(((event.clientX - from[0]) * (most - least)) / 240));
  });
  for (const end of ["pointerup", "pointercancel"]) node.addEventListener(end, () => { from = null; });
  node.addEventListener("keydown", (event) => {
    const far = Math.max(1, Math.round((most - least) / 5));
    const ways = { ArrowRight: value + 1, ArrowUp: value + 1, ArrowLeft: value - 1, ArrowDown: value - 1,
      PageUp: value + far, PageDown: value - far, Home: least, End: most };
    if (!(event.key in ways) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    set(ways[event.key]);
  });
  show(value);
  return { node, show, get value() { return value; } };
}

function sentence(model, root) {
  const numbers = {}, text = make("p", { className: "says" }), picture = make("div", {});
  const end = make("p", { className: "outcome", role: "status" }), error = make("p", { className: "error", role: "alert" });
  const line = new Line(model, (words) => { error.textContent = words; });
  let sent = null, waiting = false, again = false;
  const send = () => {
    if (waiting) { again = true; return; }
    waiting = true;
    sent = Math.random();
    const values = Object.fromEntries(Object.entries(numbers).map(([name, number]) => [name, number.value]));
    line.tell(() => model.send({ values, number: sent }));
  };
  for (const [words, name] of model.get("words")) {
    text.append(words);
    if (!name) continue;
    numbers[name] = dragged(name, model.get("bounds")[name], model.get("shown").values[name], send);
    text.append(numbers[name].node);
  }
  const show = () => {
    const shown = model.get("shown");
    // The figure's numbers stand in the sentence, even if they were dragged in another view of it; only
    // while Python works, or after it has refused them, they are those of the hand.
    if (!waiting && !model.get("error")) for (const name in numbers) numbers[name].show(shown.values[name]);
    end.textContent = shown.end;
    picture.innerHTML = shown.picture;
    picture.firstElementChild.tabIndex = 0;  // in a narrow window it is scrolled
    error.textContent = model.get("error");
  };
  const heard = ({ answers }) => {
    if (answers !== sent) return;
    waiting = false;
    line.heard();
    if (again) { again = false; send(); } else show();
  };
  model.on("change:shown", show);
  model.on("change:error", show);
  model.on("msg:custom", heard);
  model.on("stopped", () => { waiting = false; });  // a page's Python that was ended
  show();
  root.append(text, end, error, picture);
}

export default {
  render({ model, el }) {
    el.classList.add("oomlab");
    ownKeys(el);
    sentence(model, el);
    return onTheme(el, () => {});
  },
};
