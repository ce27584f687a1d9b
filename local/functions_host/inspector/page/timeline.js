// Draws an instance on one time axis: itself with its replays on top, then one line for everything it waited for.

import { el, svg } from "./dom.js";
import { clock, length } from "./format.js";

const SHOWN = 200;
const KINDS = { activity: "activity", child: "child orchestration", timer: "timer", event: "event", pause: "suspended", end: "end" };
const narrow = matchMedia("(max-width: 640px)");

// Round steps of 1, 2 or 5, so that about four labels stand on the axis.
function ticks(span) {
  const rough = span / 4, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough);
  return Array.from({ length: Math.floor(span / step) + 1 }, (_, place) => place * step);
}

function end(bar, now) {
  return bar.end_us ?? Math.max(now, bar.begin_us);
}

function words(bar, now) {
  const took = length(end(bar, now) - bar.begin_us);
  if (bar.kind === "event" || bar.kind === "end") return `at ${clock(bar.begin_us)}`;
  if (bar.kind === "timer" && bar.state === "open") return bar.fire_us > now ? `fires in ${length(bar.fire_us - now)}` : "due";
  if (bar.state === "open") return `for ${took}`;
  return { done: took, failed: `failed after ${took}`, dropped: `not waited for, ${took}` }[bar.state];
}

// `now` is the host's clock; `address` gives the place of another instance, to which a child's name leads.
export function timeline(one, now, address) {
  const height = narrow.matches ? 40 : 28, top = 30;
  const bars = one.bars.slice(0, SHOWN);
  const own = {
    kind: "own",
    label: one.name,
    state: { Completed: "done", Failed: "failed", Terminated: "dropped" }[one.status] ?? "open",
    begin_us: Math.min(one.created_us, ...bars.map((bar) => bar.begin_us)),
    end_us: one.is_final ? one.updated_us : null,
  };
  const lines = [own, ...bars];
  const first = own.begin_us;
  const last = Math.max(...lines.map((line) => end(line, now)), first + 1000);
  const span = (last - first) * (one.is_final ? 1.02 : 1.12);
  const at = (us) => `${((us - first) / span) * 100}%`;
  const axis = { at, end_us: first + span, part: (us) => `${(us / span) * 100}%` };
  const tall = top + lines.length * height + 6;

  const grid = ticks(span).map((us) => svg("g", {},
    svg("line", { x1: at(first + us), x2: at(first + us), y1: top - 6, y2: tall, class: "grid" }),
    svg("text", { x: at(first + us), y: 14, class: "tick", "text-anchor": us / span > 0.85 ? "end" : "start" },
      us ? `+${length(us)}` : clock(first))));
  const nowLine = one.is_final ? null : svg("line", { x1: at(now), x2: at(now), y1: top - 6, y2: tall, class: "now" });
  const marks = lines.map((line, place) => mark(line, top + place * height, height, axis, now, one));
  const labels = lines.map((line, place) => label(line, top + place * height, height, now, address));
  const picture = el("div", { class: "timeline" },
    svg("svg", { height: tall }, ...labels),
    svg("svg", { class: "plot", height: tall, role: "img", "aria-label": summary(one, lines, now) }, ...grid, nowLine, ...marks));
  const rest = one.bars.length - bars.length;
  return el("figure", { class: "picture" }, picture,
    rest > 0 ? el("figcaption", {}, `and ${rest.toLocaleString()} more; the history has them all`) : null);
}

function label(line, y, height, now, address) {
  const middle = narrow.matches ? y + 14 : y + height / 2 + 4;
  const name = line.label.length > 22 && !narrow.matches ? `${line.label.slice(0, 21)}…` : line.label;
  const text = svg("text", { y: middle, class: `name ${line.kind}` }, svg("title", {}, line.label), name);
  const facts = svg("tspan", { class: "facts", dx: 8 }, words(line, now));
  if (narrow.matches) text.append(facts);
  return line.instance_id ? svg("a", { href: address(line.instance_id) }, text) : text;
}

function mark(line, y, height, { at, part, end_us: edge }, now, one) {
  const thick = line.kind === "own" ? 8 : 14;
  const middle = narrow.matches ? y + 26 : y + height / 2;
  const title = svg("title", {}, `${KINDS[line.kind] ?? "orchestration"} ${line.label}: ${words(line, now)}`);
  if (line.kind === "event" || line.kind === "end") {
    const shape = svg("svg", { x: at(line.begin_us), y: middle }, svg("path", { d: "M0 -8 8 0 0 8 -8 0Z" }));
    return svg("g", { class: `mark ${line.kind}` }, shape, narrow.matches ? null : beside(line, middle, at, now, line.begin_us, 14), title);
  }
  const stop = line.kind === "timer" && line.state === "open" ? Math.min(Math.max(line.fire_us, now), edge) : end(line, now);
  const css = { width: `max(3px, ${part(stop - line.begin_us)})` };
  const bar = svg("rect", { x: at(line.begin_us), y: middle - thick / 2, height: thick, rx: 4, class: "bar", css });
  const group = svg("g", { class: `mark ${line.kind} ${line.state}` }, bar);
  if (line.kind === "own") {
    const step = (us) => svg("line", { x1: at(us), x2: at(us), y1: middle - 7, y2: middle + 7, class: "step" });
    group.append(...one.steps.slice(0, SHOWN).map(step));
  } else if (!narrow.matches) group.append(beside(line, middle, at, now, stop, 8));
  group.append(title);
  return group;
}

// The words go behind the bar where there is room, else before it, else into it.
function beside(line, middle, at, now, stop, gap) {
  const place = parseFloat(at(stop)) < 82 ? { x: at(stop), dx: gap }
    : parseFloat(at(line.begin_us)) > 18 ? { x: at(line.begin_us), dx: -gap, "text-anchor": "end" }
    : { x: at(stop), dx: -8, "text-anchor": "end", class: "inside" };
  return svg("text", { class: "facts", ...place, y: middle + 4 }, words(line, now));
}

function summary(one, lines, now) {
  const count = (kind) => lines.filter((line) => line.kind === kind).length;
  const parts = Object.keys(KINDS).filter(count).map((kind) => `${count(kind)} × ${KINDS[kind]}`);
  const took = length(end(lines[0], now) - lines[0].begin_us);
  const waited = parts.join(", ") || "nothing waited for";
  return `Timeline of ${one.name}, ${one.status}, ${took}: ${waited}. The history below says the same in words.`;
}
