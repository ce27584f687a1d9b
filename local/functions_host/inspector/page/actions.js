// The buttons of an instance: what may be done in its state, and what is asked before.

import { change } from "./api.js";
import { ask, tell } from "./ask.js";
import { el } from "./dom.js";

const REASON = { name: "reason", label: "Reason (optional)", autocomplete: "off" };

function value(text) {
  if (!text.trim()) return null;
  try { return JSON.parse(text); } catch { return text; }
}

const ACTIONS = [
  { name: "suspend", label: "Suspend", when: (one) => !one.is_final && one.status !== "Suspended", done: "Suspended." },
  { name: "resume", label: "Resume", when: (one) => one.status === "Suspended", done: "Resumed." },
  { name: "event", label: "Raise event…", when: (one) => !one.is_final, done: "Event raised.",
    ask: { title: "Raise an event", text: "The orchestration gets it where it waits for its name.", yes: "Raise",
      fields: [
        { name: "name", label: "Name", required: true, autocomplete: "off" },
        { name: "value", label: "Value (JSON, or plain text)", rows: 3 },
      ] },
    body: (given) => ({ name: given.name, value: value(given.value) }) },
  { name: "rewind", label: "Rewind…", when: (one) => one.status === "Failed", done: "Rewound.",
    ask: { title: "Rewind this instance?", yes: "Rewind", fields: [REASON],
      text: "What failed is done again, in its children too. What succeeded is kept." } },
  { name: "restart", label: "Start again", when: (one) => one.is_final, done: "Started again under a new id." },
  { name: "terminate", label: "Terminate…", isGrave: true, when: (one) => !one.is_final, done: "Terminated.",
    ask: { title: "Terminate this instance?", yes: "Terminate", isGrave: true, fields: [REASON],
      text: "It ends where it stands and cannot be resumed. Activities that run go on to their end; nobody hears them." } },
  { name: "purge", label: "Purge…", isGrave: true, when: (one) => one.is_final, done: "Purged.",
    ask: { title: "Purge this instance?", yes: "Purge", isGrave: true,
      text: "The instance and its whole history are deleted. This cannot be undone." } },
];

async function act(action, one, after) {
  const given = action.ask ? await ask(action.ask) : {};
  if (given === null) return;
  try {
    const answer = await change(one.id, action.name, action.body ? action.body(given) : given);
    tell(action.done);
    after(action.name, answer);
  } catch (error) {
    tell(error.message, true);
  }
}

export function buttons(one, after) {
  return ACTIONS.filter((action) => action.when(one)).map((action) => {
    const click = () => act(action, one, after);
    return el("button", { type: "button", class: action.isGrave ? "grave" : "", "data-action": action.name, on: { click } }, action.label);
  });
}
