// The views one below the other, each drawn when it comes into sight.

import { h } from "./dom.js";

/** One section for each view that has something to show; the links to them go into `links`. `notes`: somebody's own words, which
 * come first, with places for views in them; what stands there whole does not come again below. */
export function sections(root, links, views, page, notes = null) {
  const updates = [];
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((each) => each.isIntersecting)) draw(entry.target);
  }, { rootMargin: "300px" });
  const mounts = new Map();

  function add(view) {
    const body = h("div", { class: "body" });
    const title = `${view.id}-title`;
    const section = h("section", { id: view.id, "aria-labelledby": title }, h("h2", { id: title }, view.title), body);
    mount(section, body, view);
    root.append(section);
    link(section, view.title);
  }

  function mount(element, body, view, of = []) {
    mounts.set(element, () => updates.push(view.mount(body, page, of) ?? (() => {})));
    seen.observe(element);
  }

  function link(section, title) {
    const go = (event) => {
      event.preventDefault(); // the fragment of the address holds what the reader has chosen
      draw(section);
      section.scrollIntoView();
    };
    links.append(h("a", { href: `#${section.id}`, on: { click: go } }, title));
  }

  function words() {
    const section = h("section", { id: "notes", class: "notes", "aria-label": "notes" }, notes);
    for (const place of section.querySelectorAll(".place")) {
      const of = (place.dataset.of ?? "").split(" ").filter(Boolean);
      const view = views.find((each) => each.id === place.dataset.view);
      if (!view.has(page)) continue;
      mount(place, place, view, of);
      if (!of.length) waiting.delete(view);
    }
    root.append(section);
    link(section, "Notes");
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

  if (notes?.childElementCount) words();
  appear();
  page.on((what) => {
    if (what === "runs") appear();
    if (what === "paper") [...mounts.keys()].forEach(draw);
    for (const update of updates) update(what);
  });
}
