// A link to #step-15 in the text moves the cursor of the first figure below it to step 15. Where no
// widget lives it is a link that leads nowhere, and its words are read as text.

function stepLinks(root, go) {
  root.dataset.lit = "";
  const follow = (event) => {
    const link = event.target.closest?.('a[href*="#step-"]'), number = link?.hash.match(/^#step-(\d+)$/)?.[1];
    if (!number) return;
    const page = link.closest(".jp-Notebook") ?? document;  // a second notebook may be open
    const below = [...page.querySelectorAll(".oomlab[data-lit]")]
      .find((figure) => link.compareDocumentPosition(figure) & Node.DOCUMENT_POSITION_FOLLOWING);
    if (below !== root) return;
    event.preventDefault();
    event.stopPropagation();
    go(Number(number) - 1);
    const lanes = root.querySelector(".lanes") ?? root, { top, bottom } = lanes.getBoundingClientRect();
    if (top < 0 || bottom > window.innerHeight) lanes.scrollIntoView({ block: "center" });
  };
  document.addEventListener("click", follow, true);
  return () => document.removeEventListener("click", follow, true);
}

// A widget with a cursor of its own, which such links move; `View` is its class.
const withStepLinks = (View) => ({
  render({ model, el }) {
    el.classList.add("oomlab");
    ownKeys(el);
    const view = new View(model, el), unlink = stepLinks(el, (n) => view.go(n));
    return () => { unlink(); view.leave(); };
  },
});
