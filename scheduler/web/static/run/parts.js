// What the parts of the panel of a run are made of.

import { h } from "../dom.js";

/** Names with their values; those without a value are left out. */
export function pairs(list) {
  const told = list.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return h("dl", { class: "pairs" }, told.map(([name, value]) => [h("dt", null, name), h("dd", null, value)]));
}

/** A table that scrolls sideways where it is too wide. `heads`: texts or elements; `bodies`: of each tbody its rows. */
export function grid(label, heads, ...bodies) {
  const head = h("tr", null, heads.map((each) => h("th", { scope: "col" }, each)));
  const sheet = h("table", { class: "plain" }, h("thead", null, head), bodies);
  return h("div", { class: "scrolled", tabindex: "0", role: "region", "aria-label": label }, sheet);
}

export function soft(...children) {
  return h("p", { class: "soft" }, children);
}

/** The command that prints what is not here, as people type it. */
export function typed(run, verb, option = "") {
  return h("code", null, ["exp-queue", verb, run.id.slice(0, 8), option].filter(Boolean).join(" "));
}

/** A search in a list that is made anew by `draw(wanted)`, with what it makes below it. */
export function searched(label, draw, ...more) {
  const body = h("div");
  const search = h("input", { type: "search", placeholder: "search", "aria-label": label });
  const again = () => body.replaceChildren(draw(search.value.trim().toLowerCase()));
  search.addEventListener("input", again);
  again();
  return { element: h("div", null, h("div", { class: "controls" }, search, more), body), search, again };
}
