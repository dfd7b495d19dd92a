// Elements. All text goes in as text nodes: nothing that a peer says is ever read as markup.

const svgSpace = 'http://www.w3.org/2000/svg';

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** An element of HTML. */
export const h = (tag, attributes, ...children) =>
  fill(document.createElement(tag), attributes, children);

/** An element of SVG. */
export const s = (tag, attributes, ...children) =>
  fill(document.createElementNS(svgSpace, tag), attributes, children);

/** Changes the text only if it is another one, so that nothing is laid out in vain. */
export function setText(element, text) {
  const wanted = String(text);
  const { firstChild } = element;
  if (firstChild === null || firstChild !== element.lastChild || firstChild.nodeType !== Node.TEXT_NODE) {
    if (element.textContent !== wanted) element.textContent = wanted;
  } else if (firstChild.data !== wanted) {
    firstChild.data = wanted;
  }
}

/** The same of attributes; null and undefined remove one. */
export function setAttributes(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) element.removeAttribute(name);
    else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
  }
}

/**
 * A text that shows a value of the node's: `of` names the reply and the way in it, such as
 * "parley_status/links/inbound", by which the tests compare the two.
 */
export function show(element, of, text) {
  if (element.dataset.of !== of) element.dataset.of = of;
  setText(element, text);
}

/**
 * One child for each item, in their order; children are kept by key, so that there are never more
 * than items. `make(item)` gives the element, `update(element, item)` brings it up to date.
 */
export function keyed(parent, items, keyOf, make, update) {
  const known = parent.keyedChildren ?? new Map();
  const next = new Map();
  let before = null;
  for (const item of items) {
    const key = keyOf(item);
    if (next.has(key)) continue;
    const child = known.get(key) ?? make(item);
    update?.(child, item);
    next.set(key, child);
    const place = before ? before.nextSibling : parent.firstChild;
    if (place !== child) parent.insertBefore(child, place);
    before = child;
  }
  for (const [key, child] of known) if (!next.has(key)) child.remove();
  parent.keyedChildren = next;
}

/** A card of the page: a section with its heading; `extra` stands beside the heading. */
export function card(name, title, extra, ...children) {
  return h('section', { class: `card ${name}`, 'aria-labelledby': `${name}-title`, id: name },
    h('header', {}, h('h2', { id: `${name}-title` }, title), extra),
    ...children);
}

/** What may be larger than its card, and is then scrolled, by keyboard as well. */
export const scroller = (name, child) =>
  h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-labelledby': `${name}-title` }, child);

/**
 * Calls `draw(width, height)` whenever the element's size changes, and when asked. To ask the element
 * for its size in the middle of a change would have the whole page laid out at once.
 */
export function drawnToSize(element, draw) {
  let size = { width: 0, height: 0 };
  const again = () => { if (size.width > 0 && size.height > 0) draw(size.width, size.height); };
  new ResizeObserver(([{ contentRect }]) => {
    size = { width: Math.round(contentRect.width), height: Math.round(contentRect.height) };
    again();
  }).observe(element);
  return again;
}

/** A view's draw() that does nothing while its inputs are the same. */
export function ifChanged(inputsOf, draw) {
  let last = null;
  return (state) => {
    const inputs = inputsOf(state);
    if (last?.every((one, i) => one === inputs[i])) return;
    last = inputs;
    draw(state);
  };
}
