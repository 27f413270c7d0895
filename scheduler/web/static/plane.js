// Two axes with room for marks between them: what is drawn there is the business of who asks for it.

import { atNextFrame, h } from "./dom.js";

const LEFT = 62, RIGHT = 14, TOP = 8, BOTTOM = 46;
const ROOM = 9; // pixels between the frame and the outermost marks

/** `draw({x, y, xLabel, yLabel})` takes the scales (see `measures.js`). `paint(ctx, plane)` draws the marks, `light(ctx, plane)`
 * what is under the pointer above them; `on.look(left, top)` is told where in the box the pointer is, or (null, null). */
export class Plane {
  constructor(root, { height = 320, paint, light, on = {} }) {
    Object.assign(this, { height, paint, light, width: 0 });
    this.base = h("canvas", { role: "img" });
    this.over = h("canvas", { "aria-hidden": "true" });
    this.tip = h("div", { class: "tip", hidden: true });
    this.sheet = h("div", { class: "layers plane" }, this.base, this.over, this.tip);
    root.append(this.sheet);
    this.redraw = atNextFrame(() => this.drawn && this.all());
    this.relight = atNextFrame(() => this.drawn && this.lit());
    new ResizeObserver(() => this.sheet.clientWidth !== this.width && this.redraw()).observe(this.sheet);
    this.sheet.addEventListener("pointermove", (event) => {
      const box = this.sheet.getBoundingClientRect();
      on.look?.(event.clientX - box.left, event.clientY - box.top);
    });
    this.sheet.addEventListener("pointerleave", () => on.look?.(null, null));
    this.sheet.addEventListener("click", () => on.open?.());
  }

  draw(drawn) {
    this.drawn = drawn;
    this.base.setAttribute("aria-label", drawn.label);
    this.redraw();
  }

  px(part) {
    return LEFT + ROOM + part * (this.width - LEFT - RIGHT - 2 * ROOM);
  }

  py(part) {
    return TOP + ROOM + (1 - part) * (this.height - TOP - BOTTOM - 2 * ROOM);
  }

  get edges() {
    return { left: LEFT, right: this.width - RIGHT, top: TOP, bottom: this.height - BOTTOM };
  }

  /** A colour of the style by its variable. */
  colour(name) {
    return getComputedStyle(this.sheet).getPropertyValue(name).trim();
  }

  context(canvas) {
    const ctx = canvas.getContext("2d");
    ctx.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    ctx.clearRect(0, 0, this.width, this.height);
    ctx.font = "12px system-ui, sans-serif";
    return ctx;
  }

  all() {
    this.width = this.sheet.clientWidth;
    for (const canvas of [this.base, this.over]) {
      canvas.width = this.width * devicePixelRatio;
      canvas.height = this.height * devicePixelRatio;
      Object.assign(canvas.style, { width: `${this.width}px`, height: `${this.height}px` });
    }
    const ctx = this.context(this.base);
    this.axes(ctx);
    ctx.save();
    this.paint(ctx, this);
    ctx.restore();
    this.lit();
  }

  lit() {
    this.light?.(this.context(this.over), this);
  }

  axes(ctx) {
    const { left, right, top, bottom } = this.edges, { x, y, xLabel, yLabel } = this.drawn;
    const line = (...points) => {
      ctx.beginPath();
      ctx.moveTo(points[0], points[1]);
      ctx.lineTo(points[2], points[3]);
      ctx.stroke();
    };
    ctx.strokeStyle = this.colour("--grid");
    ctx.fillStyle = this.colour("--ink-soft");
    ctx.textBaseline = "middle";
    ctx.textAlign = "right";
    for (const { part, text } of y.ticks(6)) {
      line(left, this.py(part), right, this.py(part));
      ctx.fillText(cut(text, 9), left - 8, this.py(part));
    }
    ctx.textAlign = "center";
    let end = -Infinity;
    for (const { part, text } of x.ticks(Math.max(2, Math.round(this.width / 110))).sort((one, other) => one.part - other.part)) {
      const at = this.px(part), shown = cut(text, 14), half = ctx.measureText(shown).width / 2;
      line(at, top, at, bottom);
      const place = Math.min(at, this.width - half - 2);
      if (place - half < end + 8) continue;
      end = place + half;
      ctx.fillText(shown, place, bottom + 13);
    }
    ctx.fillStyle = this.colour("--ink");
    ctx.fillText(xLabel, (left + right) / 2, this.height - 10);
    ctx.save();
    ctx.translate(10, (top + bottom) / 2);
    ctx.rotate(-Math.PI / 2);
    ctx.fillText(yLabel, 0, 0);
    ctx.restore();
  }

  /** Show these children beside a place, or nothing. */
  point(left, top, ...children) {
    this.tip.hidden = !children.length;
    this.tip.replaceChildren(...children);
    if (!children.length) return;
    const room = this.width - this.tip.offsetWidth - 4, under = this.height - this.tip.offsetHeight;
    this.tip.style.left = `${Math.max(Math.min(left + 14, room), 0)}px`;
    this.tip.style.top = `${Math.max(Math.min(top > this.height / 2 ? top - this.tip.offsetHeight - 10 : top + 14, under), 0)}px`;
  }
}

function cut(text, most) {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
