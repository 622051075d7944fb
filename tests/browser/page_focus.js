// 2.4.7 and 2.4.11: whatever takes the focus shows it, and no bar covers it. After one press of Tab, as from the keyboard.
const faults = [];
const seen = (e) => e.checkVisibility({checkOpacity: true, checkVisibilityCSS: true}) && e.getClientRects().length > 0;
// Where a dialog is open, nothing else takes it; in a list, the whole row shows it.
const scope = document.querySelector('dialog:modal') ?? document;
for (const e of scope.querySelectorAll('a[href],button,input:not([type=hidden]),select,textarea,summary')) {
  if (!seen(e) || e.disabled) continue;
  const name = (e.id || e.textContent.trim() || e.name || e.tagName).slice(0, 40);
  e.focus();
  if (document.activeElement !== e) { faults.push('takes no focus: ' + name); continue; }
  const drawn = [e, e.closest('[data-row]') ?? e].map((each) => getComputedStyle(each));
  if (!drawn.some((style) => style.outlineStyle === 'solid' && parseFloat(style.outlineWidth) >= 2)) faults.push('shows no focus: ' + name);
  const box = e.getClientRects()[0];
  const xs = [box.left + 4, (box.left + box.right) / 2, box.right - 4], ys = [box.top + 4, (box.top + box.bottom) / 2, box.bottom - 4];
  const hit = (x, y) => { const top = document.elementFromPoint(x, y); return top !== null && (e === top || e.contains(top)); };
  if (!xs.some((x) => ys.some((y) => hit(x, y)))) faults.push('its focus is covered: ' + name);
}
document.activeElement.blur();
scrollTo(0, 0);
return faults;
