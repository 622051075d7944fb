// The demo's page works without this. It keeps figures and codes as they are now, and says when there is more to see.
"use strict";

const source = new EventSource(document.body.dataset.live);
const again = document.querySelector("[data-changed]");
source.addEventListener("message", (event) => {
  const now = JSON.parse(event.data);
  for (const [name, text] of Object.entries(now.shown)) {
    const shown = document.querySelector(`[data-now="${CSS.escape(name)}"]`);
    if (shown && shown.textContent !== text) shown.textContent = text;
  }
  if (now.state !== again.dataset.changed) again.textContent = now.changed;
});
window.addEventListener("pagehide", () => source.close());
