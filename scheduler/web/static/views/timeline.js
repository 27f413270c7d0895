// Who ran where and when: a lane for each GPU or slot, a bar for each attempt; below them what waited, and why.

import { atNextFrame, fill, h, toggle } from "../dom.js";
import { duration, moment, natural, plural } from "../format.js";
import { timeAxis } from "../time_axis.js";

const LANE = 26; // pixels of a lane, its gap included
const BAR = 18;
const THIN = 6; // of a wait
const LEFT = 92; // of the names of the lanes
const FOOT = 24;
const LEAST = 0.01; // seconds that fill the width
const WAITS = 40; // waits that are drawn, the longest of them

export const timeline = {
  id: "timeline",
  title: "Timeline",

  has(page) {
    return page.runs.some((run) => run.started);
  },

  mount(root, page) {
    const told = h("p", { class: "soft" });
    const canvas = h("canvas", { tabindex: "0", role: "img" });
    const tip = h("div", { class: "tip", hidden: true });
    const box = h("div", { class: "chart timeline" }, canvas, tip);
    const table = h("details", { class: "numbers" }, h("summary", null, "as a table"), h("div", { class: "scroll" }));
    let zoom = null, drawn = [], span = [0, 1], axis = timeAxis([], 0, 1), room = 1, waiting = true, answer = null, drag = null;
    let last = null; // what was drawn
    const figure = h("figure", null, box);
    fill(root,
      h("div", { class: "controls" },
        toggle("what waited", waiting, (value) => { waiting = value; later(); }),
        h("button", { type: "button", on: { click: () => { zoom = null; later(); } } }, "all of the time")),
      told, figure, table);

    async function update(fresh) {
      if (fresh || !answer) answer = await page.source.ask("timeline");
      if (!answer) return;
      const shown = new Set(page.shown.map((run) => run.id)), now = page.answer.made;
      const attempts = answer.attempts.filter((each) => shown.has(each.run));
      const waits = longest(answer.waits.filter((each) => shown.has(each.run)), now);
      const lanes = [...new Set(attempts.flatMap((each) => each.lanes))].sort(natural);
      last = attempts.length || (waiting && waits.length) ? [attempts, waiting ? waits : [], lanes, now] : null;
      figure.hidden = !last;
      if (last) draw(...last);
      told.textContent = last ? summary(attempts, waits, now) + idleTime(axis) : "none of the shown runs has begun";
      canvas.setAttribute("aria-label", `when and where runs ran. ${told.textContent}`);
      fill(table.lastChild, rows(page, attempts));
    }

    function draw(attempts, waits, lanes, now) {
      const width = Math.max(box.clientWidth, 200), ratio = devicePixelRatio;
      const height = lanes.length * LANE + stacked(waits, now) * (THIN + 3) + FOOT + 8;
      const low = Math.min(...attempts.map((each) => each.started), ...waits.map((each) => each.from));
      const high = Math.max(...attempts.map((each) => each.ended ?? now), ...waits.map((each) => each.to ?? now), low + 1);
      span = zoom ?? [low, high];
      const ran = attempts.map((each) => [each.started, each.ended ?? now]);
      const spans = [...ran, ...waits.map((each) => [each.from, each.to ?? now])];
      axis = timeAxis(spans, ...span);
      room = width - LEFT - 8;
      Object.assign(canvas, { width: width * ratio, height: height * ratio });
      Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
      const paper = canvas.getContext("2d");
      paper.scale(ratio, ratio);
      paper.font = "12px system-ui, sans-serif";
      drawn = places(attempts, waits, lanes, now, (at) => LEFT + axis.place(at) * room);
      paint(paper, { page, drawn, lanes, width, height, axis, style: getComputedStyle(box), waits: waits.length > 0 });
    }

    function at(event) {
      const { left, top } = canvas.getBoundingClientRect();
      const x = event.clientX - left, y = event.clientY - top;
      const near = (value, from, size) => value >= from - 2 && value <= from + size + 2;
      return { x, y, found: drawn.find((each) => near(x, each.x, each.width) && near(y, each.y, each.height)) };
    }

    function point(event) {
      const { x, y, found } = at(event);
      page.point(found?.run ?? null);
      tip.hidden = !found;
      if (!found) return;
      tip.textContent = described(page, found, page.answer.made);
      tip.style.left = `${Math.max(0, Math.min(x + 12, box.clientWidth - tip.offsetWidth))}px`;
      tip.style.top = `${y + 14}px`;
    }

    function time(x) {
      return axis.time(Math.min(1, Math.max(0, x - LEFT) / room));
    }

    canvas.addEventListener("pointermove", point);
    canvas.addEventListener("pointerleave", () => { tip.hidden = true; page.point(null); });
    canvas.addEventListener("pointerdown", (event) => { drag = at(event).x; });
    canvas.addEventListener("pointerup", (event) => {
      const { x, found } = at(event), from = drag;
      drag = null;
      if (from !== null && Math.abs(x - from) > 8) {
        zoom = [time(Math.min(x, from)), time(Math.max(x, from))];
        later();
      } else if (found) page.state.set("open", found.run);
    });
    canvas.addEventListener("dblclick", () => { zoom = null; later(); });
    canvas.addEventListener("keydown", (event) => {
      const size = span[1] - span[0];
      const ways = {
        "+": [span[0] + size / 4, span[1] - size / 4], "-": [span[0] - size / 2, span[1] + size / 2],
        ArrowLeft: [span[0] - size / 4, span[1] - size / 4], ArrowRight: [span[0] + size / 4, span[1] + size / 4],
        0: null, Escape: null,
      };
      if (!(event.key in ways) || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      if (ways[event.key] && ways[event.key][1] - ways[event.key][0] < LEAST) return;
      zoom = ways[event.key];
      later();
    });
    let fresh = true;
    const later = atNextFrame(() => { update(fresh); fresh = false; });
    const light = atNextFrame(() => last && draw(...last));
    new ResizeObserver(() => later()).observe(box);
    return (what) => {
      if (what === "runs") fresh = true;
      if (what === "focus") light();
      if (["runs", "shown", "look"].includes(what)) later();
    };
  },
};

/** The longest waits, in the order of their begin; those of a moment are none. */
function longest(waits, now) {
  const length = (each) => (each.to ?? now) - each.from;
  return waits.filter((each) => length(each) >= 1).sort((one, other) => length(other) - length(one)).slice(0, WAITS)
    .sort((one, other) => one.from - other.from);
}

/** In which row each wait stands, so that none lies on another; the number of rows. */
function stacked(waits, now) {
  const free = [];
  for (const each of waits) {
    let row = free.findIndex((until) => until <= each.from);
    if (row < 0) row = free.push(0) - 1;
    free[row] = each.to ?? now;
    each.row = row;
  }
  return free.length;
}

function places(attempts, waits, lanes, now, x) {
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

const BAD = new Set(["failed", "timeout", "lost", "cancelled"]);

function paint(paper, { page, drawn, lanes, width, height, axis, style, waits }) {
  const ink = style.getPropertyValue("--ink-soft").trim(), grid = style.getPropertyValue("--grid").trim();
  const problem = style.getPropertyValue("--problem").trim();
  const place = (at) => LEFT + axis.place(at) * (width - LEFT - 8);
  for (const gap of axis.gaps) idle(paper, place(gap.from), place(gap.to), height - FOOT, grid);
  for (const [at, text] of ticks(axis, width)) {
    const x = place(at);
    paper.fillStyle = grid;
    paper.fillRect(x, 0, 1, height - FOOT);
    paper.fillStyle = ink;
    paper.textAlign = "center";
    paper.fillText(text, Math.min(x, width - 24), height - 8);
  }
  paper.textAlign = "left";
  paper.fillStyle = ink;
  lanes.forEach((lane, index) => paper.fillText(shortened(lane), 4, index * LANE + 17));
  if (waits) paper.fillText("waiting", 4, lanes.length * LANE + 17);
  paper.save();
  paper.beginPath();
  paper.rect(LEFT, 0, width - LEFT, height);
  paper.clip();
  for (const each of drawn) {
    const run = page.byId.get(each.run);
    paper.globalAlpha = (page.focus && page.focus !== each.run ? 0.3 : 1) * (each.kind === "wait" ? 0.6 : 1);
    paper.fillStyle = run ? page.colour(run) : ink;
    paper.fillRect(each.x, each.y, each.width, each.height);
    if (BAD.has(each.state)) cross(paper, each, problem);
    else if (each.state === "stopped_early") stripe(paper, each, style.getPropertyValue("--paper").trim());
    if (each.kind === "attempt" && each.width > 60 && run) name(paper, each, page.label(run));
  }
  paper.restore();
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

const STEPS = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 43200, 86400, 172800, 604800];

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
  const room = width - LEFT - 8, first = axis.pieces[0].from, last = axis.pieces.at(-1).to;
  const drawn = axis.pieces.filter((each) => !each.gap).reduce((sum, each) => sum + each.to - each.from, 0);
  const step = STEPS.find((each) => drawn / each <= room / 90) ?? Math.ceil(drawn / (room / 90) / 604800) * 604800;
  const zone = new Date(first * 1000).getTimezoneOffset() * 60;
  const found = [];
  let before = -Infinity;
  for (const piece of axis.pieces.filter((each) => !each.gap)) {
    for (let at = Math.ceil((piece.from - zone) / step) * step + zone; at <= piece.to; at += step) {
      const x = axis.place(at) * room;
      if (x - before < 60) continue;
      before = x;
      found.push([at, clock(at, step, last - first)]);
    }
  }
  return found;
}

function clock(at, step, span) {
  const [day, time] = moment(at).split(" ");
  if (step >= 86400) return day.slice(5);
  if (step < 60) return `${time}:${String(new Date(at * 1000).getSeconds()).padStart(2, "0")}`;
  return span > 86400 ? `${day.slice(5)} ${time}` : time;
}

function described(page, found, now) {
  const run = page.byId.get(found.run), label = run ? page.label(run) : found.run.slice(0, 8);
  if (found.kind === "wait") {
    return `${label} waited ${duration((found.to ?? now) - found.from)}: ${found.why || "for a place"}`;
  }
  const length = duration((found.ended ?? now) - found.started);
  const which = found.number > 1 ? `, attempt ${found.number}` : "", why = found.reason ? `: ${found.reason}` : "";
  return `${label}${which}: ${found.state.replace("_", " ")}, ${length} on ${found.lanes.join(", ")}${why}`;
}

function summary(attempts, waits, now) {
  const busy = attempts.reduce((sum, each) => sum + ((each.ended ?? now) - each.started) * each.lanes.length, 0);
  const longestWait = Math.max(0, ...waits.map((each) => (each.to ?? now) - each.from));
  const waited = longestWait ? `; the longest wait was ${duration(longestWait)}` : "";
  const where = attempts.some((each) => !each.lanes[0].startsWith("GPU")) ? "of slots" : "of GPUs";
  return `${plural(attempts.length, "attempt")}, ${duration(busy)} ${where} in all${waited}`;
}

function idleTime({ gaps }) {
  const total = gaps.reduce((sum, each) => sum + each.to - each.from, 0);
  return gaps.length ? `; ${duration(total)} in which nothing happened are drawn in grey, and shorter than they were` : "";
}

function rows(page, attempts) {
  const cells = (each) => {
    const run = page.byId.get(each.run);
    const took = each.ended ? duration(each.ended - each.started) : "";
    const label = run ? page.label(run) : "";
    return [label, each.number, each.lanes.join(", "), moment(each.started), took, each.state, each.reason];
  };
  const titles = ["run", "attempt", "where", "begun", "took", "state", "reason"];
  return h("table", null,
    h("thead", null, h("tr", null, titles.map((title) => h("th", { scope: "col" }, title)))),
    h("tbody", null, attempts.slice(0, 500).map((each) => h("tr", null, cells(each).map((cell) => h("td", null, cell))))));
}
