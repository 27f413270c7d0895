// The table of runs: what differs between them and what came out, in any order, and the means over seeds.

import { chooser } from "../chooser.js";
import { bests, columnsOf, differ, different, sorted, split, usual } from "../columns.js";
import { copyButton, csv, download } from "../csv.js";
import { atNextFrame, button, fill, h, toggle } from "../dom.js";
import { plural } from "../format.js";
import { meansAsText, together } from "../means.js";
import { Rows } from "../rows.js";

const HEIGHT = 30; // pixels of a row
const SAMPLE = 300; // rows that tell how wide a column is
const WIDEST = 32; // characters of a column
const RUN = {
  word: "run", kind: "run", goal: "", title: "in the order of their submission",
  value: (row) => (row.members?.[0] ?? row).number,
};
const RUNS = { ...RUN, word: "runs" };
const STATES = ["columns", "sort", "diff", "by", "beside"];

export const table = {
  id: "table",
  title: "Table",

  has(page) {
    return page.runs.length > 0;
  },

  mount(root, page) {
    const { state } = page;
    let shown = { columns: [], rows: [], grouped: false, bests: new Map(), all: new Map(), visible: new Set() };
    const head = h("thead"), body = h("tbody"), widths = h("colgroup");
    const sheet = h("table", { class: "wide", "aria-label": "runs" }, widths, head, body);
    const box = h("div", { class: "table-box", tabindex: "0", role: "region", "aria-label": "runs, it scrolls" }, sheet);
    const told = h("p", { class: "soft", "aria-live": "polite" }), beside = h("span");
    const rows = new Rows(box, body, { height: HEIGHT, columns: () => shown.columns.length + 1, make });
    const columns = chooser("columns", () => offered(shown.all), () => new Set(picked()), choose,
      button("the usual ones", () => state.set("columns", [])));
    const by = chooser("mean over", parameters, () => new Set(state.get("by")),
      (name, on) => state.set("by", [...state.get("by").filter((each) => each !== name), ...(on ? [name] : [])]));
    const diff = toggle("only what differs", state.get("diff"), (on) => state.set("diff", on));
    fill(root,
      h("div", { class: "controls" }, columns.box, by.box, diff,
        copyButton("copy as CSV", asText), button("download CSV", () => download("runs.csv", asText(), "text/csv")), beside),
      box, told);

    function parameters() {
      const several = [...shown.all.values()].filter((each) => each.kind === "parameters" && differ(each, page.filtered));
      const names = new Set([...several.map((each) => each.name), ...state.get("by")]);
      return [...names].map((value) => ({ value, text: value, kind: "" }));
    }

    /** The words of the columns that were chosen, or are there by themselves; what tells groups apart always is. */
    function picked() {
      const asked = state.get("columns");
      return asked.length ? asked : shown.columns.filter((each) => !shown.grouped || each.statistics).map((each) => each.word);
    }

    function choose(word, on) {
      const now = picked().filter((each) => each !== word);
      state.set("columns", on ? [...now, word] : now);
    }

    function update() {
      shown = { ...modelled(page), visible: new Set(page.shown) };
      const { columns: found, grouped } = shown;
      const name = Math.min(24, 9 + most(shown.rows.slice(0, SAMPLE).map((row) => nameOf(row).length)));
      const sizes = [`min(${name}ch, 46vw)`, ...found.map((column) => `${widthOf(column, shown)}ch`)];
      fill(widths, sizes.map((width) => h("col", { style: { width } })));
      sheet.style.width = `calc(${sizes.join(" + ")})`;
      sheet.setAttribute("aria-rowcount", shown.rows.length + 1);
      sheet.setAttribute("aria-colcount", found.length + 1);
      heads(found, grouped);
      rows.set(shown.rows);
      fill(told, sentences(page, shown).join(" "));
      fill(beside, comparison());
      diff.querySelector("input").checked = state.get("diff");
      columns.draw();
      by.draw();
    }

    function heads(found, grouped) {
      const active = head.contains(document.activeElement) ? document.activeElement.dataset.word : null;
      fill(head, h("tr", null,
        [grouped ? RUNS : RUN, ...found].map((column) => headOf(column, shown, (order) => state.set("sort", order)))));
      const again = active && [...head.querySelectorAll("button")].find((each) => each.dataset.word === active);
      again?.focus({ preventScroll: true });
    }

    /** A row: of one run, or of several that are alike. */
    function make(row, index) {
      const members = row.members ?? [row];
      const on = members.filter((run) => shown.visible.has(run)).length;
      const tick = h("input", {
        type: "checkbox", checked: on > 0, "data-part": "tick", "aria-label": `show ${nameOf(row)}`,
        on: { change: () => page.hide(members.map((run) => run.id), !tick.checked) },
      });
      tick.indeterminate = on > 0 && on < members.length;
      const swatch = row.members ? null : h("span", { class: "swatch", style: { background: page.colour(row) } });
      const name = h("button", { type: "button", class: "name", "data-part": "name" }, nameOf(row));
      const marks = state.get("beside").includes(row.id.slice(0, 8));
      return h("tr", {
        "data-id": row.id, "data-state": row.state, "aria-rowindex": index + 2, "aria-selected": marks ? "true" : null,
        class: [row.id === page.focus ? "lit" : "", marks ? "marked" : "", on ? "" : "off"].join(" "),
        style: { height: `${HEIGHT}px` },
      },
      h("th", { scope: "row", class: "first", title: titleOf(row) }, h("div", null, tick, swatch, name)),
      shown.columns.map((column) => cellOf(column, row, shown.bests)));
    }

    function nameOf(row) {
      return row.members ? plural(row.succeeded.length, "run") : page.label(row);
    }

    function titleOf(row) {
      return row.members ? row.members.slice(0, 20).map(page.label, page).join(", ") : `${row.name}, ${row.id.slice(0, 8)}`;
    }

    function rowAt(event) {
      const id = event.target.closest("tr")?.dataset.id;
      return id === undefined ? undefined : shown.rows.find((row) => row.id === id);
    }

    function runAt(event) {
      const row = rowAt(event);
      return row && !row.members ? row : null;
    }

    body.addEventListener("mouseover", (event) => page.point(runAt(event)?.id ?? null));
    body.addEventListener("mouseleave", () => page.point(null));
    body.addEventListener("focusin", (event) => page.point(runAt(event)?.id ?? null));
    body.addEventListener("click", (event) => {
      const row = rowAt(event);
      if (!row || event.target.closest("input") || String(getSelection())) return;
      if (row.members) page.state.set("open", (row.succeeded.at(-1) ?? row.members.at(-1)).id);
      else if (event.ctrlKey || event.metaKey || event.shiftKey) mark(row);
      else state.set("open", row.id);
    });
    body.addEventListener("keydown", (event) => {
      const row = rowAt(event), step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (event.key === "c" && row && !row.members && !event.ctrlKey && !event.metaKey) mark(row);
      if (!row || !step) return;
      event.preventDefault();
      const part = `[data-part="${event.target.dataset.part}"]`;
      rows.at(shown.rows.indexOf(row) + step)?.querySelector(part)?.focus({ preventScroll: true });
    });

    /** Put a run beside others, to compare their configurations, or take it from there. */
    function mark(run) {
      const now = state.get("beside"), short = run.id.slice(0, 8);
      state.set("beside", now.includes(short) ? now.filter((each) => each !== short) : [...now, short]);
    }

    function comparison() {
      const marked = page.runs.filter((run) => state.get("beside").includes(run.id.slice(0, 8)));
      if (!marked.length) return h("span", { class: "soft" }, "Ctrl and a click on runs, or the key c, puts them side by side");
      const open = button(`compare ${plural(marked.length, "run")}`, () => state.set("open", marked[0].id));
      open.disabled = marked.length < 2;
      return [open, " ", button("none", () => state.set("beside", []))];
    }

    /** What is shown, with all digits. */
    function asText() {
      const { columns: found, rows: all, grouped } = modelled(page);
      return grouped ? meansAsText(found, all) : csv(["id", "name", ...found.map((each) => each.word)],
        all.map((run) => [run.id, run.name, ...found.map((each) => each.value(run))]));
    }

    const later = atNextFrame(update);
    update();
    return (what) => {
      if (what === "focus") for (const row of rows.made.values()) row.classList.toggle("lit", row.dataset.id === page.focus);
      else if (["runs", "shown", "look", ...STATES].includes(what)) later();
    };
  },
};

