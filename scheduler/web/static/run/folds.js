// The parts of the panel of a run, one below the other, each under its name.

import { fill, h } from "../dom.js";

/** The parts, which can be folded. One that is as it was stays, with the focus, the search and all else in it. */
export class Folds {
  constructor(root) {
    this.root = root;
    this.made = new Map();
    this.folds = new Map(); // as the reader likes them
  }

  clear() {
    this.made.clear();
  }

  /** `list`: [name, what it depends on, make(), open] of each. */
  show(list) {
    const old = [...this.root.children], elements = list.map((part) => this.element(...part));
    if (old.length !== elements.length) fill(this.root, elements);
    else elements.forEach((element, index) => element !== old[index] && old[index].replaceWith(element));
    for (const name of [...this.made.keys()]) if (!list.some(([each]) => each === name)) this.made.delete(name);
  }

  element(name, depends, make, isOpen) {
    const key = JSON.stringify(depends), before = this.made.get(name);
    if (before?.key === key) return before.element;
    const element = h("details", { "data-part": name, open: this.folds.get(name) ?? isOpen },
      h("summary", null, h("h3", null, name)), make());
    element.addEventListener("toggle", () => element.isConnected && this.folds.set(name, element.open));
    this.made.set(name, { key, element });
    return element;
  }
}
