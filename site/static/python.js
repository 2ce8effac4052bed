// The page's one Python. It starts when it is first needed; to stop it is to end its worker.

const base = new URL("./", import.meta.url).href;
const listeners = new Map();
let worker = null, ready = null, state = "asleep", said = () => {};

// A worker made of a blob keeps the content security policy of this page; one fetched by its
// address would have none.
const code = `import ${JSON.stringify(`${base}worker.js`)};`;

function change(to, words) { state = to; said(to, words); }

export function onState(tell) { said = tell; tell(state, ""); }

export function start() {
  if (ready) return ready;
  change("starting", "Python is starting");
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  worker = new Worker(url, { type: "module" });
  ready = new Promise((resolve) => {
    worker.onmessage = ({ data }) => {
      if (data.ready) { change("ready", ""); performance.mark("oomlab-ready"); resolve(); }
      else if (data.failed) change("failed", `Python could not start: ${data.failed}`);
      else {
        const message = JSON.parse(data.text);
        listeners.get(message.to)?.(message, data.buffers);
      }
    };
    worker.onerror = (event) => change("failed", `Python could not start: ${event.message ?? "the worker failed"}`);
  });
  return ready;
}

export function send(to, message) {
  start();
  worker.postMessage(JSON.stringify({ to, ...message }));
}

export function listen(to, listener) { listeners.set(to, listener); }

// End what Python does now. Each listener hears of it, and can ask the next Python again.
export function stop() {
  worker?.terminate();
  worker = ready = null;
  for (const listener of listeners.values()) listener({ stopped: true }, []);
}
