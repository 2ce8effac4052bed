// Python in a worker of the page: oomlab's package and the bridge, nothing else.
//
// What is large travels packed, so that every host sends few bytes and needs to know no type. All of
// it is asked for at once: nothing waits for what it does not need.

import { loadPyodide } from "./pyodide/pyodide.js";

const here = new URL("./", import.meta.url).href;

// Some hosts send a .gz as a packed answer, which the browser has unpacked by now: its first bytes tell.
async function unpacked(name) {
  const answer = await fetch(new URL(`${name}.gz`, here));
  if (!answer.ok) throw new Error(`${name} could not be fetched: ${answer.status}`);
  const [look, body] = answer.body.tee(), reader = look.getReader();
  const { value: begin } = await reader.read();
  reader.cancel();
  return begin?.[0] === 0x1f && begin[1] === 0x8b ? body.pipeThrough(new DecompressionStream("gzip")) : body;
}

const PACKED = { "pyodide.asm.wasm": "application/wasm", "python_stdlib.zip": "application/zip" };
const ask = globalThis.fetch;
globalThis.fetch = async (what, how) => {
  const name = String(what.url ?? what).split("/").pop(), type = PACKED[name];
  if (!type) return ask(what, how);
  return new Response(await unpacked(`pyodide/${name}`), { headers: { "content-type": type } });
};

// A script that is packed is imported from an address that holds it.
async function imported(name) {
  const text = await new Response(await unpacked(name)).text();
  return import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
}

// Pyodide only warns when its machine code is not to be had, or half of it, and waits for ever.
const lost = new Promise((_, reject) => {
  const compile = WebAssembly.instantiateStreaming;
  WebAssembly.instantiateStreaming = (...how) => compile(...how).catch((wrong) => { reject(wrong); throw wrong; });
});

export async function start(post, options = {}) {
  const machine = imported("pyodide/pyodide.asm.mjs");
  const packed = options.packed ?? unpacked("oomlab.zip").then((body) => new Response(body).arrayBuffer());
  const python = await Promise.race([lost, loadPyodide({
    indexURL: new URL("pyodide/", here).href, createPyodideModule: (await machine).default, ...options.pyodide,
  })]);
  python.unpackArchive(await packed, "zip", { extractDir: "/oomlab" });
  python.runPython("import sys; sys.path.insert(0, '/oomlab')");
  const bridge = python.pyimport("bridge");
  bridge.begin((text, buffers) => {
    const bytes = buffers.toJs();
    buffers.destroy?.();
    post({ text, buffers: bytes });
  });
  return (text) => bridge.receive(text);
}

if (typeof WorkerGlobalScope !== "undefined") {
  const waiting = [], fail = (wrong) => postMessage({ failed: String(wrong?.message ?? wrong) });
  let receive = (text) => waiting.push(text);
  onmessage = ({ data }) => receive(data);
  start(postMessage.bind(globalThis)).then((answer) => {
    // A failure of what was asked is told by Python, which then says true. All else is Python's end.
    receive = (text) => {
      try {
        if (answer(text) !== true) throw new Error("the program left it");
        postMessage({ done: true });
      } catch (wrong) { fail(wrong); }
    };
    postMessage({ ready: true });
    waiting.forEach(receive);
  }, fail);
}
