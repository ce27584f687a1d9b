// The list: state by state, newest first, one page at a time, every row with its bar on one time axis.

import { hostNow, look } from "./api.js";
import { arrange, el } from "./dom.js";
import { ago, clock, length, oneLine } from "./format.js";

const STATES = ["Running", "Pending", "Suspended", "Completed", "Failed", "Terminated"];
const SPANS = [["", "any time"], ["300", "last 5 minutes"], ["3600", "last hour"], ["86400", "last day"]];
const FINAL = new Set(["Completed", "Failed", "Terminated", "Canceled"]);

export class InstancesView {
  constructor() {
    this.query = new URLSearchParams();
    this.rows = new Map();
    this.chips = el("div", { class: "chips", role: "group", "aria-label": "State" });
    this.fields = Object.fromEntries(["name", "id"].map((name) => [name, this.field(name)]));
    this.span = el("select", { on: { change: () => this.filter("within", this.span.value) } },
      ...SPANS.map(([value, text]) => el("option", { value }, text)));
    this.from = el("span");
    this.to = el("span");
    this.axis = el("p", { class: "axis", "aria-hidden": "true" }, this.from, this.to);
    this.list = el("ul", { class: "rows" });
    this.none = el("p", { class: "empty", hidden: true });
    this.newer = el("a", { class: "button" }, "Newest");
    this.older = el("a", { class: "button" }, "Older");
    this.pages = el("nav", { class: "pages", "aria-label": "Pages" }, this.newer, this.older);
    this.node = el("section", { class: "list", "aria-label": "Orchestrations" },
      this.chips,
      el("div", { class: "filters" },
        el("label", {}, "Name begins with", this.fields.name),
        el("label", {}, "Id begins with", this.fields.id),
        el("label", {}, "Started", this.span)),
      this.none, this.axis, this.list, this.pages);
  }

  field(name) {
    let wait = null;
    const input = el("input", { type: "search", name, autocomplete: "off", spellcheck: "false" });
    input.addEventListener("input", () => {
      clearTimeout(wait);
      wait = setTimeout(() => this.filter(name, input.value.trim()), 200);
    });
    return input;
  }

  // What the address asks for: filters, page, and the instance shown beside the list.
  choose(query, id) {
    this.query = query;
    this.chosen = id;
    for (const [name, input] of Object.entries(this.fields)) if (document.activeElement !== input) input.value = query.get(name) ?? "";
    this.span.value = query.get("within") ?? "";
    this.states = new Set((query.get("state") ?? "").split(",").filter(Boolean));
    for (const [key, row] of this.rows) this.mark(row, key);
  }

  address(changes, id = this.chosen) {
    const query = new URLSearchParams(this.query);
    Object.entries(changes).forEach(([name, value]) => (value ? query.set(name, value) : query.delete(name)));
    const text = query.toString();
    return `#/instances${id ? `/${encodeURIComponent(id)}` : ""}${text ? `?${text}` : ""}`;
  }

  filter(name, value) { location.hash = this.address({ [name]: value, before: "" }); }

  async refresh() {
    const asked = new URLSearchParams([...this.query].filter(([name, value]) => name !== "within" && value));
    const within = Number(this.query.get("within"));
    if (within) asked.set("from", new Date(Math.floor(Date.now() / 10000) * 10000 - within * 1000).toISOString());
    const query = this.query.toString();
    const answer = await look(`/instances?${asked}`);
    if (query === this.query.toString()) this.draw(answer, hostNow(answer));
  }

  draw({ instances, counts, before }, now) {
    this.drawChips(counts);
    const first = Math.min(...instances.map((one) => one.created_us));
    const isOpen = instances.some((one) => !FINAL.has(one.status));
    const last = isOpen ? now : Math.max(...instances.map((one) => one.updated_us));
    this.axis.hidden = instances.length === 0;
    if (instances.length) this.from.textContent = clock(first).slice(0, 8);
    if (instances.length) this.to.textContent = isOpen ? "now" : clock(last).slice(0, 8);
    const kept = new Map(instances.map((one) => [one.id, this.rows.get(one.id) ?? this.row(one.id)]));
    instances.forEach((one) => this.update(kept.get(one.id), one, now, first, Math.max(1, last - first)));
    arrange(this.list, [...kept.values()].map((row) => row.node));
    this.rows = kept;
    this.none.hidden = instances.length > 0;
    this.none.textContent = Object.keys(counts).length ? "Nothing matches these filters." : "Nothing has been started yet.";
    this.pages.hidden = !before && !this.query.get("before");
    this.older.hidden = !before;
    this.newer.hidden = !this.query.get("before");
    this.older.href = this.address({ before });
    this.newer.href = this.address({ before: "" });
  }

  drawChips(counts) {
    const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
    const states = STATES.filter((state) => counts[state] || this.states.has(state));
    const entries = [["", "All", all], ...states.map((state) => [state, state, counts[state] ?? 0])];
    const shown = JSON.stringify([entries, [...this.states]]);
    if (shown === this.chipsShown) return;
    this.chipsShown = shown;
    const focused = this.chips.contains(document.activeElement) ? document.activeElement.dataset.state : null;
    this.chips.replaceChildren(...entries.map(([state, text, count]) => {
      const isOn = state ? this.states.has(state) : this.states.size === 0;
      const click = () => this.toggle(state);
      const attributes = { class: `chip ${state}`, "data-state": state, "aria-pressed": String(isOn) };
      const chip = el("button", { type: "button", ...attributes, on: { click } },
        state && el("i", { class: "dot", "aria-hidden": "true" }), text, " ", el("b", {}, count.toLocaleString()));
      if (state === focused) queueMicrotask(() => chip.focus());
      return chip;
    }));
  }

  toggle(state) {
    const next = new Set(state ? this.states : []);
    if (state && !next.delete(state)) next.add(state);
    this.filter("state", [...next].join(","));
  }

  row(id) {
    const row = {
      name: el("b"), state: el("span"), took: el("span", { class: "took" }),
      id: el("code"), age: el("time"), words: el("p", { class: "words" }), bar: el("i"),
    };
    row.link = el("a", {},
      el("span", { class: "line" }, row.state, row.name, row.took),
      el("span", { class: "line soft" }, row.id, row.age),
      row.words,
      el("span", { class: "track", "aria-hidden": "true" }, row.bar));
    row.node = el("li", {}, row.link);
    row.id.textContent = id;
    row.id.title = id;
    return row;
  }

  update(row, one, now, first, span) {
    const isFinal = FINAL.has(one.status);
    const end = isFinal ? one.updated_us : now;
    row.node.className = one.status;
    row.name.textContent = one.name;
    row.state.className = `dot ${one.status}`;
    row.state.title = one.status;
    row.state.setAttribute("role", "img");
    row.state.setAttribute("aria-label", one.status);
    row.took.textContent = isFinal ? length(end - one.created_us) : `${one.status.toLowerCase()} ${length(end - one.created_us)}`;
    row.age.textContent = ago(one.created_us, now);
    row.words.textContent = oneLine(one.custom_status ?? one.input ?? "").slice(0, 160);
    row.bar.style.left = `${((one.created_us - first) / span) * 100}%`;
    row.bar.style.width = `max(3px, ${((end - one.created_us) / span) * 100}%)`;
    this.mark(row, one.id);
  }

  mark(row, id) {
    row.link.href = this.address({}, id);
    if (id === this.chosen) row.link.setAttribute("aria-current", "true");
    else row.link.removeAttribute("aria-current");
  }
}
