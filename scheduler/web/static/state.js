// What the reader has chosen: the filter, what is hidden, how curves are drawn. It lies in the link (`#smooth=0.6&...`), so that
// a link shows to another what it shows to oneself.

/** Values by name; `defaults` are those that are not in the link. A value is a text, a number, a truth value or an array of
 * texts. */
export class State {
  constructor(defaults) {
    this.defaults = defaults;
    this.values = { ...defaults, ...read(location.hash, defaults) };
    this.listeners = [];
    addEventListener("hashchange", () => this.take(read(location.hash, this.defaults)));
  }

  get(name) {
    return this.values[name];
  }

  set(name, value) {
    if (same(this.values[name], value)) return;
    this.values[name] = value;
    this.remember();
    this.tell(new Set([name]));
  }

  /** In the address. A page in a frame of a notebook has none of its own: there the link is lost, and nothing else. */
  remember() {
    try {
      history.replaceState(history.state, "", this.link());
    } catch (error) {
      if (error.name !== "SecurityError") throw error;
    }
  }

  /** `listener` gets the set of names that have changed. */
  on(listener) {
    this.listeners.push(listener);
  }

  /** The values that another link has. */
  take(values) {
    const all = { ...this.defaults, ...values };
    const changed = new Set(Object.keys(all).filter((name) => !same(all[name], this.values[name])));
    this.values = all;
    if (changed.size) this.tell(changed);
  }

  tell(changed) {
    for (const listener of this.listeners) listener(changed);
  }

  link() {
    const asked = new URLSearchParams();
    for (const [name, value] of Object.entries(this.values)) {
      if (!same(value, this.defaults[name])) asked.set(name, JSON.stringify(value));
    }
    const text = asked.toString();
    return text ? `#${text}` : location.pathname + location.search;
  }
}

function read(hash, defaults) {
  const found = {};
  for (const [name, text] of new URLSearchParams(hash.replace(/^#/, ""))) {
    if (!(name in defaults)) continue;
    const value = parsed(text);
    if (kind(value) === kind(defaults[name])) found[name] = value;
  }
  return found;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function kind(value) {
  return Array.isArray(value) ? (value.every((each) => typeof each === "string") ? "texts" : "other") : typeof value;
}

function same(one, other) {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}
