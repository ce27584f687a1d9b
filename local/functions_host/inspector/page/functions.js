// The app's functions, by trigger.

import { look } from "./api.js";
import { el } from "./dom.js";

const KINDS = { http: "HTTP", orchestration: "Orchestrators", activity: "Activities", timer: "Timers", queue: "Queues" };

function facts(one) {
  if (one.route) {
    const methods = one.methods.length ? one.methods : ["any method"];
    return [
      ...methods.map((method) => el("span", { class: `verb ${method}` }, method)),
      el("code", { class: "route" }, one.route),
      el("span", { class: "tag" }, one.level === "anonymous" ? "no key" : `${one.level} key`),
    ];
  }
  if (one.schedule) return [el("code", { class: "route" }, one.schedule)];
  if (one.queue) return [el("code", { class: "route" }, one.queue)];
  return [];
}

function row(one) {
  const marks = [
    one.is_disabled && el("span", { class: "tag bad" }, "disabled"),
    one.not_served && el("span", { class: "tag bad" }, `not called here: ${one.not_served}`),
    ...one.bindings.filter((kind) => kind !== "http").map((kind) => el("span", { class: "tag" }, kind)),
  ];
  const name = one.trigger === "orchestration" ? el("a", { href: `#/instances?name=${encodeURIComponent(one.name)}` }, one.name) : one.name;
  return el("li", {}, el("b", {}, name), el("span", { class: "facts" }, ...facts(one), ...marks));
}

export class FunctionsView {
  constructor() {
    this.node = el("section", { class: "functions", "aria-label": "Functions" });
  }

  async refresh() {
    if (this.node.firstChild) return;  // they change only with the host's process
    const { functions } = await look("/about");
    const order = [...Object.keys(KINDS), ...functions.map((one) => one.trigger)];
    const kinds = [...new Set(order)].filter((kind) => functions.some((one) => one.trigger === kind));
    this.node.replaceChildren(...kinds.map((kind) => {
      const own = functions.filter((one) => one.trigger === kind);
      return el("section", { class: "card" },
        el("h2", {}, KINDS[kind] ?? kind, " ", el("small", {}, String(own.length))),
        el("ul", { class: "plain" }, ...own.map(row)));
    }));
  }
}
