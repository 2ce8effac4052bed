// Python in a worker of the page: oomlab's package and the bridge, nothing else.
//
// What is large travels packed, so that every host sends few bytes and needs to know no type. All of
// it is asked for at once: nothing waits for what it does not need.

import { loadPyodide } from "./pyodide/pyodide.mjs";

const here = new URL("./", import.meta.url).href;

async function unpacked(name) {
  const answer = await fetch(new URL(`${name}.gz`, here));
  if (!answer.ok) throw new Error(`${name} could not be fetched: ${answer.status}`);
  return answer.body.pipeThrough(new DecompressionStream("gzip"));
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
  const text = await new Response(await unpacked(name)).blob();
  return import(new FileReaderSync().readAsDataURL(new Blob([text], { type: "text/javascript" })));
}

export async function start(post, options = {}) {
  const machine = imported("pyodide/pyodide.asm.mjs");
  const packed = options.packed ?? unpacked("oomlab.zip").then((body) => new Response(body).arrayBuffer());
  const python = await loadPyodide({
    indexURL: new URL("pyodide/", here).href, createPyodideModule: (await machine).default, ...options.pyodide,
  });
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
  const waiting = [];
  let receive = (text) => waiting.push(text);
  onmessage = ({ data }) => receive(data);
  start(postMessage.bind(globalThis)).then((answer) => {
    receive = answer;
    postMessage({ ready: true });
    waiting.forEach(receive);
  }, (wrong) => postMessage({ failed: String(wrong) }));
}
