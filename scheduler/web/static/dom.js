// Elements. Texts become text nodes and attributes are set as values, so nothing that comes from outside is ever read as HTML.

const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = new Set(["svg", "g", "path", "line", "rect", "circle", "text", "title", "polyline", "clipPath", "defs"]);

/** An element. `attributes`: `on` is an object of listeners, `class`, `for` and `data-*` as in HTML, `style` an object of
 * properties, true and false as in HTML, null left out. Children: elements, texts, numbers, arrays of these, null for nothing. */
export function h(tag, attributes, ...children) {
  const element = SVG_TAGS.has(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (name === "style") {
      for (const [property, each] of Object.entries(value)) element.style.setProperty(property, each);
    } else if (name === "value") {
      element.value = value;
    } else if (value === true) {
      element.setAttribute(name, "");
    } else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, String(value));
    }
  }
  element.append(...nodes(children));
  return element;
}

function nodes(children) {
  const there = children.flat(Infinity).filter((each) => each !== null && each !== undefined && each !== false);
  return there.map((child) => (child instanceof Node ? child : document.createTextNode(String(child))));
}

/** Put these children in the place of all that an element has. */
export function fill(element, ...children) {
  element.replaceChildren(...nodes(children));
  return element;
}

/** A button with a text. */
export function button(label, click) {
  return h("button", { type: "button", on: { click } }, label);
}

/** A labelled choice. `options`: [value, text] pairs. `choose` gets the value. */
export function select(label, options, chosen, choose) {
  const box = h(
    "select",
    { on: { change: () => choose(box.value) } },
    options.map(([value, text]) => h("option", { value, selected: value === chosen }, text)),
  );
  return h("label", { class: "control" }, h("span", null, label), box);
}

/** A labelled switch. */
export function toggle(label, on, change) {
  const box = h("input", { type: "checkbox", checked: on, on: { change: () => change(box.checked) } });
  return h("label", { class: "control switch" }, box, h("span", null, label));
}

/** A labelled slider. `show`: the text beside it. */
export function slider(label, { min, max, step, value }, show, change) {
  const told = h("output", null, show(value));
  const box = h("input", {
    type: "range", min, max, step, value,
    on: { input: () => { told.textContent = show(Number(box.value)); change(Number(box.value)); } },
  });
  return h("label", { class: "control" }, h("span", null, label), box, told);
}

const TURNS = 10;
const asked = new Map(); // what is to be done at the next frame, and the number of that

/** Call `work` once at the next frame, however often it is asked for until then. */
export function atNextFrame(work) {
  return () => {
    cancelAnimationFrame(asked.get(work));
    asked.set(work, requestAnimationFrame(() => {
      asked.delete(work);
      work();
    }));
  };
}

/** Do now what is to be done at the next frame, and what that asks for: before paper there is none. */
export function atOnce() {
  for (let turn = 0; asked.size && turn < TURNS; turn++) {
    for (const [work, number] of [...asked]) {
      cancelAnimationFrame(number);
      asked.delete(work);
      work();
    }
  }
}
