// What can be done with a run, where the page is served by `exp-queue ui`: the verbs of the command line.

import { fill, h } from "./dom.js";

const WAITS = ["queued", "held"], RUNS = ["starting", "running", "stopping"], SUCCEEDED = ["done", "stopped_early"];

/** Whether anything can be done from here. */
export function canAct(page) {
  return page.source.live && !page.answer.read_only;
}

/** Buttons for a run and a line of what became of them, as `{ root, update }`; `update` when its row may have changed. What is
 * being written stays as it is meanwhile. Null where nothing can be done. */
export function verbs(id, page) {
  if (!canAct(page)) return null;
  let run = page.byId.get(id);
  const told = h("span", { class: "soft", role: "status" });
  const bar = h("span", { class: "row verbs" });

  /** `failed`: what is to be done where it cannot be. */
  async function act(verb, more, failed = () => {}) {
    told.className = "soft";
    told.textContent = `${verb} ...`;
    show(buttons());
    try {
      told.textContent = await page.source.act(verb, [run.id], more);
    } catch (error) {
      told.className = "problem";
      told.textContent = error.message;
      if (!isAsking) failed();
    }
  }

  function button(text, click) {
    return h("button", { type: "button", on: { click } }, text);
  }

  let isAsking = false;
  function show(parts, asks = false) {
    isAsking = asks;
    fill(bar, parts);
  }

  function sure(verb, question, more) {
    const yes = button(`yes, ${verb}`, () => act(verb, more));
    show([h("span", null, question), yes, button("no", () => show(buttons()))], true);
    yes.focus();
  }

  function write(verb, name, label, value, maker) {
    const box = verb === "note"
      ? h("textarea", { "aria-label": label, rows: 2 }, value) : h("input", { "aria-label": label, value });
    const submit = (event) => {
      event.preventDefault();
      act(verb, maker(box.value), () => write(verb, name, label, box.value, maker)); // what was written is not lost
    };
    const form = h("form", { class: "row", on: { submit } },
      box, h("button", null, name), button("never mind", () => show(buttons())));
    show([form], true);
    box.focus();
  }

  function buttons() {
    const { state } = run, waits = WAITS.includes(state), runs = RUNS.includes(state), isOver = !waits && !runs;
    const called = page.label(run);
    return [
      state === "queued" && button("hold", () => act("hold")),
      state === "held" && button("release", () => act("release")),
      state === "running" && (run.paused
        ? button("continue", () => act("continue")) : button("pause", () => act("pause"))),
      waits && button("start first", () => act("move", { where: "first" })),
      waits && button("start last", () => act("move", { where: "last" })),
      !isOver && button("cancel", () => sure("cancel", runs ? `stop ${called}?` : `take ${called} out of the queue?`)),
      isOver && !SUCCEEDED.includes(state) && state !== "lost" && button("retry", () => act("retry")),
      state === "lost" && button("retry", () => sure("retry", "it may have done its work. Run it again?", { lost: true })),
      button("tag", () => write("tag", "add", "tags, with commas between them", "", (text) => ({ tags: text }))),
      run.tags.map((tag) => button(`no longer ${tag}`, () => act("tag", { tags: tag, remove: true }))),
      button("note", () => write("note", "write", `note about ${called}`, run.note ?? "", (text) => ({ text }))),
    ].filter(Boolean);
  }

  function update() {
    const before = run;
    run = page.byId.get(id) ?? run;
    if (!isAsking && look(before) !== look(run)) show(buttons());
  }

  show(buttons());
  return { root: h("span", { class: "row" }, bar, told), update };
}

/** What the buttons depend on. */
function look(run) {
  return [run.state, run.paused, run.note, ...run.tags].join("\n");
}

/** A line with what can be done with the run that is open, as long as it is. */
export function acting(page) {
  const line = h("p", { class: "row acting", hidden: true });
  const state = h("span", { class: "state" });
  let shown = "", made = null;
  function update() {
    const run = page.byId.get(page.state.get("open"));
    line.hidden = !run || !canAct(page);
    if (line.hidden) {
      shown = "";
      return;
    }
    state.textContent = run.paused && run.state === "running" ? "paused" : run.state;
    if (run.id === shown) made.update();
    else {
      shown = run.id;
      made = verbs(run.id, page);
      fill(line, h("b", null, page.label(run)), state, made.root);
    }
  }
  page.on((what) => { if (what === "runs" || what === "open") update(); });
  update();
  return line;
}
