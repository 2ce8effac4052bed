// A saved run: the viewer on pictures that the page itself carries, packed, as base64.

class Saved extends Viewer {
  constructor(root, view, columns) {
    super(root);
    this.columns = columns;
    this.showPictures(view);
  }

  numbers(i) { return this.columns[i]; }

  // A canvas is as wide as it was drawn: on paper so wide, on the screen ("") as the page allows.
  fit(width) {
    for (const { timeline } of this.views) {
      timeline.node.style.width = width;
      timeline.resized();
    }
  }
}

const PAPER = "680px";  // what A4 and Letter have room for

const root = document.getElementById("run");
root.classList.add("oomlab");
const view = JSON.parse(await unpacked("data"));
document.querySelector("style").before(make("style", { textContent: await unpacked("style") }));
const columns = view.pictures.map(async (picture) => new DataView(await unpack(picture.columns).arrayBuffer()));
const saved = new Saved(root, view, await Promise.all(columns));
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
