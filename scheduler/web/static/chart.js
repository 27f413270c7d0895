// One chart of many lines. uPlot gives axes, grid, cursor and the selection of a zoom; the lines are drawn here, since each has
// places of its own on the x axis, and a thousand of them must not be joined into one table.

import { h, atNextFrame } from "./dom.js";
import { mark, number } from "./format.js";
import { powers } from "./measures.js";

const NEAR = 40; // pixels from the pointer to a line that it is at
const LEAST = 8; // pixels of a selection that is a zoom
const LARGEST = 8e307; // of a place on an axis: a range of twice that is still a number
const FINE = 1e-10; // of the size of its values a range has at least, or steps along it are lost in rounding and never end
const MARKS = []; // distances of marks on an axis; beyond those of uPlot the large ones
for (let power = -30; power <= 307; power++) {
  for (const each of power > 30 ? [1, 2, 5] : [1, 2, 2.5, 5]) MARKS.push(Number(`${each}e${power}`));
}
const MANY = 50; // lines, among which nobody sees dashes and bands but those of the one that is pointed at

/** `drawn` has `lines`: [{id, label, x, y, low?, high?, colour, dash?, width?, faint?}], x ascending, arrays of one length;
 * `xLog`, `yLog`, `xTime`; `xText(value)` for the axis and the pointer. `on.focus(id|null)` and `on.open(id)` are told what the
 * pointer does; `on.zoom([low, high] | null)`. */
