// The history of an instance, event by event; each opens to all its fields, and stays open while new ones come.

import { el, replace } from "./dom.js";
import { clock, length, moment, oneLine } from "./format.js";

const QUIET = new Set(["StepStarted", "StepCompleted"]);

export class HistoryView {
  constructor() {
    this.node = el("section", { class: "card", "aria-label": "History", hidden: true });
    this.showsReplays = false;
  }

  // The events the host told of, and how many there are.
  draw({ history, events }) {
    const first = history[0]?.at_us ?? 0;
    const opened = new Set([...this.node.querySelectorAll("details[open]")].map((node) => node.dataset.place));
    const change = () => {
      this.showsReplays = toggle.checked;
      this.draw({ history, events });
    };
    const toggle = el("input", { type: "checkbox", on: { change } });
    toggle.checked = this.showsReplays;
    const focused = this.node.contains(document.activeElement) ? document.activeElement : null;
    const place = focused?.closest("details")?.dataset.place;
    const named = history.filter((event) => event.task_id !== undefined && event.name);
    const names = new Map(named.map((event) => [event.task_id, event.name]));
    const lines = [...history.entries()].filter(([, event]) => this.showsReplays || !QUIET.has(event.kind));
    this.node.hidden = false;
    replace(this.node,
      el("div", { class: "line" },
        el("h3", {}, "History ", el("small", {}, lines.length.toLocaleString())),
        el("label", { class: "check" }, toggle, "show replays")),
      el("ol", { class: "history" }, ...lines.map(([at, event], line) => entry(event, at, line ? first : null, names, opened))),
      events > history.length
        ? el("p", { class: "soft" }, `The first ${history.length.toLocaleString()} events of ${events.toLocaleString()}.`)
        : null);
    if (focused) (place ? this.node.querySelector(`[data-place="${place}"] summary`) : toggle).focus();
  }
}

// One event; `first` is the time it counts from, null for the event that is the first.
function entry(event, place, first, names, opened) {
  const { kind, at_us: noted, ...fields } = event;
  const at = kind === "TimerFired" ? Math.max(noted, fields.fire_us) : noted;  // its own time stamp is that of its creation
  const about = fields.name ?? names.get(fields.task_id) ?? fields.status ?? "";
  const due = fields.fire_us ? JSON.stringify(`after ${length(fields.fire_us - noted)}`) : null;
  const said = fields.result ?? fields.reason ?? fields.input ?? due ?? fields.data;
  const isBad = kind.endsWith("Failed") || fields.status === "Failed";
  return el("li", { class: `${isBad ? "bad" : ""} ${QUIET.has(kind) ? "quiet" : ""}` },
    el("details", { "data-place": place, open: opened.has(String(place)) },
      el("summary", {},
        el("time", { title: moment(at) }, first === null ? clock(at) : `+${length(Math.max(0, at - first))}`),
        el("b", {}, kind.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase()), " ",
        about && el("span", { class: "about" }, about), " ",
        said ? el("span", { class: "said" }, oneLine(said).slice(0, 140)) : null),
      el("pre", {}, JSON.stringify({ at: new Date(noted / 1000).toISOString(), ...fields }, null, 2))));
}
