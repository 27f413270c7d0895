// Who ran where and when: a lane for each GPU or slot, a bar for each attempt; below them what waited, and why.

import { atNextFrame, fill, h, toggle } from "../dom.js";
import { duration, moment, natural, plural } from "../format.js";
import { heightOf, LEFT, paint, places, roomOf } from "../lanes.js";
import { extent } from "../measures.js";
import { timeAxis } from "../time_axis.js";

const LEAST = 0.01; // seconds that fill the width
const WAITS = 40; // waits that are drawn, the longest of them
const DRAGGED = 8; // pixels from which on a press chooses a time, and is no click

export const timeline = {
  id: "timeline",
  title: "Timeline",

  has(page) {
    return page.runs.some((run) => run.started);
  },

  mount(root, page) {
    const view = new Timeline(root, page);
    return (what) => view.update(what);
  },
};

class Timeline {
  constructor(root, page) {
    Object.assign(this, { page, zoom: null, drawn: [], span: [0, 1], axis: timeAxis([], 0, 1), room: 1, drag: null });
    Object.assign(this, { waiting: true, answer: null, fresh: true });
    this.last = null; // what was drawn
    this.later = atNextFrame(() => this.ask());
    this.light = atNextFrame(() => this.last && this.draw(this.last));
    this.build(root);
    this.listen();
    new ResizeObserver(() => this.later()).observe(this.box);
  }

  build(root) {
    this.told = h("p", { class: "soft" });
    this.canvas = h("canvas", { tabindex: "0", role: "img" });
    this.tip = h("div", { class: "tip", hidden: true });
    this.box = h("div", { class: "chart timeline" }, this.canvas, this.tip);
    this.figure = h("figure", null, this.box);
    this.table = h("div", { class: "scroll" });
    fill(root,
      h("div", { class: "controls" },
        toggle("what waited", this.waiting, (value) => { this.waiting = value; this.later(); }),
        h("button", { type: "button", on: { click: () => this.look(null) } }, "all of the time")),
      this.told, this.figure, h("details", { class: "numbers" }, h("summary", null, "as a table"), this.table));
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener("pointermove", (event) => this.point(event));
    canvas.addEventListener("pointerleave", () => { this.tip.hidden = true; this.page.point(null); });
    canvas.addEventListener("pointerdown", (event) => { this.drag = this.at(event).x; });
    canvas.addEventListener("pointerup", (event) => this.released(event));
    canvas.addEventListener("dblclick", () => this.look(null));
    canvas.addEventListener("keydown", (event) => this.key(event));
  }

  update(what) {
    if (what === "runs") this.fresh = true;
    if (what === "focus") this.light();
    if (["runs", "shown", "look"].includes(what)) this.later();
  }

  // What is drawn.

  async ask() {
    const { fresh } = this;
    this.fresh = false;
    if (fresh || !this.answer) this.answer = await this.page.source.ask("timeline");
    if (this.answer) this.show();
  }

  show() {
    const { page, canvas } = this, shown = new Set(page.shown.map((run) => run.id)), { now } = page;
    const attempts = this.answer.attempts.filter((each) => shown.has(each.run));
    const waits = longest(this.answer.waits.filter((each) => shown.has(each.run)), now);
    const lanes = [...new Set(attempts.flatMap((each) => each.lanes))].sort(natural);
    const drawn = this.waiting ? waits : [];
    this.last = attempts.length || drawn.length ? { attempts, waits: drawn, lanes, now } : null;
    this.figure.hidden = !this.last;
    if (this.last) this.draw(this.last);
    this.told.textContent = this.last ? summary(attempts, waits, now) + idleTime(this.axis) : "none of the shown runs has begun";
    canvas.setAttribute("aria-label", `when and where runs ran. ${this.told.textContent}`);
    fill(this.table, rows(page, attempts));
  }

  draw({ attempts, waits, lanes, now }) {
    const width = Math.max(this.box.clientWidth, 200), height = heightOf(lanes, stacked(waits, now));
    const ran = attempts.map((each) => [each.started, each.ended ?? now]);
    const spans = [...ran, ...waits.map((each) => [each.from, each.to ?? now])];
    this.span = this.zoom ?? whole(spans);
    this.axis = timeAxis(spans, ...this.span);
    this.room = roomOf(width);
    this.drawn = places(attempts, waits, lanes, now, (at) => LEFT + this.axis.place(at) * this.room);
    const { page, drawn, axis } = this, style = getComputedStyle(this.box);
    paint(this.sheet(width, height), { page, drawn, lanes, width, height, axis, style, waits: waits.length > 0 });
  }

  /** The canvas, empty and of this size. */
  sheet(width, height) {
    const { canvas } = this, ratio = devicePixelRatio;
    Object.assign(canvas, { width: width * ratio, height: height * ratio });
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
    const paper = canvas.getContext("2d");
    paper.scale(ratio, ratio);
    paper.font = "12px system-ui, sans-serif";
    return paper;
  }

  // The pointer and the keyboard.

  at(event) {
    const { left, top } = this.canvas.getBoundingClientRect();
    const x = event.clientX - left, y = event.clientY - top;
    const near = (value, from, size) => value >= from - 2 && value <= from + size + 2;
    return { x, y, found: this.drawn.find((each) => near(x, each.x, each.width) && near(y, each.y, each.height)) };
  }

  point(event) {
    const { page, tip, box } = this, { x, y, found } = this.at(event);
    page.point(found?.run ?? null);
    tip.hidden = !found;
    if (!found) return;
    tip.textContent = described(page, found, page.now);
    tip.style.left = `${Math.max(0, Math.min(x + 12, box.clientWidth - tip.offsetWidth))}px`;
    tip.style.top = `${y + 14}px`;
  }

  /** The pointer is let go: at a run, or at the end of a time that is looked at. */
  released(event) {
    const { x, found } = this.at(event), from = this.drag;
    this.drag = null;
    if (from !== null && Math.abs(x - from) > DRAGGED) this.look([this.time(Math.min(x, from)), this.time(Math.max(x, from))]);
    else if (found) this.page.state.set("open", found.run);
  }

  time(x) {
    return this.axis.time(Math.min(1, Math.max(0, x - LEFT) / this.room));
  }

  /** From when to when is drawn; null for all of it. */
  look(span) {
    this.zoom = span;
    this.later();
  }

  key(event) {
    const [from, to] = this.span, size = to - from;
    const ways = {
      "+": [from + size / 4, to - size / 4], "-": [from - size / 2, to + size / 2],
      ArrowLeft: [from - size / 4, to - size / 4], ArrowRight: [from + size / 4, to + size / 4],
      0: null, Escape: null,
    };
    if (!(event.key in ways) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const way = ways[event.key];
    if (!way || way[1] - way[0] >= LEAST) this.look(way);
  }
}

/** From the first begin to the last end, and a second at least. */
function whole(spans) {
  const [low, high] = extent(spans.flat());
  return [low, Math.max(high, low + 1)];
}

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
