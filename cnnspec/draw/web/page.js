"use strict";
// Lays the open parts of the network out anew at every click: each scope is a picture of its own,
// in rows by the longest way to a part, with its lines inside it.
const network = JSON.parse(document.getElementById("network").textContent);
const { root, colors } = network;
const across = network.direction === "lr";
const SVG = "http://www.w3.org/2000/svg";
const LINE = 11, PAD = 6, ROW = 19, GAP = 22, BESIDE = 16, LANE = 14;

const byId = (id) => document.getElementById(id);
const canvas = document.createElement("canvas").getContext("2d");
const FONT = 'Arimo, "Liberation Sans", Arial, Helvetica, sans-serif';

// Before what can be opened, and before what is open.
const CLOSED = "\u25b8 ", OPEN = "\u25be ";

function titleOf(item) {
  return (hasInner(item) ? CLOSED : "") + headOf(item);
}

function widthOf(text, bold) {
  canvas.font = `${bold ? "bold " : ""}${LINE}px ${FONT}`;
  return canvas.measureText(text).width;
}

// ------------------------------------------------------------------ the tree

const items = [];
(function adopt(item, parent) {
  item.parent = parent;
  items.push(item);
  (item.inner || []).forEach((each) => adopt(each, item));
})(root, null);
root.open = true;

const isOpen = (item) => Boolean(item.inner && item.inner.length && item.open);
const hasInner = (item) => Boolean(item.inner && item.inner.length);
const headOf = (item) => (item.times ? `${item.title} \u00d7 ${item.times}` : item.title);

// ------------------------------------------------------------------ layout

function measure(item) {
  if (!isOpen(item)) {
    const head = widthOf(titleOf(item), true) + 2 * PAD;
    const shape = item.shape ? widthOf(item.shape) + 2 * PAD : 0;
    const cost = item.cost ? widthOf(item.sum || item.cost) + 2 * PAD : 0;
    item.shapeWidth = shape;
    item.costWidth = cost;
    item.w = Math.max(head, shape + cost);
    item.h = cost || shape ? 2 * ROW : ROW;
    return;
  }
  item.inner.forEach(measure);
  arrange(item);
}

// Rows by the longest way; a line that passes rows takes a place in each of them.
function arrange(scope) {
  const { inner, lines } = scope;
  const rank = inner.map(() => 0);
  const ordered = [...lines].sort((a, b) => a[1] - b[1]);
  for (const [from, to] of ordered) {
    rank[to] = Math.max(rank[to], from < 0 ? 0 : rank[from] + 1);
  }
  const rows = [];
  const row = (at) => (rows[at] = rows[at] || []);
  inner.forEach((item, at) => row(rank[at]).push({ item, w: extent(item), wish: [], order: at }));
  const cell = new Map();
  rows.forEach((each) => each.forEach((one) => cell.set(one.item, one)));
  scope.routes = lines.map(([from, to, way]) => {
    const route = { from, to, way, via: [] };
    const start = from < 0 ? -1 : rank[from];
    for (let at = start + 1; at < rank[to]; at += 1) {
      const one = { item: null, w: LANE, wish: [], order: way === "flow" ? from : 1e6 - to };
      row(at).push(one);
      route.via.push(one);
    }
    const stops = [from < 0 ? null : cell.get(inner[from]), ...route.via, cell.get(inner[to])];
    for (let at = 1; at < stops.length; at += 1) {
      if (stops[at - 1]) stops[at].wish.push(stops[at - 1]);
      if (stops[at - 1] && way === "flow") (stops[at].trunk = stops[at].trunk || []).push(stops[at - 1]);
    }
    return route;
  });
  // What lines that go around bring has no say where a part stands, so that the trunk is straight.
  rows.flat().forEach((one) => {
    if (one.item && one.trunk) one.wish = one.trunk;
    one.leads = Boolean(one.item && one.trunk && !one.item.trains);
  });
  scope.cells = cell;
  const wide = Math.max(...rows.map((each) => each.reduce((sum, one) => sum + one.w + BESIDE, -BESIDE)));
  rows.forEach((each, at) => {
    if (at === 0) each.sort((a, b) => a.order - b.order);
    else each.sort((a, b) => rightness(a) - rightness(b) || a.order - b.order);
    pack(each, wide, at === 0);
  });
  let left = Infinity, right = -Infinity;
  rows.flat().forEach((one) => {
    left = Math.min(left, one.x - one.w / 2);
    right = Math.max(right, one.x + one.w / 2);
  });
  const title = widthOf(OPEN + headOf(scope), true) + (scope.cost ? widthOf(scope.cost) + 12 : 0) + 34;
  const room = scope === root ? 0 : title;
  const broad = Math.max(right - left, across ? 0 : room);
  const shift = (broad - (right - left)) / 2 - left;
  let down = scope === root ? 0 : ROW + GAP;
  rows.forEach((each) => {
    const tall = Math.max(...each.map((one) => (one.item ? length(one.item) : 0)));
    each.forEach((one) => {
      one.x += shift;
      one.top = down + (tall - (one.item ? length(one.item) : tall)) / 2;
      one.low = one.top + (one.item ? length(one.item) : tall);
    });
    down += tall + GAP;
  });
  const edge = scope === root ? 0 : PAD * 2;
  const along = down - (scope === root ? GAP : GAP / 2);
  scope.edge = edge;
  scope.w = (across ? Math.max(along, room) : broad) + 2 * edge;
  scope.h = (across ? broad + ROW : along) + (across ? 2 * edge : 0);
}

