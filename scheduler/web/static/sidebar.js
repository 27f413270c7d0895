// The list of runs: which are shown, what colour each has, and its value of the metric that they are judged by.

import { button, fill, h } from "./dom.js";
import { number, plural } from "./format.js";

const MOST = 200; // rows of the list; of more the filter finds the others

export function sidebar(root, page) {
  const count = h("p", { class: "soft", "aria-live": "polite" });
  const rows = new Map();
  const list = h("ul", { class: "runs" });
  const hide = (hidden) => page.hide(page.filtered.map((run) => run.id), hidden);
  const all = button("show all", () => hide(false));
  const none = button("hide all", () => hide(true));
  fill(root, h("div", { class: "row" }, count, all, none), list);

  function row(run) {
    const shown = h("input", {
      type: "checkbox", "aria-label": `show ${page.label(run)}`, on: { change: () => page.hide([run.id], !shown.checked) },
    });
    const swatch = h("span", { class: "swatch" });
    const value = h("span", { class: "value" });
    const name = h("button", { type: "button", class: "name", on: { click: () => page.state.set("open", run.id) } });
    const on = { mouseenter: () => page.point(run.id), mouseleave: () => page.point(null) };
    const item = h("li", { on }, shown, swatch, name, value);
    return { item, shown, swatch, name, value };
  }

  function update() {
    const metric = page.objective;
    const visible = page.filtered.slice(0, MOST), shown = new Set(page.shown);
    const more = page.filtered.length - visible.length;
    count.textContent = page.filtered.length === page.runs.length
      ? plural(page.runs.length, "run") : `${page.filtered.length} of ${plural(page.runs.length, "run")}`;
    fill(list, visible.map((run) => {
      if (!rows.has(run.id)) rows.set(run.id, row(run));
      const parts = rows.get(run.id);
      parts.shown.checked = shown.has(run);
      parts.swatch.style.background = page.colour(run);
      parts.name.textContent = page.label(run);
      parts.name.title = [run.name, run.id.slice(0, 8), run.state, run.group, ...run.tags].filter(Boolean).join(", ");
      parts.item.dataset.state = run.state;
      parts.value.textContent = metric ? number(page.best(run, metric)) : run.state;
      return parts.item;
    }), more ? h("li", { class: "soft" }, `and ${more} more: the filter finds them`) : null);
  }

  page.on((what) => {
    if (["runs", "shown", "look"].includes(what)) update();
    if (what === "focus") for (const [id, parts] of rows) parts.item.classList.toggle("lit", id === page.focus);
  });
  update();
}
