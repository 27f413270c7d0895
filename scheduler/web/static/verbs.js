// What can be done with a run, where the page is served by `exp-queue ui`: the verbs of the command line.

import { fill, h } from "./dom.js";

const WAITS = ["queued", "held"], RUNS = ["starting", "running", "stopping"], SUCCEEDED = ["done", "stopped_early"];

/** Whether anything can be done from here. */
export function canAct(page) {
  return page.source.live && !page.answer.read_only;
}

/** Buttons for a run, with a line of what became of them; null where nothing can be done. */
export function verbs(run, page) {
  if (!canAct(page)) return null;
  const told = h("span", { class: "soft", role: "status" });
  const bar = h("span", { class: "row verbs" });

  async function act(verb, more) {
    told.className = "soft";
    told.textContent = `${verb} ...`;
    show(buttons());
    try {
      told.textContent = await page.source.act(verb, [run.id], more);
    } catch (error) {
      told.className = "problem";
      told.textContent = error.message;
    }
  }

  function button(text, click) {
    return h("button", { type: "button", on: { click } }, text);
  }

  function show(parts) {
    fill(bar, parts);
  }

  function sure(verb, question, more) {
    const yes = button(`yes, ${verb}`, () => act(verb, more));
    show([h("span", null, question), yes, button("no", () => show(buttons()))]);
    yes.focus();
  }

  function write(verb, name, label, value, maker) {
    const box = verb === "note"
      ? h("textarea", { "aria-label": label, rows: 2 }, value) : h("input", { "aria-label": label, value });
    const submit = (event) => {
      event.preventDefault();
      act(verb, maker(box.value));
    };
    const form = h("form", { class: "row", on: { submit } },
      box, h("button", null, name), button("never mind", () => show(buttons())));
    show([form]);
    box.focus();
  }

  function buttons() {
    const { state } = run, waits = WAITS.includes(state), runs = RUNS.includes(state), isOver = !waits && !runs;
    const called = page.label(run);
    return [
      state === "queued" && button("hold", () => act("hold")),
      state === "held" && button("release", () => act("release")),
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

  show(buttons());
  return h("span", { class: "row" }, bar, told);
}

/** A line with what can be done with the run that is open, as long as it is. */
export function acting(page) {
  const line = h("p", { class: "row acting", hidden: true });
  let shown = "";
  function update() {
    const run = page.byId.get(page.state.get("open"));
    const now = run ? [run.id, run.state, run.note, ...run.tags].join("\n") : "";
    if (now === shown) return;
    const told = run && shown.startsWith(run.id) ? line.querySelector('[role="status"]') : null;
    shown = now;
    line.hidden = !run || !canAct(page);
    if (line.hidden) return;
    const made = verbs(run, page);
    if (told) made.lastChild.replaceWith(told); // what was said of the last one stays
    fill(line, h("b", null, page.label(run)), h("span", { class: "state" }, run.state), made);
  }
  page.on((what) => { if (what === "runs" || what === "open") update(); });
  update();
  return line;
}
