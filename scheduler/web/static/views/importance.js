// What mattered in a sweep, as `exp-queue sweep` says at its end: a bar for each parameter, and what that rests on.

import { fill, h } from "../dom.js";

/** Draw it into `root`. Where there is too little to say, the sentence alone says why. */
export function importance(root, sweep) {
  const { shares, sentence } = sweep.importance;
  const greatest = Math.max(...shares.map(([, share]) => share), 0.01);
  const bar = ([name, share]) => {
    const filled = h("span", { class: "filled" });
    filled.style.width = `${(100 * share) / greatest}%`;
    return h("li", null, h("span", { class: "bar-name", title: name }, name), h("span", { class: "track", "aria-hidden": "true" }, filled), h("span", { class: "value" }, percent(share)));
  };
  fill(root, h("figcaption", null, "What mattered"), shares.length ? h("ol", { class: "shares" }, shares.map(bar)) : null, h("p", { class: "soft" }, sentence));
}

function percent(share) {
  return share < 0.01 ? "< 1 %" : `${Math.round(100 * share)} %`;
}
