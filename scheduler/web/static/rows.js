// Rows of a table of which only those in sight are elements: five thousand are scrolled like fifty.

import { atNextFrame, fill, h } from "./dom.js";

const AROUND = 8; // rows above and below what is in sight
const PRINTED = 500;

/** `box` scrolls, `body` is the tbody inside; all rows have one height, in pixels. `make(item, index)` gives a tr. */
export class Rows {
  constructor(box, body, { height, columns, make }) {
    Object.assign(this, { box, body, height, columns, make });
    this.items = [];
    this.made = new Map();
    this.later = atNextFrame(() => this.draw());
    box.addEventListener("scroll", this.later, { passive: true });
    new ResizeObserver(this.later).observe(box);
    addEventListener("beforeprint", () => this.draw(PRINTED));
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

  draw(least = 0) {
    const first = Math.max(0, Math.floor(this.box.scrollTop / this.height) - AROUND);
    const shown = Math.max(least, Math.ceil(this.box.clientHeight / this.height) + 2 * AROUND);
    const last = Math.min(this.items.length, (least ? 0 : first) + shown), begin = least ? 0 : Math.min(first, last);
    for (const index of [...this.made.keys()]) if (index < begin || index >= last) this.made.delete(index);
    const rows = [];
    for (let index = begin; index < last; index++) {
      if (!this.made.has(index)) this.made.set(index, this.make(this.items[index], index));
      rows.push(this.made.get(index));
    }
    const wanted = [this.space(begin), ...rows, this.space(this.items.length - last)].filter(Boolean);
    const now = [...this.body.children].filter((each) => each.dataset.id !== undefined);
    if (now.length === rows.length && now.every((row, index) => row === rows[index])) return;
    const active = document.activeElement;
    fill(this.body, wanted);
    if (active !== document.activeElement && this.body.contains(active)) active.focus({ preventScroll: true });
  }

  /** What stands for the rows that are not there. */
  space(count) {
    if (count <= 0) return null;
    const cell = h("td", { colspan: this.columns(), style: { height: `${count * this.height}px` } });
    return h("tr", { "aria-hidden": "true", class: "space" }, cell);
  }
}
