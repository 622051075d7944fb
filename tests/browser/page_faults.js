// `arguments[0]`: whether everything is made for fingers, with more room than the rule asks for.
const faults = [], roomy = arguments[0];
const seen = (e) => e.checkVisibility({checkOpacity: true, checkVisibilityCSS: true}) && e.getClientRects().length > 0;
const named = (e) => (e.getAttribute('aria-label') || '').trim()
  || (e.getAttribute('aria-labelledby') || '').split(' ').map((id) => document.getElementById(id)?.textContent || '').join('').trim()
  || [...(e.labels || [])].map((l) => l.textContent).join('').trim() || e.textContent.trim();
const all = (s) => [...document.querySelectorAll(s)];
// 3.1.1, 2.4.2, 1.3.1, 2.4.6
if (!['en', 'zh-CN'].includes(document.documentElement.lang)) faults.push('no language');
if (!document.title.trim()) faults.push('no title');
if (all('h1').length !== 1) faults.push('not one h1');
if (all('main').length !== 1) faults.push('not one main');
let level = 0;
for (const h of all('h1,h2,h3')) {
  const now = Number(h.tagName[1]);
  if (now > level + 1) faults.push('a heading level is left out: ' + h.textContent);
  level = now;
}
// 4.1.1 as far as it still matters: references must resolve
const ids = all('[id]').map((e) => e.id);
if (new Set(ids).size !== ids.length) faults.push('an id stands twice');
for (const e of all('[aria-describedby],[aria-labelledby],label[for]'))
  for (const id of [e.getAttribute('aria-describedby'), e.getAttribute('aria-labelledby'), e.getAttribute('for')].filter(Boolean).join(' ').split(' '))
    if (!document.getElementById(id)) faults.push('nothing has the id ' + id);
// 1.1.1, 3.3.2, 4.1.2
for (const e of all('a[href],button,input:not([type=hidden]),summary,[role=img],nav,section[aria-labelledby]'))
  if (!named(e)) faults.push('no name: ' + e.outerHTML.slice(0, 80));
for (const e of all('svg')) if (e.getAttribute('aria-hidden') !== 'true' && !e.closest('[role=img]')) faults.push('a picture without a name');
// 2.5.3: what is read aloud holds what is seen
for (const e of all('button[aria-label],a[aria-label]'))
  if (!e.getAttribute('aria-label').includes(e.textContent.trim())) faults.push('name differs from text');
// 1.3.5
for (const e of all('input[inputmode=numeric]')) if (e.autocomplete !== 'one-time-code') faults.push('no purpose of input');
// 2.4.3: nothing is moved out of order
if (all('[tabindex]').some((e) => e.tabIndex > 0)) faults.push('a positive tabindex');
// 2.5.8, with room to spare
for (const e of all('a[href],button,input:not([type=hidden]),summary')) {
  if (!roomy || !seen(e) || e.classList.contains('skip')) continue;
  const box = e.getBoundingClientRect();
  if (Math.min(box.width, box.height) < 24) faults.push('too small to hit: ' + named(e));
}
// 1.4.10
if (document.documentElement.scrollWidth > innerWidth) faults.push('scrolls sideways: ' + document.documentElement.scrollWidth);
for (const e of all('main *')) {
  // What is too wide may scroll by itself, where the keyboard reaches it.
  if (e.parentElement.closest('[role=region][tabindex="0"]')) continue;
  const box = e.getBoundingClientRect();
  if (seen(e) && !(e instanceof SVGElement) && (box.right > innerWidth + 1 || box.left < -1)) faults.push('cut off: ' + e.outerHTML.slice(0, 80));
}
return faults;
