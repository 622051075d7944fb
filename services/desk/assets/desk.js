// Keys, undo and clocks. Every act is a form or a link that works without this. No HTML is ever built from text.
"use strict";

const all = (what, where = document) => [...where.querySelectorAll(what)];
const one = (what, where = document) => where.querySelector(what);
const typing = (at) => at instanceof HTMLElement && (at.isContentEditable || at.matches("input:not([type=checkbox], [type=radio]), select, textarea"));
const heard = one("[data-heard]");
const say = (text) => { if (heard) heard.textContent = text; };
const keysOn = () => document.documentElement.dataset.keys !== "off";
const shown = (each) => each.offsetParent !== null || each.getClientRects().length > 0;

// What a key does, in words: its own, else its button's without the keys and counts drawn on it.
function says(each) {
  if (each.dataset.says) return each.dataset.says;
  const copy = each.cloneNode(true);
  for (const key of all("kbd, svg, .pill", copy)) key.remove();
  return copy.textContent.trim() || each.title || each.getAttribute("aria-label") || "";
}

const dialogOpen = () => one("dialog[open]") !== null;

// Chords: "v f" waits 1.5 s for its second key and says what may follow.
let before = "", beforeAt = 0;
function press(key) {
  const scope = one("dialog[open]") ?? document;
  const now = performance.now();
  const chord = before && now - beforeAt < 1500 ? `${before} ${key}` : key;
  const hit = all("[data-key]", scope).find((each) => each.dataset.key === chord && shown(each));
  before = "";
  for (const each of all(".next")) each.classList.remove("next");
  if (hit) return go(hit), true;
  // What is done to picked rows is done to the row one is at, where none is picked.
  const box = one("input[type=checkbox]", here() ?? document.createElement("p"));
  const unpicked = bulk && !dialogOpen() && box && all("[data-key]", bulk).find((each) => each.dataset.key === chord);
  if (unpicked) return box.click(), go(unpicked), true;
  const more = all("[data-key]", scope).filter((each) => each.dataset.key.startsWith(`${chord} `) && shown(each));
  if (!more.length) return false;
  for (const each of more) each.classList.add("next");
  before = chord;
  beforeAt = now;
  say(more.map((each) => `${each.dataset.key.slice(chord.length + 1)}: ${says(each)}`).join(", "));
  return true;
}
function go(hit) {
  if (hit.getAttribute("aria-disabled") === "true") return say(hit.title);
  if (typing(hit)) { hit.focus(); hit.select?.(); } else hit.click();
  if (hit.localName === "summary") one("select, a", hit.parentElement)?.focus();
}

// Rows: j and k move, Enter opens (it is a link), x picks.
const links = () => all("[data-row] a");
function move(step) {
  const rows = links();
  if (!rows.length) return false;
  const at = rows.findIndex((each) => each.closest("[data-row]").contains(document.activeElement));
  const start = at < 0 ? rows.findIndex((each) => each.closest(".at")) - (step > 0 ? 1 : 0) : at;
  one(".at")?.classList.remove("at");
  const next = rows[Math.max(0, Math.min(rows.length - 1, start + step))];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
  return true;
}
const here = () => (document.activeElement?.closest("[data-row]") ?? one("[data-row].at"));
const bulk = one("[data-bulk]");
function count() {
  const boxes = all("[data-row] input[type=checkbox]");
  for (const box of boxes) box.closest("[data-row]").classList.toggle("picked", box.checked);
  const picked = boxes.filter((box) => box.checked).length;
  bulk?.classList.toggle("on", picked > 0);
  const text = one("[data-count]");
  if (text) text.textContent = String(picked), text.parentElement.hidden = picked === 0;
}
if (bulk) {
  document.addEventListener("change", count);
  count();
}
function columns(step) {
  const cols = all(".col"), at = cols.findIndex((each) => each.contains(document.activeElement));
  cols[Math.max(0, Math.min(cols.length - 1, at + step))]?.focus();
  return cols.length > 0;
}
const MOVES = { j: () => move(1), k: () => move(-1), "[": () => columns(-1), "]": () => columns(1) };

document.addEventListener("keydown", (event) => {
  const mod = event.ctrlKey || event.metaKey, dialog = one("dialog[open]");
  if (mod && event.key === "z" && !typing(event.target)) {
    const undo = one("button[data-undo]");
    if (undo && shown(undo)) { undo.click(); event.preventDefault(); }
    return;
  }
  if (mod && event.key === "Enter") { one("[data-key=Enter]", dialog ?? document)?.click(); return; }
  if (mod || event.altKey || event.isComposing) return;
  if (typing(event.target)) { if (event.key === "Escape") event.target.blur(); return; }
  if (!keysOn() && event.key.length === 1) return;
  if (event.key === "Enter" && event.target.closest("button, a, summary")) return;
  let done = !dialog && MOVES[event.key]?.() === true;
  if (!done && !dialog && event.key === "Escape" && bulk) { bulk.closest("form").reset(); count(); done = true; }
  if (!done && !dialog && event.key === "x" && one("input[type=checkbox]", here() ?? document.createElement("p"))) {
    one("input[type=checkbox]", here()).click();
    done = true;
  }
  if (!done) done = press(event.key);
  if (done) event.preventDefault();
});