const extent = (item) => (across ? item.h : item.w);
const length = (item) => (across ? item.w : item.h);
const mean = (cells) => cells.reduce((sum, one) => sum + one.x, 0) / cells.length;

function rightness(one) {
  if (!one.item && one.order > 1e5) return 1e6;
  return one.wish.length ? mean(one.wish) : 0;
}

// Put the cells of a row where their sources are, in order, without overlaps.
function pack(row, wide, first) {
  const wishes = row.map((one) => (one.wish.length ? mean(one.wish) : null));
  let edge = -Infinity;
  if (first || wishes.every((wish) => wish === null)) {
    const total = row.reduce((sum, one) => sum + one.w + BESIDE, -BESIDE);
    let at = (wide - total) / 2;
    row.forEach((one) => { one.x = at + one.w / 2; at += one.w + BESIDE; });
    return;
  }
  row.forEach((one, at) => {
    const wish = wishes[at] === null ? (edge === -Infinity ? wide / 2 : edge + one.w / 2) : wishes[at];
    one.x = Math.max(wish, edge + one.w / 2);
    edge = one.x + one.w / 2 + BESIDE;
  });
  const wished = row.map((one, at) => [one, wishes[at]]).filter((pair) => pair[1] !== null);
  const leading = wished.filter(([one]) => one.leads);
  const pairs = leading.length ? leading : wished;
  const drift = pairs.reduce((sum, [one, wish]) => sum + one.x - wish, 0) / pairs.length;
  row.forEach((one) => { one.x -= drift; });
}

// ------------------------------------------------------------------ drawing

function put(parent, name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const key in attributes) element.setAttribute(key, attributes[key]);
  if (text !== undefined) element.textContent = text;
  parent.appendChild(element);
  return element;
}

const point = (x, y) => (across ? `${y.toFixed(1)},${x.toFixed(1)}` : `${x.toFixed(1)},${y.toFixed(1)}`);

function draw(item, parent, x, y, depth) {
  item.x = x;
  item.y = y;
  const group = put(parent, "g", { transform: `translate(${x.toFixed(1)},${y.toFixed(1)})` });
  item.element = group;
  group.item = item;
  group.setAttribute("data-path", item.path || "");
  if (item.trains) group.setAttribute("opacity", "0.75");
  if (isOpen(item)) drawOpen(item, group, depth);
  else drawBox(item, group);
  if (item !== root && hasInner(item)) {
    group.firstChild.setAttribute("role", "button");
    group.setAttribute("tabindex", "0");
    group.setAttribute("aria-expanded", String(isOpen(item)));
    group.setAttribute("aria-label", headOf(item));
  }
}

function drawBox(item, group) {
  const color = colors.families[item.family] || colors.other;
  const border = item.times ? 2 : 1;
  put(group, "rect", { width: item.w, height: item.h, fill: colors.cell, stroke: item.times ? colors.skip : color, "stroke-width": border, ...(item.trains ? { "stroke-dasharray": "4,3" } : {}) });
  put(group, "rect", { width: item.w, height: ROW, fill: color });
  put(group, "text", { x: item.w / 2, y: ROW - 6, "text-anchor": "middle", class: "head", fill: colors.headerInk }, titleOf(item));
  if (item.h <= ROW) return;
  const shape = item.cost ? item.w - item.costWidth : item.w;
  if (item.cost) {
    const warm = item.step < 0 ? colors.cell : colors.heat[item.step];
    put(group, "rect", { x: shape, y: ROW, width: item.costWidth - border / 2, height: ROW - border / 2, fill: warm });
    put(group, "text", { x: shape + item.costWidth / 2, y: 2 * ROW - 6, "text-anchor": "middle", fill: item.step < 0 ? colors.ink : colors.heatInk }, item.sum || item.cost);
  }
  put(group, "text", { x: shape / 2, y: 2 * ROW - 6, "text-anchor": "middle", fill: colors.ink }, item.shape);
}

