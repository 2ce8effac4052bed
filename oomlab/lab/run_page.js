// A saved run: the viewer on pictures that the page itself carries, packed, as base64.

const bytes = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);

class Saved extends Viewer {
  constructor(root, view) {
    super(root);
    this.columns = view.pictures.map((picture) => bytes(picture.columns));
    this.showPictures(view);
  }

  numbers(i) { return this.columns[i]; }

  // A canvas is as wide as it was drawn: on paper so wide, on the screen ("") as the page allows.
  fit(width) {
    for (const v of this.views) {
      v.node.style.width = width;
      v.wide = null;
      this.redraw(v);
    }
  }
}

const PAPER = "680px";  // what A4 and Letter have room for

const root = document.getElementById("run");
root.classList.add("oomlab");
const view = JSON.parse(await unpacked("data"));
const saved = new Saved(root, view);
document.body.classList.add("alive");
addEventListener("beforeprint", () => {
  document.querySelectorAll("details").forEach((d) => { d.open = true; });
  document.body.dataset.jpThemeLight = "true";
  saved.fit(PAPER);
});
addEventListener("afterprint", () => {
  delete document.body.dataset.jpThemeLight;
  saved.fit("");
});
