// The cells of the table of runs: heads that order it, values, and how wide a column is.

import { split } from "./columns.js";
import { h } from "./dom.js";

const SAMPLE = 300; // rows that tell how wide a column is
const WIDEST = 32; // characters of a column
const NAME = 24; // of that with the names

/** The head of a column, which orders the rows when it is pressed; `choose` gets that order. */
export function headOf(column, { order, rows }, choose) {
  const [word, way] = split(order);
  const kind = column.kind === "run" ? "first" : rows.some((row) => typeof column.value(row) === "number") ? "number" : null;
  const first = column.goal === "maximize" ? "max" : "min", other = first === "min" ? "max" : "min";
  const now = word === column.word ? way : "";
  const next = now === "" ? `${column.word}:${first}` : now === first ? `${column.word}:${other}` : "";
  const better = column.marked ? `; ${column.goal === "maximize" ? "larger" : "smaller"} is better` : "";
  const sort = { min: "ascending", max: "descending" }[now] ?? "none";
  return h("th", { scope: "col", class: kind, "aria-sort": sort, title: column.title ?? `${column.word}${better}` },
    h("button", { type: "button", "data-word": column.word, on: { click: () => choose(next) } },
      h("span", { class: "word" }, column.word),
      now ? h("span", { class: "way", "aria-hidden": "true" }, { min: "▲", max: "▼" }[now]) : null));
}

/** What a row has in a column, with a star where it is the best. */
export function cellOf(column, row, best) {
  const value = column.value(row), text = column.text(value, row);
  const isBest = best.has(column.word) && value === best.get(column.word);
  const kinds = [typeof value === "number" ? "number" : "", isBest ? "best" : "", column.word === "state" ? "state" : ""];
  return h("td", { class: kinds.join(" "), title: text.length > 12 ? text : null },
    isBest ? h("span", { class: "star", title: "the best here", role: "img", "aria-label": "best" }, "★") : null, text);
}

/** Characters of the column in which each row has its name. */
export function widthOfNames(rows, nameOf) {
  return Math.min(NAME, 9 + most(rows.slice(0, SAMPLE).map((row) => nameOf(row).length)));
}

/** Characters of a column: as nearly all of its values need. */
export function widthOf(column, { rows }) {
  const step = Math.max(1, Math.floor(rows.length / SAMPLE));
  const some = rows.filter((_, index) => index % step === 0);
  const lengths = some.map((row) => column.text(column.value(row), row).length);
  const needed = some.some((row) => typeof column.value(row) === "number") ? Math.max(...lengths) : most(lengths);
  return Math.min(Math.max(column.word.length + 2, needed), WIDEST) + 4;
}

/** The length of the longest, a few in a hundred left out. */
function most(lengths) {
  return [...lengths].sort((one, other) => one - other)[Math.ceil(lengths.length * 0.95) - 1] ?? 0;
}
