// The page: where its values come from, what is above and beside the views, and which views there are.

import { atNextFrame, h } from "./dom.js";
import { moment, plural } from "./format.js";
import { connected } from "./live.js";
import { Page } from "./page.js";
import { printing } from "./paper.js";
import { sections } from "./sections.js";
import { sidebar } from "./sidebar.js";
import { inside } from "./source.js";
import { State } from "./state.js";
import { acting } from "./verbs.js";
import { curves } from "./views/curves.js";
import { media } from "./views/media.js";
import { parallel } from "./views/parallel.js";
import { runPanel } from "./views/run.js";
import { scatter } from "./views/scatter.js";
import { sweep } from "./views/sweep.js";
import { system } from "./views/system.js";
import { table } from "./views/table.js";
import { timeline } from "./views/timeline.js";

const SIGNS = {
  live: "live", reconnecting: "reconnecting ...", stopped: "stopped: this goes on when `exp-queue ui` runs again",
  locked: "stopped: open the address that `exp-queue ui` has printed",
};
const VIEWS = [curves, table, parallel, scatter, sweep, media, system, timeline];
const DEFAULTS = {
  filter: "", hidden: [], open: "", x: "step", smooth: 0, metrics: "", xlog: false, ylog: false,
  axes: [], measure: "", brushes: [], // parallel coordinates
  across: "", upward: "", third: "", acrosslog: "", upwardlog: "", // scatter
  sweep: "", rowlog: true,
  seen: -1, side: 3, // media
  columns: [], sort: "", diff: false, by: [], beside: [],
};
const THEMES = { "": "theme: as the system", light: "theme: light", dark: "theme: dark" };

async function main() {
  const answers = document.getElementById("answers");
  const source = answers ? await inside(answers) : await connected();
  const answer = await source.runs();
  const page = new Page(source, new State(DEFAULTS), answer);
  curves.ahead(page);
  document.title = answer.title;
  const links = h("nav", { "aria-label": "views" });
  const list = h("aside", { "aria-label": "runs" });
  const views = h("main", null);
  const open = matchMedia("(min-width: 60rem)").matches;
  const beside = h("details", { class: "beside", open }, h("summary", null, "Runs"), list);
  const notes = document.getElementById("notes")?.content;
  document.body.replaceChildren(head(page, links), h("div", { class: "frame" }, beside, views));
  sidebar(list, page);
  sections(views, links, VIEWS, page, notes);
  runPanel(document.body, page, acting(page));
  printing(page);
  const take = atNextFrame(() => page.take(source.answer));
  source.on((what) => { if (what === "runs") take(); });
  document.documentElement.dataset.ready = "yes";
}

function head(page, links) {
  const { state } = page;
  const count = h("span", null, counted(page));
  const problem = h("span", { class: "problem", role: "status" });
  const filter = h("input", {
    type: "search", placeholder: "filter: lr<0.01 and not tag:old", "aria-label": "filter the runs", spellcheck: "false",
    value: state.get("filter"),
    on: { input: () => state.set("filter", filter.value) },
  });
  page.on((what) => {
    if (what === "filter") filter.value = state.get("filter");
    if (what === "shown") problem.textContent = page.problem;
    if (what === "runs") count.textContent = counted(page);
  });
  problem.textContent = page.problem;
  return h("header", null,
    h("div", { class: "row" }, h("h1", null, page.answer.title), sign(page.source), themeButton(page)),
    h("p", { class: "soft" }, count),
    h("div", { class: "row bar" }, links, filter, problem));
}

function counted({ answer, source }) {
  const { total, runs } = answer;
  const count = total > runs.length ? `the newest ${runs.length} of ${plural(total, "run")}` : plural(runs.length, "run");
  return source.live ? `${count} on ${answer.host}` : `${count} on ${answer.host}, ${moment(answer.made)}`;
}

/** Whether what is shown is how it stands now; null in a report. */
function sign(source) {
  if (!source.live) return null;
  const shown = h("span", { class: "sign", role: "status" });
  function update() {
    shown.dataset.state = source.state;
    shown.textContent = SIGNS[source.state];
  }
  source.on((what) => { if (what === "state") update(); });
  update();
  return shown;
}

function themeButton(page) {
  const names = Object.keys(THEMES);
  const root = document.documentElement;
  const next = () => names[(names.indexOf(root.dataset.theme ?? "") + 1) % names.length];
  const button = h("button", { type: "button", class: "theme", on: { click: () => take(next()) } });
  function take(name) {
    if (name) root.dataset.theme = name;
    else delete root.dataset.theme;
    button.textContent = THEMES[name];
    page.tell("look");
  }
  take("");
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => page.tell("look"));
  return button;
}

main().catch((error) => {
  document.body.replaceChildren(h("p", { class: "problem", role: "alert" }, `this page cannot be shown: ${error.message}`));
  throw error;
});
