// Histograms over the steps of a run, as a map: a column for each step, the darker where more values lie.

import { atNextFrame, fill, h } from "./dom.js";
import { number } from "./format.js";
import { round } from "./measures.js";
import { heads } from "./parts.js";

const HEIGHT = 170, LEFT = 56, BOTTOM = 22;
const TICKS = 5;
const HEADS = [
  "step", "values", "least", "quarter below", "half below", "three quarters below", "greatest", "mean", "NaN or infinite",
];

/** Draw one name of one run: `found` are its histograms, ascending by step. `at`: the step that the reader looks at. */
export function heat(found, at, label) {
  const canvas = h("canvas", { role: "img", "aria-label": `${label}: histograms of ${found.length} steps; as numbers below` });
  const tip = h("div", { class: "tip", hidden: true });
  const sheet = h("div", { class: "layers" }, canvas, tip);
  const bounds = found.map(({ edges }) => [edges[0], edges.at(-1)]);
  const low = Math.min(...bounds.map(([least]) => least)), high = Math.max(...bounds.map(([, most]) => most));
  const width = () => (sheet.clientWidth - LEFT) / found.length;
  const y = (value) => 6 + (1 - (value - low) / (high - low || 1)) * (HEIGHT - BOTTOM - 6);

  function draw() {
    if (!sheet.clientWidth) return;
    canvas.width = sheet.clientWidth * devicePixelRatio;
    canvas.height = HEIGHT * devicePixelRatio;
    Object.assign(canvas.style, { width: "100%", height: `${HEIGHT}px` });
    const ctx = canvas.getContext("2d"), style = getComputedStyle(sheet);
    const colour = (name) => style.getPropertyValue(name).trim();
    ctx.scale(devicePixelRatio, devicePixelRatio);
    found.forEach((one, index) => column(ctx, one, LEFT + index * width(), colour("--link")));
    scales(ctx, colour);
  }

  function column(ctx, one, left, colour) {
    const edges = edgesOf(one), dense = one.counts.map((count, bin) => count / (edges[bin + 1] - edges[bin] || 1));
    const most = Math.max(...dense) || 1;
    ctx.fillStyle = colour;
    dense.forEach((each, bin) => {
      if (!each) return;
      ctx.globalAlpha = 0.08 + 0.92 * Math.sqrt(each / most);
      const top = y(edges[bin + 1]);
      ctx.fillRect(left, top, Math.max(width() - 0.5, 1), Math.max(y(edges[bin]) - top, 1));
    });
    ctx.globalAlpha = 1;
  }

  function scales(ctx, colour) {
    ctx.font = "12px system-ui, sans-serif";
    ctx.fillStyle = colour("--ink-soft");
    ctx.textBaseline = "middle";
    ctx.textAlign = "right";
    for (const value of round(low, high, TICKS)) ctx.fillText(number(value), LEFT - 6, Math.max(y(value), 8));
    ctx.textAlign = "center";
    const every = Math.ceil(found.length / Math.max(1, Math.floor((sheet.clientWidth - LEFT) / 70)));
    found.forEach(({ step }, index) => {
      if (index % every === 0) ctx.fillText(step ?? "–", LEFT + (index + 0.5) * width(), HEIGHT - 9);
    });
    const shown = found.findLastIndex(({ step }) => step === null || step <= at);
    if (shown < 0) return;
    ctx.strokeStyle = colour("--ink");
    ctx.strokeRect(LEFT + shown * width() + 0.5, 5.5, width() - 1.5, HEIGHT - BOTTOM - 5);
  }

  function look(event) {
    const box = sheet.getBoundingClientRect();
    const index = Math.floor((event.clientX - box.left - LEFT) / width()), one = found[index];
    const value = low + (1 - (event.clientY - box.top - 6) / (HEIGHT - BOTTOM - 6)) * (high - low);
    const edges = one && edgesOf(one);
    const bin = one ? one.counts.findIndex((_, each) => value >= edges[each] && value <= edges[each + 1]) : -1;
    tip.hidden = !one;
    if (!one) return;
    const total = one.counts.reduce((sum, count) => sum + count, 0);
    const between = () => `${one.counts[bin]} of ${total} from ${number(edges[bin])} to ${number(edges[bin + 1])}`;
    const told = bin < 0 ? `no value near ${number(value)}` : between();
    fill(tip, `step ${one.step ?? "–"}: ${told}`);
    tip.style.left = `${Math.max(Math.min(event.clientX - box.left + 12, box.width - tip.offsetWidth - 4), 0)}px`;
    tip.style.top = `${Math.max(event.clientY - box.top - 34, 0)}px`;
  }

  const later = atNextFrame(draw);
  new ResizeObserver(later).observe(sheet);
  later();
  sheet.addEventListener("pointermove", look);
  sheet.addEventListener("pointerleave", () => { tip.hidden = true; });
  return h("div", null, sheet, numbers(found));
}

function edgesOf({ edges, counts }) {
  if (edges.length === counts.length + 1) return edges;
  return Array.from({ length: counts.length + 1 }, (_, index) => edges[0] + ((edges[1] - edges[0]) * index) / counts.length);
}

/** The same as numbers: of each step how many values there are, the extremes, and the quartiles to within a bin. */
function numbers(found) {
  const row = (one) => {
    const edges = edgesOf(one), total = one.counts.reduce((sum, count) => sum + count, 0);
    const below = (part) => edges[Math.min(quantile(one.counts, part * total) + 1, one.counts.length)];
    const mean = one.counts.reduce((sum, count, bin) => sum + (count * (edges[bin] + edges[bin + 1])) / 2, 0) / (total || 1);
    const cells = [one.step ?? "", total, edges[0], below(0.25), below(0.5), below(0.75), edges.at(-1), mean, one.other];
    return h("tr", null, cells.map((each) => h("td", null, number(each))));
  };
  return h("details", null, h("summary", null, "as numbers"),
    h("div", { class: "scrolled" }, h("table", null, heads(HEADS), h("tbody", null, found.map(row)))));
}

function quantile(counts, wanted) {
  let sum = 0;
  return counts.findIndex((count) => (sum += count) >= wanted);
}
