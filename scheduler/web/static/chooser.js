// A list of names behind a button, each with a box to tick; of many a search finds the one.

import { fill, h } from "./dom.js";

const SEARCHED = 12; // names from which on there is a search

/** `options()` gives [{value, text, kind}]; `chosen()` a set of values; `change(value, on)` is told what was ticked. `more`: what
 * stands above the list. */
export function chooser(label, options, chosen, change, more = null) {
  const list = h("div", { class: "options" });
  const search = h("input", { type: "search", placeholder: "search", "aria-label": `search: ${label}`, on: { input: draw } });
  const box = h("details", { class: "chooser", on: { toggle: () => box.open && opened() } },
    h("summary", null, label),
    h("div", { class: "sheet" }, more, search, list));
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !box.open) return;
    event.stopPropagation();
    box.open = false;
    box.querySelector("summary").focus();
  });
  document.addEventListener("pointerdown", (event) => { if (!box.contains(event.target)) box.open = false; });

  function opened() {
    draw();
    if (!search.hidden) search.focus();
  }

  function draw() {
    const all = options(), on = chosen(), wanted = search.value.trim().toLowerCase();
    search.hidden = all.length <= SEARCHED;
    const found = all.filter((each) => each.text.toLowerCase().includes(wanted));
    const kinds = [...new Set(found.map((each) => each.kind))];
    fill(list, kinds.map((kind) => h("fieldset", null, kind ? h("legend", null, kind) : null,
      found.filter((each) => each.kind === kind).map((each) => option(each, on.has(each.value))))),
      found.length ? null : h("p", { class: "soft" }, "no such name"));
  }

  function option({ value, text }, on) {
    const tick = h("input", { type: "checkbox", checked: on, on: { change: () => change(value, tick.checked) } });
    return h("label", null, tick, h("span", null, text));
  }

  return { box, draw: () => box.open && !box.contains(document.activeElement) && draw() };
}
