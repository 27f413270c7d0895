// One run: what it was, what came out, what it printed, where it comes from; beside others, in what they differ. It lies over the
// page at its right edge, so that the charts stay in sight.

import { button, fill, h } from "../dom.js";
import { partsOf } from "../run/contents.js";
import { Folds } from "../run/folds.js";
import { Output } from "../run/output.js";

const AGAIN = 2000; // milliseconds between two looks at the output of a run that goes on
const ACTIVE = new Set(["starting", "running", "stopping"]);

/** The panel of the run that is open. `acting`: what can be done with it from here. */
export function runPanel(root, page, acting) {
  const panel = new RunPanel(root, page, acting);
  page.on((what) => panel.update(what));
}

class RunPanel {
  constructor(root, page, acting) {
    Object.assign(this, { page, state: page.state, opener: null, output: null, printed: 0, timer: 0 });
    this.shown = ""; // the id of the run
    this.turn = 0; // of what is asked for: an answer to an earlier question comes too late
    this.beat = 0; // of following a run: what was begun for another one ends
    this.build(root, acting);
    document.addEventListener("keydown", (event) => this.key(event));
    this.show();
  }

  build(root, acting) {
    this.title = h("h2", { tabindex: "-1" });
    this.place = h("span", { class: "soft" });
    this.body = h("div", { class: "body" });
    this.beside = button("", () => this.mark());
    this.before = button("‹ previous", () => this.go(-1));
    this.after = button("next ›", () => this.go(1));
    const close = button("close", () => this.close());
    const ways = h("div", { class: "row ways" }, this.before, this.after, this.place, this.beside, close);
    this.panel = h("section", { id: "run", class: "panel", hidden: true, "aria-label": "run" },
      h("div", { class: "head" }, this.title, ways, acting), this.body);
    root.append(this.panel);
    this.folds = new Folds(this.body);
  }

  update(what) {
    const wasOpen = !this.panel.hidden;
    if (["open", "beside", "runs", "look"].includes(what)) this.show();
    else if (what === "shown" && this.chosen().first) this.heading(this.chosen().first);
    if (what === "open") this.moveFocus(wasOpen);
  }

  // What is shown.

  chosen() {
    const { page, state } = this, open = state.get("open"), marked = state.get("beside");
    const first = page.byId.get(open) ?? (open ? page.runs.find((run) => run.id.startsWith(open)) : null);
    return { open, first, others: first ? page.runs.filter((run) => run !== first && marked.includes(run.id.slice(0, 8))) : [] };
  }

  async show() {
    const { open, first: run, others } = this.chosen(), now = ++this.turn;
    this.panel.hidden = !open;
    if (!run) return this.nobody();
    this.heading(run);
    const isNew = this.shown !== run.id, isFollowed = this.page.source.live && ACTIVE.has(run.state);
    const [details, log] = await this.asked(run, isNew || !isFollowed);
    if (now !== this.turn) return;
    if (isNew) this.begin(run);
    if (isNew || !isFollowed) this.print(run, log);
    this.folds.show(partsOf(this.page, run, others, details ?? {}, this.output));
    if (isNew) this.body.scrollTop = 0;
    this.output.toEnd();
    if (isFollowed && !this.timer) this.wait(run.id, this.beat);
  }

  /** None is open, or one that is not here. */
  nobody() {
    this.rest();
    fill(this.title, "no such run");
    this.folds.show([["none", "", () => h("p", null, "The link names a run that is not here."), true]]);
  }

  asked(run, withLog) {
    const { source } = this.page;
    return Promise.all([source.ask("details", run.id), withLog ? source.ask("logs", run.id) : null]);
  }

  begin(run) {
    this.rest();
    this.shown = run.id;
    this.folds.clear();
    this.output = new Output();
  }

  heading(run) {
    const { page, title, place, panel } = this;
    fill(title, h("span", { class: "swatch", style: { background: page.colour(run) } }), page.label(run));
    panel.setAttribute("aria-label", `run ${page.label(run)}`);
    const at = page.filtered.indexOf(run);
    this.before.disabled = at <= 0;
    this.after.disabled = at < 0 || at === page.filtered.length - 1;
    fill(place, at < 0 ? "" : `${at + 1} of ${page.filtered.length}`);
    const isMarked = this.state.get("beside").includes(run.id.slice(0, 8));
    this.beside.textContent = isMarked ? "not beside others" : "put beside others";
  }

  // The output of a run that goes on.

  print(run, log) {
    this.printed = log?.size ?? 0;
    this.output.update(log, run, this.page.source.live);
  }

  wait(id, mine) {
    this.timer = setTimeout(() => this.follow(id, mine), AGAIN);
  }

  /** The output while it grows: asked for where there is more of it. All else comes with the news about the run. */
  async follow(id, mine) {
    const { page } = this;
    const asked = document.hidden ? null : await page.source.output(id, this.printed);
    const log = asked && asked.size !== this.printed ? await page.source.again("logs", id) : null;
    const run = page.byId.get(id);
    if (mine !== this.beat || !run) return;
    if (log) this.print(run, log);
    this.timer = 0;
    if (ACTIVE.has(run.state)) this.wait(id, mine);
  }

  /** No run is followed any more. */
  rest() {
    clearTimeout(this.timer);
    this.shown = "";
    this.timer = 0;
    this.beat++;
  }

  // The buttons and the keyboard.

  go(step) {
    const { filtered } = this.page, next = filtered[filtered.indexOf(this.chosen().first) + step];
    if (next) this.state.set("open", next.id);
  }

  mark() {
    const short = this.chosen().first?.id.slice(0, 8), now = this.state.get("beside");
    if (short) this.state.set("beside", now.includes(short) ? now.filter((each) => each !== short) : [...now, short]);
  }

  close() {
    this.state.set("open", "");
  }

  key(event) {
    const { panel } = this;
    const isWriting = panel.contains(event.target) && Boolean(event.target.value); // what is written is not thrown away
    if (event.key === "Escape" && !event.defaultPrevented && !panel.hidden && !isWriting) this.close();
  }

  /** The keyboard goes into the panel when it opens, and back to where it was. */
  moveFocus(wasOpen) {
    const { panel, title } = this;
    if (!wasOpen && !panel.hidden) {
      this.opener = document.activeElement;
      title.focus({ preventScroll: true });
    } else if (wasOpen && panel.hidden) this.opener?.focus?.({ preventScroll: true });
  }
}
