// A range on an upright axis, drawn with the pointer or moved with keys.

const EDGE = 8; // pixels in which the end of a range is taken hold of
const CLICK = 4; // pixels below which a drag is a click

/** Make `element` a place to brush; it has `data-held` while it is. `range()` is the present range as [low, high], parts from 0
 * (bottom) to 1, or null; `change(range | null)` takes another; `step()` is how far a key moves it. */
export function brushing(element, { range, change, step }) {
  let drag = null;
  const end = () => { drag = null; delete element.dataset.held; };
  const part = (event) => {
    const box = element.getBoundingClientRect();
    return clamped(1 - (event.clientY - box.top) / box.height);
  };
  element.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    element.setPointerCapture(event.pointerId);
    element.focus({ preventScroll: true });
    event.preventDefault();
    drag = { y: event.clientY, at: part(event), before: range(), edge: EDGE / element.clientHeight, moved: false };
    element.dataset.held = "";
  });
  element.addEventListener("pointermove", (event) => {
    if (!drag || (!drag.moved && Math.abs(event.clientY - drag.y) < CLICK)) return;
    drag.moved = true;
    change(dragged(drag, part(event)));
  });
  element.addEventListener("pointerup", () => {
    if (drag && !drag.moved) change(null);
    end();
  });
  element.addEventListener("pointercancel", end);
  element.addEventListener("keydown", (event) => {
    const wanted = keyed(event, range(), step());
    if (wanted === undefined) return;
    event.preventDefault();
    change(wanted);
  });
}

/** What a drag from `at` to `to` makes of the range that was there: another end, another place, or a new one. */
export function dragged({ at, before, edge }, to) {
  if (before) {
    const [low, high] = before;
    if (Math.abs(at - high) <= edge) return ordered(low, to);
    if (Math.abs(at - low) <= edge) return ordered(to, high);
    if (at > low && at < high) return moved(before, to - at);
  }
  return ordered(at, to);
}

/** What a key makes of the range: the arrows move it, with Shift its upper end; Delete removes it. Undefined for other keys. */
export function keyed(event, range, step) {
  const by = { ArrowUp: step, ArrowDown: -step }[event.key];
  if (by && !event.altKey && !event.ctrlKey && !event.metaKey) {
    if (!range) return begun(step);
    return event.shiftKey ? ordered(range[0], clamped(range[1] + by)) : moved(range, by);
  }
  return ["Delete", "Backspace", "Escape"].includes(event.key) && range ? null : undefined;
}

/** Where a key begins a range: a quarter in the middle, or the one name there. */
function begun(step) {
  if (step < 0.125) return [0.375, 0.625];
  const low = Math.floor(0.5 / step) * step;
  return [low, Math.min(low + step, 1)];
}

/** Let `element` be dragged sideways; `dropped` is told by how many pixels. */
export function movable(element, dropped) {
  let begun = null;
  const end = () => { begun = null; element.style.transform = ""; delete element.dataset.held; };
  element.classList.add("movable");
  element.addEventListener("pointerdown", (event) => {
    begun = event.clientX;
    element.dataset.held = "";
    element.setPointerCapture(event.pointerId);
  });
  element.addEventListener("pointermove", (event) => {
    if (begun !== null) element.style.transform = `translateX(${event.clientX - begun}px)`;
  });
  element.addEventListener("pointerup", (event) => {
    const by = event.clientX - begun;
    end();
    dropped(by);
  });
  element.addEventListener("pointercancel", end);
}

function moved([low, high], by) {
  const allowed = Math.min(Math.max(by, -low), 1 - high);
  return [low + allowed, high + allowed];
}

function ordered(one, other) {
  return one < other ? [one, other] : [other, one];
}

function clamped(part) {
  return Math.min(Math.max(part, 0), 1);
}
