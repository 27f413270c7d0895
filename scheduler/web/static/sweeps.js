// The sweeps of the page, asked for once by all views that show them.

const PAUSE = 15_000; // milliseconds between two questions while trials run

const kept = new WeakMap(); // by page: what was known when it was asked, and the answer

/** Draw a view, which has `page`, `sweeps` and `later()`, now, and once more when other sweeps have come. */
export async function drawWithSweeps(view) {
  view.later();
  const found = await sweepsOf(view.page);
  if (found === view.sweeps) return;
  view.sweeps = found;
  view.later();
}

/** All sweeps, the newest first. On a live page they are asked for again when a trial has come, begun or ended, and now and then
 * while one runs; else the promise is the one of before. */
export function sweepsOf(page) {
  const trials = page.runs.filter((run) => run.sweep);
  const runs = trials.some(({ state }) => state === "running");
  const known = [...trials.map(({ id, state }) => `${id} ${state}`), runs ? Math.floor(Date.now() / PAUSE) : ""].join("\n");
  if (kept.get(page)?.known !== known) {
    kept.set(page, { known, answer: trials.length ? withAgents(page.source) : Promise.resolve([]) });
  }
  return kept.get(page).answer;
}

/** Each with the W&B agents that compute for it now, which a report does not know. */
async function withAgents(source) {
  const [found, agents] = await Promise.all([source.ask("sweeps"), source.live ? source.ask("agents") : null]);
  return (found ?? []).map((each) => ({ ...each, agents: agents?.[each.id] ?? [] }));
}
