// Few colours of the system instead of the page's: text, edges and what is switched on must still be told apart.
const faults = [];
const seen = (e) => e.checkVisibility({checkOpacity: true, checkVisibilityCSS: true}) && e.getClientRects().length > 0;
const all = (s) => [...document.querySelectorAll(s)].filter(seen);
const name = (e) => (e.id || e.textContent.trim() || e.name || e.tagName).slice(0, 40);
const edged = (e) => { const s = getComputedStyle(e); return s.borderTopStyle !== 'none' && parseFloat(s.borderTopWidth) >= 1; };
for (const e of all('button,.button,.filter,.choice,.card,.switch input,input[type=text],input[type=search],input[type=time],select,textarea'))
  if (!edged(e) && !e.closest('.guide')) faults.push('has no edge: ' + name(e));
for (const e of all('.switch input'))
  if (getComputedStyle(e, '::after').backgroundColor === getComputedStyle(e).backgroundColor) faults.push('does not show how it stands: ' + name(e));
for (const e of all('.filter[aria-current],.tabs a[aria-current],.side a[aria-current]'))
  if (getComputedStyle(e).outlineStyle === 'none') faults.push('does not show that it is chosen: ' + name(e));
for (const e of all('.qr')) if (getComputedStyle(e).forcedColorAdjust !== 'none') faults.push('no camera reads it');
return faults;
