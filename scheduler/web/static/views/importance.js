// What mattered in a sweep, as `exp-queue sweep` says at its end: a bar for each parameter, and what that rests on.

import { fill, h } from "../dom.js";

/** Draw it into `root`. Where there is too little to say, the sentence alone says why. */
export function importance(root, sweep) {
  const { shares, sentence } = sweep.importance;
  const greatest = Math.max(...shares.map(([, share]) => share), 0.01);
  const bar = ([name, share]) => {
    const filled = h("span", { class: "filled" });
    filled.style.width = `${(100 * share) / greatest}%`;
    const track = h("span", { class: "track", "aria-hidden": "true" }, filled);
    const called = h("span", { class: "bar-name", title: name }, name);
    return h("li", null, called, track, h("span", { class: "value" }, percent(share)));
  };
  const bars = shares.length ? h("ol", { class: "shares" }, shares.map(bar)) : null;
  fill(root, h("figcaption", null, "What mattered"), bars, h("p", { class: "soft" }, sentence));
}

function percent(share) {
  return share < 0.01 ? "< 1 %" : `${Math.round(100 * share)} %`;
}
