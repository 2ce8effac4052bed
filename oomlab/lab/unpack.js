// The first script of a saved page: its other JavaScript, its looks and its runs are packed, as base64.

function unpack(letters) {
  const packed = Uint8Array.from(atob(letters), (c) => c.charCodeAt(0));
  return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip")));
}

const unpacked = (id) => unpack(document.getElementById(id).textContent).text();

unpacked("code").then((code) => {
  const script = document.createElement("script");
  script.type = "module";
  script.textContent = code;
  document.body.append(script);
});
