// How parallel coordinates look on their canvas: axes with their marks, and a line for each run.

import { ramp } from "./ramp.js";

export const HEIGHT = 340;
export const TOP = 66;
export const BOTTOM = 14;
const LONGEST = 13; // letters of a mark

/** The height of a part of an axis. */
export function yOf(part) {
  return TOP + (1 - part) * (HEIGHT - TOP - BOTTOM);
}

/** Give a canvas its size and an empty context of CSS pixels. */
export function cleared(canvas, width) {
  if (width && canvas.style.width !== `${width}px`) Object.assign(canvas.style, { width: `${width}px`, height: `${HEIGHT}px` });
  if (width) Object.assign(canvas, { width: width * devicePixelRatio, height: HEIGHT * devicePixelRatio });
  const ctx = canvas.getContext("2d");
  ctx.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  ctx.clearRect(0, 0, canvas.width, canvas.height);
  ctx.lineJoin = "round";
  return ctx;
}

/** One line, in one path. `colour`: null for the one that says how good it is; `soft` is that of what is not known. */
export function strand(ctx, line, axes, { colour = null, soft, alpha = 1, width }) {
  ctx.globalAlpha = alpha;
  ctx.lineWidth = width;
  ctx.strokeStyle = colour ?? (line.good === null ? soft : ramp(line.good));
  ctx.setLineDash(line.good === null ? [3, 3] : []);
  ctx.beginPath();
  let down = false;
  axes.forEach(({ x }, index) => {
    const part = line.parts[index];
    if (part !== null) down ? ctx.lineTo(x, yOf(part)) : ctx.moveTo(x, yOf(part));
    down = part !== null;
  });
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.globalAlpha = 1;
}

/** One axis; `colour(name)` is a colour of the style. */
export function axisLine(ctx, { x, scale }, colour) {
  ctx.strokeStyle = ctx.fillStyle = colour("--ink-soft");
  ctx.lineWidth = 1;
  ctx.beginPath();
  ctx.moveTo(x, TOP);
  ctx.lineTo(x, HEIGHT - BOTTOM);
  ctx.stroke();
  ctx.font = "12px system-ui, sans-serif";
  ctx.textBaseline = "middle";
  for (const { part, text } of scale.ticks(6)) {
    const shown = text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
    ctx.fillStyle = colour("--ink-soft");
    ctx.fillRect(x - 3, yOf(part) - 0.5, 6, 1);
    ctx.strokeStyle = colour("--sheet");
    ctx.lineWidth = 4;
    ctx.strokeText(shown, x + 8, yOf(part));
    ctx.fillStyle = colour("--ink");
    ctx.fillText(shown, x + 8, yOf(part));
  }
}
