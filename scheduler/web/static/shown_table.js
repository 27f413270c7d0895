// A table that a run has shown: numbers, texts and images; of predictions what is wrong in them is marked.

import { difference } from "./difference.js";
import { h } from "./dom.js";
import { number, plural } from "./format.js";
import { heads } from "./parts.js";

const TRUTH = /^(target|text|label|truth|ground[ _]?truth|expected|reference|answer|line)s?$/i;
const GUESS = /^(prediction|predicted|pred|guess|output|hypothesis|decoded|generated|predicted[ _]?(text|label))s?$/i;

const KEY = () => [h("del", null, "missing"), " ", h("ins", null, "too much")];

/** The table, with a word below about what is not here. */
export function shownTable(table) {
  const truth = table.columns.findIndex((name) => TRUTH.test(name)), guess = table.columns.findIndex((name) => GUESS.test(name));
  const compared = truth >= 0 && guess >= 0;
  const plain = (cell) => h("td", null, content(cell));
  const td = (cells) => (cell, column) => (compared && column === guess ? judged(cells[truth], cell) : plain(cell));
  const wrong = compared ? table.rows.filter((cells) => cells[truth] !== cells[guess]).length : 0;
  return [
    h("table", null, heads(table.columns), h("tbody", null, table.rows.map((cells) => h("tr", null, cells.map(td(cells)))))),
    wrong ? h("p", { class: "soft" }, `${wrong} of ${table.rows.length} differ: `, ...KEY()) : null,
    table.more ? h("p", { class: "soft" }, `and ${plural(table.more, "row")} more`) : null,
  ];
}

function judged(truth, guess) {
  if (truth === guess || guess === null) return h("td", null, content(guess));
  if (typeof truth !== "string" || typeof guess !== "string") return h("td", { class: "wrong" }, "≠ ", content(guess));
  const tags = { same: "span", missing: "del", extra: "ins" };
  return h("td", null, difference(truth, guess).map(([kind, text]) => h(tags[kind], null, text)));
}

function content(cell) {
  if (cell === null || cell === undefined) return "";
  if (typeof cell === "object") return picture(cell, cell.caption);
  return typeof cell === "number" ? number(cell) : String(cell);
}

/** An image, or why there is none. A click shows it large. */
export function picture({ picture: address, why }, text) {
  if (!address) return h("span", { class: "soft" }, `not here: ${why}`);
  const image = h("img", { src: address, alt: text || "image", class: "shown" });
  const button = h("button", {
    type: "button", class: "picture", "aria-pressed": "false", title: "click to enlarge",
    on: { click: () => button.setAttribute("aria-pressed", String(image.classList.toggle("large"))) },
  }, image);
  return button;
}
