// Python in a worker of the page: oomlab's package and the bridge, nothing else.
//
// The two large files travel packed, so that every host sends few bytes and needs to know no type.

import { loadPyodide } from "./pyodide/pyodide.mjs";

const here = new URL("./", import.meta.url).href;

async function unpacked(name) {
  const answer = await fetch(new URL(`${name}.gz`, here));
  if (!answer.ok) throw new Error(`${name} could not be fetched: ${answer.status}`);
  return answer.body.pipeThrough(new DecompressionStream("gzip"));
}

const ask = globalThis.fetch;
globalThis.fetch = async (what, how) => {
  const url = String(what.url ?? what);
  if (!url.endsWith("/pyodide.asm.wasm")) return ask(what, how);
  return new Response(await unpacked("pyodide/pyodide.asm.wasm"), { headers: { "content-type": "application/wasm" } });
};

export async function start(post, options = {}) {
  const packed = options.packed ?? fetch(new URL("oomlab.zip", here)).then((answer) => answer.arrayBuffer());
  const python = await loadPyodide({
    indexURL: new URL("pyodide/", here).href, ...options.pyodide,
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
