// The parameters of a run, as a list or as a tree, and those of several side by side.

import { differ } from "../columns.js";
import { h, toggle } from "../dom.js";
import { plain } from "../format.js";
import { grid, pairs, searched, soft } from "./parts.js";

const SEARCHED = 8; // names from which on there is a search

/** The parameters of one run. */
export function configuration(run) {
  const names = Object.keys(run.config);
  const isDeep = names.some((name) => name.includes("."));
  let isTree = isDeep;

  function draw(wanted) {
    const found = names.filter((name) => `${name} ${plain(run.config[name])}`.toLowerCase().includes(wanted));
    if (!found.length) return soft(names.length ? "no such parameter" : "no parameters");
    if (isTree) return h("div", null, branches(tree(found, run.config)));
    return pairs(found.map((name) => [name, textOf(run.config[name])]));
  }

  const way = isDeep ? toggle("nested", isTree, (on) => { isTree = on; again(); }) : null;
  const { element, search, again } = searched("search the configuration", draw, way);
  search.hidden = names.length <= SEARCHED;
  search.parentElement.hidden = search.hidden && !way;
  return element;
}

function textOf(value) {
  return value === "" ? h("span", { class: "soft" }, "empty") : plain(value);
}

function tree(names, config) {
  const root = new Map();
  for (const name of names) {
    const path = name.split(".");
    let at = root;
    for (const part of path.slice(0, -1)) {
      if (!(at.get(part) instanceof Map)) at.set(part, new Map());
      at = at.get(part);
    }
    at.set(path.at(-1), textOf(config[name]));
  }
  return root;
}

function branches(node) {
  const leaves = [...node].filter(([, value]) => !(value instanceof Map));
  const inner = [...node].filter(([, value]) => value instanceof Map);
  const branch = ([name, value]) => h("details", { open: true, class: "branch" }, h("summary", null, name), branches(value));
  return [leaves.length ? pairs(leaves) : null, inner.map(branch)];
}

/** The parameters of several runs, those that differ first. */
export function sideBySide(page, runs) {
  const columns = page.answer.parameters.map((name) => ({ name, value: (run) => run.config[name] }));
  const known = columns.filter((column) => runs.some((run) => column.value(run) !== undefined));
  const others = known.filter((column) => differ(column, runs)), same = known.filter((column) => !differ(column, runs));
  const text = (value) => (value === undefined ? h("span", { class: "soft" }, "not set") : textOf(value));
  const cells = (column) => runs.map((run) => h("td", null, text(column.value(run))));
  const row = (column) => h("tr", null, h("th", { scope: "row" }, column.name), cells(column));
  const head = (run) => [h("span", { class: "swatch", style: { background: page.colour(run) } }), page.label(run)];
  const title = (words) => h("tr", { class: "part" }, h("th", { colspan: runs.length + 1, scope: "colgroup" }, words));
  return grid("configurations side by side", ["parameter", ...runs.map(head)],
    h("tbody", { class: "differs" }, title(others.length ? "differs" : "nothing differs"), others.map(row)),
    same.length ? h("tbody", null, title("the same in all"), same.map(row)) : []);
}
