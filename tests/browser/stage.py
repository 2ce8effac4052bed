"""The policy lab on a bare page: its own JavaScript and its own Python, and no Jupyter between.

    with a page of Playwright's: stage = Stage(page, PolicyLab("lost-victim", "rfc-2015-11-25"))

A lab starts in a tenth of a second, where JupyterLab needs seconds; what JupyterLab itself adds
(its themes, its shortcuts, its way to the kernel) is tried in test_lab.py.
"""

from base64 import b64encode

from drive_jupyterlab import ARTIFACTS

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>a stage</title>
<body data-jp-theme-light="{light}" style="margin:0;background:{paper}"><div id="lab"></div>"""

MODEL = """async ([code, style, state]) => {
    const sheet = document.createElement("style");
    sheet.textContent = style;
    document.head.append(sheet);
    const array = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const bytes = (text) => new DataView(array(text).buffer);
    const heard = {};
    const model = {
        state: {},
        get(name) { return this.state[name]; },
        set(name, value) { this.state[name] = value; },
        save_changes() {},
        on(event, hear) { (heard[event] ??= []).push(hear); },
        off() {},
        async send(message) {
            const { view, numbers, told } = await window.askPython(message);
            for (const each of told) for (const hear of heard["msg:custom"] ?? []) hear(each);
            if (view !== this.state.view) {
                Object.assign(this.state, { view, numbers: numbers.map(bytes) });
                for (const hear of heard["change:view"] ?? []) hear();
            }
        },
    };
    Object.assign(model.state, state, { numbers: state.numbers.map(bytes) });
    const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
    const { default: widget } = await import(url);
    window.leave = widget.render({ model, el: document.getElementById("lab") });
}"""


class Stage:
    """One lab on one page; `wrong` holds what the page complained about."""

    def __init__(self, page, widget, dark: bool = False):
        self.page, self.widget, self.wrong, self.told = page, widget, [], []
        widget.send = lambda content, buffers=None: self.told.append(content)
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("console", lambda m: m.type == "error" and self.wrong.append(m.text))
        page.set_content(PAGE.format(light=str(not dark).lower(), paper="#111" if dark else "#fff"))
        page.expose_function("askPython", self.ask)
        page.evaluate(MODEL, [str(widget._esm), str(widget._css), self.state()])
        self.lab = page.locator(".oomlab")

    def picture(self, name: str) -> None:
        ARTIFACTS.mkdir(exist_ok=True)
        self.page.screenshot(path=ARTIFACTS / f"{name}.png", full_page=True)

    def state(self) -> dict:
        widget = self.widget
        numbers = [b64encode(each).decode() for each in widget.numbers]
        return {"catalogue": widget.catalogue, "view": widget.view, "numbers": numbers}

    def ask(self, message: dict) -> dict:
        self.told.clear()
        self.widget.answer(self.widget, message, [])
        return {**self.state(), "told": list(self.told)}
