// Makes elements. Text only ever becomes text nodes: nothing here reads HTML.

const SVG = "http://www.w3.org/2000/svg";

export const byId = (id) => document.getElementById(id);

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") Object.entries(value).forEach(([event, work]) => node.addEventListener(event, work));
    else if (name === "css") Object.entries(value).forEach(([key, text]) => node.style.setProperty(key, text));
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...real(children));
  return node;
}

const real = (children) => children.flat().filter((child) => child !== null && child !== undefined && child !== false);

export const replace = (node, ...children) => node.replaceChildren(...real(children));

export const el = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
export const svg = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

// Makes these the children, and leaves where it is what already stands right: it keeps its focus and its scroll position.
export function arrange(parent, nodes) {
  for (const node of [...parent.children]) if (!nodes.includes(node)) node.remove();
  let next = parent.firstChild;
  for (const node of nodes) {
    if (node === next) next = next.nextSibling;
    else parent.insertBefore(node, next);
  }
}
