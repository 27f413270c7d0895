// A colour for each run: Okabe and Ito's palette (https://jfly.uni-koeln.de/color/), which colour-blind people can tell apart, in
// two variants for light and dark paper; after eight runs the colours come again with other dashes.

import { isOnPaper } from "./paper.js";

const LIGHT = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9", "#8c2d04", "#5e4fa2"];
const DARK = ["#4aa8e0", "#f0803c", "#2fc498", "#e39cc4", "#e0b040", "#8fd0f5", "#d07a55", "#a397e0"];
const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3]];

export const COLOURS = LIGHT.length;

const system = matchMedia("(prefers-color-scheme: dark)"); // asked for each line of each chart

export function isDark() {
  if (isOnPaper()) return false;
  const asked = document.documentElement.dataset.theme;
  return asked ? asked === "dark" : system.matches;
}

/** The colour of the run with this place among all runs. */
export function colour(place) {
  return (isDark() ? DARK : LIGHT)[place % COLOURS];
}

export function dash(place) {
  return DASHES[Math.floor(place / COLOURS) % DASHES.length];
}

/** A colour between blue (0) and yellow (1), after viridis (https://bids.github.io/colormap/). */
export function scale(part) {
  const stops = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
  const at = Math.min(Math.max(part, 0), 1) * (stops.length - 1);
  const low = Math.min(Math.floor(at), stops.length - 2);
  const mixed = stops[low].map((each, index) => Math.round(each + (stops[low + 1][index] - each) * (at - low)));
  return `rgb(${mixed.join(" ")})`;
}
