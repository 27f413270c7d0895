// Rows of a table of which only those in sight are elements: five thousand are scrolled like fifty.

import { atNextFrame, fill, h } from "./dom.js";
import { isOnPaper } from "./paper.js";

const AROUND = 8; // rows above and below what is in sight
const PRINTED = 500;

/** `box` scrolls, `body` is the tbody inside; all rows have one height, in pixels. `make(item, index)` gives a tr. */
export class Rows {
  constructor(box, body, { height, columns, make }) {
    Object.assign(this, { box, body, height, columns, make });
    this.items = [];
    this.made = new Map();
    [this.above, this.below] = [1, 2].map(() => h("tr", { "aria-hidden": "true", class: "space" }, h("td")));
    fill(body, this.above, this.below);
    this.later = atNextFrame(() => this.draw());
    box.addEventListener("scroll", this.later, { passive: true });
    new ResizeObserver(this.later).observe(box);
  }

  /** Other items, or others in their cells. The element of a row that has the focus keeps it, where the row is still there. */
  set(items) {
    const active = this.body.contains(document.activeElement) ? document.activeElement : null;
    const kept = active && { id: active.closest("tr").dataset.id, part: active.dataset.part };
    this.items = items;
    this.made.clear();
    this.draw();
    if (kept?.part) this.row(kept.id)?.querySelector(`[data-part="${kept.part}"]`)?.focus({ preventScroll: true });
  }

  row(id) {
    return [...this.made.values()].find((row) => row.dataset.id === id);
  }

  /** The row at a place, brought into sight. */
  at(index) {
    if (index < 0 || index >= this.items.length) return undefined;
    const head = this.body.previousElementSibling.offsetHeight, top = index * this.height;
    const below = top + this.height + head;
    if (top < this.box.scrollTop) this.box.scrollTop = top;
    else if (below > this.box.scrollTop + this.box.clientHeight) this.box.scrollTop = below - this.box.clientHeight;
    this.draw();
    return this.made.get(index);
  }

  /** What stays in sight is not touched: it keeps the focus, and costs nothing. */
  draw() {
    const least = isOnPaper() ? PRINTED : 0; // rows that are made whatever is in sight
    const first = least ? 0 : Math.max(0, Math.floor(this.box.scrollTop / this.height) - AROUND);
    const shown = Math.max(least, Math.ceil(this.box.clientHeight / this.height) + 2 * AROUND);
    const last = Math.min(this.items.length, first + shown), begin = Math.min(first, last);
    const before = this.made;
    this.made = new Map();
    for (let index = begin; index < last; index++) this.made.set(index, before.get(index) ?? this.make(this.items[index], index));
    const wanted = new Set(this.made.values());
    for (const row of [...this.body.children]) if (!wanted.has(row) && row !== this.above && row !== this.below) row.remove();
    let place = this.above;
    for (const row of wanted) {
      if (place.nextSibling !== row) place.after(row);
      place = row;
    }
    this.space(this.above, begin);
    this.space(this.below, this.items.length - last);
  }

  /** A row stands for those that are not there. */
  space(row, count) {
    row.hidden = count <= 0;
    row.firstChild.colSpan = this.columns();
    row.firstChild.style.height = `${Math.max(count, 0) * this.height}px`;
  }
}
