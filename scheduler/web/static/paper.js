// Paper: it is white and narrow, whatever the screen is, and there is no next frame before it is printed.

import { atOnce } from "./dom.js";

const root = document.documentElement;

export function isOnPaper() {
  return "paper" in root.dataset;
}

/** Draw the page for paper when it is printed, and for the screen again afterwards. */
export function printing(page) {
  function begin() {
    if (isOnPaper()) return;
    root.dataset.paper = "";
    page.tell("paper");
    page.tell("look");
    atOnce();
  }

  function end() {
    delete root.dataset.paper;
    page.tell("look");
  }

  addEventListener("beforeprint", begin);
  addEventListener("afterprint", end);
  // What shows a page as it would be printed tells no more than that.
  matchMedia("print").addEventListener("change", ({ matches }) => (matches ? begin() : end()));
}