function drawOpen(item, group, depth) {
  const edge = item.edge;
  if (item !== root) {
    put(group, "rect", { width: item.w, height: item.h, rx: 7, fill: item.times ? colors.run : colors.frames[depth % 2], stroke: item.times ? colors.skip : colors.border, "stroke-width": item.times ? 1.5 : 1, ...(item.trains ? { "stroke-dasharray": "4,3" } : {}) });
    const bold = OPEN + headOf(item);
    const long = widthOf(bold, true) + (item.cost ? widthOf(item.cost) + 12 : 0) + 16;
    const middle = across ? long / 2 + 6 : item.w / 2;
    put(group, "rect", { x: middle - long / 2, y: 3, width: long, height: ROW, rx: 5, fill: colors.pill, stroke: colors.border });
    put(group, "text", { x: middle - long / 2 + 8, y: ROW - 3, class: "head", fill: item.times ? colors.skip : colors.ink }, bold);
    if (item.cost) put(group, "text", { x: middle + long / 2 - 8, y: ROW - 3, "text-anchor": "end", fill: colors.ink }, item.cost);
  }
  const inside = put(group, "g", across ? { transform: `translate(${item === root ? 0 : -ROW},${item === root ? 0 : edge + ROW})` } : { transform: `translate(${edge},0)` });
  const wires = put(inside, "g", {});
  item.routes.forEach((route) => wire(item, route, wires));
  for (const at of item === root ? [] : item.outs) {
    const one = item.cells.get(item.inner[at]);
    const end = across ? item.w + ROW : item.h;
    put(wires, "path", { d: `M${point(one.x, one.low)}L${point(one.x, end)}`, fill: "none", stroke: colors.line });
  }
  item.inner.forEach((each) => {
    const one = item.cells.get(each);
    const [x, y] = across ? [one.top, one.x - each.h / 2] : [one.x - each.w / 2, one.top];
    draw(each, inside, x, y, depth + 1);
  });
}

function wire(scope, route, parent) {
  const target = scope.cells.get(scope.inner[route.to]);
  const source = route.from < 0 ? null : scope.cells.get(scope.inner[route.from]);
  const center = (across ? scope.h - ROW - 2 * scope.edge : scope.w - 2 * scope.edge) / 2;
  const start = source ? [source.x, source.low] : [center, ROW + 3];
  const stops = [start, ...route.via.flatMap((one) => [[one.x, one.top], [one.x, one.low]]), [target.x, target.top]];
  if (scope === root && !source) return;
  let d = `M${point(...stops[0])}`;
  for (let at = 1; at < stops.length; at += 1) {
    const [x, y] = stops[at - 1], [to, low] = stops[at];
    const bend = (low - y) / 2;
    d += x === to ? `L${point(to, low)}` : `C${point(x, y + bend)} ${point(to, low - bend)} ${point(to, low)}`;
  }
  const flow = route.way === "flow";
  const look = { d, fill: "none", stroke: flow ? colors.line : colors.skip, "marker-end": `url(#${flow ? "flow" : "skip"})` };
  if (route.way === "skip") look["stroke-dasharray"] = "5,3";
  if (route.way === "rail") look["stroke-width"] = 3;
  put(parent, "path", look);
}

// ------------------------------------------------------------------ the view

const picture = byId("picture"), view = byId("view"), tip = byId("tip");
let scale = 1, offset = [0, 0];

const defs = put(picture, "defs", {});
for (const [id, color] of [["flow", colors.line], ["skip", colors.skip]]) {
  const marker = put(defs, "marker", { id, viewBox: "0 0 8 8", refX: 8, refY: 4, markerWidth: 7, markerHeight: 7, markerUnits: "userSpaceOnUse", orient: "auto" });
  put(marker, "path", { d: "M0,0.5L8,4L0,7.5z", fill: color });
}

function place() {
  view.setAttribute("transform", `translate(${offset[0]},${offset[1]}) scale(${scale})`);
}

function redraw() {
  measure(root);
  view.textContent = "";
  draw(root, view, 0, 0, 0);
}

function fit() {
  const { clientWidth, clientHeight } = picture;
  scale = Math.min(1.5, (clientWidth - 30) / root.w, (clientHeight - 30) / root.h);
  if (!across) scale = Math.max(scale, Math.min(0.7, (clientWidth - 30) / root.w));
  scale = Math.max(scale, 0.02);
  offset = [(clientWidth - root.w * scale) / 2, 15];
  place();
}

