// Small parts of views: the name of a run that can be followed, and the head of a table.

import { h } from "./dom.js";

/** A button that opens a run, and lights it while the pointer or the keyboard is at it. */
export function runLink(page, id, text) {
  const point = () => page.point(id), leave = () => page.point(null);
  const on = { click: () => page.state.set("open", id), mouseenter: point, mouseleave: leave, focus: point, blur: leave };
  return h("button", { type: "button", class: "link", on }, text);
}

export function heads(names) {
  return h("thead", null, h("tr", null, names.map((name) => h("th", { scope: "col" }, name))));
}
