// Where the views get what they draw. A report has the answers inside. Every question gives a promise, so that a page that has to
// ask for them is read in the same way; the shapes are in `scheduler/web/documents`.

/** What stands in the document itself: JSON, compressed, as text. */
export async function inside(element) {
  const stream = new Blob([bytesOf(element.textContent.trim())]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Report(await new Response(stream).json());
}

/** What a text in base64 stands for. */
function bytesOf(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text); // browsers since 2025; ten times as quick
  const letters = atob(text), bytes = new Uint8Array(letters.length);
  for (let at = 0; at < letters.length; at++) bytes[at] = letters.charCodeAt(at);
  return bytes;
}

export class Report {
  constructor(answers) {
    this.answers = answers;
    this.live = false;
  }

  /** The list of runs, with `title` and `notes` of the page. */
  async runs() {
    return bare(this.answers.runs);
  }

  /** Of one metric: curves and clocks, by run. */
  async curves(metric) {
    return { curves: this.answers.curves[metric] ?? {}, clocks: this.answers.clocks };
  }

  /** Any other answer: of all runs (`run` null), or of one; undefined where there is none. */
  async ask(question, run = null) {
    const found = this.answers[question];
    return run === null ? found : found?.[run];
  }

  /** Nothing ever changes here. */
  on() {}
}

/** The list of runs, whose values have no names but those that were sent: a metric may be called `constructor`. */
export function bare(answer) {
  const byName = (run) => [run.config, run.first, run.last, run.low, run.high, run.used];
  for (const each of [answer.goals, ...answer.runs.flatMap(byName)]) if (each) Object.setPrototypeOf(each, null);
  return answer;
}
