// Asks before something is done that cannot be undone, or needs a word first; and says what could not be done.

import { byId, el } from "./dom.js";

// Resolves to the values of the fields, or to null where the user thought better of it.
export function ask({ title, text, yes, isGrave = false, fields = [] }) {
  const dialog = byId("ask"), button = byId("ask-yes"), no = byId("ask-no");
  byId("ask-title").textContent = title;
  byId("ask-text").textContent = text;
  button.textContent = yes;
  button.className = isGrave ? "grave" : "main";
  const inputs = fields.map(({ name, label, ...more }) => {
    const input = el(more.rows ? "textarea" : "input", { name, ...more });
    return { name, input, node: el("label", {}, label, input) };
  });
  byId("ask-fields").replaceChildren(...inputs.map((one) => one.node));
  byId("ask-answers").replaceChildren(...(isGrave ? [no, button] : [button, no]));  // Enter in a field presses the first
  dialog.returnValue = "no";
  dialog.showModal();
  (inputs[0]?.input ?? no).focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "yes" ? Object.fromEntries(inputs.map(({ name, input }) => [name, input.value])) : null);
    }, { once: true });
  });
}

let hide = null;

export function tell(text, isBad = false) {
  const said = byId("said");
  said.textContent = text;
  said.className = isBad ? "bad shown" : "shown";
  clearTimeout(hide);
  hide = setTimeout(() => { said.className = ""; said.textContent = ""; }, 6000);
}
