// The key of a live page: where it stands, and whether the server has the same one.

/** The key in the fragment of the address, which is taken out of it, or that of before in this tab. */
export function keyOf(hash) {
  const asked = new URLSearchParams(hash.replace(/^#/, ""));
  const key = asked.get("token");
  try {
    if (key) sessionStorage.setItem("exp-queue key", key);
  } catch {
    // A browser that keeps nothing: the key is good as long as the page is open.
  }
  if (!key) {
    try {
      return sessionStorage.getItem("exp-queue key") ?? "";
    } catch {
      return "";
    }
  }
  asked.delete("token");
  history.replaceState(history.state, "", asked.size ? `#${asked}` : location.pathname + location.search);
  return key;
}

/** Whether this browser can ask for a proof: on an address without TLS it can do so for this machine alone. */
export function canProve() {
  return Boolean(globalThis.crypto?.subtle);
}

/** Whether who listens at this port has the key, which is not sent for that. */
export async function hasKey(key, port) {
  const nonce = hex(crypto.getRandomValues(new Uint8Array(16)));
  const told = await (await fetch(`/proof?nonce=${nonce}`, { cache: "no-store" })).json();
  const bytes = (text) => new TextEncoder().encode(text);
  const own = await crypto.subtle.importKey("raw", bytes(key), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const wanted = await crypto.subtle.sign("HMAC", own, bytes(`proof ${port} ${nonce}`));
  return told.proof === hex(new Uint8Array(wanted));
}

function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