// Where an item's upper left corner is on the screen.
function corner(item) {
  const box = item.element.getBoundingClientRect();
  return [box.left, box.top];
}

function toggle(item) {
  const before = corner(item);
  item.open = !item.open;
  redraw();
  const after = corner(item);
  offset = [offset[0] + before[0] - after[0], offset[1] + before[1] - after[1]];
  place();
}

const itemOf = (element) => {
  for (let each = element; each && each !== picture; each = each.parentNode) if (each.item) return each.item;
  return null;
};

let grip = null, moved = false;
picture.addEventListener("pointerdown", (event) => {
  grip = [event.clientX, event.clientY];
  moved = false;
});
window.addEventListener("pointermove", (event) => {
  if (grip) {
    const [dx, dy] = [event.clientX - grip[0], event.clientY - grip[1]];
    if (!moved && Math.hypot(dx, dy) < 4) return;
    moved = true;
    picture.classList.add("moving");
    offset = [offset[0] + dx, offset[1] + dy];
    grip = [event.clientX, event.clientY];
    place();
    return;
  }
  const item = itemOf(event.target);
  tip.hidden = !item || !item.tip;
  if (tip.hidden) return;
  tip.textContent = item.tip;
  const { offsetWidth, offsetHeight } = tip;
  tip.style.left = `${Math.min(event.clientX + 14, innerWidth - offsetWidth - 4)}px`;
  tip.style.top = `${Math.min(event.clientY + 14, innerHeight - offsetHeight - 4)}px`;
});
window.addEventListener("pointerup", () => {
  grip = null;
  picture.classList.remove("moving");
});
picture.addEventListener("click", (event) => {
  const item = itemOf(event.target);
  if (!moved && item && item !== root && hasInner(item)) toggle(item);
});
picture.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" && event.key !== " ") return;
  const item = itemOf(event.target);
  if (!item || item === root) return;
  event.preventDefault();
  toggle(item);
  item.element.focus();
});
picture.addEventListener("wheel", (event) => {
  event.preventDefault();
  const box = picture.getBoundingClientRect();
  const [x, y] = [event.clientX - box.left, event.clientY - box.top];
  const by = Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015));
  const next = Math.min(8, Math.max(0.02, scale * by));
  offset = [x - ((x - offset[0]) * next) / scale, y - ((y - offset[1]) * next) / scale];
  scale = next;
  place();
}, { passive: false });

const setAll = (open) => {
  items.forEach((item) => { if (item !== root) item.open = open; });
  redraw();
  fit();
};
byId("fold").addEventListener("click", () => setAll(false));
byId("unfold").addEventListener("click", () => setAll(true));
byId("fit").addEventListener("click", fit);

// Search: what matches is opened up to, marked, and the next one brought to the middle.
let hits = [], hit = 0;
function search(words) {
  const wanted = words.trim().toLowerCase();
  hits = !wanted ? [] : items.filter((item) => item !== root && `${item.path} ${headOf(item)} ${item.shape}`.toLowerCase().includes(wanted));
  hit = 0;
  show();
}
function show() {
  byId("found").textContent = byId("search").value.trim() ? (hits.length ? `${hit + 1} of ${hits.length}` : "nothing") : "";
  if (hits.length) {
    for (let each = hits[hit].parent; each; each = each.parent) each.open = true;
  }
  redraw();
  if (!hits.length) return place();
  const item = hits[hit];
  item.element.classList.add("found");
  item.element.firstChild.setAttribute("stroke", colors.skip);
  const [x, y] = corner(item), box = picture.getBoundingClientRect();
  const far = item.element.getBoundingClientRect();
  offset = [offset[0] + box.left + box.width / 2 - x - far.width / 2, offset[1] + box.top + box.height / 3 - y];
  place();
}
byId("search").addEventListener("input", (event) => search(event.target.value));
byId("search").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !hits.length) return;
  hit = (hit + (event.shiftKey ? hits.length - 1 : 1)) % hits.length;
  show();
});

// ------------------------------------------------------------------ start

for (const name of ["background", "ink", "muted", "border", "cell", "pill", "skip"]) {
  document.documentElement.style.setProperty(`--${name}`, colors[name]);
}
byId("title").textContent = network.title;
byId("totals").textContent = network.totals;
byId("legend").textContent = network.legend + (network.heat ? ` \u00b7 ${network.heat} ` : "");
network.steps.forEach((step, at) => {
  const mark = document.createElement("span");
  mark.className = "step";
  mark.textContent = step;
  mark.style.background = colors.heat[at];
  mark.style.color = colors.heatInk;
  byId("legend").appendChild(mark);
});
redraw();
fit();
window.addEventListener("resize", fit);
document.documentElement.dataset.ready = "yes";