// The keys of this page, from its own buttons: in the order in which they stand.
function row(list, keys, words) {
  const line = document.createElement("div"), dt = document.createElement("dt"), dd = document.createElement("dd");
  for (const key of keys.split(" ")) {
    const kbd = document.createElement("kbd");
    kbd.textContent = key;
    dt.append(kbd, " ");
  }
  dd.textContent = words;
  line.append(dt, dd);
  list.append(line);
}
function fillKeys(map) {
  const lists = Object.fromEntries(all("[data-keys-of]", map).map((each) => [each.dataset.keysOf, each]));
  for (const list of Object.values(lists)) list.replaceChildren();
  const { go: about, work, more } = lists;
  if (links().length) { row(about, "j k", about.dataset.moves); row(about, "Enter", about.dataset.open); }
  if (one(".col")) row(about, "[ ]", about.dataset.columns);
  if (one("[data-row] input[type=checkbox]")) row(work, "x", work.dataset.pick);
  const seen = new Set();
  for (const each of all("[data-key]").filter((it) => !it.closest("dialog") && shown(it))) {
    if (seen.has(each.dataset.key)) continue;
    seen.add(each.dataset.key);
    row(each.closest(".top") ? about : each.closest(".acts, .bulk, .bar") ? work : more, each.dataset.key, says(each));
  }
  row(about, "Esc", about.dataset.back);
  if (one("button[data-undo]")) row(work, "Ctrl Z", work.dataset.undo);
  for (const list of Object.values(lists)) list.parentElement.hidden = !list.children.length;
}

document.addEventListener("click", (event) => {
  const at = event.target.closest("[data-opens], [data-closes]");
  if (!at || at.getAttribute("aria-disabled") === "true") return;
  const opened = at.dataset.opens && document.getElementById(at.dataset.opens);
  if (opened) {
    if ("keymap" in opened.dataset) fillKeys(opened);
    opened.showModal();
    event.preventDefault();
  }
  const modal = "closes" in at.dataset && at.closest("dialog:modal");
  if (modal) { modal.close(); event.preventDefault(); }
});

// An act's page is brought to the agent as a dialog. Whatever goes wrong, its link works.
function bring(link) {
  const ask = new XMLHttpRequest(), leave = () => location.assign(link.href);
  ask.responseType = "document";
  ask.onload = () => {
    const found = ask.status === 200 && ask.response ? one("dialog[data-act]", ask.response) : null;
    if (!found) return leave();
    one("dialog[data-act]")?.remove();
    const dialog = document.importNode(found, true);
    dialog.removeAttribute("open");
    dialog.addEventListener("close", () => { dialog.remove(); link.focus(); });
    document.body.append(dialog);
    dialog.showModal();
    one("[autofocus]", dialog)?.focus();
  };
  ask.onerror = leave;
  ask.open("GET", link.href);
  ask.send();
}
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-brings]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  if (link.getAttribute("aria-disabled") === "true") say(link.title); else bring(link);
});

// A toast with an undo counts down, and goes when nothing can be undone any more.
const toast = one("[data-toast]");
if (toast) {
  const ends = performance.now() + Number(toast.dataset.toast) * 1000, left = one("[data-toast-left]", toast);
  say(one("[data-toast-text]", toast).textContent);
  const tick = () => {
    const s = Math.max(0, Math.ceil((ends - performance.now()) / 1000));
    if (left) left.textContent = `0:${String(s).padStart(2, "0")}`;
    if (s > 0) setTimeout(tick, 250); else toast.hidden = true;
  };
  tick();
}

// Clocks count down from what the server said was left, so a wrong clock on the desk does no harm.
for (const clock of all("[data-left]")) {
  const end = performance.now() + Number(clock.dataset.left) * 1000;
  const tick = () => {
    const left = Math.round((end - performance.now()) / 1000), s = Math.abs(left);
    clock.textContent = `${left < 0 ? "−" : ""}${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
    clock.closest(".clock")?.classList.toggle("bad", left < 0);
  };
  if (!document.documentElement.dataset.still) { tick(); setInterval(tick, 1000); }
}

// Counts as they change, and who else looks at this case: text alone, put where it belongs.
if (one("[data-live]") && window.EventSource) {
  const { case: about, attack } = one("[data-case], [data-attack]")?.dataset ?? {}, since = one("[data-live-since]");
  const source = new EventSource(`/desk/events${about ? `?case=${encodeURIComponent(about)}` : attack ? `?attack=${encodeURIComponent(attack)}` : ""}`);
  source.onopen = () => { if (since) since.hidden = false; };
  source.onerror = () => { if (since) since.hidden = true; };
  source.onmessage = ({ data }) => {
    for (const [name, text] of Object.entries(JSON.parse(data))) {
      for (const at of all(`[data-live="${CSS.escape(name)}"]`)) {
        at.textContent = text;
        if (at.matches(".pill, [data-live=looking]")) at.hidden = text === "0" || text === "";
        if (name === "view.breaching" && at.closest(".side")) at.classList.toggle("bad", text !== "0");
      }
    }
  };
  addEventListener("pagehide", () => source.close());
}
