// The worker of the single file. A page of a disk can start no module and fetch no file: the first
// message brings all files as text, and a module is imported from an address that holds it.

const place = "https://oomlab.invalid/_static/";
const waiting = [];
onmessage = ({ data }) => { if (data.files) begin(data.files).catch((wrong) => postMessage({ failed: String(wrong) })); else waiting.push(data); };

async function begin(files) {
  globalThis.importScripts = undefined;  // by which Pyodide knows a worker that it cannot load itself in
  const bytes = async (name) => {
    const [packed, text] = files[name];
    const raw = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    return packed ? new Response(new Blob([raw]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer() : raw.buffer;
  };
  globalThis.fetch = async (what) => {
    const name = String(what.url ?? what).replace(place, "");
    return name in files ? new Response(await bytes(name)) : new Response(null, { status: 404 });
  };
  const address = (text) => URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  const text = async (name) => new TextDecoder().decode(await bytes(name));
  const own = (await text("worker.js"))
    .replace(/"[^"]*pyodide\.js"/, JSON.stringify(address(await text("pyodide/pyodide.js"))))
    .replaceAll("import.meta.url", JSON.stringify(`${place}worker.js`));
  await import(address(own));
  for (const data of waiting) onmessage({ data });
}
