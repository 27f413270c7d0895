// What the sweep of a run says of it: that it is of the front of several objectives, or lies outside of the present space.

import { h } from "./dom.js";
import { plural } from "./format.js";

const FRONT = "◇", OUTSIDE = "⊘";

/** By run: {isFront, outside: how it lies outside}; nothing of a run that neither is true of. */
export function marksOf(sweeps) {
  const found = new Map();
  for (const { front, trials } of sweeps ?? []) {
    const numbers = new Set(front.map(({ trial }) => trial));
    for (const { number, run, outside = [] } of trials) {
      if (numbers.has(number) || outside.length) found.set(run, { isFront: numbers.has(number), outside });
    }
  }
  return found;
}

/** The signs of a run, none without a mark. */
export function signsOf(mark) {
  return [mark?.isFront && [FRONT, "of the front"], mark?.outside.length && [OUTSIDE, saidOf(mark)]].filter(Boolean)
    .map(([sign, title]) => h("span", { class: "sign-of-trial", role: "img", title, "aria-label": title }, sign));
}

/** In words, a line for each. */
export function linesOf(mark) {
  return [mark?.isFront && "of the front: beaten by no other trial in all objectives", mark?.outside.length && saidOf(mark)]
    .filter(Boolean);
}

function saidOf({ outside }) {
  return `outside of the present space: ${outside.join(", ")}`;
}

/** What the signs mean that some of these runs have. */
export function explained(runs, marks) {
  const found = runs.map((run) => marks.get(run.id)).filter(Boolean);
  const front = found.filter(({ isFront }) => isFront).length, outside = found.filter((each) => each.outside.length).length;
  return [
    front && `${FRONT}: of the front of a sweep, beaten by no other trial of it in all objectives (${plural(front, "run")}).`,
    outside && `${OUTSIDE}: outside of the space that its sweep has now (${plural(outside, "run")}).`,
  ].filter(Boolean);
}

/** Around and through what stands for a run on a canvas. `colour(name)` is a colour of the style. */
export function drawSigns(ctx, { isFront, outside }, x, y, colour) {
  ctx.lineWidth = 1.5;
  ctx.beginPath();
  if (isFront) for (const [left, top] of [[0, -10], [10, 0], [0, 10], [-10, 0]]) ctx.lineTo(x + left, y + top);
  ctx.closePath();
  ctx.strokeStyle = colour("--link");
  ctx.stroke();
  if (!outside.length) return;
  ctx.beginPath();
  ctx.moveTo(x - 7, y + 7);
  ctx.lineTo(x + 7, y - 7);
  ctx.strokeStyle = colour("--ink");
  ctx.stroke();
}
