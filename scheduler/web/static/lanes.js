// How a timeline is painted: lanes with their bars, waits below them, and the time of day along the foot.

import { moment } from "./format.js";

const LANE = 26; // pixels of a lane, its gap included
const BAR = 18;
const THIN = 6; // of a wait
const RIGHT = 8;
const FOOT = 24;
const NAMED = 60; // pixels of a bar from which on a name fits into it
// Seconds between two marks at the foot.
const STEPS = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 43200, 86400, 172800, 604800];
const BAD = new Set(["failed", "timeout", "lost", "cancelled"]);

/** Pixels of the names of the lanes. */
export const LEFT = 92;

/** Pixels of the bars, of a picture so wide. */
export function roomOf(width) {
  return width - LEFT - RIGHT;
}

/** Pixels of a picture with these lanes and so many rows of waits. */
export function heightOf(lanes, rows) {
  return lanes.length * LANE + rows * (THIN + 3) + FOOT + 8;
}

/** Each attempt in its lanes and each wait in its row, with where it lies. `x(time)` gives pixels. */
export function places(attempts, waits, lanes, now, x) {
  const bars = attempts.flatMap((each) => each.lanes.map((lane) => ({
    ...each, kind: "attempt", x: x(each.started), width: Math.max(1.5, x(each.ended ?? now) - x(each.started)),
    y: lanes.indexOf(lane) * LANE + 4, height: BAR,
  })));
  const top = lanes.length * LANE + 8;
  const thin = waits.map((each) => ({
    ...each, kind: "wait", x: x(each.from), width: Math.max(1.5, x(each.to ?? now) - x(each.from)),
    y: top + each.row * (THIN + 3), height: THIN,
  }));
  return [...bars, ...thin];
}

/** Draw it: `drawn` as `places` has it, `waits`: whether there are any, `axis` as in `time_axis.js`, `style` that of the box. */
export function paint(paper, { page, drawn, lanes, width, height, axis, style, waits }) {
  const colour = (called) => style.getPropertyValue(called).trim();
  const inks = { soft: colour("--ink-soft"), grid: colour("--grid"), problem: colour("--problem"), paper: colour("--paper") };
  const x = (at) => LEFT + axis.place(at) * roomOf(width);
  for (const gap of axis.gaps) idle(paper, x(gap.from), x(gap.to), height - FOOT, inks.grid);
  for (const [at, text] of ticks(axis, width)) tick(paper, x(at), text, { width, height, inks });
  names(paper, lanes, waits, inks);
  paper.save();
  paper.beginPath();
  paper.rect(LEFT, 0, width - LEFT, height);
  paper.clip();
  for (const each of drawn) bar(paper, each, page, inks);
  paper.restore();
}

function tick(paper, x, text, { width, height, inks }) {
  paper.fillStyle = inks.grid;
  paper.fillRect(x, 0, 1, height - FOOT);
  paper.fillStyle = inks.soft;
  paper.textAlign = "center";
  paper.fillText(text, Math.min(x, width - 24), height - 8);
}

function names(paper, lanes, waits, inks) {
  paper.textAlign = "left";
  paper.fillStyle = inks.soft;
  lanes.forEach((lane, index) => paper.fillText(shortened(lane), 4, index * LANE + 17));
  if (waits) paper.fillText("waiting", 4, lanes.length * LANE + 17);
}

function bar(paper, each, page, inks) {
  const run = page.byId.get(each.run);
  paper.globalAlpha = (page.focus && page.focus !== each.run ? 0.3 : 1) * (each.kind === "wait" ? 0.6 : 1);
  paper.fillStyle = run ? page.colour(run) : inks.soft;
  paper.fillRect(each.x, each.y, each.width, each.height);
  if (BAD.has(each.state)) cross(paper, each, inks.problem);
  else if (each.state === "stopped_early") stripe(paper, each, inks.paper);
  if (each.kind === "attempt" && each.width > NAMED && run) name(paper, each, page.label(run));
}

function name(paper, each, text) {
  paper.save();
  paper.beginPath();
  paper.rect(each.x, each.y, each.width - 4, each.height);
  paper.clip();
  paper.fillStyle = "#ffffff";
  paper.strokeStyle = "#00000099";
  paper.lineWidth = 2;
  paper.strokeText(text, Math.max(each.x, LEFT) + 5, each.y + 13);
  paper.fillText(text, Math.max(each.x, LEFT) + 5, each.y + 13);
  paper.restore();
}

/** What did not succeed ends with a line in the colour of problems and a notch, so that it is seen without colours as well. */
function cross(paper, each, colour) {
  paper.fillStyle = colour;
  paper.fillRect(each.x + each.width - 3, each.y - 3, 3, each.height + 6);
}

/** What was stopped early ends with a gap. */
function stripe(paper, each, colour) {
  if (each.width < 10) return;
  paper.fillStyle = colour;
  paper.fillRect(each.x + each.width - 5, each.y, 2, each.height);
}

function shortened(text) {
  return text.length > 13 ? `${text.slice(0, 12)}…` : text;
}

/** A time in which nothing happened, and which is drawn shorter than it was. */
function idle(paper, from, to, height, colour) {
  paper.fillStyle = colour;
  paper.globalAlpha = 0.5;
  paper.fillRect(from, 0, to - from, height);
  paper.globalAlpha = 1;
}

/** Moments at even distances, and what stands there; those that would be too near to the one before are left out. */
function ticks(axis, width) {
  if (!axis.pieces.length) return []; // no run is shown
  const room = roomOf(width), first = axis.pieces[0].from, last = axis.pieces.at(-1).to;
  const drawn = axis.pieces.filter((each) => !each.gap).reduce((sum, each) => sum + each.to - each.from, 0);
  const step = STEPS.find((each) => drawn / each <= room / 90) ?? Math.ceil(drawn / (room / 90) / 604800) * 604800;
  const found = [];
  let before = -Infinity;
  for (const piece of axis.pieces.filter((each) => !each.gap)) {
    for (let shown = Math.ceil((piece.from - behind(piece.from)) / step) * step; ; shown += step) {
      const at = momentOf(shown), x = axis.place(at) * room;
      if (at > piece.to) break;
      if (at < piece.from || x - before < 60) continue;
      before = x;
      found.push([at, clock(at, step, last - first)]);
    }
  }
  return found;
}

/** How many seconds the clocks here are behind UTC then: in summer others than in winter. */
function behind(at) {
  return new Date(at * 1000).getTimezoneOffset() * 60;
}

/** When the clocks here show so many seconds since 1970. */
function momentOf(shown) {
  const near = shown + behind(shown);
  return shown + behind(near);
}

function clock(at, step, span) {
  const [day, time] = moment(at).split(" ");
  if (step >= 86400) return day.slice(5);
  if (step < 60) return `${time}:${String(new Date(at * 1000).getSeconds()).padStart(2, "0")}`;
  return span > 86400 ? `${day.slice(5)} ${time}` : time;
}