/** What the table has to show: its columns, its rows in their order, and the best values. */
function modelled(page) {
  const { state } = page, runs = page.filtered;
  const all = columnsOf(page);
  const words = state.get("columns").filter((word) => all.has(word));
  const asked = words.length ? words.map((word) => all.get(word)) : null;
  const by = state.get("by").filter((name) => page.answer.parameters.includes(name));
  if (by.length) {
    const found = together(page, all, runs, by, asked);
    const first = found.columns.find((each) => each.statistics);
    const own = first ? `${first.word}:${first.goal === "maximize" ? "max" : "min"}` : "";
    const known = [...found.columns, RUNS].some((each) => each.word === split(state.get("sort"))[0]);
    const order = known ? state.get("sort") : own;
    const rows = sorted(found.rows, [...found.columns, RUNS], order);
    return { all, grouped: true, by, order, columns: found.columns, rows, bests: bests(rows, found.columns) };
  }
  const columns = state.get("diff") ? different(page, all, runs, asked) : asked ?? usual(page, all, runs);
  const order = state.get("sort");
  const rows = sorted(runs, [...all.values(), RUN], order);
  return { all, grouped: false, order, columns, rows, bests: bests(rows, columns) };
}

function offered(all) {
  return [...all.values()].map(({ word, kind }) => ({ value: word, text: word, kind }));
}

