// One instance: its buttons and its picture, then what it said and was given, then its history.

import { buttons } from "./actions.js";
import { hostNow, look, Refused } from "./api.js";
import { el, replace } from "./dom.js";
import { clock, length, moment, pretty } from "./format.js";
import { HistoryView } from "./history.js";
import { timeline } from "./timeline.js";

const LONG = 1500;

export class InstanceView {
  constructor(id, query) {
    this.id = id;
    this.back = `#/instances${query.size ? `?${query}` : ""}`;
    this.address = (other) => `#/instances/${encodeURIComponent(other)}${query.size ? `?${query}` : ""}`;
    this.head = el("div", { class: "head" });
    this.picture = el("section", { class: "card", "aria-label": "Timeline", hidden: true });
    this.texts = el("div", { class: "texts" });
    this.history = new HistoryView();
    this.node = el("section", { class: "instance", "aria-label": `Orchestration ${id}` },
      el("a", { class: "back", href: this.back }, "← All orchestrations"), this.head, this.picture, this.texts, this.history.node);
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
      this.history.draw(one);
    } else if (one.is_final) return;
    this.drawPicture();
  }

  gone() {
    this.one = this.shown = null;
    replace(this.head, el("p", { class: "empty" }, `There is no orchestration ${this.id} (any more).`));
    this.picture.hidden = this.history.node.hidden = true;
    replace(this.texts);
  }

  drawHead() {
    const one = this.one;
    const focused = this.head.contains(document.activeElement) ? document.activeElement.dataset.action : null;
    const facts = [
      ["started", moment(one.created_us)],
      one.is_final ? ["took", length(one.updated_us - one.created_us)] : ["last step", clock(one.updated_us)],
      ["replays", String(one.steps.length)],
    ];
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
    replace(this.texts, ...cards.filter(Boolean).map(([title, text, kind]) =>
      el("section", { class: `card ${kind}`, "aria-label": title }, el("h3", {}, title), block(text))));
  }
}

function block(text) {
  const shown = pretty(text);
  if (!shown) return el("p", { class: "soft" }, text === null ? "none" : "empty");
  if (shown.length <= LONG) return el("pre", {}, shown);
  return el("details", { class: "long" },
    el("summary", {}, el("pre", {}, `${shown.slice(0, LONG)}…`), el("span", {}, `all ${shown.length.toLocaleString()} characters`)),
    el("pre", {}, shown.slice(LONG)));
}
