// Every page works without this. It counts down, copies, prints, and keeps a form from being sent twice. It sends nothing by itself.
"use strict";

const heard = document.querySelector("[data-heard]");
const say = (text) => { if (heard) heard.textContent = text; };

for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    for (const button of form.querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
  });
}
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("button")) button.removeAttribute("aria-disabled");
  }
});

const clock = document.querySelector("[data-left]");
if (clock) {
  const endsAt = performance.now() + Number(clock.dataset.left) * 1000;
  let before = Infinity;
  const tick = () => {
    const left = Math.max(0, Math.ceil((endsAt - performance.now()) / 1000));
    clock.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    if (left <= 60 && before > 60 && before !== Infinity) say(clock.dataset.minute);
    if (left <= 10 && before > 10 && before !== Infinity) say(clock.dataset.seconds);
    before = left;
    if (left > 0) setTimeout(tick, 500);
    else setTimeout(() => location.assign(location.pathname), 1500);
  };
  tick();
}

for (const hidden of document.querySelectorAll("[data-enhanced]")) hidden.hidden = false;

const copying = document.querySelector("[data-copy]");
if (copying) {
  copying.addEventListener("click", async () => {
    const codes = [...document.querySelectorAll("[data-codes] code")].map((code) => code.textContent);
    try {
      await navigator.clipboard.writeText(codes.join("\n"));
      say(copying.dataset.copied);
    } catch {
      say(copying.dataset.notCopied);
    }
  });
}
document.querySelector("[data-print]")?.addEventListener("click", () => window.print());
