// The page's one Python. It starts when it is first needed; to stop it is to end its worker. What it
// was asked for is counted: an answer that takes long can be stopped, whatever it is.

const base = new URL("./", import.meta.url).href;
const PATIENCE = 1500;  // ms that an answer may take before the page says so
const listeners = new Map();
let worker = null, alive = false, pending = 0, soon = null, state = "asleep", said = () => {};

// A worker made of a blob keeps the content security policy of this page; one fetched by its
// address would have none.
const code = `import ${JSON.stringify(`${base}worker.js`)};`;

function change(to, words = "") {
  if (to !== state) said(to, words);
  state = to;
}

export function onState(tell) { said = tell; tell(state, ""); }

export function start() {
  if (worker) return;
  change("starting", "Python is starting");
  worker = new Worker(URL.createObjectURL(new Blob([code], { type: "text/javascript" })), { type: "module" });
  worker.onmessage = ({ data }) => {
    if (data.ready) { alive = true; performance.mark("oomlab-ready"); wait(); }
    else if (data.failed) dead(data.failed);
    else if (data.done) { pending--; wait(); }
    else {
      const message = JSON.parse(data.text);
      listeners.get(message.to)?.(message, data.buffers);
    }
  };
  worker.onerror = (event) => dead(event.message ?? "the worker failed");
}

// A Python that ran is replaced by another; one that could not start would not start again.
function dead(words) {
  const why = words.replace(/\bdata:\S+/g, "a script");  // an address that holds it is a megabyte
  if (alive) stop(`Python ended, and starts anew: ${why}`);
  else change("failed", `Python could not start: ${why}`);
}

function wait() {
  clearTimeout(soon);
  if (!alive) return;
  change("ready");
  if (pending) soon = setTimeout(() => change("busy", "Python is at work"), PATIENCE);
}

export function send(to, message) {
  start();
  if (!pending++) wait();
  worker.postMessage(JSON.stringify({ to, ...message }));
}

export function listen(to, listener) { listeners.set(to, listener); }

// Another page is shown in the place of this one. It has a Python of its own, as pages of a host do:
// what a patch or a cell has left in the last one cannot read what is pasted here.
export function leave() {
  listeners.clear();
  stop();
}

// End what Python does now. Each listener hears of it, with the reason if it is not a person's wish,
// and can ask the next Python again.
export function stop(why) {
  worker?.terminate();
  [worker, alive, pending] = [null, false, 0];
  clearTimeout(soon);
  change("asleep");
  for (const listener of listeners.values()) listener({ stopped: true, why }, []);
}
