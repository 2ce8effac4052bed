// A saved run: the viewer on pictures that the page itself carries, packed, as base64.

const bytes = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);

class Saved extends Viewer {
  constructor(root, view) {
    super(root);
    this.columns = view.pictures.map((picture) => bytes(picture.columns));
    this.showPictures(view);
  }

  numbers(i) { return this.columns[i]; }
}

const root = document.getElementById("run");
root.classList.add("oomlab");
const view = JSON.parse(await unpacked("data"));
new Saved(root, view);
document.body.classList.add("alive");
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((d) => { d.open = true; }));
