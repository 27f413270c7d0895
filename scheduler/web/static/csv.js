// Values as text for other programs, and how they leave the page.

import { isOdd } from "./columns.js";
import { button, h } from "./dom.js";

const ODD = { NaN: "nan", Infinity: "inf", "-Infinity": "-inf" };

/** A CSV (RFC 4180, but for ends of lines, which are newlines) as `exp-queue compare --format csv` writes it. Texts are as they
 * were logged. */
export function csv(names, rows) {
  return [names, ...rows].map((row) => `${row.map(cell).join(",")}\n`).join("");
}

function cell(value) {
  if (value === null || value === undefined) return "";
  const text = isOdd(value) ? ODD[value] : typeof value === "object" ? JSON.stringify(value) : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Hand the text to the reader as a file. */
export function download(name, text, kind = "text/plain") {
  const address = URL.createObjectURL(new Blob([text], { type: `${kind};charset=utf-8` }));
  const link = h("a", { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

/** Put the text where it can be pasted from. Whether that was done. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyByHand(text);
  }
}

/** Where the browser has no clipboard for a page: over http to another machine, say. */
function copyByHand(text) {
  const area = h("textarea", { value: text, class: "unseen", "aria-hidden": "true" });
  document.body.append(area);
  const before = document.activeElement;
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  before?.focus?.();
  return done;
}

/** A button that copies what `text()` gives, and says so for a moment. */
export function copyButton(label, text) {
  const element = button(label, async () => {
    element.textContent = (await copy(await text())) ? "copied" : "cannot be copied here";
    setTimeout(() => { element.textContent = label; }, 1500);
  });
  return element;
}
