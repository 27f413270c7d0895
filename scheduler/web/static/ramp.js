// Colours for good and bad: the best end of the scale is the one that stands out from the paper, and is drawn last.

import { isDark, scale } from "./colours.js";
import { fill, h } from "./dom.js";

/** The colour of what is `part` of the way from the worst (0) to the best (1). */
export function ramp(part) {
  return isDark() ? scale(0.2 + 0.8 * part) : scale(0.9 * (1 - part));
}

/** What the colours mean, in `root`: from the worst to the best value; without a goal from the least to the greatest. */
export function legend(root, label, low, high, goal) {
  const [from, to] = goal === "minimize" ? [high, low] : [low, high];
  const bar = h("span", { class: "ramp", role: "img", "aria-label": "colours from the first to the second value" });
  bar.style.background = `linear-gradient(to right, ${Array.from({ length: 9 }, (_, index) => ramp(index / 8)).join(", ")})`;
  const best = goal ? ` (best: ${goal === "minimize" ? "low" : "high"})` : "";
  fill(root, h("span", null, `${label}: ${from}`), bar, h("span", null, `${to}${best}`));
}