export class Chart {
  constructor(root, { height = 260, label, on = {} }) {
    this.on = on;
    this.height = height;
    this.drawn = { lines: [] };
    this.zoom = null;
    this.focus = null;
    this.box = h("div", { class: "chart", role: "img", tabindex: "0", "aria-label": label });
    this.tip = h("div", { class: "tip", hidden: true });
    this.box.append(this.tip);
    root.append(this.box);
    this.redraw = atNextFrame(() => this.plot?.redraw(false));
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.box);
    this.box.addEventListener("keydown", (event) => this.key(event));
  }

  draw(drawn) {
    const again = !this.plot || ["xLog", "yLog", "xTime"].some((each) => drawn[each] !== this.drawn[each]);
    this.drawn = drawn;
    this.ranges = { x: drawable(this.range("x"), drawn.xLog), y: drawable(this.range("y"), drawn.yLog) };
    if (again) this.build();
    else this.plot.setData([this.ranges.x, [null, null]]);
  }

  /** What it shows, for who cannot see it. */
  describe(text) {
    this.box.setAttribute("aria-label", text);
  }

  /** After another theme: the axes have colours of their own. */
  restyle() {
    this.plot?.destroy();
    this.plot = null;
  }

  light(id) {
    if (this.focus === id) return;
    this.focus = id;
    this.redraw();
  }

  destroy() {
    this.observer.disconnect();
    this.plot?.destroy();
    this.box.remove();
  }

  // The scales.

  range(axis) {
    if (this.zoom?.[axis]) return this.zoom[axis];
    const log = this.drawn[`${axis}Log`];
    let low = Infinity, high = -Infinity;
    for (const line of this.drawn.lines) {
      for (const values of axis === "x" ? [line.x] : [line.low ?? line.y, line.high ?? line.y]) {
        for (let index = 0; index < values.length; index++) {
          const value = values[index];
          if (log && value <= 0) continue;
          if (axis === "y" && this.zoom?.x && (line.x[index] < this.zoom.x[0] || line.x[index] > this.zoom.x[1])) continue;
          if (value < low) low = value;
          if (value > high) high = value;
        }
      }
    }
    if (low > high) return log ? [0.1, 1] : [0, 1];
    if (log) return low === high ? [low / 2, high * 2] : axis === "y" ? [low / 1.1, high * 1.1] : [low, high];
    if (low === high) return [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
    return axis === "y" ? [low - (high - low) * 0.05, high + (high - low) * 0.05] : [low, high];
  }

  build() {
    this.plot?.destroy();
    const style = getComputedStyle(this.box);
    const ink = style.getPropertyValue("--ink-soft").trim(), grid = style.getPropertyValue("--grid").trim();
    const thin = { stroke: grid, width: 1 };
    const axis = { stroke: ink, grid: thin, ticks: thin, font: "12px system-ui, sans-serif" };
    const text = this.drawn.xText;
    const named = (_, splits) => splits.map((value) => (value === null ? null : text(value)));
    const marks = (log) => ({
      incrs: MARKS,
      values: (_, splits, axis, space, by) => splits.map((value) => (value === null ? "" : mark(value, log ? value : by))),
    });
    const wide = (_, texts) => 22 + 7 * Math.max(5, ...(texts ?? []).map((each) => each.length));
    const places = (log) => (log ? { splits: (_, axis, low, high) => powers(low, high) } : {});
    const across = this.drawn.xTime ? {} : text && text !== number ? { values: named } : marks(this.drawn.xLog);
    const options = {
      width: Math.max(this.box.clientWidth, 100),
      height: this.height,
      legend: { show: false },
      scales: {
        x: { time: Boolean(this.drawn.xTime), distr: this.drawn.xLog ? 3 : 1, range: () => this.ranges.x },
        y: { distr: this.drawn.yLog ? 3 : 1, range: () => this.ranges.y },
      },
      axes: [
        { ...axis, size: 32, ...across, ...places(this.drawn.xLog) },
        { ...axis, size: wide, ...marks(this.drawn.yLog), ...places(this.drawn.yLog) },
      ],
      series: [{}, { show: true, points: { show: false } }],
      cursor: {
        points: { show: false },
        drag: { x: true, y: true, uni: 24, setScale: false },
        bind: { dblclick: () => () => this.unzoom() },
      },
      hooks: {
        draw: [() => this.paint()],
        setCursor: [() => this.look()],
        setSelect: [() => this.select()],
      },
    };
    this.plot = new uPlot(options, [this.ranges.x, [null, null]], this.box);
    this.plot.over.addEventListener("mouseleave", () => this.leave());
    this.plot.over.addEventListener("click", () => this.focus && !this.dragged && this.on.open?.(this.focus));
    this.plot.over.addEventListener("mousedown", () => { this.dragged = false; });
  }

  resize() {
    const width = this.box.clientWidth;
    if (this.plot && width && width !== this.plot.width) this.plot.setSize({ width, height: this.height });
  }

  select() {
    const { left, top, width, height } = this.plot.select;
    if (width < LEAST && height < LEAST) return;
    this.dragged = true;
    const value = (at, axis) => this.plot.posToVal(at, axis);
    const { width: wide, height: high } = this.plot.over.getBoundingClientRect();
    this.zoom = {
      x: width >= LEAST && width < wide - 1 ? [value(left, "x"), value(left + width, "x")] : this.zoom?.x,
      y: height >= LEAST && height < high - 1 ? [value(top + height, "y"), value(top, "y")] : this.zoom?.y,
    };
    this.plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.draw(this.drawn);
    this.on.zoom?.(this.zoom);
  }

  unzoom() {
    this.zoom = null;
    this.draw(this.drawn);
    this.on.zoom?.(null);
  }

  /** With the keyboard: + and - zoom on the x axis, arrows move, 0 and Escape show all. */
  key(event) {
    const [low, high] = this.ranges?.x ?? [0, 1];
    const span = high - low;
    const ways = {
      "+": [low + span / 4, high - span / 4], "=": [low + span / 4, high - span / 4], "-": [low - span / 2, high + span / 2],
      ArrowLeft: [low - span / 4, high - span / 4], ArrowRight: [low + span / 4, high + span / 4], 0: null, Escape: null,
    };
    if (!(event.key in ways) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.zoom = ways[event.key] && { x: ways[event.key] };
    this.draw(this.drawn);
    this.on.zoom?.(this.zoom);
  }

  // The lines.

  places() {
    const { bbox } = this.plot;
    const along = (axis, from, size) => {
      const log = this.drawn[`${axis}Log`];
      const [low, high] = this.ranges[axis].map((value) => (log ? Math.log10(value) : value));
      const factor = size / (high - low);
      return (value) => from + ((log ? Math.log10(value) : value) - low) * factor;
    };
    return { x: along("x", bbox.left, bbox.width), y: along("y", bbox.top + bbox.height, -bbox.height) };
  }

  paint() {
    const { ctx, bbox } = this.plot;
    const { x, y } = this.places();
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    const many = this.drawn.lines.filter((line) => !line.faint).length > MANY;
    ctx.lineJoin = many ? "bevel" : "round";
    const lit = this.drawn.lines.filter((line) => line.id === this.focus);
    const others = this.drawn.lines.filter((line) => line.id !== this.focus);
    const quick = (line) => (many ? { ...line, low: null, dash: null, width: 1 } : line);
    for (const line of others) this.stroke(ctx, quick(line), x, y, lit.length ? 0.25 : 1);
    for (const line of lit) this.stroke(ctx, line, x, y, 1, 1.5);
    ctx.restore();
  }

  stroke(ctx, line, x, y, alpha, more = 1) {
    const ratio = devicePixelRatio;
    ctx.strokeStyle = ctx.fillStyle = line.colour;
    if (line.low && !line.faint) {
      ctx.globalAlpha = 0.15 * alpha;
      ctx.beginPath();
      line.x.forEach((at, index) => ctx.lineTo(x(at), y(line.high[index])));
      for (let index = line.x.length - 1; index >= 0; index--) ctx.lineTo(x(line.x[index]), y(line.low[index]));
      ctx.fill();
    }
    ctx.globalAlpha = (line.faint ? 0.3 : 1) * alpha;
    ctx.lineWidth = (line.width ?? 1.5) * ratio * more;
    ctx.setLineDash((line.dash ?? []).map((each) => each * ratio));
    ctx.beginPath();
    for (let index = 0; index < line.x.length; index++) ctx.lineTo(x(line.x[index]), y(line.y[index]));
    ctx.stroke();
    if (line.x.length === 1) {
      ctx.beginPath();
      ctx.arc(x(line.x[0]), y(line.y[0]), 3 * ratio, 0, 7);
      ctx.fill();
    }
  }

  // The pointer.

  look() {
    const { left, top } = this.plot.cursor;
    if (left < 0 || !this.drawn.lines.length) return this.leave();
    const found = this.nearest(left, top);
    this.light(found?.line.id ?? null);
    this.on.focus?.(found?.line.id ?? null);
    this.tip.hidden = !found;
    if (!found) return;
    const { line, index } = found;
    this.tip.replaceChildren(
      h("span", { class: "swatch", style: { background: line.colour } }),
      h("bdi", null, line.label), // letters that turn a text round must not turn the value
      `: ${this.drawn.yText?.(line.y[index]) ?? line.y[index]} at ${this.drawn.xText?.(line.x[index]) ?? line.x[index]}`,
    );
    const over = this.plot.over;
    this.tip.style.left = `${over.offsetLeft + Math.min(left + 12, over.clientWidth - this.tip.offsetWidth)}px`;
    this.tip.style.top = `${over.offsetTop + Math.max(top - 32, 0)}px`;
  }

  nearest(left, top) {
    const { x, y } = this.places();
    const ratio = devicePixelRatio, { bbox } = this.plot;
    const at = this.plot.posToVal(left, "x");
    let best = null, distance = NEAR;
    for (const line of this.drawn.lines) {
      if (line.faint || !line.x.length) continue;
      let index = bisect(line.x, at);
      if (index > 0 && at - line.x[index - 1] < line.x[index] - at) index--;
      const sideways = Math.max(0, Math.abs((x(line.x[index]) - bbox.left) / ratio - left) - bbox.width / ratio / line.x.length);
      const near = Math.hypot(sideways, (y(line.y[index]) - bbox.top) / ratio - top);
      if (near < distance) [best, distance] = [{ line, index }, near];
    }
    return best;
  }

  leave() {
    this.tip.hidden = true;
    this.light(null);
    this.on.focus?.(null);
  }
}

/** A range that marks can be put along. */
function drawable([low, high], log) {
  const [from, to] = [low, high].map((each) => Math.min(Math.max(each, log ? 1 / LARGEST : -LARGEST), LARGEST));
  const least = Math.max(Math.abs(from), Math.abs(to), FINE) * FINE;
  if (log || to - from >= least) return [from, to];
  return [(from + to) / 2 - least / 2, (from + to) / 2 + least / 2];
}

/** The first index whose value is not less, or the last index. */
export function bisect(values, wanted) {
  let low = 0, high = values.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