function headOf(column, { order, rows }, choose) {
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

function cellOf(column, row, best) {
  const value = column.value(row), text = column.text(value, row);
  const isBest = best.has(column.word) && value === best.get(column.word);
  const kinds = [typeof value === "number" ? "number" : "", isBest ? "best" : "", column.word === "state" ? "state" : ""];
  return h("td", { class: kinds.join(" "), title: text.length > 12 ? text : null },
    isBest ? h("span", { class: "star", title: "the best here", role: "img", "aria-label": "best" }, "★") : null, text);
}

/** Characters of a column: as nearly all of its values need. */
function widthOf(column, { rows }) {
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

/** What has to be said of the table. */
function sentences(page, { rows, columns, grouped, by }) {
  const marked = columns.filter((each) => each.marked && page.answer.guessed.includes(each.metric)).map((each) => each.metric);
  const best = [...new Set(marked)].map((name) => {
    const which = page.goal(name) === "maximize" ? "largest" : "smallest";
    return `Of ${name} the ${which} value is taken for the best, by its name.`;
  });
  if (!grouped) {
    const alike = page.state.get("diff") && !columns.length && rows.length > 1;
    const none = alike ? [`These ${plural(rows.length, "run")} differ in nothing that is known here.`] : [];
    return [`${plural(rows.length, "run")}, ${plural(columns.length, "column")}.`, ...none, ...best];
  }
  const failed = rows.reduce((sum, row) => sum + row.failed, 0), unfinished = rows.reduce((sum, row) => sum + row.unfinished, 0);
  const counts = [failed ? `${failed} that did not succeed` : "", unfinished ? `${unfinished} that are not over` : ""];
  const left = counts.filter(Boolean).join(" and ");
  const what = `Mean ± sample standard deviation over ${by.join(", ")}, of each experiment's newest run that succeeded`;
  return [`${what}${left ? `; left out: ${left}` : ""}.`, ...best];
}
