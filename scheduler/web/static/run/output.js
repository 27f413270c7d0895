// What a run has printed: the end of it, with a search; it follows while more comes.

import { copyButton } from "../csv.js";
import { button, fill, h } from "../dom.js";
import { bytes } from "../format.js";
import { typed } from "./parts.js";

const NEAR = 24; // pixels from the end at which a reader is taken to look at the end

/** `update(answer)` shows what there is by now. */
export class Output {
  constructor() {
    this.text = "";
    this.matches = [];
    this.at = 0;
    this.isAtEnd = false; // and is to be taken there, once it is in the page
    this.told = h("p", { class: "soft" });
    this.count = h("span", { class: "soft", role: "status" });
    this.search = h("input", { type: "search", placeholder: "search in the output", "aria-label": "search in the output" });
    this.search.addEventListener("input", () => this.draw(0));
    this.search.addEventListener("keydown", (event) => event.key === "Enter" && this.go(event.shiftKey ? -1 : 1));
    this.shown = h("pre", { class: "output", tabindex: "0", "aria-label": "output" });
    const ways = [button("previous", () => this.go(-1)), button("next", () => this.go(1))];
    this.controls = h("div", { class: "controls" }, this.search, ways, this.count, copyButton("copy", () => this.text));
    this.element = h("div", null, this.told, this.controls, this.shown);
  }

  update(answer, run, live) {
    const text = answer?.text ?? "";
    this.controls.hidden = this.shown.hidden = !text;
    fill(this.told, sentence(answer, run, live));
    if (text === this.text) return;
    this.isAtEnd = !this.text || this.shown.scrollTop + this.shown.clientHeight >= this.shown.scrollHeight - NEAR;
    this.text = text;
    this.draw(this.at);
    this.toEnd();
  }

  /** Where a reader looks at the end, what comes is followed. */
  toEnd() {
    if (!this.isAtEnd || !this.shown.isConnected) return;
    this.shown.scrollTop = this.shown.scrollHeight;
    this.isAtEnd = false;
  }

  /** The text with what is searched for marked in it. */
  draw(at) {
    const wanted = this.search.value.toLowerCase(), small = this.text.toLowerCase();
    const parts = [];
    let place = 0;
    this.matches = [];
    for (let found = wanted ? small.indexOf(wanted) : -1; found >= 0; found = small.indexOf(wanted, found + wanted.length)) {
      const mark = h("mark", null, this.text.slice(found, found + wanted.length));
      parts.push(this.text.slice(place, found), mark);
      this.matches.push(mark);
      place = found + wanted.length;
    }
    fill(this.shown, parts, this.text.slice(place));
    this.at = Math.min(at, Math.max(this.matches.length - 1, 0));
    if (wanted) this.go(0);
    else this.count.textContent = "";
  }

  go(step) {
    const count = this.matches.length;
    this.matches[this.at]?.classList.remove("now");
    this.at = count ? (this.at + step + count) % count : 0;
    this.count.textContent = count ? `${this.at + 1} of ${count}` : this.search.value ? "not found" : "";
    const mark = this.matches[this.at];
    if (!mark) return;
    mark.classList.add("now");
    this.shown.scrollTop = mark.offsetTop - this.shown.clientHeight / 2;
  }
}

function sentence(answer, run, live) {
  const again = [typed(run, "logs"), " prints it."];
  if (!run.attempt) return "It has not begun.";
  if (!answer && live) return "Nothing is known of its output.";
  if (!answer) return ["Its output is not in this report, which has that of runs that went wrong and of the best; ", again];
  if (answer.text === undefined) return `Its log is no longer at ${answer.path}.`;
  if (!answer.text) return "It has printed nothing.";
  const of = run.attempt > 1 ? ` of attempt ${answer.attempt}` : "";
  return answer.whole ? `All of it${of}, ${bytes(answer.size)}.` : [`The end${of}, of ${bytes(answer.size)} in all; `, again];
}
