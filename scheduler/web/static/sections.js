// The views one below the other, each drawn when it comes into sight.

import { h } from "./dom.js";

/** One section for each view that has something to show; the links to them go into `links`. */
export function sections(root, links, views, page) {
  const updates = new Map();
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((each) => each.isIntersecting)) draw(entry.target);
  }, { rootMargin: "300px" });
  const mounts = new Map();

  function add(view) {
    const body = h("div", { class: "body" });
    const section = h("section", { id: view.id, "aria-labelledby": `${view.id}-title` }, h("h2", { id: `${view.id}-title` }, view.title), body);
    mounts.set(section, () => updates.set(view.id, view.mount(body, page) ?? (() => {})));
    root.append(section);
    const go = (event) => {
      event.preventDefault(); // the fragment of the address holds what the reader has chosen
      draw(section);
      section.scrollIntoView();
    };
    links.append(h("a", { href: `#${view.id}`, on: { click: go } }, view.title));
    seen.observe(section);
  }

  function draw(section) {
    seen.unobserve(section);
    mounts.get(section)?.();
    mounts.delete(section);
  }

  const waiting = new Set(views);
  function appear() {
    for (const view of [...waiting].filter((each) => each.has(page))) {
      waiting.delete(view);
      add(view);
    }
  }

  appear();
  page.on((what) => {
    if (what === "runs") appear();
    for (const update of updates.values()) update(what);
  });
  addEventListener("beforeprint", () => [...mounts.keys()].forEach(draw));
}
