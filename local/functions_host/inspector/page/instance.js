// One instance: its picture first, then what it said and was given, then its whole history.

import { buttons } from "./actions.js";
import { hostNow, look, Refused } from "./api.js";
import { el, replace } from "./dom.js";
import { clock, length, moment, oneLine, pretty } from "./format.js";
import { timeline } from "./timeline.js";

const LONG = 1500;
const QUIET = new Set(["StepStarted", "StepCompleted"]);

export class InstanceView {
  constructor(id, query) {
    this.id = id;
    this.back = `#/instances${query.size ? `?${query}` : ""}`;
    this.address = (other) => `#/instances/${encodeURIComponent(other)}${query.size ? `?${query}` : ""}`;
    this.showsReplays = false;
    this.head = el("div", { class: "head" });
    this.picture = el("section", { class: "card", "aria-label": "Timeline", hidden: true });
    this.texts = el("div", { class: "texts" });
    this.history = el("section", { class: "card", "aria-label": "History", hidden: true });
    this.node = el("section", { class: "instance", "aria-label": `Orchestration ${id}` },
      el("a", { class: "back", href: this.back }, "← All orchestrations"), this.head, this.picture, this.texts, this.history);
  }

  async refresh() {
    let one;
    try {
      one = await look(`/instances/${encodeURIComponent(this.id)}`);
    } catch (error) {
      if (!(error instanceof Refused && error.status === 404)) throw error;
      this.gone();
      return;
    }
    if (one.isNew || !this.one) {
      this.one = one;
      this.drawHead();
      this.drawTexts();
      this.drawHistory();
    } else if (one.is_final) return;
    this.drawPicture();
  }

  gone() {
    this.one = this.shown = null;
    replace(this.head, el("p", { class: "empty" }, `There is no orchestration ${this.id} (any more).`));
    this.picture.hidden = this.history.hidden = true;
    replace(this.texts);
  }

  drawHead() {
    const one = this.one;
    const focused = this.head.contains(document.activeElement) ? document.activeElement.dataset.action : null;
    const facts = [["started", moment(one.created_us)], [one.is_final ? "took" : "last step", one.is_final ? length(one.updated_us - one.created_us) : clock(one.updated_us)], ["replays", String(one.steps.length)]];
    replace(this.head,
      el("div", { class: "line" }, el("h2", {}, one.name), el("span", { class: `state ${one.status}` }, one.status)),
      el("code", { class: "id" }, one.id),
      el("p", { class: "soft" }, ...facts.flatMap(([name, value], place) => [place ? " · " : "", `${name} `, el("b", {}, value)]),
        one.parent_id ? [" · child of ", el("a", { href: this.address(one.parent_id) }, one.parent_id)] : null),
      el("div", { class: "buttons" }, ...buttons(one, (name, answer) => this.after(name, answer))));
    if (focused) this.head.querySelector(`[data-action="${focused}"]`)?.focus();
  }

  after(name, answer) {
    if (name === "purge") location.hash = this.back;
    else if (name === "restart") location.hash = this.address(answer.id);
    else dispatchEvent(new Event("host-changed"));
  }

  drawPicture() {
    const focused = this.picture.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    this.picture.hidden = false;
    replace(this.picture, el("h3", {}, "Timeline"), timeline(this.one, hostNow(this.one), this.address));
    if (focused) this.picture.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
  }

  drawTexts() {
    const { input, output, custom_status: said, status } = this.one;
    const shown = JSON.stringify([input, output, said, status]);
    if (shown === this.shown) return;  // what was opened stays open
    this.shown = shown;
    const isBad = status === "Failed" || status === "Terminated";
    const cards = [
      output !== null && [isBad ? "Why it ended" : status === "Suspended" ? "Reason" : "Output", output, isBad ? "bad" : ""],
      said !== null && ["Custom status", said, ""],
      ["Input", input, ""],
    ];
    replace(this.texts, ...cards.filter(Boolean).map(([title, text, kind]) => el("section", { class: `card ${kind}`, "aria-label": title }, el("h3", {}, title), block(text))));
  }

  drawHistory() {
    const { history, events } = this.one;
    const first = history[0]?.at_us ?? 0;
    const opened = new Set([...this.history.querySelectorAll("details[open]")].map((node) => node.dataset.place));
    const toggle = el("input", { type: "checkbox", on: { change: () => { this.showsReplays = toggle.checked; this.drawHistory(); } } });
    toggle.checked = this.showsReplays;
    const focused = this.history.contains(document.activeElement) ? document.activeElement : null;
    const place = focused?.closest("details")?.dataset.place;
    const names = new Map(history.filter((event) => event.task_id !== undefined && event.name).map((event) => [event.task_id, event.name]));
    const lines = history.map((event, place) => [event, place]).filter(([event]) => this.showsReplays || !QUIET.has(event.kind));
    this.history.hidden = false;
    replace(this.history,
      el("div", { class: "line" }, el("h3", {}, "History ", el("small", {}, lines.length.toLocaleString())), el("label", { class: "check" }, toggle, "show replays")),
      el("ol", { class: "history" }, ...lines.map(([event, place], line) => entry(event, place, line ? first : null, names, opened))),
      events > history.length ? el("p", { class: "soft" }, `The first ${history.length.toLocaleString()} events of ${events.toLocaleString()}.`) : null);
    if (focused) (place ? this.history.querySelector(`[data-place="${place}"] summary`) : toggle).focus();
  }
}

function block(text) {
  const shown = pretty(text);
  if (!shown) return el("p", { class: "soft" }, text === null ? "none" : "empty");
  if (shown.length <= LONG) return el("pre", {}, shown);
  return el("details", { class: "long" }, el("summary", {}, el("pre", {}, `${shown.slice(0, LONG)}…`), el("span", {}, `all ${shown.length.toLocaleString()} characters`)), el("pre", {}, shown.slice(LONG)));
}

function entry(event, place, first, names, opened) {
  const { kind, at_us: noted, ...fields } = event;
  const at = kind === "TimerFired" ? Math.max(noted, fields.fire_us) : noted;  // its own time stamp is that of its creation
  const about = fields.name ?? names.get(fields.task_id) ?? fields.status ?? "";
  const said = fields.result ?? fields.reason ?? fields.input ?? (fields.fire_us ? JSON.stringify(`after ${length(fields.fire_us - event.at_us)}`) : null) ?? fields.data;
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
